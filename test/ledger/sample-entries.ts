/** Arbitrary entries and keys for the ledger's properties. */
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import type { Entry } from "../../src/ledger/entry.ts";
import { uint64Max } from "../../src/protocol/codec.ts";

export const keyArbitrary = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes));
const amountArbitrary = fc.oneof(fc.bigInt({ min: 0n, max: uint64Max }), fc.constantFrom(0n, 1n, uint64Max));
const countArbitrary = fc.maxSafeNat();

/** Well-formed text of at most `bytesMax` bytes of UTF-8. */
function text(bytesMax: number): fc.Arbitrary<string> {
  return fc
    .string({ unit: "binary", maxLength: bytesMax })
    .map((raw) => raw.toWellFormed())
    .filter((candidate) => Buffer.byteLength(candidate) <= bytesMax);
}

/** Records with the prototype that decoded entries have. */
function plain<Fields>(fields: { [Name in keyof Fields]: fc.Arbitrary<Fields[Name]> }): fc.Arbitrary<Fields> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<Fields>;
}

export const entryArbitrary: fc.Arbitrary<Entry> = fc.oneof(
  plain({
    type: fc.constant("account" as const),
    account: keyArbitrary,
    sequence: countArbitrary,
    balance: amountArbitrary,
  }),
  plain({
    type: fc.constant("asset" as const),
    assetId: keyArbitrary,
    issuer: keyArbitrary,
    symbol: text(12),
    name: text(64),
    decimals: fc.nat({ max: 255 }),
    supply: amountArbitrary,
    metadata: text(300),
  }),
  plain({
    type: fc.constant("assetBalance" as const),
    account: keyArbitrary,
    assetId: keyArbitrary,
    balance: amountArbitrary,
  }),
  plain({ type: fc.constant("user" as const), account: keyArbitrary, name: text(64) }),
  plain({
    type: fc.constant("authority" as const),
    account: keyArbitrary,
    sinceHeight: countArbitrary,
    removed: fc.boolean(),
  }),
  plain({
    type: fc.constant("reward" as const),
    slot: fc.nat({ max: 2 ** 32 - 1 }),
    account: keyArbitrary,
    amount: amountArbitrary,
    height: countArbitrary,
  }),
);
