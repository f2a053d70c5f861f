/** Free transactions under a flood: over the budget they cost no signature and leave nothing behind, and each peer keeps its share. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import {
  FreeRelay,
  freeBurstBytes,
  freeBytesPerSecond,
  freePeerBurstBytes,
} from "../../src/network/gossip/free-relay.ts";
import { messageCostBytes } from "../../src/network/host/acceptance-budget.ts";
import { encodeAnnouncement } from "../../src/network/messages.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, type Payload, signTransaction } from "../../src/protocol/transaction.ts";
import { alice, authorities, BlockBuilder, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

const { spec } = new BlockBuilder(testSpec("poa"));
const [authority] = authorities as [KeyPair];
const dataBytes = 3_500;
const record = { kind: "record", data: randomBytes(dataBytes) } as const;

function signed(by: KeyPair, fee = 0n, payload: Payload = record): DecodedTransaction {
  return signTransaction({ payload, sequence: 0, fee, validUntil: 0, timestampMs: 0 }, by, spec.chainId);
}

function announced(...transactions: readonly DecodedTransaction[]): Uint8Array {
  return encodeAnnouncement(
    1,
    transactions.map(({ bytes }) => bytes),
  );
}

const strangers = Array.from({ length: 64 }, (_, index) => signed(keyPairNamed(`stranger ${index}`)));
const small = signed(keyPairNamed("small"), 0n, { kind: "record", data: randomBytes(1) });
const { length: bytesEach } = strangers[0]!.bytes;
const costEach = bytesEach + messageCostBytes;

/** Of an account with AUR, alice's, and a chain with one authority. */
function rig() {
  const clock = createSimulatedClock(0);
  const known = new Set<string>();
  const aliceHex = signed(alice).senderHex;
  const chain = {
    ledger: { account: (hex: string) => (hex === aliceHex ? { balance: 5n } : undefined) },
    engine: { authority: { setAt: () => [authority.publicKey] } },
    head: {},
  } as unknown as ConstructorParameters<typeof FreeRelay>[0]["chain"];
  const relay = new FreeRelay({ clock, chain, mempool: { has: (idHex) => known.has(idHex) } });
  /** Offers free transactions, each in a message of its own, until none is taken any more; answers what they cost. */
  const flood = (from: string) => {
    let bytes = 0;
    for (let index = 0; bytes <= 2 * freeBurstBytes; index += 1) {
      const taken = relay.taken([strangers[index % strangers.length]!], from);
      if (taken.length === 0) return bytes;
      bytes += costEach;
    }
    return bytes;
  };
  return { clock, known, relay, flood };
}

describe("the budget of free transactions", () => {
  it("is one for all peers, and leaves each a small share", () => {
    const { relay, flood } = rig();
    const first = flood("flood 1");
    assert.ok(first > freeBurstBytes && first <= freeBurstBytes + freePeerBurstBytes, `${first}`);
    for (const peer of ["flood 2", "flood 3"]) assert.ok(flood(peer) <= freePeerBurstBytes);
    assert.equal(relay.taken([strangers[0]!], "honest").length, 1);
  });

  it("counts a message once, whatever it holds: relaying it is what costs", () => {
    const count = Math.floor((freeBurstBytes - messageCostBytes) / bytesEach);
    const batch = strangers.slice(0, count);
    assert.equal(rig().relay.taken(batch, "in one").length, count);
    const { relay, flood } = rig();
    const alone = flood("one by one") / costEach;
    assert.ok(alone < count, `${alone} one by one, with the share of the peer, ${count} at once`);
    assert.equal(relay.taken(batch, "one by one").length, 0);
  });

  it("says before a message counts as seen that there is no room, and charges nothing for asking", async () => {
    const { clock, relay, flood } = rig();
    flood("flood");
    const message = announced(strangers[0]!);
    assert.equal(relay.hasRoomFor(message, "flood"), false);
    for (let index = 0; index < 100; index += 1) assert.equal(relay.hasRoomFor(message, "honest"), true);
    await clock.advance(1_000 * Math.ceil(costEach / freeBytesPerSecond));
    assert.equal(relay.hasRoomFor(message, "flood"), true);
  });

  it("has no say in what costs something, and none in what is malformed", () => {
    const { relay, known, flood } = rig();
    flood("flood");
    const funded = signed(alice);
    const [stranger] = strangers;
    for (const message of [announced(funded), announced(stranger!, funded), randomBytes(50)]) {
      assert.equal(relay.hasRoomFor(message, "flood"), true);
    }
    assert.deepEqual(relay.taken([stranger!, funded], "flood"), [funded]);
    known.add(stranger!.idHex);
    assert.deepEqual(relay.taken([stranger!], "flood"), [stranger], "the pool says that it is known");
  });

  it("counts a fee that nobody can pay as none, and an authority's vote alone as a vote", () => {
    const { relay, flood } = rig();
    flood("flood");
    // No small one fits into what is left either.
    for (const peer of ["flood", "small"]) while (relay.taken([small], peer).length > 0);
    const vote = {
      kind: "authorityVote",
      action: 2,
      authority: new Uint8Array(32),
      expiresAtHeight: 9,
      consent: new Uint8Array(64),
    } as const;
    const stranger = keyPairNamed("stranger");
    assert.equal(relay.hasRoomFor(announced(signed(authority, 0n, vote)), "flood"), true);
    for (const free of [signed(stranger, 1_000n), signed(stranger, 0n, vote)]) {
      assert.equal(relay.hasRoomFor(announced(free), "flood"), false);
      assert.deepEqual(relay.taken([free], "flood"), []);
    }
  });
});
