/** A process that commits one block after the other and says so, until it is killed. Arguments: directory, commits. */
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import { chainOf, moveBatch, testChainId } from "./chain-fixture.ts";

const [directory = "", commits = "0"] = process.argv.slice(2);
const store = await openLevelStore(
  { directory, chainId: testChainId },
  { logger: silentLogger, clock: systemClock },
);
process.stdout.write("open\n");
const stored = (store.head?.height ?? -1) + 1;
for (const block of chainOf(stored + Number(commits)).slice(stored)) {
  const { hash, header } = block.block;
  await store.commit({ ...moveBatch([block]), final: { height: header.height, hash } });
  process.stdout.write(`${block.block.header.height}\n`);
}
// Stays, so that it is the kill that ends it.
setInterval(() => {}, 1000);
