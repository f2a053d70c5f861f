/** The authority's sealer on a real journal: what it signs verifies, and is on disk before anybody can have it. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { concatBytes } from "../../src/base/bytes.ts";
import { InvariantError } from "../../src/base/invariant.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { decodeBlock, emptyConsensusSection, transactionsRoot } from "../../src/protocol/block.ts";
import { sealDomain, zeroBytes32 } from "../../src/protocol/hashing.ts";
import { keyPairFromSeed, verifySignature } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, signTransaction } from "../../src/protocol/transaction.ts";
import type { BlockDraft } from "../../src/sealing/block-sealer.ts";
import { openFileSealJournal } from "../../src/sealing/poa/file-seal-journal.ts";
import { createAuthoritySealer } from "../../src/sealing/poa/poa-sealer.ts";
import { interceptDisk, onDiskFailing } from "./disk-steps.ts";
import { headerOf } from "./headers.ts";

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "aurex-authority-"));
after(() => fs.rmSync(directory, { recursive: true }));
const keyPair = keyPairFromSeed(new Uint8Array(32).fill(5));
const chainId = new Uint8Array(32).fill(0xc1);

async function openSealer(name: string) {
  const journal = await openFileSealJournal(path.join(directory, name), { logger: silentLogger });
  return createAuthoritySealer({ keyPair }, { journal });
}

function transactionOf(text: string): DecodedTransaction {
  const payload = { kind: "record", data: new TextEncoder().encode(text) } as const;
  return signTransaction({ payload, sequence: 0, fee: 0n, validUntil: 0, timestampMs: 1 }, keyPair, chainId);
}

function draft(
  timestampMs: number,
  transactions: readonly DecodedTransaction[] = [],
  producer = keyPair.publicKey,
): BlockDraft {
  const counts = {
    transactionsRoot: transactionsRoot(transactions),
    transactionCount: transactions.length,
  };
  const header = headerOf({ chainId, producer, timestampMs, ...counts });
  return { header, transactions, consensusSection: emptyConsensusSection };
}

test("a sealed block decodes, has a zero nonce and its authority's signature, and is in the journal", async () => {
  const sealer = await openSealer("sealed");
  const transactions = [transactionOf("one"), transactionOf("two")];
  const drafted = draft(1000, transactions);
  const { header } = drafted;
  assert.equal(sealer.previousOn(header.parentHash), undefined);
  const block = await sealer.sealBlock(drafted);
  assert.deepEqual(block.seal.nonce, zeroBytes32);
  const signed = concatBytes([sealDomain, block.hash]);
  assert.ok(verifySignature(signed, block.seal.signature, keyPair.publicKey));
  const decoded = decodeBlock(block.bytes);
  assert.ok(decoded.ok);
  assert.deepEqual(decoded.value.header, header);
  assert.deepEqual(decoded.value.hash, block.hash);
  assert.deepEqual(sealer.previousOn(header.parentHash), block.bytes);
  await sealer.close();
});

test("a restarted authority has its block again, and signs no other on that parent", async () => {
  const first = await openSealer("restarted");
  const block = await first.sealBlock(draft(1000));
  await first.close();
  const second = await openSealer("restarted");
  assert.deepEqual(second.previousOn(block.header.parentHash), block.bytes);
  await assert.rejects(second.sealBlock(draft(2000)), InvariantError);
  assert.deepEqual((await second.sealBlock(draft(1000))).bytes, block.bytes);
  await second.close();
});

test("no block leaves where the journal could not write it", async () => {
  const sealer = await openSealer("unwritten");
  await onDiskFailing("datasync", () =>
    assert.rejects(sealer.sealBlock(draft(1000)), { code: "journal/io" }),
  );
  assert.equal(sealer.previousOn(draft(1000).header.parentHash), undefined);
  await sealer.close();
});

test("the journal is synced before the block is handed out", async () => {
  const sealer = await openSealer("ordered");
  const order: string[] = [];
  const restore = await interceptDisk((step) => {
    order.push(step.kind === "write" ? "write" : step.name);
  });
  try {
    await sealer.sealBlock(draft(1000));
    order.push("handed out");
  } finally {
    restore();
  }
  assert.deepEqual(order, ["write", "datasync", "handed out"]);
  await sealer.close();
});

test("a header that names another producer is never signed", async () => {
  const sealer = await openSealer("foreign");
  const foreign = draft(1000, [], new Uint8Array(32).fill(1));
  await assert.rejects(sealer.sealBlock(foreign), InvariantError);
  assert.equal(sealer.previousOn(foreign.header.parentHash), undefined);
  await sealer.close();
});
