/** Byte arrays: a list is searched by what its arrays hold, not by which they are. */
import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { includesBytes, toHex } from "../../src/base/bytes.ts";

it("includesBytes finds an array with the same bytes, and nothing else, as their hex does", () => {
  // Short arrays of two values, so that equal ones and prefixes of each other are common.
  const bytes = fc.array(fc.nat(1), { maxLength: 3 }).map((values) => Uint8Array.from(values));
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 4 }), bytes, (arrays, wanted) => {
      assert.equal(includesBytes(arrays, wanted), arrays.map(toHex).includes(toHex(wanted)));
    }),
    { numRuns: 500 },
  );
});

it("includesBytes finds a view into a larger buffer", () => {
  const whole = Uint8Array.of(9, 1, 2, 9);
  assert.equal(includesBytes([Uint8Array.of(7), Uint8Array.of(1, 2)], whole.subarray(1, 3)), true);
  assert.equal(includesBytes([Uint8Array.of(7), Uint8Array.of(1, 2)], whole), false);
});
