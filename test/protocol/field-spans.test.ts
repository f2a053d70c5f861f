/** Spans over encoded blocks and transactions: they cover every byte once, and a changed byte changes the field that its span names. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { BlockType, HeaderType } from "../../src/protocol/block.ts";
import {
  blockSpans,
  type FieldSpan,
  headerSpans,
  transactionSpans,
  unsignedTransactionSpans,
} from "../../src/protocol/field-spans.ts";
import {
  type Payload,
  signTransaction,
  type Transaction,
  TransactionType,
  UnsignedTransactionType,
} from "../../src/protocol/transaction.ts";
import { alice, bob } from "../chain/block-builder.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";

const chainId = new Uint8Array(32).fill(7);
const payloads: readonly Payload[] = [
  {
    kind: "transfer",
    to: bob.publicKey,
    assetId: new Uint8Array(32),
    amount: 77n,
    memo: fromUtf8("for the book"),
  },
  { kind: "transfer", to: bob.publicKey, assetId: chainId, amount: 1n, memo: new Uint8Array(0) },
  { kind: "record", data: fromUtf8("a note") },
  { kind: "registerUser", name: fromUtf8("bob@example.com") },
  {
    kind: "issueAsset",
    symbol: fromUtf8("GOLD"),
    name: fromUtf8("Gold"),
    decimals: 2,
    supply: 1_000n,
    metadata: new Uint8Array(0),
  },
  {
    kind: "authorityVote",
    action: 2,
    authority: bob.publicKey,
    expiresAtHeight: 9,
    consent: new Uint8Array(64),
  },
];

function signed(payload: Payload) {
  const draft = { payload, sequence: 3, fee: 10n, validUntil: 0, timestampMs: 1_700_000_000_000 };
  return signTransaction(draft, alice, chainId);
}

function spansOf(read: typeof blockSpans, bytes: Uint8Array): readonly FieldSpan[] {
  const spans = read(bytes);
  assert.ok(spans.ok);
  return spans.value;
}

/** Side by side, in their order, from the first byte to the last. */
function assertCovered(spans: readonly FieldSpan[], bytes: Uint8Array): void {
  let at = 0;
  for (const { path, start, end } of spans) {
    assert.equal(start, at, path);
    assert.ok(end > start, path);
    at = end;
  }
  assert.equal(at, bytes.length);
}

function numberAt(bytes: Uint8Array, span: FieldSpan | undefined): bigint {
  assert.ok(span);
  return bytes.subarray(span.start, span.end).reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

/** A block with transactions, a certificate and evidence. */
function fullBlock(): Uint8Array {
  const chain = new AuthorityChain(4);
  const first = chain.child(chain.genesis, { transactions: [chain.builder.transfer(alice, 0, bob, 5n)] });
  const offender = chain.membersOf(first)[0]!;
  const { block } = chain.child(first, {
    certificate: chain.certificate(first),
    transactions: [chain.builder.transfer(alice, 1, bob, 6n), chain.builder.transfer(alice, 2, bob, 7n)],
    evidence: [chain.doubleSeal(chain.genesis, offender)],
    producer: chain.membersOf(first).find((key) => key !== offender)!,
  });
  return block.bytes;
}

describe("field spans", () => {
  it("cover every byte of a transaction of each kind, and name the fields of its payload", () => {
    const seen = payloads.map((payload) => {
      const { bytes, transaction } = signed(payload);
      const spans = spansOf(transactionSpans, bytes);
      assertCovered(spans, bytes);
      const at = (path: string) => spans.find((span) => span.path === path && span.form !== "offsets");
      assert.equal(numberAt(bytes, at("sequence")), 3n);
      assert.equal(numberAt(bytes, at("fee")), 10n);
      assert.deepEqual(bytes.subarray(at("signature")!.start, at("signature")!.end), transaction.signature);
      return spans.filter(({ path, form }) => path.startsWith("payload.") && form !== "offsets");
    });
    assert.deepEqual(
      seen.map((spans) => spans.map(({ path }) => path.slice("payload.".length)).join()),
      [
        "to,assetId,amount,memo",
        "to,assetId,amount",
        "data",
        "name",
        "decimals,supply,symbol,name",
        "action,authority,expiresAtHeight,consent",
      ],
    );
  });

  it("cover what a signature covers: the same fields without the signature", () => {
    for (const payload of payloads) {
      const { bytes, transaction } = signed(payload);
      const unsigned = UnsignedTransactionType.serialize(transaction);
      const spans = spansOf(unsignedTransactionSpans, unsigned);
      assertCovered(spans, unsigned);
      const ofSigned = spansOf(transactionSpans, bytes).filter(({ path }) => path !== "signature");
      assert.deepEqual(
        spans.map(({ path }) => path),
        ofSigned.map(({ path }) => path),
      );
    }
  });

  it("name the field that a changed byte changes", () => {
    const { bytes } = signed(payloads[0]!);
    const before = TransactionType.deserialize(bytes);
    for (const { path, form, start } of spansOf(transactionSpans, bytes)) {
      if (form === "offsets" || path.startsWith("payload.")) continue;
      const changed = new Uint8Array(bytes);
      changed[start] = (changed[start] as number) ^ 1;
      const after = TransactionType.deserialize(changed);
      const differing = Object.keys(before).filter(
        (key) => String(before[key as keyof Transaction]) !== String(after[key as keyof Transaction]),
      );
      assert.deepEqual(differing, [path]);
    }
  });

  it("cover a block with a certificate, evidence and transactions", () => {
    const bytes = fullBlock();
    const spans = spansOf(blockSpans, bytes);
    assertCovered(spans, bytes);
    const { header, consensusSection } = BlockType.deserialize(bytes);
    const at = (path: string) => spans.find((span) => span.path === path && span.form !== "offsets");
    assert.equal(numberAt(bytes, at("header.height")), BigInt(header.height));
    const target = at("consensusSection.certificates[0].targetHash")!;
    assert.deepEqual(bytes.subarray(target.start, target.end), consensusSection.certificates[0]!.targetHash);
    for (const path of [
      "seal.nonce",
      "seal.signature",
      "consensusSection.certificates[0].signatures[2]",
      "consensusSection.evidence[0]",
      "transactions[1]",
    ]) {
      assert.ok(at(path), path);
    }
    assert.ok(!at("transactions[2]"));
  });

  it("cover a header alone", () => {
    const header = BlockType.deserialize(fullBlock()).header;
    const bytes = HeaderType.serialize(header);
    const spans = spansOf(headerSpans, bytes);
    assertCovered(spans, bytes);
    assert.deepEqual(
      spans.map(({ path }) => path),
      Object.keys(HeaderType.fields),
    );
  });

  it("are refused for bytes that do not decode", () => {
    const { bytes } = signed(payloads[0]!);
    for (const broken of [bytes.subarray(1), bytes.subarray(0, 70), new Uint8Array(0)]) {
      assert.equal(transactionSpans(broken).ok, false);
    }
    assert.equal(blockSpans(bytes).ok, false);
    assert.equal(headerSpans(bytes).ok, false);
  });
});
