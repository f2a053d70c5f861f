/**
 * A process that writes shares into a pool's books and says which are acknowledged, until it is killed. Arguments: the
 * directory, and how many shares it writes before it only waits for its end; without it there is no end of them.
 */
import { writeSync } from "node:fs";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { PoolBook } from "../../src/payouts/pool-book.ts";
import { bookOptions, memberOf } from "./share-terms.ts";

const [directory = "", sharesMax = "Infinity"] = process.argv.slice(2);
writeSync(1, "opening\n");
const book = await PoolBook.open(bookOptions(directory), { clock: systemClock, logger: silentLogger });
let serial = book.status().shares;
let left = Number(sharesMax);

/** One member's shares, one after the other; the members do not wait for each other. */
async function work(): Promise<void> {
  while (left > 0) {
    left -= 1;
    // The work tells the shares apart.
    const share = serial;
    serial += 1;
    const hash = new Uint8Array(32);
    new DataView(hash.buffer).setUint32(0, share);
    const block = { hash, height: share, earnedUnits: 1_000n, work: 100n };
    await book.recordShare({
      account: memberOf(share),
      work: BigInt(share + 1),
      ...(share % 5 === 0 ? { block } : {}),
    });
    writeSync(1, `${share}\n`);
  }
}

await Promise.all([work(), work(), work()]);
setInterval(() => {}, 60_000);
