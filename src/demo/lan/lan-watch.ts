/** Looks at all nodes of a LAN again and again, tells what has changed, and holds their final blocks to the promise. */

import type { NodeAnswer } from "../../api/node-status.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import { FinalWatch } from "./final-watch.ts";
import type { LanNode } from "./lan-node.ts";

export interface LanEvent {
  /** Milliseconds since the watch began. */
  readonly atMs: number;
  readonly event: "peers" | "chain" | "authorities" | "authority" | "sealing" | "final" | "promise broken";
  readonly node: string;
  readonly text: string;
}

/** What each node says of itself, in the order of the nodes; undefined where it does not answer. */
export type LanView = readonly (NodeAnswer | undefined)[];

const lookEveryMs = 250;

export class LanWatch {
  readonly #nodes: readonly LanNode[];
  readonly #tell: (event: LanEvent) => void;
  readonly #finals = new FinalWatch();
  readonly #before = new Map<LanNode, NodeAnswer>();
  readonly #startMs = systemClock.monotonicMs();
  readonly #stopping = new AbortController();
  #looking: Promise<void> | undefined;
  #view: LanView = [];
  /** When the view was asked for. */
  #askedAtMs = 0;
  #finalTold = 0;
  #broken: string | undefined;

  /** @param tell called for each change that is seen */
  constructor(nodes: readonly LanNode[], tell: (event: LanEvent) => void) {
    this.#nodes = nodes;
    this.#tell = tell;
  }

  get elapsedMs(): number {
    return systemClock.monotonicMs() - this.#startMs;
  }

  /** How a node has broken the promise of finality; undefined where none has. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /** What was seen last. */
  get view(): LanView {
    return this.#view;
  }

  /** Looks all the time from now on. */
  start(): void {
    this.#looking ??= this.#lookOn();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#looking;
  }

  /**
   * Waits until `isSo` of something that is seen after the call.
   *
   * @returns the view in which it was so; undefined where that did not come in time, or the promise was broken
   */
  async until(
    isSo: (view: LanView) => boolean,
    limitMs: number,
    signal?: AbortSignal,
  ): Promise<LanView | undefined> {
    const startMs = systemClock.monotonicMs();
    while (this.#broken === undefined && systemClock.monotonicMs() - startMs <= limitMs) {
      await sleep(systemClock, lookEveryMs, signal);
      signal?.throwIfAborted();
      if (this.#askedAtMs >= startMs && isSo(this.#view)) return this.#view;
    }
    return undefined;
  }

  async #lookOn(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const askedAtMs = systemClock.monotonicMs();
      const view = await Promise.all(this.#nodes.map((node) => node.status()));
      for (const [index, node] of this.#nodes.entries()) {
        const status = view[index];
        // A node that has started anew says everything again.
        if (status) this.#compare(node, status);
        else this.#before.delete(node);
      }
      this.#view = view;
      this.#askedAtMs = askedAtMs;
      await sleep(systemClock, lookEveryMs, signal);
    }
  }

  #compare(node: LanNode, status: NodeAnswer): void {
    const { name } = node;
    const before = this.#before.get(node);
    this.#before.set(node, status);
    const tell = (event: LanEvent["event"], text: string) =>
      this.#tell({ atMs: Math.round(this.elapsedMs), event, node: name, text });
    if (before?.chainId !== status.chainId && status.chainId !== "") {
      tell("chain", `is on chain ${status.chainId.slice(0, 12)}`);
    }
    if (before?.peers !== status.peers && (before || status.peers > 0)) {
      tell("peers", `is connected with ${status.peers} ${status.peers === 1 ? "peer" : "peers"}`);
    }
    if (before?.authority !== status.authority && (before || status.authority)) {
      tell("authority", status.authority ? "is an authority" : "is no authority any more");
    }
    if (before?.authorities.length !== status.authorities.length) {
      tell(
        "authorities",
        `knows ${status.authorities.length} ${status.authorities.length === 1 ? "authority" : "authorities"}`,
      );
    }
    if (before?.notSealingBecause !== status.notSealingBecause && isTelling(status.notSealingBecause)) {
      tell("sealing", `does not seal: ${status.notSealingBecause}`);
    }
    if (!status.final) return;
    const { height, hash } = status.final;
    const broken = this.#finals.see(name, status.chainId, status.final);
    if (broken !== undefined) {
      this.#broken ??= broken;
      tell("promise broken", broken);
    }
    if (height > this.#finalTold) {
      this.#finalTold = height;
      tell("final", `has block ${height} final (${hash.slice(0, 12)})`);
    }
  }
}

/** Reasons that come and go with every block are not worth a line. */
function isTelling(reason: string | null): boolean {
  return reason !== null && reason !== "nothing to seal" && reason !== "not its turn";
}
