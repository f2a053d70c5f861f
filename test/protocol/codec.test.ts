/** SSZ is strict: one value, one encoding; everything else is the declared fault. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ContainerType, ListCompositeType, type Type } from "@chainsafe/ssz";
import fc from "fast-check";
import { concatBytes, fromHex } from "../../src/base/bytes.ts";
import {
  BlockType,
  ConsensusSectionType,
  HeaderType,
  SealedHeaderType,
  SealType,
} from "../../src/protocol/block.ts";
import { Bytes32, byteList, decode, SafeUint64, Uint8, Uint64 } from "../../src/protocol/codec.ts";
import { GenesisType } from "../../src/protocol/genesis.ts";
import { NodeRecordType } from "../../src/protocol/node-record.ts";
import { TransactionType } from "../../src/protocol/transaction.ts";
import { blockOver, genesis, payloads, signed } from "./samples.ts";

const Sample = new ContainerType({
  number: SafeUint64,
  text: byteList(4),
  items: new ListCompositeType(byteList(2), 3),
  keys: new ListCompositeType(Bytes32, 2),
});

function faultOf<Value>(type: Type<Value>, bytes: Uint8Array): string | undefined {
  const decoded = decode(type, bytes, "sample");
  if (decoded.ok) return undefined;
  assert.equal(decoded.fault.code, "codec/malformed");
  assert.equal(decoded.fault.what, "sample");
  return decoded.fault.reason;
}

function hex(text: string): Uint8Array {
  const bytes = fromHex(text.replaceAll(" ", ""));
  assert.ok(bytes);
  return bytes;
}

// number, offsets of text (20), items (21) and keys (31); text; items: offsets 8 and 9, then their bytes; no keys.
const sampleHex = "0100000000000000 14000000 15000000 20000000 61 08000000 09000000 62 6363";
const value = { number: 1, text: hex("61"), items: [hex("62"), hex("6363")], keys: [] };

test("a sample decodes as SSZ says", () => {
  assert.deepEqual(decode(Sample, hex(sampleHex), "sample"), { ok: true, value });
  assert.deepEqual(Sample.serialize(value), hex(sampleHex));
});

test("trailing and missing bytes, wrong offsets and lists over the limit are faults", () => {
  const faulty: Record<string, string> = {
    "no bytes": "",
    "a byte too few in the fixed part": "0100000000000000 14000000 15000000 200000",
    "trailing bytes (a key of 1 byte)": `${sampleHex} 00`,
    "a first offset past the fixed part": "0100000000000000 15000000 15000000 15000000 00",
    "a first offset inside the fixed part": "0100000000000000 13000000 14000000 14000000",
    "offsets that go back": "0100000000000000 14000000 16000000 15000000 6161",
    "an offset past the end": "0100000000000000 14000000 15000000 ff000000 61",
    "a byte list over its limit": "0100000000000000 14000000 19000000 19000000 6161616161",
    "an item over its limit": "0100000000000000 14000000 14000000 1b000000 04000000 626262",
    "more items than the limit": `0100000000000000 14000000 14000000 24000000 ${"10000000".repeat(4)}`,
    "an items offset that is no multiple of 4": "0100000000000000 14000000 14000000 1a000000 05000000 6262",
    "an items offset of zero": "0100000000000000 14000000 14000000 18000000 00000000",
    "items' offsets that go back": "0100000000000000 14000000 14000000 1d000000 08000000 07000000 62",
    "more keys than the limit": `0100000000000000 14000000 14000000 14000000 ${"00".repeat(96)}`,
    "part of a key": `0100000000000000 14000000 14000000 14000000 ${"00".repeat(40)}`,
    "a number over 2^53 - 1": "0000000000002000 14000000 14000000 14000000",
    "the highest uint64": "ffffffffffffffff 14000000 14000000 14000000",
  };
  for (const [what, bytes] of Object.entries(faulty)) assert.ok(faultOf(Sample, hex(bytes)), what);
});

test("a uint64 held as a number goes up to 2^53 - 1; amounts have the whole range", () => {
  const highest = hex("ffffffffffff1f00");
  assert.deepEqual(decode(SafeUint64, highest, "sample"), { ok: true, value: Number.MAX_SAFE_INTEGER });
  assert.ok(faultOf(SafeUint64, hex("0000000000002000")));
  assert.ok(faultOf(SafeUint64, hex("ffffffffffffffff")));
  assert.deepEqual(decode(Uint64, hex("ffffffffffffffff"), "sample"), { ok: true, value: 2n ** 64n - 1n });
  for (const bytes of ["", "00000000000000", "000000000000000000"]) {
    assert.ok(faultOf(SafeUint64, hex(bytes)));
    assert.ok(faultOf(Uint64, hex(bytes)));
  }
  assert.ok(faultOf(Uint8, hex("0000")));
});

test("what was decoded does not change with the bytes that it came from", () => {
  const buffer = Buffer.from(concatBytes([hex("ff"), hex(sampleHex)]));
  const decoded = decode(Sample, buffer.subarray(1), "sample");
  assert.ok(decoded.ok);
  buffer.fill(0);
  assert.deepEqual(decoded.value, value);
});

const transactions = payloads.map((payload, sequence) => signed(payload, sequence));
const block = blockOver(transactions);
const encodings: [string, Type<unknown>, Uint8Array][] = [
  ["transaction", TransactionType as Type<unknown>, (transactions[0] as (typeof transactions)[number]).bytes],
  ["header", HeaderType as Type<unknown>, HeaderType.serialize(block.header)],
  ["seal", SealType as Type<unknown>, SealType.serialize(block.seal)],
  [
    "consensus section",
    ConsensusSectionType as Type<unknown>,
    ConsensusSectionType.serialize({
      certificates: [
        {
          targetHeight: 1,
          targetHash: new Uint8Array(32),
          bitmap: hex("07"),
          signatures: [new Uint8Array(64)],
        },
      ],
      evidence: [hex("0102"), hex("")],
    }),
  ],
  ["sealed header", SealedHeaderType as Type<unknown>, SealedHeaderType.serialize(block)],
  ["block", BlockType as Type<unknown>, block.bytes],
  ["genesis", GenesisType as Type<unknown>, GenesisType.serialize(genesis)],
  [
    "node record",
    NodeRecordType as Type<unknown>,
    NodeRecordType.serialize({
      version: 1,
      publicKey: new Uint8Array(32),
      name: hex("61"),
      addresses: [hex("2f"), hex("2f61")],
      chainId: new Uint8Array(32),
      engine: 1,
      role: 0,
      height: 4,
      timestampMs: 5,
      software: hex("61"),
      signature: new Uint8Array(64),
    }),
  ],
];

for (const [what, type, encoded] of encodings) {
  test(`${what}: altered bytes are a fault, or a value whose bytes they are`, () => {
    assert.deepEqual(type.serialize(type.deserialize(encoded)), encoded);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: encoded.length - 1 }), fc.nat({ max: 255 })), { maxLength: 3 }),
        fc.integer({ min: -8, max: 8 }),
        (edits, grow) => {
          const altered =
            grow < 0 ? encoded.slice(0, grow) : concatBytes([encoded, new Uint8Array(grow).fill(grow)]);
          for (const [at, byte] of edits) if (at < altered.length) altered[at] = byte;
          const decoded = decode(type, altered, "sample");
          if (decoded.ok)
            assert.deepEqual(new Uint8Array(type.serialize(decoded.value)), new Uint8Array(altered));
          else assert.equal(decoded.fault.code, "codec/malformed");
        },
      ),
      { numRuns: 400 },
    );
  });
}
