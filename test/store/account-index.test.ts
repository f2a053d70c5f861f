/** The account index on disk: what a kill, a damaged value or an older program leaves of it is completed from the blocks. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { indexMore } from "../../src/chain/account-indexer.ts";
import { encodeProgress } from "../../src/store/account-index.ts";
import type { ChainStore } from "../../src/store/chain-store.ts";
import { LevelDatabase } from "../../src/store/level-database.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import { historyEndKey, historyPartKey, indexProgressKey } from "../../src/store/store-keys.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { blockAfter, chainOf, moveBatch, testChainId, transactionOf } from "./chain-fixture.ts";
import { assertHistories, assertLine } from "./store-contract.ts";

const indexLoop = fileURLToPath(new URL("index-loop.ts", import.meta.url));
const modules = { logger: silentLogger, clock: systemClock };
const line = chainOf(120, undefined, { newEntries: 2 });
const sender = transactionOf(1).transaction.sender;

function open(directory: string, accountIndex = true): Promise<ChainStore> {
  return openLevelStore({ directory, chainId: testChainId, accountIndex }, modules);
}

async function complete(store: ChainStore): Promise<void> {
  if (store.accountIndex.isClearing) await store.clearAccountIndex();
  while (store.accountIndex.blockCount < line.length) await indexMore(store, 50);
}

/** A store as a program without the index leaves it. */
async function storeWithoutIndex(directory: string): Promise<void> {
  const store = await open(directory, false);
  await store.commit(moveBatch(line));
  assert.equal(store.accountIndex.blockCount, 0);
  await store.close();
}

it("goes on after kill -9 at any step of being built, removed and built again", async () => {
  const directory = join(await folderUntilEnd("aurex-index-"), "chain");
  await storeWithoutIndex(directory);
  // Lines after which the process is killed: in the middle of building, while it is removed, right after that, and on.
  for (const lines of [1, 24, 26, 27, 7, 51]) {
    const child = spawn(process.execPath, [indexLoop, directory], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    let left = lines;
    for await (const _ of createInterface({ input: child.stdout })) {
      left -= 1;
      if (left === 0) child.kill("SIGKILL");
    }
    const [, signal] = await exited;
    assert.equal(signal, "SIGKILL");
    const store = await open(directory);
    const { blockCount, isClearing } = store.accountIndex;
    if (blockCount > 0) assertHistories(store, line.slice(0, blockCount));
    else assert.ok(isClearing || store.accountIndex.itemCount(sender) === 0);
    await store.close();
  }
  const store = await open(directory);
  await complete(store);
  assertLine(store, line);
  await store.close();
});

it("is given up and made anew if a value of it is damaged: the chain goes on", async () => {
  const directory = join(await folderUntilEnd("aurex-index-"), "chain");
  const next = blockAfter(line.at(-1), { transactions: [transactionOf(1000)] });
  const damages: readonly [string, Uint8Array, (store: ChainStore) => Promise<unknown>][] = [
    ["a count, met by a read", historyEndKey(sender), async (store) => store.accountIndex.itemCount(sender)],
    [
      "an item, met by a read",
      historyPartKey(sender, 0),
      async (store) => store.accountIndex.item(sender, 5),
    ],
    ["a count, met by a commit", historyEndKey(sender), (store) => store.commit(moveBatch([next]))],
  ];
  await storeWithoutIndex(directory);
  for (const [name, key, meet] of damages) {
    const whole = await open(directory);
    await complete(whole);
    assertLine(whole, line);
    await whole.close();
    const limits = { directory, createIfMissing: false, freeBytesMin: 0 };
    const database = await LevelDatabase.open(limits, {
      logger: silentLogger,
      freeBytes: async () => 2 ** 40,
    });
    await database.write([{ key, payload: Buffer.from("bad") }]);
    await database.close();
    const store = await open(directory);
    await meet(store);
    assert.equal(store.accountIndex.isClearing, true, name);
    assert.equal(store.accountIndex.blockCount, 0, name);
    await complete(store);
    if (store.head?.height === next.block.header.height) assertLine(store, [...line, next]);
    else assertLine(store, line);
    await store.close();
  }
});

it("is made anew if the head was moved by a program that knows no index", async () => {
  const directory = join(await folderUntilEnd("aurex-index-"), "chain");
  await storeWithoutIndex(directory);
  const store = await open(directory);
  await complete(store);
  await store.close();
  const limits = { directory, createIfMissing: false, freeBytesMin: 0 };
  const database = await LevelDatabase.open(limits, { logger: silentLogger, freeBytes: async () => 2 ** 40 });
  // What the index would say if these blocks had been undone without it.
  const tipHash = blockAfter(line.at(-2), { branch: 3 }).block.hash;
  const progress = { blockCount: line.length, tipHash, isClearing: false };
  await database.write([{ key: indexProgressKey, payload: encodeProgress(progress) }]);
  await database.close();
  const again = await open(directory);
  assert.equal(again.accountIndex.isClearing, true);
  await complete(again);
  assertLine(again, line);
  await again.close();
});

it("cuts histories at any place of their records, and lets them grow on", async () => {
  const directory = join(await folderUntilEnd("aurex-index-"), "chain");
  const store = await open(directory);
  await store.commit(moveBatch(line));
  let current = line;
  // A history of one item a block, in records of eight: cut in the end, at a border, behind it, and over several records.
  for (const [branch, depth] of [1, 7, 8, 9, 16, 17, 40, 119].entries()) {
    const kept = current.slice(0, current.length - depth);
    const grown = chainOf(depth + (branch % 3) * 5, kept.at(-1), { branch: 200 + branch, newEntries: 0 });
    await store.commit(moveBatch(grown, current.slice(kept.length).reverse()));
    current = [...kept, ...grown];
    assertLine(store, current);
  }
  await store.close();
  const again = await open(directory);
  assertLine(again, current);
  await again.close();
});
