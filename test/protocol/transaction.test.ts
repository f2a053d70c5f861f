/** Transactions: the id and leaf by their formulas, every kind there and back, and the faults of their bytes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { concatBytes, fromHex, fromUtf8, toHex } from "../../src/base/bytes.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { verifySignature } from "../../src/protocol/signing.ts";
import {
  authorityActions,
  decodeTransaction,
  encodePayload,
  issuedAssetId,
  type Payload,
  recordBytesMax,
  type Transaction,
  TransactionType,
  transactionBytesMax,
  transactionKinds,
} from "../../src/protocol/transaction.ts";
import { chainId, keyPair, payloads, recordOf, signed } from "./samples.ts";

function codeOf(bytes: Uint8Array): string {
  const decoded = decodeTransaction(bytes, chainId);
  return decoded.ok ? "ok" : decoded.fault.code;
}

function altered(fields: Partial<Transaction>): Uint8Array {
  return TransactionType.serialize({ ...signed(recordOf("data")).transaction, ...fields });
}

test("every kind decodes to what was signed", () => {
  for (const [sequence, payload] of payloads.entries()) {
    const transaction = signed(payload, sequence);
    const decoded = decodeTransaction(transaction.bytes, chainId);
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value, transaction);
    assert.deepEqual(decoded.value.payload, payload);
    assert.equal(verifySignature(transaction.id, transaction.transaction.signature, keyPair.publicKey), true);
  }
});

test("the bytes, the id and the leaf are the documented ones", () => {
  const transaction = signed(recordOf("data"), 258);
  const fixed = [
    "01", // version
    "02", // record
    toHex(keyPair.publicKey),
    "0201000000000000", // sequence 258
    "0500000000000000", // fee 5
    "0900000000000000", // valid until height 9
    "0068e5cf8b010000", // 1_700_000_000_000 ms
  ].join("");
  const payload = `04000000${toHex(fromUtf8("data"))}`;
  const unsigned = fromHex(`${fixed}46000000${payload}`) as Uint8Array;
  const id = createHash("sha256")
    .update(concatBytes([fromUtf8("aurex/tx/1"), chainId, unsigned]))
    .digest("hex");
  assert.equal(transaction.idHex, id);
  assert.equal(
    toHex(transaction.bytes),
    `${fixed}86000000${toHex(transaction.transaction.signature)}${payload}`,
  );
  assert.equal(toHex(transaction.leaf), createHash("sha256").update(transaction.bytes).digest("hex"));
  assert.equal(transaction.senderHex, toHex(keyPair.publicKey));
  assert.equal(toHex(issuedAssetId(transaction)), id);
});

test("payloads have the documented bytes", () => {
  const [transfer, , user, asset, vote] = payloads;
  assert.ok(transfer && user && asset && vote);
  assert.equal(
    toHex(encodePayload(transfer)),
    `${"02".repeat(32)}${"00".repeat(32)}ffffffffffffffff4c0000006869`,
  );
  assert.equal(toHex(encodePayload(user)), `04000000${toHex(fromUtf8("alice@example.com"))}`);
  assert.equal(toHex(encodePayload(asset)), `150000001800000002e8030000000000001c000000474c44476f6c647b7d`);
  assert.equal(toHex(encodePayload(vote)), `01${"04".repeat(32)}0201000000000000${"05".repeat(64)}`);
});

test("an authority vote has 105 bytes, no more and no less; what it says is judged elsewhere", () => {
  const payload = encodePayload(payloads[4] as Payload);
  assert.equal(payload.length, 105);
  const kind = transactionKinds.authorityVote;
  assert.equal(codeOf(altered({ kind, payload })), "ok");
  assert.equal(codeOf(altered({ kind, payload: payload.subarray(1) })), "codec/malformed");
  assert.equal(
    codeOf(altered({ kind, payload: concatBytes([payload, new Uint8Array(1)]) })),
    "codec/malformed",
  );
  const unsafeHeight = Uint8Array.from(payload).fill(0xff, 33, 41);
  assert.equal(codeOf(altered({ kind, payload: unsafeHeight })), "codec/malformed");
  assert.deepEqual([kind, authorityActions.add, authorityActions.remove], [5, 1, 2]);
});

test("another chain, another id; another signature, the same id and another leaf", () => {
  const { bytes, idHex, leaf } = signed(recordOf("data"));
  const elsewhere = decodeTransaction(bytes, zeroBytes32);
  assert.ok(elsewhere.ok);
  assert.notEqual(elsewhere.value.idHex, idHex);
  const resigned = decodeTransaction(altered({ signature: new Uint8Array(64) }), chainId);
  assert.ok(resigned.ok);
  assert.equal(resigned.value.idHex, idHex);
  assert.notDeepEqual(resigned.value.leaf, leaf);
});

test("unknown versions and kinds, kinds not open yet, and damaged bytes are faults", () => {
  assert.equal(codeOf(altered({})), "ok");
  assert.equal(codeOf(altered({ version: 0 })), "transaction/version-unknown");
  assert.equal(codeOf(altered({ version: 2 })), "transaction/version-unknown");
  assert.equal(codeOf(altered({ kind: 0 })), "transaction/kind-unknown");
  assert.equal(codeOf(altered({ kind: 7 })), "transaction/kind-unknown");
  assert.equal(codeOf(altered({ kind: 6 })), "transaction/kind-not-open");
  assert.equal(codeOf(altered({ kind: 1 })), "codec/malformed");
  assert.equal(codeOf(altered({ kind: 5 })), "codec/malformed");
  assert.equal(codeOf(altered({ payload: new Uint8Array(0) })), "codec/malformed");
  assert.equal(codeOf(altered({}).subarray(1)), "codec/malformed");
  assert.equal(codeOf(new Uint8Array(0)), "codec/malformed");
});

test("the largest record fits, one byte more does not, and no transaction is over its limit", () => {
  const largest = signed({ kind: "record", data: new Uint8Array(recordBytesMax) });
  assert.equal(codeOf(largest.bytes), "ok");
  const over = concatBytes([fromHex("04000000") as Uint8Array, new Uint8Array(recordBytesMax + 1)]);
  assert.equal(codeOf(altered({ payload: over })), "codec/malformed");
  assert.throws(() => signed({ kind: "record", data: new Uint8Array(recordBytesMax + 1) }));
  assert.equal(altered({ payload: new Uint8Array(4096) }).length, transactionBytesMax);
  const tooLong = concatBytes([altered({ payload: new Uint8Array(4096) }), new Uint8Array(1)]);
  assert.equal(codeOf(tooLong), "codec/malformed");
});
