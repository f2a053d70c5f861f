/** Own submissions on a real chain: settled when nothing can undo them, alive through reorganizations and restarts. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { fromUtf8 } from "../../../src/base/bytes.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { createMempool } from "../../../src/mempool/mempool.ts";
import { mempoolChange, mempoolHead } from "../../../src/node/node-core.ts";
import { OwnTransactions } from "../../../src/node/own-transactions/own-transactions.ts";
import { TransactionJournal } from "../../../src/node/own-transactions/transaction-journal.ts";
import { addressOf } from "../../../src/protocol/identity.ts";
import type { DecodedTransaction, Payload } from "../../../src/protocol/transaction.ts";
import { createInlineVerifier } from "../../../src/verifier/verifier.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, testSpec } from "../../chain/block-builder.ts";
import { type OpenChain, openChain } from "../../chain/open-chain.ts";
import { onFullDisk } from "../../sealing/disk-steps.ts";
import { until } from "../../support/patience.ts";

const spec = testSpec("pow", {
  allocations: { [addressOf(alice.publicKey)]: "10", [addressOf(bob.publicKey)]: "10" },
});
const builder = new BlockBuilder(spec);
const terms = { symbol: fromUtf8("GOLD"), name: fromUtf8("Gold"), decimals: 0, supply: 10n };
const issue = builder.sign(alice, 0, { kind: "issueAsset", ...terms, metadata: new Uint8Array(0) });
const gold = (amount: bigint): Payload => ({
  ...{ kind: "transfer", to: bob.publicKey, assetId: issue.id, amount, memo: new Uint8Array(0) },
});

describe("own transactions", () => {
  let folder: string;
  let files = 0;
  const ends: (() => Promise<void>)[] = [];
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "aurex-own-"));
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function open(
    opened: OpenChain,
    { filePath = path.join(folder, `own-${files++}`), isUpToDate = (): boolean => true } = {},
  ) {
    const { chain, clock } = opened;
    const logger = silentLogger;
    const verifier = createInlineVerifier();
    const mempool = createMempool({}, { clock, verifier, logger, ledger: () => mempoolHead(chain) });
    const journal = await TransactionJournal.open({ filePath, chainId: spec.chainId }, { logger });
    const announced: string[] = [];
    const announce = ({ idHex }: DecodedTransaction) => void announced.push(idHex);
    const own = new OwnTransactions({ chain, mempool, announce, isUpToDate, journal, clock, logger });
    chain.events.on("headChanged", (change) => {
      mempool.headChanged(mempoolChange(change));
      own.headChanged(change);
    });
    chain.events.on("finalChanged", () => own.finalChanged());
    const close = async () => {
      own.stop();
      mempool.close();
      await journal.close();
    };
    ends.push(close);
    return { mempool, journal, announced, own, filePath, close };
  }

  const blockWith = (parent: BuiltBlock, ...transactions: DecodedTransaction[]) =>
    builder.on(parent, { transactions });

  it("what a reorganization made impossible comes back when the new branch has made it possible again", async () => {
    const opened = await openChain({ spec });
    const { own, mempool, journal, announced } = await open(opened);
    const first = blockWith(builder.genesis, issue);
    assert.equal(await opened.give(first), "head");
    const transfer = builder.sign(alice, 1, gold(3n));
    assert.ok((await own.submit(transfer)).ok);
    const [other, heavier] = builder.branch(builder.genesis, 2, { laterMs: 1 }) as [BuiltBlock, BuiltBlock];
    await opened.give(other);
    assert.equal(await opened.give(heavier), "head");
    // The issue waits again, and the transfer behind it still does.
    assert.deepEqual(mempool.status(transfer.idHex), { status: "pending", ready: true });
    // Its sender spends the sequence of the issue for something else, in a block of the other branch.
    const spent = blockWith(heavier, builder.sign(alice, 0));
    assert.equal(await opened.give(spent), "head");
    assert.equal(mempool.status(transfer.idHex)?.status, "dropped");
    assert.equal(own.droppedBecause(transfer.idHex)?.code, "transaction/asset-unknown");
    assert.equal(journal.has(transfer.idHex), false);
    // And back to the branch that has the issue.
    const longer = builder.branch(first, 3, { laterMs: 2 });
    for (const block of longer) await opened.give(block);
    assert.equal(opened.chain.head.hashHex, longer.at(-1)?.block.hashHex);
    assert.equal((await own.submit(transfer)).ok, true);
    assert.deepEqual(mempool.status(transfer.idHex), { status: "pending", ready: true });
    assert.equal(own.droppedBecause(transfer.idHex), undefined);
    assert.ok(announced.filter((idHex) => idHex === transfer.idHex).length >= 2);
  });

  it("what was dropped in a reorganization is tried again by itself at the heads that follow", async () => {
    const opened = await openChain({ spec });
    const { own, mempool, journal } = await open(opened);
    const gift = builder.sign(alice, 1, gold(5n));
    const first = blockWith(builder.genesis, issue, gift);
    assert.equal(await opened.give(first), "head");
    const spending = builder.sign(bob, 0, { ...gold(5n), to: alice.publicKey } as Payload);
    assert.ok((await own.submit(spending)).ok);
    const [other, heavier] = builder.branch(builder.genesis, 2, { laterMs: 1 }) as [BuiltBlock, BuiltBlock];
    await opened.give(other);
    assert.equal(await opened.give(heavier), "head");
    assert.equal(mempool.status(spending.idHex)?.status, "dropped");
    const again = blockWith(heavier, issue, gift);
    assert.equal(await opened.give(again), "head");
    await until("it waits again", () => mempool.has(spending.idHex));
    await until("and is on disk again", () => journal.has(spending.idHex));
    assert.deepEqual(mempool.status(spending.idHex), { status: "pending", ready: true });
  });

  it("a batch stands in its order, each for itself, and one that the disk does not take waits nowhere", async () => {
    const opened = await openChain({ spec });
    const { own, mempool, journal, announced } = await open(opened);
    const chained = [0, 1, 2].map((sequence) => builder.sign(bob, sequence));
    const [head, middle, last] = chained as [DecodedTransaction, DecodedTransaction, DecodedTransaction];
    const bad = builder.sign(alice, 0, gold(1n));
    const outcomes = await own.submitMany([head, bad, middle, head, last]);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? outcome.value : outcome.fault.code)),
      ["added", "transaction/asset-unknown", "added", "mempool/known", "added"],
    );
    for (const { idHex } of chained) {
      assert.deepEqual(mempool.status(idHex), { status: "pending", ready: true });
      assert.ok(journal.has(idHex));
      assert.ok(announced.includes(idHex));
    }
    assert.equal(journal.has(bad.idHex), false);
    const unlucky = [3, 4].map((sequence) => builder.sign(bob, sequence));
    await onFullDisk(async () => {
      const refused = await own.submitMany([last, ...unlucky]);
      assert.deepEqual(
        refused.map((outcome) => (outcome.ok ? outcome.value : outcome.fault.code)),
        ["mempool/known", "mempool/not-stored", "mempool/not-stored"],
      );
    });
    for (const { idHex } of unlucky) {
      assert.equal(mempool.has(idHex), false);
      assert.equal(announced.includes(idHex), false);
    }
    assert.equal(mempool.pendingSequence(last.senderHex), 3);
  });

  it("is settled 100 blocks deep, and not before", async () => {
    const opened = await openChain({ spec });
    const { own, journal } = await open(opened);
    const sent = builder.sign(alice, 0);
    assert.ok((await own.submit(sent)).ok);
    let tip = blockWith(builder.genesis, sent);
    assert.equal(await opened.give(tip), "head");
    for (let depth = 1; depth < 100; depth += 1) {
      tip = builder.on(tip);
      await opened.give(tip);
    }
    assert.ok(journal.has(sent.idHex));
    await opened.give(builder.on(tip));
    assert.equal(journal.has(sent.idHex), false);
    assert.equal(own.droppedBecause(sent.idHex), undefined);
  });

  it("after a start waits for the chain to be where it can be executed, and gives up only when that is up to date", async () => {
    const gift = builder.sign(alice, 1, gold(5n));
    const first = blockWith(builder.genesis, issue, gift);
    const spending = builder.sign(bob, 0, { ...gold(5n), to: alice.publicKey } as Payload);
    const opened = await openChain({ spec });
    const { own, filePath, close } = await open(opened);
    assert.equal(await opened.give(first), "head");
    assert.ok((await own.submit(spending)).ok);
    await close();
    ends.pop();
    // The disk came back without the block.
    for (const comesBack of [true, false]) {
      const behind = await openChain({ spec });
      const around = { isUpToDate: false };
      const restarted = await open(behind, { filePath, isUpToDate: () => around.isUpToDate });
      await restarted.own.start();
      assert.equal(restarted.mempool.count, 0);
      await behind.clock.advance(10 * 60_000);
      assert.equal(restarted.own.unplaced(spending.idHex)?.fault.code, "transaction/asset-unknown");
      if (comesBack) {
        assert.equal(await behind.give(first), "head");
        await until("it waits again", async () => {
          await behind.clock.advance(2_000);
          return restarted.mempool.has(spending.idHex);
        });
        assert.equal(restarted.own.unplaced(spending.idHex), undefined);
        assert.deepEqual(restarted.announced, [spending.idHex]);
        assert.ok(restarted.journal.has(spending.idHex));
      } else {
        around.isUpToDate = true;
        await until("it is given up", async () => {
          await behind.clock.advance(2_000);
          return restarted.own.droppedBecause(spending.idHex) !== undefined;
        });
        assert.equal(restarted.own.droppedBecause(spending.idHex)?.code, "transaction/asset-unknown");
        assert.equal(restarted.journal.has(spending.idHex), false);
      }
      await restarted.close();
      ends.pop();
    }
  });
});
