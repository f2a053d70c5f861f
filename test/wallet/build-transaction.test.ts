/** Building transactions: what fits is signed and decodes to what was asked for, what does not is said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toUtf8 } from "../../src/base/bytes.ts";
import { uint64Max } from "../../src/protocol/codec.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { keyPairFromSeed, verifySignature } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, decodeTransaction } from "../../src/protocol/transaction.ts";
import {
  type BuiltTransaction,
  buildIssueAsset,
  buildRecord,
  buildRegisterUser,
  buildTransfer,
} from "../../src/wallet/build-transaction.ts";

const keyPair = keyPairFromSeed(new Uint8Array(32).fill(3));
const chainId = new Uint8Array(32).fill(4);
const to = keyPairFromSeed(new Uint8Array(32).fill(6)).publicKey;
const terms = { keyPair, chainId, sequence: 7, fee: 5n, validUntil: 90, timestampMs: 1_750_000_000_000 };

function built(result: BuiltTransaction): DecodedTransaction {
  assert.ok(result.ok, result.ok ? "" : `${result.fault.field}: ${result.fault.reason}`);
  const { transaction, id, bytes } = result.value;
  assert.deepEqual(transaction.sender, keyPair.publicKey);
  assert.ok(verifySignature(id, transaction.signature, keyPair.publicKey));
  assert.deepEqual(decodeTransaction(bytes, chainId), result);
  return result.value;
}

function assertInvalid(result: BuiltTransaction, field: string, reason: RegExp): void {
  assert.ok(!result.ok);
  assert.equal(result.fault.code, "wallet/invalid");
  assert.equal(result.fault.field, field);
  assert.match(result.fault.reason, reason);
}

test("a transfer carries its terms; AUR and no memo where nothing is said", () => {
  const { transaction, payload } = built(buildTransfer({ ...terms, to, amount: 10n }));
  const { sequence, fee, validUntil, timestampMs } = transaction;
  assert.deepEqual({ keyPair, chainId, sequence, fee, validUntil, timestampMs }, terms);
  assert.deepEqual(payload, {
    kind: "transfer",
    to,
    assetId: zeroBytes32,
    amount: 10n,
    memo: new Uint8Array(0),
  });
  const assetId = new Uint8Array(32).fill(9);
  const other = built(buildTransfer({ ...terms, to, assetId, amount: uint64Max, memo: "für dich" })).payload;
  assert.ok(other.kind === "transfer" && toUtf8(other.memo) === "für dich");
  assert.deepEqual(other.assetId, assetId);
});

test("what a transfer cannot carry is said", () => {
  const transfer = (change: object) => buildTransfer({ ...terms, to, amount: 10n, ...change });
  built(transfer({ memo: "é".repeat(128) }));
  assertInvalid(transfer({ memo: "é".repeat(129) }), "memo", /258 bytes as UTF-8, at most 256/);
  assertInvalid(transfer({ memo: "\ud800" }), "memo", /Unicode/);
  assertInvalid(transfer({ to: new Uint8Array(31) }), "to", /32 bytes/);
  assertInvalid(transfer({ assetId: new Uint8Array(33) }), "assetId", /32 bytes/);
  assertInvalid(transfer({ amount: 0n }), "amount", /zero/);
  assertInvalid(transfer({ amount: -1n }), "amount", /uint64/);
  assertInvalid(transfer({ amount: uint64Max + 1n }), "amount", /uint64/);
  assertInvalid(transfer({ amount: uint64Max }), "amount", /with the fee/);
  assertInvalid(transfer({ assetId: new Uint8Array(32), amount: uint64Max }), "amount", /with the fee/);
  assertInvalid(transfer({ fee: -1n }), "fee", /uint64/);
  assertInvalid(transfer({ sequence: -1 }), "sequence", /whole number/);
  assertInvalid(transfer({ sequence: 2 ** 53 }), "sequence", /whole number/);
  assertInvalid(transfer({ validUntil: 0.5 }), "validUntil", /whole number/);
  assertInvalid(transfer({ timestampMs: Number.NaN }), "timestampMs", /whole number/);
});

test("a record holds text as UTF-8 or bytes as they are", () => {
  const text = built(buildRecord({ ...terms, data: "Hello Blockchain ✓" })).payload;
  assert.ok(text.kind === "record" && toUtf8(text.data) === "Hello Blockchain ✓");
  const bytes = Uint8Array.of(0xff, 0, 0xfe);
  const raw = built(buildRecord({ ...terms, data: bytes })).payload;
  assert.ok(raw.kind === "record");
  assert.deepEqual(raw.data, bytes);
  built(buildRecord({ ...terms, data: new Uint8Array(4000) }));
  assertInvalid(buildRecord({ ...terms, data: new Uint8Array(4001) }), "data", /4001 bytes/);
  assertInvalid(buildRecord({ ...terms, data: "x".repeat(4001) }), "data", /4001 bytes/);
  assertInvalid(buildRecord({ ...terms, data: "" }), "data", /empty/);
  assertInvalid(buildRecord({ ...terms, data: "\udc00" }), "data", /Unicode/);
});

test("a name is registered in lower case and NFC, however it was typed", () => {
  for (const name of ["ZOË@example.com", "zoë@example.com".normalize("NFD"), "zoë@example.com"]) {
    const { payload } = built(buildRegisterUser({ ...terms, name }));
    assert.ok(payload.kind === "registerUser");
    assert.equal(toUtf8(payload.name), "zoë@example.com");
  }
  const register = (name: string) => buildRegisterUser({ ...terms, name });
  built(register("x".repeat(64)));
  assertInvalid(register("ë".repeat(33)), "name", /66 bytes as UTF-8, at most 64/);
  assertInvalid(register(""), "name", /empty/);
  assertInvalid(register("a\ud800"), "name", /Unicode/);
});

test("an asset carries its terms, and what does not fit is said", () => {
  const asset = { symbol: "GOLD", name: "Gold gram", decimals: 3, supply: 1000n };
  const { payload } = built(buildIssueAsset({ ...terms, ...asset, metadata: "{}" }));
  assert.ok(payload.kind === "issueAsset");
  assert.equal(toUtf8(payload.symbol), "GOLD");
  assert.equal(toUtf8(payload.name), "Gold gram");
  assert.equal(toUtf8(payload.metadata), "{}");
  assert.deepEqual([payload.decimals, payload.supply], [3, 1000n]);
  const issue = (change: object) => buildIssueAsset({ ...terms, ...asset, ...change });
  built(issue({}));
  assertInvalid(issue({ symbol: "" }), "symbol", /empty/);
  assertInvalid(issue({ symbol: "X".repeat(13) }), "symbol", /13 bytes/);
  assertInvalid(issue({ name: "" }), "name", /empty/);
  assertInvalid(issue({ name: "x".repeat(65) }), "name", /65 bytes/);
  assertInvalid(issue({ metadata: "x".repeat(1025) }), "metadata", /1025 bytes/);
  assertInvalid(issue({ decimals: 256 }), "decimals", /whole number/);
  assertInvalid(issue({ decimals: 1.5 }), "decimals", /whole number/);
  assertInvalid(issue({ supply: 0n }), "supply", /zero/);
  assertInvalid(issue({ supply: uint64Max + 1n }), "supply", /uint64/);
});

test("no text or number makes a builder throw", () => {
  const text = fc.string({ unit: "binary", maxLength: 5000 });
  const number = fc.oneof(fc.integer(), fc.double());
  const amount = fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n });
  fc.assert(
    fc.property(text, text, number, amount, amount, (one, other, count, fee, units) => {
      const each = { keyPair, chainId, sequence: count, fee, validUntil: count, timestampMs: 1 };
      buildTransfer({ ...each, to, amount: units, memo: one });
      buildRecord({ ...each, data: one });
      buildRegisterUser({ ...each, name: one });
      const asset = { symbol: one, name: other, decimals: count, supply: units, metadata: other };
      const issued = buildIssueAsset({ ...each, ...asset });
      assert.equal(typeof issued.ok, "boolean");
    }),
  );
});
