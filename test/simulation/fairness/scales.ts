/** Measures a run: what honest authorities sealed, how long transactions waited, how far finality lagged, when offenders went. */
import { includesBytes, toHex } from "../../../src/base/bytes.ts";
import type { HeaderRecord } from "../../../src/protocol/block.ts";
import type { BlockJudge } from "../finality/block-judge.ts";
import { type Founding, periodMs } from "../finality/founding.ts";
import type { HonestNode } from "../finality/honest-node.ts";

export interface Measures {
  /** Blocks of honest authorities in the final chain, by their share of the seats: 1 is fair. */
  readonly honestShare: number;
  readonly inclusionMaxMs: number;
  /** In blocks: the head's height above the final block's. */
  readonly lag99: number;
  readonly lagMax: number;
  /** Blocks until the last offender was out; undefined: there was none. */
  readonly offenderOut: number | undefined;
  readonly heights: number;
  readonly finalHeight: number;
  /** Of all seconds between two blocks of the final chain, the mean. */
  readonly intervalMs: number;
  /** Times that an honest node left blocks of its head's chain, by heights and nodes. */
  readonly reorganizations: number;
}

export type Unfairness = "quality" | "inclusion" | "finality" | "offender";

/** What a run of `count` authorities may come to at most. */
export function limitsOf(count: number) {
  return { honestShareMin: 0.9, inclusionMs: 3 * count * periodMs, lag: 2 * count, offenderOut: 2 * count };
}

export function unfairnessOf(measures: Measures, count: number): Unfairness[] {
  const limits = limitsOf(count);
  return [
    ...(measures.honestShare < limits.honestShareMin ? (["quality"] as const) : []),
    ...(measures.inclusionMaxMs > limits.inclusionMs ? (["inclusion"] as const) : []),
    ...(measures.lagMax > limits.lag ? (["finality"] as const) : []),
    ...((measures.offenderOut ?? 0) > limits.offenderOut ? (["offender"] as const) : []),
  ];
}

interface Offence {
  readonly key: Uint8Array;
  readonly height: number;
}

export class Scales {
  readonly #founding: Founding;
  readonly #judge: BlockJudge;
  readonly #honestKeys: ReadonlySet<string>;
  /** When an honest node first had a block, in simulated time. */
  readonly #seenMs = new Map<string, number>();
  readonly #submittedMs = new Map<string, number>();
  readonly #lags: number[] = [];
  readonly #offences = new Map<string, Offence>();
  readonly #outAfter = new Map<string, number>();
  #reorganizations = 0;
  #highest = 0;

  constructor(founding: Founding, judge: BlockJudge, honestKeys: ReadonlySet<string>) {
    this.#founding = founding;
    this.#judge = judge;
    this.#honestKeys = honestKeys;
  }

  /** The highest head that an honest node has had. */
  get highest(): number {
    return this.#highest;
  }

  submitted(idHex: string, atMs: number): void {
    this.#submittedMs.set(idHex, atMs);
  }

  /** A key has contradicted itself, and an honest node can know it. */
  offended(key: Uint8Array): void {
    const keyHex = toHex(key);
    if (!this.#offences.has(keyHex)) this.#offences.set(keyHex, { key, height: this.#highest });
  }

  headMoved(node: HonestNode, previous: HeaderRecord, nowMs: number): void {
    const { head } = node;
    const { height } = head.header;
    this.#highest = Math.max(this.#highest, height);
    if (!this.#seenMs.has(head.hashHex)) this.#noteSeen(head, nowMs);
    this.#lags.push(height - node.gadget.final.height);
    if (toHex(head.header.parentHash) !== previous.hashHex && height <= previous.header.height + 1)
      this.#reorganizations += 1;
    const set = this.#founding.engine.authority.setAt(head);
    for (const [keyHex, { key, height: since }] of this.#offences) {
      if (includesBytes(set, key)) this.#outAfter.delete(keyHex);
      else if (!this.#outAfter.has(keyHex)) this.#outAfter.set(keyHex, Math.max(0, this.#highest - since));
    }
  }

  #noteSeen(head: HeaderRecord, nowMs: number): void {
    let record: HeaderRecord | undefined = head;
    while (record && !this.#seenMs.has(record.hashHex)) {
      this.#seenMs.set(record.hashHex, nowMs);
      record = this.#judge.parentOf(record);
    }
  }

  measure(nodes: readonly HonestNode[], nowMs: number): Measures {
    const [best] = [...nodes].sort((a, b) => b.final.height - a.final.height);
    const final = best && this.#judge.recordOf(best.final.hash);
    const chain = this.#chainTo(final);
    const lags = this.#lags.sort((a, b) => a - b);
    const first = chain[0]?.header.timestampMs ?? nowMs;
    const last = chain.at(-1)?.header.timestampMs ?? nowMs;
    const outs = [...this.#offences].map(
      ([keyHex, { height }]) => this.#outAfter.get(keyHex) ?? this.#highest - height,
    );
    return {
      honestShare: this.#honestShare(chain),
      inclusionMaxMs: this.#inclusionMaxMs(best, nowMs),
      lag99: lags[Math.floor(0.99 * (lags.length - 1))] ?? 0,
      lagMax: lags.at(-1) ?? 0,
      offenderOut: outs.length === 0 ? undefined : Math.max(...outs),
      heights: this.#highest,
      finalHeight: final?.header.height ?? 0,
      intervalMs: chain.length < 2 ? Number.POSITIVE_INFINITY : (last - first) / (chain.length - 1),
      reorganizations: this.#reorganizations / Math.max(1, this.#highest * nodes.length),
    };
  }

  /** Without block 0, from below. */
  #chainTo(tip: HeaderRecord | undefined): HeaderRecord[] {
    const chain: HeaderRecord[] = [];
    let record = tip;
    while (record && record.header.height > 0) {
      chain.push(record);
      record = this.#judge.parentOf(record);
    }
    return chain.reverse();
  }

  /** Zero where nothing became final. */
  #honestShare(chain: readonly HeaderRecord[]): number {
    let seats = 0;
    let sealed = 0;
    for (const record of chain) {
      const parent = this.#judge.parentOf(record);
      const set = parent ? this.#founding.engine.authority.setAt(parent) : [];
      seats += set.filter((key) => this.#honestKeys.has(toHex(key))).length / Math.max(1, set.length);
      if (this.#honestKeys.has(toHex(record.header.producer))) sealed += 1;
    }
    return seats === 0 ? 0 : sealed / seats;
  }

  /** Of those that wait still, their age; what is on the head of the node whose final block is the highest is in. */
  #inclusionMaxMs(best: HonestNode | undefined, nowMs: number): number {
    const included = new Map<string, number>();
    for (const record of this.#chainTo(best?.head)) {
      const seenMs = this.#seenMs.get(record.hashHex) ?? nowMs;
      for (const { idHex } of this.#judge.blockOf(record).transactions) included.set(idHex, seenMs);
    }
    const waits = [...this.#submittedMs].map(([idHex, atMs]) => (included.get(idHex) ?? nowMs) - atMs);
    return Math.max(0, ...waits);
  }
}
