/** Looks at the honest nodes while an attack goes on: their memory, and how far finality is behind their heads. */
import { setTimeout as delay } from "node:timers/promises";
import { type HonestNetwork, residentBytes } from "./honest-network.ts";
import { type ProcessorTime, processorTime } from "./processor.ts";

const everyMs = 250;

/** What the busier node of the honest pair had of the processor, as shares of the time. */
export interface ProcessorShare {
  /** Of all its threads: 1 is one core. */
  readonly cores: number;
  /** Its main thread was ready, and the machine had no core for it. */
  readonly waited: number;
}

export interface Seen {
  readonly residentBytes: readonly number[];
  readonly finalLag: number;
  readonly processor: ProcessorShare;
}

export class Watch {
  readonly #network: HonestNetwork;
  readonly #stopping = new AbortController();
  #residentMax: number[] = [];
  #lagMax = 0;
  #taken: { readonly atMs: number; readonly pair: readonly ProcessorTime[] };
  #running: Promise<unknown> = Promise.resolve();

  constructor(network: HonestNetwork) {
    this.#network = network;
    this.#taken = this.#pairNow();
  }

  start(): void {
    this.#running = Promise.all([this.#watchMemory(), this.#watchFinality()]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** What was seen since the last call. */
  take(): Seen {
    const last = this.#taken;
    const now = this.#pairNow();
    const share = (of: keyof ProcessorTime) =>
      Math.max(...now.pair.map((time, index) => time[of] - (last.pair[index]?.[of] ?? 0))) /
      (now.atMs - last.atMs);
    const processor = { cores: share("ranMs"), waited: share("waitedMs") };
    const seen = { residentBytes: this.#residentMax, finalLag: this.#lagMax, processor };
    this.#taken = now;
    this.#residentMax = [];
    this.#lagMax = 0;
    return seen;
  }

  #pairNow(): { readonly atMs: number; readonly pair: readonly ProcessorTime[] } {
    return { atMs: performance.now(), pair: this.#network.pids.slice(0, 2).map(processorTime) };
  }

  async #watchMemory(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      for (const [index, pid] of this.#network.pids.entries()) {
        this.#residentMax[index] = Math.max(this.#residentMax[index] ?? 0, residentBytes(pid));
      }
      await delay(everyMs);
    }
  }

  async #watchFinality(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      for (const node of this.#network.nodes) {
        const status = await node.status().catch(() => undefined);
        if (!status?.final) continue;
        this.#lagMax = Math.max(this.#lagMax, status.head.height - status.final.height);
      }
      await delay(everyMs);
    }
  }
}
