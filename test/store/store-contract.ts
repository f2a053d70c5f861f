/** What every store promises; run against the one on disk and its twin in memory. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { InvariantError } from "../../src/base/invariant.ts";
import { accountItems } from "../../src/ledger/account-items.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import type { IndexedBlock, StoredItem } from "../../src/store/account-index.ts";
import type { ChainStore } from "../../src/store/chain-store.ts";
import {
  accountOf,
  blockAfter,
  chainOf,
  emptyBatch,
  type FixtureBlock,
  moveBatch,
  transactionOf,
} from "./chain-fixture.ts";

export interface StoreHome {
  /** @param accountIndex whether blocks are added to the account index; true unless told */
  open(accountIndex?: boolean): Promise<ChainStore>;
  remove(): Promise<void>;
}

/** Asserts that `blocks`, from the first on, are the whole canonical line with everything that belongs to it. */
export function assertLine(store: ChainStore, blocks: readonly FixtureBlock[]): void {
  const last = blocks.at(-1);
  assert.ok(last);
  const { hash, header } = last.block;
  assert.deepEqual(store.head, { hash, height: header.height, entryCount: last.entriesAfter.length });
  for (const { block, stored, connected } of blocks) {
    assert.deepEqual(store.hashAtHeight(block.header.height), block.hash);
    assert.deepEqual(store.headerRecord(block.hash), stored.record);
    assert.deepEqual(store.blockBytes(block.hash), block.bytes);
    assert.deepEqual(store.stateChange(block.hash), connected.change);
    for (const [position, { id }] of block.transactions.entries()) {
      assert.deepEqual(store.transactionLocation(id), { blockHash: block.hash, position });
    }
  }
  assert.equal(store.hashAtHeight(header.height + 1), undefined);
  assert.deepEqual([...store.entries()], [...last.entriesAfter.entries()]);
  if (store.accountIndex.isKept) assertHistories(store, blocks);
}

/** Asserts that the account index covers `blocks`, and has no item beside theirs. */
export function assertHistories(store: ChainStore, blocks: readonly FixtureBlock[]): void {
  const { accountIndex } = store;
  assert.equal(accountIndex.blockCount, blocks.length);
  assert.equal(accountIndex.isClearing, false);
  const histories = new Map<string, StoredItem[]>();
  for (const { block, connected } of blocks) {
    for (const { account: _, accountHex, ...item } of accountItems(block.transactions, connected.change)) {
      const items = histories.get(accountHex) ?? [];
      const aurBalance = item.aurBalance ?? items.at(-1)?.aurBalance ?? 0n;
      items.push({ ...item, aurBalance, height: block.header.height });
      histories.set(accountHex, items);
    }
  }
  assert.ok(histories.size > 0);
  // Beside the accounts with a history, some that other branches open.
  for (let index = 0; index < 40; index += 1) {
    const entry = accountOf(index, 0n);
    if (entry.type === "account" && !histories.has(entry.account)) histories.set(entry.account, []);
  }
  for (const [accountHex, items] of histories) {
    const account = fromHex(accountHex, 32) as Uint8Array;
    assert.equal(accountIndex.itemCount(account), items.length);
    for (const [number, item] of items.entries()) assert.deepEqual(accountIndex.item(account, number), item);
    assert.equal(accountIndex.item(account, items.length), undefined);
  }
}

/** @param createHome makes an empty place that keeps up to 3 invalid marks */
export function describeStoreContract(name: string, createHome: () => Promise<StoreHome>): void {
  const withHome = (test: (store: ChainStore, home: StoreHome) => Promise<void>) => async () => {
    const home = await createHome();
    try {
      const store = await home.open();
      await test(store, home);
      await store.close();
    } finally {
      await home.remove();
    }
  };

  describe(`store contract: ${name}`, () => {
    it(
      "is empty when new, and stays so over a restart",
      withHome(async (store, home) => {
        const { hash } = blockAfter(undefined).block;
        for (const open of [async () => store, () => reopened(store, home)]) {
          const each = await open();
          assert.equal(each.head, undefined);
          assert.equal(each.headerRecord(hash), undefined);
          assert.equal(each.blockBytes(hash), undefined);
          assert.equal(each.hashAtHeight(0), undefined);
          assert.equal(each.stateChange(hash), undefined);
          assert.equal(each.transactionLocation(hash), undefined);
          assert.equal(each.isInvalid(hash), false);
          assert.deepEqual([...each.entries()], []);
        }
      }),
    );

    it(
      "gives back what was committed, one block or several a batch, over restarts",
      withHome(async (store, home) => {
        const line = chainOf(6, undefined, { newEntries: 3 });
        await store.commit(moveBatch(line.slice(0, 1)));
        await store.commit(moveBatch(line.slice(1, 2)));
        assertLine(store, line.slice(0, 2));
        const again = await reopened(store, home);
        assertLine(again, line.slice(0, 2));
        await again.commit(moveBatch(line.slice(2)));
        assertLine(again, line);
        assertLine(await reopened(again, home), line);
      }),
    );

    it(
      "keeps side branches beside the line, and takes a block that it has without counting it twice",
      withHome(async (store, home) => {
        const line = chainOf(3);
        const side = blockAfter(line[0], { branch: 1 });
        await store.commit(moveBatch(line));
        await store.commit({ ...emptyBatch, blocks: [side.stored] });
        await store.commit({ ...emptyBatch, blocks: [side.stored, side.stored] });
        const again = await reopened(store, home);
        assertLine(again, line);
        assert.deepEqual(again.headerRecord(side.block.hash), side.stored.record);
        assert.deepEqual(again.blockBytes(side.block.hash), side.block.bytes);
        assert.equal(again.stateChange(side.block.hash), undefined);
      }),
    );

    it(
      "moves to another branch and back: line, undo records, locations, entries",
      withHome(async (store, home) => {
        const moving = transactionOf(1000);
        const trunk = chainOf(2);
        const fork = trunk[1];
        // The left branch opens more accounts than the right one; both include one transaction.
        const left = chainOf(2, fork, { branch: 1, newEntries: 5, transactions: [] });
        left.push(blockAfter(left[1], { branch: 1, transactions: [moving] }));
        const right = [
          blockAfter(fork, { branch: 2, newEntries: 0, transactions: [transactionOf(2000), moving] }),
        ];
        right.push(blockAfter(right[0], { branch: 2, newEntries: 2, transactions: [] }));
        await store.commit(moveBatch([...trunk, ...left]));
        assertLine(store, [...trunk, ...left]);

        await store.commit(moveBatch(right, left.toReversed()));
        for (const { block } of left) {
          assert.equal(store.stateChange(block.hash), undefined);
          assert.deepEqual(store.blockBytes(block.hash), block.bytes);
        }
        assertLine(store, [...trunk, ...right]);
        const again = await reopened(store, home);
        assertLine(again, [...trunk, ...right]);

        await again.commit(moveBatch(left, right.toReversed(), []));
        assertLine(again, [...trunk, ...left]);
        assert.equal(again.transactionLocation(transactionOf(2000).id), undefined);
        assertLine(await reopened(again, home), [...trunk, ...left]);
      }),
    );

    it(
      "lists the blocks beside the line, highest first: those stored there, those that leave it, none that joins it",
      withHome(async (store, home) => {
        const trunk = chainOf(2);
        const fork = trunk[1];
        const left = chainOf(2, fork, { branch: 1 });
        const right = chainOf(3, fork, { branch: 2, transactions: [] });
        const assertSides = (each: ChainStore, sides: readonly FixtureBlock[]) => {
          const shown = each.sideBlocks().map(({ height, hash, parentHash }) => {
            return { height, hash: toHex(hash), parentHash: toHex(parentHash) };
          });
          const expected = sides.map(({ block: { header, hashHex } }) => {
            return { height: header.height, hash: hashHex, parentHash: toHex(header.parentHash) };
          });
          assert.deepEqual(shown, expected);
        };
        await store.commit(moveBatch([...trunk, ...left]));
        assertSides(store, []);
        const parked = right.slice(0, 2).map(({ stored }) => stored);
        await store.commit({ ...emptyBatch, blocks: parked });
        await store.commit({ ...emptyBatch, blocks: parked });
        assertSides(store, right.slice(0, 2).toReversed());
        await store.commit(moveBatch(right, left.toReversed(), right.slice(2)));
        assertSides(store, left.toReversed());
        const again = await reopened(store, home);
        assertSides(again, left.toReversed());
        await again.commit({ ...moveBatch(trunk, right.toReversed(), []), connected: [] });
        const fallen = right.toReversed();
        assertSides(again, [fallen[0], fallen[1], left[1], fallen[2], left[0]] as FixtureBlock[]);
        await again.commit(moveBatch(left, [], []));
        assertSides(await reopened(again, home), right.toReversed());
      }),
    );

    it(
      "removes side blocks whole, with the batch that says so, and takes them again",
      withHome(async (store, home) => {
        const trunk = chainOf(2);
        const side = chainOf(2, trunk[0], { branch: 1 });
        const [lower, upper] = side as [FixtureBlock, FixtureBlock];
        await store.commit(moveBatch(trunk));
        const blocks = side.map(({ stored }) => stored);
        await store.commit({ ...emptyBatch, blocks });
        const sized = async (each: ChainStore) =>
          (await each.sizedSideBlocks()).map(({ hash, bytes }) => [toHex(hash), bytes > 0]).sort();
        assert.deepEqual(await sized(store), side.map(({ block }) => [block.hashHex, true]).sort());
        const { hash, header } = upper.block;
        await store.commit({ ...emptyBatch, dropped: [{ hash, height: header.height }] });
        const assertRemoved = async (each: ChainStore) => {
          assert.equal(each.headerRecord(hash), undefined);
          assert.equal(each.blockBytes(hash), undefined);
          assert.deepEqual(
            each.sideBlocks().map((one) => toHex(one.hash)),
            [lower.block.hashHex],
          );
          assert.deepEqual(await sized(each), [[lower.block.hashHex, true]]);
        };
        await assertRemoved(store);
        const again = await reopened(store, home);
        await assertRemoved(again);
        assertLine(again, trunk);
        await again.commit({ ...emptyBatch, blocks: [upper.stored] });
        assert.deepEqual(again.blockBytes(hash), upper.block.bytes);
        const onLine = trunk[1] as FixtureBlock;
        const canonical = { hash: onLine.block.hash, height: onLine.block.header.height };
        await assert.rejects(again.commit({ ...emptyBatch, dropped: [canonical] }), InvariantError);
        assert.equal((await sized(await reopened(again, home))).length, 2);
      }),
    );

    it(
      "goes back to a lower head where the batch says so",
      withHome(async (store, home) => {
        const line = chainOf(4, undefined, { newEntries: 2 });
        await store.commit(moveBatch(line));
        const batch = moveBatch(line.slice(0, 2), line.slice(2).reverse());
        await store.commit({ ...batch, blocks: [], connected: [] });
        assertLine(store, line.slice(0, 2));
        assertLine(await reopened(store, home), line.slice(0, 2));
      }),
    );

    it(
      "remembers what is final, with the batch that says so, until another one says otherwise",
      withHome(async (store, home) => {
        const line = chainOf(5);
        const finalAt = (index: number) => checkpointOf(line[index] as FixtureBlock);
        assert.equal(store.final, undefined);
        await store.commit({ ...moveBatch(line.slice(0, 2)), final: finalAt(0) });
        assert.deepEqual(store.final, finalAt(0));
        await store.commit(moveBatch(line.slice(2, 4)));
        assert.deepEqual(store.final, finalAt(0));
        await store.commit({ ...emptyBatch, final: finalAt(2) });
        assert.deepEqual(store.final, finalAt(2));
        const again = await reopened(store, home);
        assert.deepEqual(again.final, finalAt(2));
        await again.commit({ ...moveBatch(line.slice(4)), final: finalAt(4) });
        assert.deepEqual((await reopened(again, home)).final, finalAt(4));
      }),
    );

    it(
      "refuses a batch after which the final block would not be on the line",
      withHome(async (store, home) => {
        const line = chainOf(4);
        const [first, second, third, fourth] = line as [
          FixtureBlock,
          FixtureBlock,
          FixtureBlock,
          FixtureBlock,
        ];
        const other = blockAfter(first, { branch: 1 });
        await store.commit({ ...moveBatch(line.slice(0, 3)), final: checkpointOf(second) });
        const wrong = [
          { ...emptyBatch, final: checkpointOf(fourth) },
          { ...emptyBatch, blocks: [other.stored], final: checkpointOf(other) },
          { ...emptyBatch, final: { ...checkpointOf(third), height: 1 } },
          { ...moveBatch([fourth]), final: { ...checkpointOf(fourth), height: 4 } },
          moveBatch([other], [third, second]),
          { ...moveBatch([other], [third, second]), final: checkpointOf(third) },
        ];
        for (const batch of wrong) await assert.rejects(store.commit(batch), InvariantError);
        assertLine(store, line.slice(0, 3));
        assert.deepEqual(store.final, checkpointOf(second));
        await store.commit({ ...moveBatch([other], [third, second]), final: checkpointOf(other) });
        assertLine(store, [first, other]);
        const again = await reopened(store, home);
        assert.deepEqual(again.final, checkpointOf(other));
        await again.commit({ ...moveBatch([second, third], [other], []), final: checkpointOf(first) });
        assert.deepEqual(again.final, checkpointOf(first));
      }),
    );

    it(
      "adds no block to the account index while that is off, takes back what leaves, and lets the rest be added later",
      withHome(async (store, home) => {
        const trunk = chainOf(4, undefined, { newEntries: 2 });
        const left = chainOf(3, trunk[1], { branch: 1, newEntries: 3 });
        await store.commit(moveBatch(trunk));
        await store.close();
        const without = await home.open(false);
        assert.equal(without.accountIndex.isKept, false);
        assert.equal(without.accountIndex.blockCount, 4);
        await without.commit(moveBatch(left, [trunk[3] as FixtureBlock, trunk[2] as FixtureBlock]));
        assert.equal(without.accountIndex.blockCount, 2);
        const line = [...trunk.slice(0, 2), ...left];
        assertLine(without, line);
        await without.close();

        const again = await home.open();
        assert.equal(again.accountIndex.blockCount, 2);
        const indexed = left
          .map(({ block }) => block)
          .map(({ hash, header, transactions }) => {
            return { hash, height: header.height, transactions };
          });
        const [first, second, third] = indexed as [IndexedBlock, IndexedBlock, IndexedBlock];
        await again.commit({ ...emptyBatch, indexed: [first] });
        assertHistories(again, line.slice(0, 3));
        const notCanonical = { ...second, hash: third.hash };
        await assert.rejects(again.commit({ ...emptyBatch, indexed: [notCanonical] }), InvariantError);
        await again.commit({ ...emptyBatch, indexed: [second, third] });
        assertLine(again, line);
        await again.commit(moveBatch(trunk.slice(2), left.toReversed(), []));
        assertLine(await reopened(again, home), trunk);
      }),
    );

    it(
      "removes the account index, and lets it be made anew beside blocks that join",
      withHome(async (store, home) => {
        const line = chainOf(6, undefined, { newEntries: 2 });
        await store.commit(moveBatch(line.slice(0, 4)));
        await store.clearAccountIndex();
        assert.equal(store.accountIndex.blockCount, 0);
        assert.equal(store.accountIndex.itemCount(fromHex("00".repeat(32)) as Uint8Array), 0);
        await store.commit(moveBatch(line.slice(4, 5)));
        const indexed = line.slice(0, 5).map(({ block: { hash, header, transactions } }) => {
          return { hash, height: header.height, transactions };
        });
        await store.commit({ ...emptyBatch, indexed });
        await store.commit(moveBatch(line.slice(5)));
        assertLine(store, line);
        assertLine(await reopened(store, home), line);
      }),
    );

    it(
      "restates the record of a stored block and leaves all else of it",
      withHome(async (store, home) => {
        const line = chainOf(3);
        const [, second, third] = line as [FixtureBlock, FixtureBlock, FixtureBlock];
        await store.commit(moveBatch(line.slice(0, 2)));
        const restated = {
          ...second.stored.record,
          justifiedHeight: 1,
          consensusState: Buffer.from("another state").subarray(),
        };
        await store.commit({ ...emptyBatch, restated: [restated] });
        const unstored = { ...emptyBatch, restated: [third.stored.record] };
        await assert.rejects(store.commit(unstored), InvariantError);
        for (const open of [async () => store, () => reopened(store, home)]) {
          const each = await open();
          const found = each.headerRecord(second.block.hash);
          assert.equal(toHex(found?.consensusState ?? new Uint8Array(0)), toHex(restated.consensusState));
          assert.equal(found?.justifiedHeight, 1);
          assert.equal(found?.cumulativeWeight, second.stored.record.cumulativeWeight);
          assert.deepEqual(found?.header, second.stored.record.header);
          assert.deepEqual(each.blockBytes(second.block.hash), second.block.bytes);
          assert.deepEqual(each.stateChange(second.block.hash), second.connected.change);
          assert.equal(each.headerRecord(third.block.hash), undefined);
        }
      }),
    );

    it(
      "remembers invalid blocks, the newest within its bound",
      withHome(async (store, home) => {
        const hashes = chainOf(5).map(({ block }) => block.hash);
        const known = (of: ChainStore) => hashes.map((hash) => of.isInvalid(hash));
        const [first, second, ...rest] = hashes as [Uint8Array, Uint8Array, ...Uint8Array[]];
        await store.commit({ ...emptyBatch, invalid: [first, first, second] });
        await store.commit({ ...emptyBatch, invalid: [second] });
        assert.deepEqual(known(store), [true, true, false, false, false]);
        await store.commit({ ...emptyBatch, invalid: rest });
        assert.deepEqual(known(store), [false, false, true, true, true]);
        assert.deepEqual(known(await reopened(store, home)), [false, false, true, true, true]);
      }),
    );

    it(
      "refuses a batch with holes and changes nothing",
      withHome(async (store) => {
        const line = chainOf(4);
        const [, second, third, fourth] = line as [FixtureBlock, FixtureBlock, FixtureBlock, FixtureBlock];
        await store.commit(moveBatch(line.slice(0, 2)));
        const right = moveBatch([third]);
        const other = blockAfter(line[0], { branch: 1 });
        const wrong = [
          moveBatch([fourth]),
          { ...right, blocks: [] },
          { ...right, head: undefined },
          { ...right, entries: new Map() },
          { ...right, connected: [] },
          moveBatch([other]),
          moveBatch([other], [third]),
          { ...right, entries: new Map([[99, line[0]?.entriesAfter[0] as never]]) },
        ];
        for (const batch of wrong) await assert.rejects(store.commit(batch), InvariantError);
        assertLine(store, line.slice(0, 2));
        assert.equal(store.headerRecord(third.block.hash), undefined);
        await store.commit(right);
        assert.deepEqual(store.stateChange(second.block.hash), second.connected.change);
        assertLine(store, line.slice(0, 3));
      }),
    );

    it(
      "takes commits in the order they were given, and ends them before it closes",
      withHome(async (store, home) => {
        const line = chainOf(20);
        const commits = line.map((block) => store.commit(moveBatch([block])));
        const closing = store.close();
        await Promise.all([...commits, closing]);
        assertLine(await home.open(), line);
      }),
    );

    it(
      "is not to be used after it was closed",
      withHome(async (store) => {
        const [first] = chainOf(1) as [FixtureBlock];
        await store.close();
        assert.throws(() => store.headerRecord(first.block.hash), InvariantError);
        await assert.rejects(store.commit(moveBatch([first])), InvariantError);
      }),
    );
  });
}

function checkpointOf({ block }: FixtureBlock): Checkpoint {
  return { height: block.header.height, hash: block.hash };
}

async function reopened(store: ChainStore, home: StoreHome): Promise<ChainStore> {
  await store.close();
  return home.open();
}
