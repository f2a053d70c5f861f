/** Drafts on a real chain: each is sealed and imported, so a draft that other nodes would refuse fails the test. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { createMempool } from "../../src/mempool/mempool.ts";
import { mempoolHead } from "../../src/node/node-core.ts";
import type { ChainSpecJson } from "../../src/protocol/chain-spec-json.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { draftBlock, isEmptyDraft } from "../../src/sealing/draft-block.ts";
import { createAuthoritySealer } from "../../src/sealing/poa/poa-sealer.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { alice, bob } from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { createMemorySealJournal } from "../support/memory-seal-journal.ts";

/** Three authorities, an hour after the genesis; the mempool never hears of a new head. */
async function draftRig(t: TestContext, changes: Partial<ChainSpecJson> = {}) {
  const authorities = new AuthorityChain(3, changes);
  const [keyPair] = authorities.keys as [KeyPair];
  const opened = await openChain({ spec: authorities.builder.spec });
  const { chain, clock } = opened;
  const ledger = () => mempoolHead(chain);
  const modules = { clock, verifier: createInlineVerifier(), logger: silentLogger, ledger };
  const mempool = createMempool({}, modules);
  t.after(async () => {
    await chain.close();
    mempool.close();
  });
  const add = async (...transactions: readonly DecodedTransaction[]) => {
    for (const transaction of transactions) assert.ok((await mempool.add(transaction)).ok);
  };
  const slot = () => {
    const found = chain.engine.slot(chain.head, keyPair.publicKey);
    assert.ok(found);
    return found;
  };
  const draft = () => {
    const options = { producer: keyPair.publicKey, extraData: new Uint8Array(32) };
    return draftBlock(chain.head, slot(), options, { chain, mempool, clock });
  };
  /** Drafts, seals and imports. */
  const produce = async () => {
    const made = draft();
    const sealer = createAuthoritySealer({ keyPair }, { journal: createMemorySealJournal() });
    const block = await sealer.sealBlock(made);
    assert.ok(block);
    assert.equal(await opened.give({ block }), "head");
    return { ...made, block };
  };
  const register = (name: string, by: KeyPair) =>
    authorities.builder.sign(by, 0, { kind: "registerUser", name: fromUtf8(name) });
  return { ...opened, authorities, mempool, add, slot, draft, produce, register };
}

const idsOf = (transactions: readonly DecodedTransaction[]) => transactions.map(({ idHex }) => idHex);

test("a draft has as many transactions as a block may, in the order of their account", async (t) => {
  const { authorities, add, produce } = await draftRig(t, { blockTransactionsMax: 3 });
  const notes = [0, 1, 2, 3, 4].map((sequence) => authorities.builder.sign(alice, sequence));
  await add(...notes);
  const { transactions } = await produce();
  assert.deepEqual(idsOf(transactions), idsOf(notes.slice(0, 3)));
});

test("a draft leaves what does not fit into the bytes of a block", async (t) => {
  const { authorities, mempool, add, produce, chain } = await draftRig(t, { blockBytesMax: 16_384 });
  const data = new Uint8Array(4_000);
  const notes = [0, 1, 2, 3, 4, 5].map((sequence) =>
    authorities.builder.sign(alice, sequence, { kind: "record", data }),
  );
  await add(...notes);
  const { block } = await produce();
  assert.ok(block.bytes.length <= chain.spec.genesis.blockBytesMax, `${block.bytes.length} bytes`);
  assert.ok(block.bytes.length > 12_000, "and no room for another one is left");
  assert.equal(mempool.count, notes.length, "what is left out waits");
});

test("of two transactions that exclude each other one is drafted, and the other one waits", async (t) => {
  const { mempool, add, produce, register } = await draftRig(t);
  await add(register("one@example.com", alice), register("one@example.com", bob));
  const { transactions } = await produce();
  assert.equal(transactions.length, 1);
  assert.equal(mempool.count, 2);
});

test("a transaction that cannot be executed on the head is dropped, if it is the first one", async (t) => {
  const { mempool, add, produce, draft, register } = await draftRig(t);
  const both = [register("one@example.com", alice), register("one@example.com", bob)];
  await add(...both);
  const [taken] = (await produce()).transactions;
  assert.ok(isEmptyDraft(draft()));
  const isWaiting = ({ idHex }: DecodedTransaction) => mempool.has(idHex);
  assert.deepEqual(both.filter(isWaiting), [taken], "the mempool did not hear of the block");
});

test("an authority's vote is drafted once, however often it waits", async (t) => {
  const { authorities, add, produce } = await draftRig(t);
  const [by] = authorities.keys as [KeyPair];
  const wish = { by, action: "add", authority: authorities.candidates[0] as KeyPair } as const;
  const votes = [0, 1].map((offset) => authorities.ballot(authorities.genesis, wish, offset));
  await add(votes[0] as DecodedTransaction);
  await add(votes[1] as DecodedTransaction);
  const { transactions } = await produce();
  assert.deepEqual(idsOf(transactions), idsOf(votes.slice(0, 1)));
});

test("a draft carries the certificate of its parent and evidence; only evidence is a reason for a block", async (t) => {
  const { authorities, chain, give, vote, produce, draft } = await draftRig(t);
  const first = authorities.child(authorities.genesis);
  assert.equal(await give(first), "head");
  assert.ok(isEmptyDraft(draft()));
  await vote(...authorities.votes(first));
  const certified = draft();
  assert.equal(certified.consensusSection.certificates.length, 1);
  assert.ok(isEmptyDraft(certified));
  assert.ok(chain.addEvidence(authorities.doubleVote(authorities.keys[2] as KeyPair)).ok);
  const { consensusSection, transactions, block } = await produce();
  assert.deepEqual([consensusSection.certificates.length, consensusSection.evidence.length], [1, 1]);
  assert.ok(!isEmptyDraft({ header: block.header, consensusSection, transactions }));
  assert.equal(chain.engine.authority?.setAt(chain.head).length, 2, "the offender is out");
});

test("a draft's time is the clock's, but never before its slot", async (t) => {
  const { clock, draft, slot } = await draftRig(t);
  assert.equal(draft().header.timestampMs, clock.nowMs());
  clock.jumpWallClock(-3_600_000);
  assert.ok(clock.nowMs() < slot().earliestMs);
  assert.equal(draft().header.timestampMs, slot().earliestMs);
});
