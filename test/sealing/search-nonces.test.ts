/** The nonce search against a search by hand, one hash at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bigIntFromBytes, bigIntToBytes, concatBytes, toHex } from "../../src/base/bytes.ts";
import { InvariantError } from "../../src/base/invariant.ts";
import { blockHash, countingNonceOf } from "../../src/protocol/block.ts";
import { easiestTargetOf } from "../../src/protocol/genesis.ts";
import {
  batchLanes,
  extraNonceBytes,
  prepareNonceSearch,
  searchNonces,
} from "../../src/sealing/pow/search-nonces.ts";

function nonceOf(counting: number, extraNonce: Uint8Array): Uint8Array {
  return concatBytes([bigIntToBytes(BigInt(counting), 8).reverse(), extraNonce]);
}

/** The smallest nonce by the documented formula alone. */
function searchByHand(
  headerRoot: Uint8Array,
  target: Uint8Array,
  extraNonce: Uint8Array,
  firstNonce: number,
  count: number,
): number | undefined {
  for (let counting = firstNonce; counting < firstNonce + count; counting += 1) {
    const hash = blockHash(headerRoot, nonceOf(counting, extraNonce));
    if (bigIntFromBytes(hash) <= bigIntFromBytes(target)) return counting;
  }
  return undefined;
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

test("finds exactly what a search by hand finds, whatever the root, extra nonce, start, count and target", () => {
  const firstNonces = fc.oneof(
    fc.nat(5000),
    // Around the end of the low word.
    fc.integer({ min: 2 ** 32 - 1500, max: 2 ** 32 + 10 }),
    fc.integer({ min: 2 ** 52, max: 2 ** 52 + 10 }),
  );
  fc.assert(
    fc.property(
      bytes(32),
      bytes(extraNonceBytes),
      firstNonces,
      fc.nat(2 * batchLanes + 10),
      // About one hash in `odds` meets the target.
      fc.integer({ min: 1, max: 4000 }),
      (headerRoot, extraNonce, firstNonce, count, odds) => {
        const target = bigIntToBytes((2n ** 256n - 1n) / BigInt(odds), 32);
        const found = searchNonces({ headerRoot, target, extraNonce, firstNonce, count });
        const expected = searchByHand(headerRoot, target, extraNonce, firstNonce, count);
        if (expected === undefined) return assert.equal(found, undefined);
        assert.deepEqual(found, {
          nonce: nonceOf(expected, extraNonce),
          attempts: expected - firstNonce + 1,
        });
        assert.equal(countingNonceOf(found!.nonce), BigInt(expected));
      },
    ),
    { numRuns: 60 },
  );
});

test("a hash equal to the target is found, one above it is not", () => {
  const headerRoot = new Uint8Array(32).fill(7);
  const extraNonce = new Uint8Array(extraNonceBytes).fill(9);
  const hash = blockHash(headerRoot, nonceOf(3, extraNonce));
  const search = (target: Uint8Array) =>
    searchNonces({ headerRoot, target, extraNonce, firstNonce: 3, count: 1 });
  assert.ok(search(hash));
  assert.equal(search(bigIntToBytes(bigIntFromBytes(hash) - 1n, 32)), undefined);
  assert.ok(search(bigIntToBytes(bigIntFromBytes(hash) + 1n, 32)));
});

test("one prepared search goes on over its buffer, forth and back across the low word's end", () => {
  const headerRoot = new Uint8Array(32).fill(1);
  const extraNonce = new Uint8Array(extraNonceBytes).fill(2);
  const target = bigIntToBytes(2n ** 256n / 1500n, 32);
  const search = prepareNonceSearch({ headerRoot, target, extraNonce });
  for (const firstNonce of [2 ** 32 - 700, 0, 2 ** 33 + 5, 100, 2 ** 32]) {
    const expected = searchByHand(headerRoot, target, extraNonce, firstNonce, 1500);
    const found = search(firstNonce, 1500);
    assert.equal(found && toHex(found.nonce), expected && toHex(nonceOf(expected, extraNonce)));
  }
});

test("difficulty 1 to 4 gives a hash with that many leading zero digits", () => {
  for (const difficulty of [1, 2, 3, 4]) {
    const headerRoot = new Uint8Array(32).fill(difficulty);
    const extraNonce = new Uint8Array(extraNonceBytes);
    const target = easiestTargetOf(difficulty);
    const found = searchNonces({ headerRoot, target, extraNonce, firstNonce: 0, count: 3_000_000 });
    assert.ok(found);
    assert.match(toHex(blockHash(headerRoot, found.nonce)), new RegExp(`^0{${difficulty}}`));
  }
});

test("wrong sizes and inexact nonces are bugs, not searches", () => {
  const input = {
    headerRoot: new Uint8Array(32),
    target: new Uint8Array(32),
    extraNonce: new Uint8Array(24),
  };
  for (const wrong of [
    { ...input, headerRoot: new Uint8Array(31) },
    { ...input, target: new Uint8Array(33) },
    { ...input, extraNonce: new Uint8Array(25) },
  ]) {
    assert.throws(() => prepareNonceSearch(wrong), InvariantError);
  }
  assert.throws(() => searchNonces({ ...input, firstNonce: 2 ** 53 - 1, count: 2 }), InvariantError);
  assert.throws(() => searchNonces({ ...input, firstNonce: 0.5, count: 2 }), InvariantError);
});
