/** The head moves to the better branch, whole or not at all; the mempool and the disk follow. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { StoreError } from "../../src/store/chain-store.ts";
import { createMemoryDisk } from "../support/memory-store.ts";
import { alice, authorities, BlockBuilder, bob, testSpec } from "./block-builder.ts";
import { openChain } from "./open-chain.ts";
import { openCore } from "./open-core.ts";

const pow = new BlockBuilder(testSpec("pow"));
const wrongRoot = { header: { stateRoot: new Uint8Array(32).fill(1) } };
const full = () => new StoreError("store/disk-full", "no space", "make room");

describe("a reorganization", () => {
  it("goes to the heavier branch from any depth, and says exactly what left and joined", async () => {
    const { chain, give, headChanges, disk } = await openChain({ spec: pow.spec });
    const sent = pow.transfer(alice, 0, bob, 9n);
    const trunk = pow.on(pow.genesis);
    const ours = pow.branch(trunk, 60);
    const fork = pow.on(trunk, { laterMs: 1, transactions: [sent] });
    const theirs = [fork, ...pow.branch(fork, 60)];
    for (const block of [trunk, ...ours]) assert.equal(await give(block), "head");
    for (const block of theirs.slice(0, 59)) assert.equal(await give(block), "side");
    assert.equal(chain.transaction(sent.id), undefined);
    headChanges.length = 0;
    // Equal weight: the lower hash decides; one more decides for good.
    await give(theirs[59]!);
    await give(theirs[60]!);
    assert.equal(chain.head.hashHex, theirs[60]?.block.hashHex);
    const moves = headChanges.flatMap(({ disconnected }) => disconnected.map(({ hashHex }) => hashHex));
    assert.deepEqual(
      moves,
      ours.toReversed().map(({ block }) => block.hashHex),
    );
    const joined = headChanges.flatMap(({ connected }) => connected.map(({ hashHex }) => hashHex));
    assert.deepEqual(
      joined,
      theirs.map(({ block }) => block.hashHex),
    );
    assert.equal(toHex(chain.ledger.stateRoot()), toHex(theirs[60]!.block.header.stateRoot));
    assert.equal(chain.ledger.account(toHex(bob.publicKey))?.balance, 9n);
    assert.equal(chain.transaction(sent.id)?.block.hashHex, fork.block.hashHex);
    assert.equal(chain.isCanonical(ours[0]!.record), false);
    assert.equal(chain.isCanonical(fork.record), true);
    assert.equal(toHex(chain.hashAtHeight(62)!), theirs[60]?.block.hashHex);
    const again = await openChain({ spec: pow.spec }, { disk });
    assert.equal(again.chain.head.hashHex, theirs[60]?.block.hashHex);
    assert.equal(again.chain.head.cumulativeWeight, theirs[60]?.record.cumulativeWeight);
  });

  it("stays where it is when a heavier branch has a bad block in its middle", async () => {
    const { chain, give, headChanges } = await openChain({ spec: pow.spec });
    const ours = pow.branch(pow.genesis, 3);
    for (const block of ours) await give(block);
    const good = pow.on(pow.genesis, { laterMs: 1 });
    const bad = pow.on(good, wrongRoot);
    const above = pow.branch(bad, 3);
    headChanges.length = 0;
    assert.equal(await give(good), "side");
    assert.equal(await give(bad), "side");
    // Which of the two third blocks has the lower hash is chance; the fourth is heavier for certain.
    const outcomes = [await give(above[0]!), await give(above[1]!)];
    assert.ok(outcomes.includes("block/parent-invalid"), String(outcomes));
    assert.equal(chain.head.hashHex, ours[2]?.block.hashHex);
    assert.equal(toHex(chain.ledger.stateRoot()), toHex(ours[2]!.block.header.stateRoot));
    assert.deepEqual(headChanges, []);
    assert.match(await give(above[2]!), /parent-unknown|parent-invalid/);
    assert.equal(await give(pow.on(bad, { laterMs: 5 })), "block/parent-invalid");
    // The good part of the branch can still be built on.
    for (const block of pow.branch(good, 3)) await give(block);
    assert.equal(chain.head.header.height, 4);
  });

  it("goes by ranks in Proof of Authority: three in turn beat three out of turn", async () => {
    const poa = new BlockBuilder(testSpec("poa"));
    const { chain, give } = await openChain({ spec: poa.spec });
    const alone = poa.branch(poa.genesis, 3, { producer: authorities[0]! });
    const inTurn = poa.branch(poa.genesis, 3);
    for (const block of [...alone, ...inTurn]) await give(block);
    assert.equal(chain.head.hashHex, inTurn[2]?.block.hashHex);
  });
});

describe("a store that fails", () => {
  it("changes nothing, and the same block is taken when there is room again", async () => {
    const { chain, disk, headChanges, give } = await openChain({ spec: pow.spec });
    const [first, second] = pow.branch(pow.genesis, 2, {});
    disk.failNextCommit(full());
    await assert.rejects(give(first!), (error: StoreError) => error.code === "store/disk-full");
    assert.equal(chain.head.header.height, 0);
    assert.equal(toHex(chain.ledger.stateRoot()), toHex(pow.genesis.block.header.stateRoot));
    assert.deepEqual(headChanges, []);
    assert.equal(chain.headerOf(first!.block.hash), undefined);
    assert.equal(await give(first!), "head");
    assert.equal(await give(second!), "head");
  });

  it("in the middle of a reorganization leaves the old branch whole", async () => {
    const { chain, disk, give } = await openChain({ spec: pow.spec });
    const ours = pow.branch(pow.genesis, 3);
    const theirs = pow.branch(pow.genesis, 4, { laterMs: 1 });
    for (const block of [...ours, ...theirs.slice(0, 2)]) await give(block);
    await give(theirs[2]!);
    disk.failNextCommit(full());
    const kept = chain.head.hashHex;
    const root = toHex(chain.ledger.stateRoot());
    await assert.rejects(give(theirs[3]!));
    assert.equal(chain.head.hashHex, kept);
    assert.equal(toHex(chain.ledger.stateRoot()), root);
    assert.equal(await give(theirs[3]!), "head");
    const again = await openChain({ spec: pow.spec }, { disk });
    assert.equal(again.chain.head.hashHex, theirs[3]?.block.hashHex);
  });

  it("does not open over a ledger that is not its head's", async () => {
    const disk = createMemoryDisk();
    const { block, record } = pow.genesis;
    const change = { entryCountBefore: 0, entryCountAfter: 0, changes: [] };
    await disk.open().commit({
      blocks: [{ record, bytes: block.bytes }],
      disconnected: [],
      connected: [{ hash: block.hash, height: 0, change, transactions: [] }],
      entries: new Map(),
      head: { hash: block.hash, height: 0, entryCount: 0 },
      invalid: [],
    });
    await assert.rejects(
      openChain({ spec: pow.spec }, { disk }),
      (error: StoreError) => error.code === "store/corrupt",
    );
  });
});

describe("a closed chain", () => {
  it("ends the import that runs, and begins no other", async () => {
    const { chain, give } = await openChain({ spec: pow.spec });
    const [first, second] = pow.branch(pow.genesis, 2);
    const running = give(first!);
    await chain.close();
    await running;
    assert.equal(await give(second!), "block/queue-full");
  });

  it("bounds what waits to be imported", async () => {
    const { give } = await openChain({ spec: pow.spec, importsMax: 3 });
    const blocks = Array.from({ length: 10 }, (_, index) => pow.on(pow.genesis, { laterMs: index }));
    const outcomes = await Promise.all(blocks.map(give));
    assert.equal(outcomes.filter((outcome) => outcome === "block/queue-full").length, 7);
  });
});

describe("the mempool", () => {
  it("follows the head back and forth, and loses nothing that can still be committed", async () => {
    const core = await openCore(pow.spec);
    const [first, second, third] = [0, 1, 2].map((sequence) => pow.transfer(alice, sequence, bob, 1n));
    const rival = pow.transfer(alice, 1, bob, 500n);
    for (const transaction of [first!, second!, third!]) {
      assert.ok((await core.mempool.add(transaction)).ok);
    }
    const one = pow.on(pow.genesis, { transactions: [first!, second!] });
    assert.ok((await core.chain.importBlock(one.block)).ok);
    assert.deepEqual(core.mempool.ids(), [third!.idHex]);
    // A heavier branch without them: they wait again.
    const other = pow.branch(pow.genesis, 2, { laterMs: 1 });
    for (const { block } of other) assert.ok((await core.chain.importBlock(block)).ok);
    assert.deepEqual(core.mempool.ids().sort(), [first!, second!, third!].map(({ idHex }) => idHex).sort());
    assert.equal(core.mempool.pendingSequence(toHex(alice.publicKey)), 3);
    // One of them is overtaken by a rival: it goes, with the reason.
    const last = pow.on(other[1]!, { transactions: [first!, rival] });
    assert.ok((await core.chain.importBlock(last.block)).ok);
    assert.deepEqual(core.mempool.ids(), [third!.idHex]);
    const gone = core.mempool.status(second!.idHex);
    assert.equal(gone?.status === "dropped" && gone.reason.code, "transaction/sequence-used");
    await core.stop();
  });
});
