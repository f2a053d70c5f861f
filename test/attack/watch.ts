/** Looks at the honest nodes while an attack goes on: their memory, and how far finality is behind their heads. */
import { setTimeout as delay } from "node:timers/promises";
import { type HonestNetwork, residentBytes } from "./honest-network.ts";

const everyMs = 250;

export class Watch {
  readonly #network: HonestNetwork;
  readonly #stopping = new AbortController();
  #residentMax: number[] = [];
  #lagMax = 0;
  #running: Promise<unknown> = Promise.resolve();

  constructor(network: HonestNetwork) {
    this.#network = network;
  }

  start(): void {
    this.#running = Promise.all([this.#watchMemory(), this.#watchFinality()]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** What was seen since the last call. */
  take(): { readonly residentBytes: readonly number[]; readonly finalLag: number } {
    const seen = { residentBytes: this.#residentMax, finalLag: this.#lagMax };
    this.#residentMax = [];
    this.#lagMax = 0;
    return seen;
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
