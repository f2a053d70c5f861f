/** The store's own bytes: checksum, keys and records, which no later version may change without a new schema version. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { crc32c, maskedCrc32c } from "../../src/store/crc32c.ts";
import {
  blockKey,
  entryKeyAt,
  headerKey,
  heightKey,
  invalidKey,
  totalsKey,
  transactionKey,
  undoKey,
} from "../../src/store/store-keys.ts";
import {
  decodeHeaderRecord,
  decodeLocation,
  decodeTotals,
  encodeHeaderRecord,
  encodeLocation,
  encodeTotals,
} from "../../src/store/store-records.ts";
import { blockAfter } from "./chain-fixture.ts";

describe("CRC-32C", () => {
  it("gives the published values (RFC 3720, B.4)", () => {
    const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
    assert.equal(crc32c(ascending), 0x46dd794e);
    assert.equal(crc32c(ascending.toReversed()), 0x113fdb5c);
    assert.equal(crc32c(Buffer.from("123456789")), 0xe3069283);
  });

  it("takes a part of the bytes as it takes that part alone", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), fc.nat(64), (bytes, one, other) => {
        const [start, end] = [
          Math.min(one, other, bytes.length),
          Math.min(Math.max(one, other), bytes.length),
        ];
        assert.equal(crc32c(bytes, start, end), crc32c(bytes.slice(start, end)));
        assert.equal(maskedCrc32c(bytes, start, end), maskedCrc32c(bytes.slice(start, end), 0, end - start));
      }),
    );
  });
});

describe("keys", () => {
  it("are a letter and what identifies the value", () => {
    const hash = new Uint8Array(32).fill(0xab);
    assert.equal(toHex(totalsKey), "6d");
    for (const [key, letter] of [
      [headerKey(hash), "h"],
      [blockKey(hash), "b"],
      [undoKey(hash), "u"],
      [transactionKey(hash), "t"],
    ] as const) {
      assert.equal(toHex(key), Buffer.from(letter).toString("hex") + "ab".repeat(32));
    }
    assert.equal(toHex(heightKey(258)), "6e0000000000000102");
    assert.equal(toHex(entryKeyAt(0x01020304)), "6501020304");
    assert.equal(toHex(invalidKey(7)), "7800000007");
  });

  it("of heights sort as the heights do", () => {
    const height = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(height, height, (one, other) => {
        assert.equal(Buffer.compare(heightKey(one), heightKey(other)), Math.sign(one - other));
      }),
    );
  });
});

describe("records", () => {
  const { stored } = blockAfter(undefined, { transactions: [] });

  it("come back as they were", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 300n }), fc.nat(), fc.nat(), (weight, count, height) => {
        const consensusState = new Uint8Array(count % 300).fill(height);
        const record = {
          ...stored.record,
          cumulativeWeight: weight,
          justifiedHeight: height,
          consensusState,
        };
        assert.deepEqual(decodeHeaderRecord(record.hash, encodeHeaderRecord(record)), record);
        const location = { blockHash: record.hash, position: count };
        assert.deepEqual(decodeLocation(encodeLocation(location)), location);
        for (const head of [undefined, { hash: record.hash, height, entryCount: count }]) {
          const totals = {
            commitCount: count,
            blockCount: height,
            transactionCount: 1,
            invalidCount: 2,
            head,
            final: head && { height, hash: record.hash },
          };
          assert.deepEqual(decodeTotals(encodeTotals(totals)), totals);
        }
      }),
    );
  });

  it("have the bytes of schema version 4", () => {
    const record = encodeHeaderRecord({
      ...stored.record,
      cumulativeWeight: 0x0102n,
      justifiedHeight: 3,
      consensusState: Uint8Array.of(4, 5),
    });
    assert.equal(toHex(sha256(record)), "cccc762dca2a34ca876342034f0b110236c7db30a29b401b189b81616e4d2ac2");
    const head = { hash: new Uint8Array(32).fill(1), height: 2, entryCount: 3 };
    const final = { height: 8, hash: new Uint8Array(32).fill(9) };
    const totals = { commitCount: 4, blockCount: 5, transactionCount: 6, invalidCount: 7, head, final };
    const counts = `${uint64(4)}${uint64(5)}${uint64(6)}${uint64(7)}`;
    assert.equal(
      toHex(encodeTotals(totals)),
      `${counts}2800000058000000${"01".repeat(32)}${uint64(2)}${uint64(3)}${uint64(8)}${"09".repeat(32)}`,
    );
    const location = encodeLocation({ blockHash: head.hash, position: 258 });
    assert.equal(toHex(location), `${"01".repeat(32)}02010000`);
  });

  it("refuse bytes that are none", () => {
    for (const decode of [
      decodeTotals,
      decodeLocation,
      (bytes: Uint8Array) => decodeHeaderRecord(new Uint8Array(32), bytes),
    ]) {
      assert.equal(decode(new Uint8Array(0)), undefined);
      assert.equal(decode(new Uint8Array(700)), undefined);
    }
  });
});

function uint64(value: number): string {
  return Buffer.from(new BigUint64Array([BigInt(value)]).buffer).toString("hex");
}
