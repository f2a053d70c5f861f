/** Flat Merkle roots equal SSZ's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteVectorType, ListCompositeType } from "@chainsafe/ssz";
import fc from "fast-check";
import { concatBytes } from "../../src/base/bytes.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { extendRoot, hashPair, listRoot, mixInLength, zeroHashes } from "../../src/protocol/merkle.ts";

const Bytes32 = new ByteVectorType(32);

test("listRoot equals SSZ's for 0 to 70 leaves under three limits", () => {
  for (const depth of [7, 13, 32]) {
    const oracle = new ListCompositeType(Bytes32, 2 ** depth);
    for (let count = 0; count <= 70; count += 1) {
      const leaves = Array.from({ length: count }, (_, index) => sha256(Uint8Array.of(depth, index)));
      const flat = concatBytes(leaves);
      assert.deepEqual(listRoot(flat, depth), oracle.hashTreeRoot(leaves), `${count} leaves, depth ${depth}`);
      assert.deepEqual(flat, concatBytes(leaves), "the leaves stay as they were");
    }
  }
});

test("a full list of the smallest limits", () => {
  for (const depth of [0, 1, 2]) {
    const leaves = Array.from({ length: 2 ** depth }, (_, index) => sha256(Uint8Array.of(index)));
    const oracle = new ListCompositeType(Bytes32, 2 ** depth);
    assert.deepEqual(listRoot(concatBytes(leaves), depth), oracle.hashTreeRoot(leaves));
  }
});

test("another order, another length or another leaf is another root", () => {
  const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(fc.array(leaf, { maxLength: 9 }), fc.array(leaf, { maxLength: 9 }), (left, right) => {
      const [leftBytes, rightBytes] = [concatBytes(left), concatBytes(right)];
      const isSameRoot = Buffer.compare(listRoot(leftBytes, 32), listRoot(rightBytes, 32)) === 0;
      assert.equal(isSameRoot, Buffer.compare(leftBytes, rightBytes) === 0);
    }),
  );
  assert.notDeepEqual(listRoot(new Uint8Array(32), 32), listRoot(new Uint8Array(64), 32));
});

test("pairs, zero hashes and the length are SHA-256 as SSZ has them", () => {
  const [left, right] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))];
  assert.deepEqual(hashPair(left, right), sha256(concatBytes([left, right])));
  assert.deepEqual(zeroHashes[0], new Uint8Array(32));
  assert.deepEqual(zeroHashes[1], sha256(new Uint8Array(64)));
  const length = new Uint8Array(32);
  length.set([0x04, 0x03, 0x02, 0x01]);
  assert.deepEqual(mixInLength(left, 0x01020304), sha256(concatBytes([left, length])));
  assert.deepEqual(extendRoot(left, 0, 1), hashPair(left, zeroHashes[0] as Uint8Array));
  assert.deepEqual(extendRoot(left, 3, 3), left);
});

test("leaves of a wrong length or over the limit are our own bug", () => {
  assert.throws(() => listRoot(new Uint8Array(33), 32), { name: "InvariantError" });
  assert.throws(() => listRoot(new Uint8Array(96), 1), { name: "InvariantError" });
});
