/** Blocks: the hash by its formula, the roots by SSZ, the encoding, and the faults of their bytes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { concatBytes, toHex } from "../../src/base/bytes.ts";
import {
  assembleBlock,
  BlockType,
  blockBytesMax,
  blockHash,
  blockTransactionsMax,
  ConsensusSectionType,
  consensusRoot,
  decodeBlock,
  emptyConsensusRoot,
  emptyConsensusSection,
  HeaderType,
  headerRoot,
  SealType,
  transactionsRoot,
} from "../../src/protocol/block.ts";
import { Bytes32 } from "../../src/protocol/codec.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { TransactionType } from "../../src/protocol/transaction.ts";
import { blockOver, chainId, headerOver, payloads, signed } from "./samples.ts";

const transactions = payloads.map((payload, sequence) => signed(payload, sequence));
const block = blockOver(transactions);

test("the header has the documented fields at their places", () => {
  const bytes = HeaderType.serialize(block.header);
  const at = (start: number, end: number) => toHex(bytes.subarray(start, end));
  assert.equal(bytes.length, 309);
  assert.equal(at(0, 1), "02");
  assert.equal(at(1, 33), toHex(chainId));
  assert.equal(at(33, 41), "0300000000000000");
  assert.equal(at(41, 73), "aa".repeat(32));
  assert.equal(at(73, 81), "7b68e5cf8b010000");
  assert.equal(at(81, 113), toHex(block.header.producer));
  assert.equal(at(113, 145), toHex(block.header.transactionsRoot));
  assert.equal(at(145, 149), "05000000");
  assert.equal(at(149, 181), "bb".repeat(32));
  assert.equal(at(181, 213), toHex(emptyConsensusRoot));
  assert.equal(at(213, 245), toHex(block.header.consensusStateHash));
  assert.equal(at(245, 277), `00${"ff".repeat(31)}`);
  assert.equal(at(277, 309), "00".repeat(32));
});

test("the hash is SHA256(SHA256(header) ‖ nonce)", () => {
  const root = createHash("sha256").update(HeaderType.serialize(block.header)).digest();
  const hash = createHash("sha256")
    .update(concatBytes([root, block.seal.nonce]))
    .digest("hex");
  assert.equal(block.hashHex, hash);
  assert.equal(toHex(block.hash), hash);
  assert.equal(toHex(blockHash(headerRoot(block.header), block.seal.nonce)), hash);
});

test("the transactions' root is SSZ's over SHA256 of each transaction", () => {
  const oracle = new ListCompositeType(Bytes32, blockTransactionsMax);
  for (let count = 0; count <= transactions.length; count += 1) {
    const some = transactions.slice(0, count);
    assert.deepEqual(transactionsRoot(some), oracle.hashTreeRoot(some.map(({ bytes }) => sha256(bytes))));
  }
});

test("the consensus root is SSZ's and tells sections apart", () => {
  assert.deepEqual(emptyConsensusRoot, ConsensusSectionType.hashTreeRoot(emptyConsensusSection));
  const withEvidence = { certificates: [], evidence: [Uint8Array.of(1)] };
  assert.notDeepEqual(consensusRoot(withEvidence), emptyConsensusRoot);
});

test("a list of byte lists has the encoding of a list of transactions", () => {
  const typed = new ContainerType({
    header: HeaderType,
    seal: SealType,
    consensusSection: ConsensusSectionType,
    transactions: new ListCompositeType(TransactionType, blockTransactionsMax),
  });
  const { header, seal, consensusSection } = block;
  const values = transactions.map(({ transaction }) => transaction);
  assert.deepEqual(typed.serialize({ header, seal, consensusSection, transactions: values }), block.bytes);
});

test("a block decodes to what was put together", () => {
  for (const some of [[], transactions.slice(0, 1), transactions]) {
    const built = blockOver(some);
    assert.deepEqual(decodeBlock(built.bytes), { ok: true, value: built });
  }
});

test("a transaction that does not decode names its place; too many bytes are refused unread", () => {
  const { header, seal, consensusSection } = block;
  const bytesOf = (list: Uint8Array[]) =>
    BlockType.serialize({ header, seal, consensusSection, transactions: list });
  const good = (transactions[0] as (typeof transactions)[number]).bytes;
  const bad = Uint8Array.from(good);
  bad[0] = 9;
  assert.deepEqual(decodeBlock(bytesOf([good, bad])), {
    ok: false,
    fault: {
      code: "block/transaction-invalid",
      position: 1,
      id: toHex(sha256(bad)),
      fault: { code: "transaction/version-unknown", version: 9 },
    },
  });
  for (const wrong of [bytesOf([good, new Uint8Array(0)]), bytesOf([good.subarray(1)])]) {
    const decoded = decodeBlock(wrong);
    assert.equal(decoded.ok ? undefined : decoded.fault.code, "block/transaction-invalid");
  }
  assert.deepEqual(decodeBlock(new Uint8Array(blockBytesMax + 1)), {
    ok: false,
    fault: { code: "block/too-large", bytes: blockBytesMax + 1, bytesMax: blockBytesMax },
  });
  const cut = decodeBlock(block.bytes.subarray(0, 300));
  assert.equal(cut.ok ? undefined : cut.fault.code, "codec/malformed");
});

test("a seal's signature is at most 64 bytes, and beside the hash", () => {
  const signatureOf = (length: number) =>
    assembleBlock(headerOver([]), { nonce: new Uint8Array(32), signature: new Uint8Array(length) }, []);
  assert.equal(decodeBlock(signatureOf(64).bytes).ok, true);
  assert.equal(signatureOf(64).hashHex, signatureOf(0).hashHex);
  const over = decodeBlock(signatureOf(65).bytes);
  assert.equal(over.ok ? undefined : over.fault.code, "codec/malformed");
});
