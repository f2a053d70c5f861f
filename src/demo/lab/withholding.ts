/**
 * A miner that withholds: its lines are cut, and it mines in private on transactions of its own, so that its chain grows
 * faster than that of the others. Known as block withholding or selfish mining.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import type { LabNode } from "./lab-node.ts";
import { signAndSend } from "./sign-and-send.ts";

/** A block needs a transaction, and the chain takes a block every 500 ms at most. */
const privateEveryMs = 400;
/** The others get fewer to mine, so that there is something of theirs to lose. */
const othersEveryMs = 3_000;
/** Enough for every lesson; then it mines no more until it releases. */
const aheadMax = 50;

export class Withholding {
  readonly sinceHeight: number;
  readonly #miner: LabNode;
  readonly #others: readonly LabNode[];
  readonly #over = new AbortController();

  /** @param others the other miners of its chain; one at least */
  constructor(miner: LabNode, others: readonly LabNode[]) {
    this.#miner = miner;
    this.#others = others;
    this.sinceHeight = heightOf(miner);
    void this.#feed([miner], privateEveryMs, () => this.ahead < aheadMax);
    void this.#feed(others, othersEveryMs, () => true);
  }

  /** By how many blocks the private chain is longer; negative if it is shorter. */
  get ahead(): number {
    return heightOf(this.#miner) - Math.max(0, ...this.#others.map(heightOf));
  }

  end(): void {
    this.#over.abort();
  }

  async #feed(nodes: readonly LabNode[], everyMs: number, isWanted: () => boolean): Promise<void> {
    const { signal } = this.#over;
    for (let turn = 0; !signal.aborted; turn += 1) {
      const node = nodes[turn % nodes.length];
      // A node that is down or slow is asked again at the next turn.
      if (node?.state === "running" && isWanted()) await record(node).catch(() => undefined);
      await sleep(systemClock, everyMs, signal);
    }
  }
}

function record(node: LabNode): Promise<string> {
  const { api, name, plan } = node;
  const payload = { kind: "record" as const, data: fromUtf8(`A record of ${name} for the lab`) };
  return signAndSend({ api, spec: plan.spec }, plan.keyPair, payload);
}

function heightOf(node: LabNode): number {
  return node.view?.status.head.height ?? 0;
}
