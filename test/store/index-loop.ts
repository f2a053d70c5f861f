/** A process that builds a store's account index, removes it and builds it again, until it is killed. Argument: directory. */
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { indexMore } from "../../src/chain/account-indexer.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import { testChainId } from "./chain-fixture.ts";

const [directory = ""] = process.argv.slice(2);
const modules = { logger: silentLogger, clock: systemClock };
const store = await openLevelStore({ directory, chainId: testChainId }, modules);
const { accountIndex } = store;
for (;;) {
  if (accountIndex.isClearing || accountIndex.blockCount > (store.head?.height ?? 0)) {
    process.stdout.write("clearing\n");
    await store.clearAccountIndex();
    process.stdout.write("cleared\n");
  }
  await indexMore(store, 5);
  process.stdout.write(`${accountIndex.blockCount}\n`);
}
