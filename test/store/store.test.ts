/** The contract of the store, held against both twins. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { InvariantError } from "../../src/base/invariant.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { type ChainStore, StoreError } from "../../src/store/chain-store.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import { createMemoryDisk } from "../support/memory-store.ts";
import { chainOf, moveBatch, testChainId } from "./chain-fixture.ts";
import { assertLine, describeStoreContract } from "./store-contract.ts";

describeStoreContract("memory", async () => {
  const disk = createMemoryDisk({ invalidMax: 3 });
  return { open: async (accountIndex = true) => disk.open({ accountIndex }), remove: async () => {} };
});

describeStoreContract("LevelDB", async () => {
  const directory = await mkdtemp(join(tmpdir(), "aurex-store-"));
  const opened: ChainStore[] = [];
  return {
    async open(accountIndex = true) {
      const options = { directory, chainId: testChainId, invalidMax: 3, accountIndex };
      const store = await openLevelStore(options, { logger: silentLogger, clock: systemClock });
      opened.push(store);
      return store;
    },
    async remove() {
      for (const store of opened) await store.close();
      await rm(directory, { recursive: true });
    },
  };
});

it("a memory disk lets a commit fail once, and outlives a store that was never closed", async () => {
  const disk = createMemoryDisk();
  const line = chainOf(3);
  const first = disk.open();
  await first.commit(moveBatch(line.slice(0, 2)));
  const error = new StoreError("store/disk-full", "full", "free some space");
  disk.failNextCommit(error);
  await assert.rejects(first.commit(moveBatch(line.slice(2))), error);
  assertLine(first, line.slice(0, 2));
  await first.commit(moveBatch(line.slice(2)));

  const second = disk.open();
  assertLine(second, line);
  assert.throws(() => first.head, InvariantError);
});
