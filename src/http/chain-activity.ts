/** What happened on the chain by minute and by hour, kept up to date with every head, right across reorganizations. */
import { type Clock, sleep } from "../base/clock.ts";
import type { Chain, HeadChange } from "../chain/chain.ts";
import type { Block } from "../protocol/block.ts";

/** What the blocks of one minute or hour hold, by their own timestamps. */
export interface ActivityBucket {
  readonly startMs: number;
  readonly blocks: number;
  readonly transactions: number;
  readonly bytes: number;
  /** Base units. */
  readonly fees: bigint;
  /** Accounts that sent a transaction; undefined if it is not known any more, since a reorganization reached too far back. */
  readonly senders: number | undefined;
}

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
/** Three hours by minute, a week by hour. */
const minutesKept = 180;
const hoursKept = 168;
/** Senders that are held one by one, over all buckets: some 40 bytes each. The oldest bucket then keeps only how many. */
const sendersMax = 200_000;
/** Of the blocks that were there before the start, so many are read back. */
const readBackBlocksMax = 100_000;
const readBackBytesMax = 256 * 2 ** 20;
/** Blocks are read back in slices of this length, with pauses, so that the node does its work meanwhile. */
const sliceMs = 4;
const pauseMs = 20;

class Bucket {
  readonly startMs: number;
  blocks = 0;
  transactions = 0;
  bytes = 0;
  fees = 0n;
  /** How many transactions each sender has in the bucket; undefined once only their number is kept. */
  counts: Map<number, number> | undefined = new Map();
  /** Of a bucket that keeps only the number; undefined if that is not right any more. */
  sealedSenders: number | undefined;

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  get senders(): number | undefined {
    return this.counts?.size ?? this.sealedSenders;
  }

  seal(): number {
    const { size } = this.counts ?? { size: 0 };
    this.sealedSenders = size;
    this.counts = undefined;
    return size;
  }

  /** @param sign 1 for a block that joins, -1 for one that leaves. @returns by how much the senders held here grew */
  take(facts: BlockFacts, sign: 1 | -1): number {
    this.blocks += sign;
    this.transactions += sign * facts.senders.length;
    this.bytes += sign * facts.bytes;
    this.fees += BigInt(sign) * facts.fees;
    const { counts } = this;
    if (!counts) {
      if (facts.senders.length > 0) this.sealedSenders = undefined;
      return 0;
    }
    const before = counts.size;
    for (const sender of facts.senders) {
      const count = (counts.get(sender) ?? 0) + sign;
      if (count > 0) counts.set(sender, count);
      else counts.delete(sender);
    }
    return counts.size - before;
  }
}

interface BlockFacts {
  readonly timestampMs: number;
  readonly bytes: number;
  readonly fees: bigint;
  /** One for each transaction: the first six bytes of the sender's key as a number. */
  readonly senders: readonly number[];
}

function factsOf({ header, bytes, transactions }: Block): BlockFacts {
  return {
    timestampMs: header.timestampMs,
    bytes: bytes.length,
    fees: transactions.reduce((sum, { transaction }) => sum + transaction.fee, 0n),
    senders: transactions.map(({ senderHex }) => Number.parseInt(senderHex.slice(0, 12), 16)),
  };
}

export interface ActivityLimits {
  readonly sendersMax?: number;
  readonly readBackBlocksMax?: number;
}

/** Follows a chain from its creation to {@link close}; blocks that were there before are read back in the background. */
export class ChainActivity {
  readonly #chain: Chain;
  readonly #clock: Clock;
  readonly #limits: Required<ActivityLimits>;
  readonly #abort = new AbortController();
  readonly #series = [new Series(minuteMs, minutesKept), new Series(hourMs, hoursKept)] as const;
  readonly #onHead = (change: HeadChange) => this.#headChanged(change);
  #sendersHeld = 0;
  /** Blocks from this height up to the head are counted. */
  #fromHeight: number;

  constructor(
    { chain, clock }: { readonly chain: Chain; readonly clock: Clock },
    limits: ActivityLimits = {},
  ) {
    this.#chain = chain;
    this.#clock = clock;
    this.#limits = { sendersMax, readBackBlocksMax, ...limits };
    this.#fromHeight = chain.head.header.height + 1;
    for (const series of this.#series) series.forget(chain.head.header.timestampMs);
    chain.events.on("headChanged", this.#onHead);
  }

  /** Every block with a timestamp above this one is in the buckets; -1 where all are. */
  countedAfterMs(bucketMs: number): number {
    const below = this.#fromHeight > 1 ? this.#chain.hashAtHeight(this.#fromHeight - 1) : undefined;
    const record = below && this.#chain.headerOf(below);
    return Math.max(record?.header.timestampMs ?? -1, this.#seriesOf(bucketMs).droppedBeforeMs - 1);
  }

  /**
   * Reads back what was there before. Resolves when that is done, or the activity is closed.
   *
   * @throws StoreError where the store cannot be read; what is counted is right all the same
   */
  async readBack(): Promise<void> {
    const { signal } = this.#abort;
    const oldestMs = this.#chain.head.header.timestampMs - hoursKept * hourMs;
    let [blocksLeft, bytesLeft] = [this.#limits.readBackBlocksMax, readBackBytesMax];
    while (!signal.aborted) {
      const sliceEndsMs = this.#clock.monotonicMs() + sliceMs;
      do {
        // The genesis block is nobody's doing: it is not counted.
        const block =
          this.#fromHeight > 1 && blocksLeft > 0 && bytesLeft > 0
            ? this.#chain.blockAtHeight(this.#fromHeight - 1)
            : undefined;
        if (!block || block.header.timestampMs < oldestMs) return;
        this.#take(block, 1);
        this.#fromHeight -= 1;
        blocksLeft -= 1;
        bytesLeft -= block.bytes.length;
      } while (this.#clock.monotonicMs() < sliceEndsMs);
      await sleep(this.#clock, pauseMs, signal);
    }
  }

  /**
   * The buckets of a stretch of time, oldest first, without gaps.
   *
   * @param bucketMs {@link minuteMs} or {@link hourMs}
   * @param count how many; the last one is that of `untilMs`
   */
  buckets(bucketMs: number, count: number, untilMs: number): readonly ActivityBucket[] {
    const series = this.#seriesOf(bucketMs);
    const lastMs = series.startOf(untilMs);
    return Array.from({ length: count }, (_, index) => {
      const startMs = lastMs - (count - 1 - index) * bucketMs;
      return series.at(startMs) ?? new Bucket(startMs);
    });
  }

  #seriesOf(bucketMs: number): Series {
    return this.#series.find(({ widthMs }) => widthMs === bucketMs) as Series;
  }

  close(): void {
    this.#abort.abort();
    this.#chain.events.off("headChanged", this.#onHead);
  }

  #headChanged({ disconnected, connected }: HeadChange): void {
    for (const series of this.#series)
      this.#sendersHeld -= series.forget(this.#chain.head.header.timestampMs);
    for (const block of disconnected) {
      if (block.header.height >= this.#fromHeight) this.#take(block, -1);
    }
    // Where the reorganization reached below what was counted, all of that has been taken away.
    const lowest = connected[0]?.header.height ?? this.#chain.head.header.height + 1;
    this.#fromHeight = Math.min(this.#fromHeight, lowest);
    for (const block of connected) this.#take(block, 1);
  }

  #take(block: Block, sign: 1 | -1): void {
    if (block.header.height === 0) return;
    const facts = factsOf(block);
    for (const series of this.#series) this.#sendersHeld += series.take(facts, sign);
    while (this.#sendersHeld > this.#limits.sendersMax) this.#sendersHeld -= this.#sealOldest();
  }

  #sealOldest(): number {
    const held = this.#series.flatMap((series) => series.holding());
    const oldest = held.reduce((a, b) => (b.startMs < a.startMs ? b : a));
    return oldest.seal();
  }
}

class Series {
  readonly widthMs: number;
  readonly #kept: number;
  readonly #buckets = new Map<number, Bucket>();
  /** Buckets that begin before this are not kept, or not any more. */
  droppedBeforeMs = -1;

  constructor(widthMs: number, kept: number) {
    this.widthMs = widthMs;
    this.#kept = kept;
  }

  startOf(ms: number): number {
    return Math.floor(ms / this.widthMs) * this.widthMs;
  }

  at(startMs: number): Bucket | undefined {
    return this.#buckets.get(startMs);
  }

  /** Buckets that hold senders one by one. */
  holding(): Bucket[] {
    return [...this.#buckets.values()].filter(({ counts }) => counts !== undefined);
  }

  /** @returns by how much the senders held here grew */
  take(facts: BlockFacts, sign: 1 | -1): number {
    const startMs = this.startOf(facts.timestampMs);
    if (startMs < this.droppedBeforeMs) return 0;
    const bucket = this.#buckets.get(startMs) ?? new Bucket(startMs);
    this.#buckets.set(startMs, bucket);
    return bucket.take(facts, sign);
  }

  /** Drops what is older than the kept time before the head. @returns how many senders were held there */
  forget(headMs: number): number {
    const oldestMs = this.startOf(headMs) - (this.#kept - 1) * this.widthMs;
    this.droppedBeforeMs = Math.max(this.droppedBeforeMs, oldestMs);
    let held = 0;
    for (const [startMs, bucket] of this.#buckets) {
      if (startMs >= this.droppedBeforeMs) continue;
      held += bucket.counts?.size ?? 0;
      this.#buckets.delete(startMs);
    }
    return held;
  }
}
