/** Addresses and node ids: two texts of one key. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { publicKeyFromRaw } from "@libp2p/crypto/keys";
import { peerIdFromPublicKey, peerIdFromString } from "@libp2p/peer-id";
import { bech32, bech32m } from "@scure/base";
import fc from "fast-check";
import { addressOf, nodeIdOf, publicKeyOfAddress, publicKeyOfNodeId } from "../../src/protocol/identity.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";

const keyArbitrary = fc.uint8Array({ minLength: 32, maxLength: 32 });

test("a key survives its address and its node id", () => {
  fc.assert(
    fc.property(keyArbitrary, (key) => {
      assert.deepEqual(publicKeyOfAddress(addressOf(key)), key);
      assert.deepEqual(publicKeyOfNodeId(nodeIdOf(key)), key);
      assert.match(addressOf(key), /^aurex1[02-9ac-hj-np-z]{58}$/);
    }),
  );
});

test("the node id is libp2p's own peer id", () => {
  for (let number = 0; number < 50; number += 1) {
    const { publicKey } = keyPairFromSeed(new Uint8Array(32).fill(number));
    const peerId = peerIdFromPublicKey(publicKeyFromRaw(publicKey));
    assert.equal(nodeIdOf(publicKey), peerId.toString());
    assert.match(nodeIdOf(publicKey), /^12D3KooW/);
    assert.deepEqual(peerIdFromString(nodeIdOf(publicKey)).publicKey?.raw, publicKey);
  }
});

test("one wrong character in an address is noticed", () => {
  const address = addressOf(new Uint8Array(32).fill(7));
  fc.assert(
    fc.property(
      fc.nat({ max: address.length - 1 }),
      fc.constantFrom(..."qpzry9x8gf2tvdw0s3jn54khce6mua7l1"),
      (at, character) => {
        const typo = address.slice(0, at) + character + address.slice(at + 1);
        if (typo !== address) assert.equal(publicKeyOfAddress(typo), undefined);
      },
    ),
    { numRuns: 500 },
  );
});

test("other prefixes, lengths, checksums and cases are no addresses", () => {
  const key = new Uint8Array(32).fill(7);
  const words = bech32m.toWords(key);
  const others = [
    "",
    "aurex1",
    bech32m.encode("aurey", words),
    bech32.encode("aurex", words),
    bech32m.encode("aurex", bech32m.toWords(key.subarray(1))),
    bech32m.encode("aurex", bech32m.toWords(new Uint8Array(33))),
    bech32m.encode("aurex", [...words.slice(0, -1), (words.at(-1) as number) | 1]),
    `A${addressOf(key).slice(1)}`,
    ` ${addressOf(key)}`,
  ];
  for (const other of others) assert.equal(publicKeyOfAddress(other), undefined, JSON.stringify(other));
});

test("what is no Ed25519 peer id is none", () => {
  const nodeId = nodeIdOf(new Uint8Array(32).fill(7));
  const others = [
    "",
    "0",
    nodeId.slice(1),
    `${nodeId}1`,
    `1${nodeId}`,
    "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
  ];
  for (const other of others) assert.equal(publicKeyOfNodeId(other), undefined, JSON.stringify(other));
});
