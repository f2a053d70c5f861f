/** Looks at all nodes again and again, and holds their final blocks to the promise that none is ever replaced. */
import { setTimeout as delay } from "node:timers/promises";
import { FinalWatch } from "../../src/demo/lan/final-watch.ts";
import type { AuthorityProcess } from "./authority-process.ts";

const lookEveryMs = 250;

export class FinalityWatch {
  readonly #nodes: readonly AuthorityProcess[];
  readonly #finals = new FinalWatch();
  readonly #heads = new Map<AuthorityProcess, number>();
  readonly #stopping = new AbortController();
  #looking: Promise<unknown> = Promise.resolve();
  #broken: string | undefined;
  #height = 0;

  constructor(nodes: readonly AuthorityProcess[]) {
    this.#nodes = nodes;
  }

  /** How the promise was broken, in words; undefined if it was kept. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /** The highest final block that a node told of. */
  get height(): number {
    return this.#height;
  }

  /** The height of the head that a node told of last. */
  headOf(node: AuthorityProcess): number {
    return this.#heads.get(node) ?? 0;
  }

  /** Each node has a loop of its own: one that is paused keeps nobody waiting. */
  start(): void {
    this.#looking = Promise.all(this.#nodes.map((node) => this.#lookAt(node)));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#looking;
  }

  async #lookAt(node: AuthorityProcess): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const status = await node.status();
      if (status) this.#heads.set(node, status.head.height);
      if (status?.final) {
        this.#height = Math.max(this.#height, status.final.height);
        this.#broken ??= this.#finals.see(node.name, status.chainId, status.final);
      }
      await delay(lookEveryMs);
    }
  }
}
