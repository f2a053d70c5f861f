/** The words of processes about themselves: signed, told to their twins, and bounded. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Presences } from "../../src/network/peers/presences.ts";
import { type Presence, signPresence, verifyPresence } from "../../src/protocol/presence.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";

const chainId = new Uint8Array(32).fill(7);
const keyPair = keyPairFromSeed(new Uint8Array(32).fill(1));
const { publicKey } = keyPair;

function presenceOf(instance: number, timestampMs = 10): Presence {
  return signPresence(
    chainId,
    { instance: new Uint8Array(32).fill(instance), startedMs: 5, timestampMs },
    keyPair,
  );
}

describe("a presence", () => {
  it("holds for its key, its chain and every one of its fields", () => {
    const presence = presenceOf(1);
    assert.ok(verifyPresence(chainId, presence, publicKey));
    assert.ok(!verifyPresence(new Uint8Array(32), presence, publicKey));
    assert.ok(!verifyPresence(chainId, presence, new Uint8Array(32).fill(2)));
    const others = [
      { instance: new Uint8Array(32).fill(2) },
      { startedMs: presence.startedMs - 1 },
      { timestampMs: presence.timestampMs + 1 },
    ];
    for (const other of others) assert.ok(!verifyPresence(chainId, { ...presence, ...other }, publicKey));
  });
});

describe("who is told of whom", () => {
  it("nobody while one process speaks, however often", () => {
    const presences = new Presences();
    assert.equal(presences.heard(publicKey, presenceOf(1), 0), false);
    assert.equal(presences.heard(publicKey, presenceOf(1, 11), 1), false);
    assert.equal(presences.twinOf(publicKey, 1), undefined);
  });

  it("each of two is told the other's latest word, for a minute", () => {
    const presences = new Presences();
    presences.heard(publicKey, presenceOf(1), 0);
    assert.equal(presences.heard(publicKey, presenceOf(2), 1), true);
    assert.deepEqual(presences.twinOf(publicKey, 2), presenceOf(1));
    presences.heard(publicKey, presenceOf(1, 20), 3);
    assert.deepEqual(presences.twinOf(publicKey, 4), presenceOf(2));
    assert.deepEqual(presences.twinOf(publicKey, 60_001), presenceOf(2));
    assert.equal(presences.twinOf(publicKey, 60_002), undefined);
  });

  it("no key of another, and two processes a key at most", () => {
    const presences = new Presences();
    presences.heard(new Uint8Array(32).fill(9), presenceOf(1), 0);
    presences.heard(publicKey, presenceOf(2), 0);
    assert.equal(presences.twinOf(publicKey, 0), undefined);
    for (let instance = 3; instance < 20; instance += 1) presences.heard(publicKey, presenceOf(instance), 0);
    assert.deepEqual(presences.twinOf(publicKey, 0), presenceOf(18));
  });

  it("forgets the keys heard longest ago", () => {
    const presences = new Presences();
    presences.heard(publicKey, presenceOf(1), 0);
    presences.heard(publicKey, presenceOf(2), 0);
    for (let key = 0; key < 256; key += 1) {
      presences.heard(new Uint8Array(32).fill(key, 0, 1), presenceOf(3), 0);
    }
    assert.equal(presences.twinOf(publicKey, 0), undefined);
  });
});
