/** The limits that threads alone reach: bare verification and bare hashing, a second at a time. */
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { concatBytes } from "../src/base/bytes.ts";
import type { DecodedTransaction } from "../src/protocol/transaction.ts";
import { batchLanes } from "../src/sealing/pow/search-nonces.ts";
import type { BareCount, BareHashData, BareVerifyData } from "./bare-worker.ts";

export class BareRate {
  readonly #workers: readonly Worker[];

  private constructor(threads: number, workerData: BareVerifyData | BareHashData) {
    this.#workers = Array.from(
      { length: threads },
      () => new Worker(new URL("./bare-worker.ts", import.meta.url), { workerData, execArgv: [] }),
    );
  }

  /** One thread for each core, all verifying the signatures of these transactions again and again. */
  static verification(transactions: readonly DecodedTransaction[]): BareRate {
    const items = concatBytes(
      transactions.flatMap(({ id, transaction }) => [id, transaction.sender, transaction.signature]),
    );
    return new BareRate(availableParallelism(), { loop: "verify", items });
  }

  /** Threads at the priority of mining ones. */
  static hashing(threads: number): BareRate {
    return new BareRate(threads, { loop: "hash", batchLanes });
  }

  /** Rounds of the loop a second, all threads together. */
  async perSecond(durationMs: number): Promise<number> {
    const counts = await Promise.all(
      this.#workers.map(async (worker) => {
        worker.postMessage(durationMs);
        const [message] = (await once(worker, "message")) as [BareCount];
        return (message.count * 1_000) / message.elapsedMs;
      }),
    );
    return counts.reduce((sum, rate) => sum + rate, 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
