/** Keeps the SQL ledger up to date beside a running node: after every new head and every final block, and never in the way of one. */
import { BoundedMap } from "../base/bounded-map.ts";
import { toHex } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import type { ExportJob } from "../export/export-job.ts";
import type { PoolRow } from "../export/pool-rows.ts";
import type { Network } from "../network/network.ts";
import type { NodeRecord } from "../protocol/node-record.ts";

const nodeRecordsMax = 1_000;

export interface ExportFollowerModules {
  readonly job: ExportJob;
  readonly chain: Chain;
  readonly network: Network;
  /** Its rows change with every share, not only with the chain. */
  readonly pool?: { rows(): readonly PoolRow[] } | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const poolEveryMs = 10_000;

export class ExportFollower {
  readonly #modules: ExportFollowerModules;
  readonly #abort = new AbortController();
  readonly #onChain = () => this.#wake();
  readonly #onRecord = (record: NodeRecord) => {
    this.#records.set(toHex(record.publicKey), record);
    this.#wake();
  };
  /** Node records not written yet; the newest of each node, so as many as the directory keeps at most. */
  readonly #records = new BoundedMap<string, NodeRecord>(nodeRecordsMax);
  #running: Promise<void> | undefined;
  #isDue = false;
  #poolTimer: Timer | undefined;

  constructor(modules: ExportFollowerModules) {
    this.#modules = modules;
  }

  async start(): Promise<void> {
    const { chain, network } = this.#modules;
    chain.events.on("headChanged", this.#onChain);
    chain.events.on("finalChanged", this.#onChain);
    network.events.on("nodeRecord", this.#onRecord);
    for (const record of network.directory.records()) this.#onRecord(record);
    this.#wake();
    if (this.#modules.pool) this.#wakeForPool();
  }

  #wakeForPool(): void {
    this.#poolTimer = this.#modules.clock.schedule(poolEveryMs, () => {
      this.#wake();
      this.#wakeForPool();
    });
  }

  async caughtUp(): Promise<void> {
    this.#wake();
    while (this.#running) await this.#running;
  }

  /** Ends after the SQL transaction that runs. */
  async stop(): Promise<void> {
    const { chain, network, job } = this.#modules;
    chain.events.off("headChanged", this.#onChain);
    chain.events.off("finalChanged", this.#onChain);
    network.events.off("nodeRecord", this.#onRecord);
    this.#poolTimer?.cancel();
    this.#abort.abort();
    await this.#running;
    job.close();
  }

  /** One run at a time; a head that comes meanwhile makes it run once more. */
  #wake(): void {
    this.#isDue = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    while (this.#isDue && !this.#abort.signal.aborted) {
      this.#isDue = false;
      const records = [...this.#records.entries()];
      this.#records.clear();
      try {
        await this.#modules.job.recordNodes(records.map(([, record]) => record));
        await this.#modules.job.catchUp(undefined, this.#abort.signal);
        await this.#modules.job.recordPool(this.#modules.pool?.rows() ?? []);
      } catch (thrown) {
        for (const [node, record] of records) if (!this.#records.has(node)) this.#records.set(node, record);
        this.#modules.logger.error(
          { error: toError(thrown) },
          "the SQL ledger could not be written; it is tried again with the next block",
        );
      }
    }
  }
}
