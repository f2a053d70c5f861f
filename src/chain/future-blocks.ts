/** Future blocks: held until their time comes, also if the clock is set meanwhile. Bounded. */
import { bytesEqual } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { Seldom } from "../base/seldom.ts";
import type { SaneBlock } from "./stages/sanity.ts";
import { WaitingBlocks, type WaitingLimits } from "./waiting-blocks.ts";

export interface FutureBlocksOptions extends WaitingLimits {
  /** How far ahead of the clock a block may be and still be taken. */
  readonly aheadMaxMs: number;
  /** Whether a producer's blocks are counted: only authorities have one key each. A miner has as many as it likes. */
  readonly boundsProducers: boolean;
}

export interface FutureBlocksModules {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gets each block whose time has come, lowest first. */
  readonly onDue: (block: SaneBlock) => void;
}

/** The wall clock may be set while a timer runs, so the waiting blocks are looked at this often. */
const lookEveryMs = 10_000;
/** Two seals of a producer on one parent are evidence already, and an honest one has one block at a time that waits. */
const heldPerHeightMax = 2;
const heldPerProducerMax = 4;
/** A block further ahead than this shows that a clock is wrong: the producer's or this machine's. */
const clockDoubtMs = 60_000;
const warningEveryMs = 600_000;

export class FutureBlocks {
  readonly #options: FutureBlocksOptions;
  readonly #modules: FutureBlocksModules;
  readonly #waiting: WaitingBlocks<SaneBlock>;
  readonly #clockWarning: Seldom;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: FutureBlocksOptions, modules: FutureBlocksModules) {
    this.#options = options;
    this.#modules = modules;
    this.#waiting = new WaitingBlocks(options);
    this.#clockWarning = new Seldom(warningEveryMs, modules.clock);
  }

  get(hashHex: string): SaneBlock | undefined {
    return this.#waiting.get(hashHex);
  }

  /**
   * An authority that makes many future blocks cannot push out those of others: only its first few are held.
   *
   * @param from who sent it
   */
  hold(block: SaneBlock, from: string): void {
    if (!this.#hasRoomFor(block)) return;
    this.#waiting.add(block, from);
    this.#schedule();
    this.#doubtClock(block);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #hasRoomFor({ header }: SaneBlock): boolean {
    if (!this.#options.boundsProducers) return true;
    const isOfProducer = (held: SaneBlock) => bytesEqual(held.header.producer, header.producer);
    const isOfHeight = (held: SaneBlock) => held.header.height === header.height && isOfProducer(held);
    return (
      this.#waiting.countOf(isOfHeight) < heldPerHeightMax &&
      this.#waiting.countOf(isOfProducer) < heldPerProducerMax
    );
  }

  #schedule(): void {
    const { clock, onDue } = this.#modules;
    this.#timer?.cancel();
    const earliestMs = this.#waiting.earliestMs();
    if (earliestMs === undefined || this.#closed) return;
    const delayMs = Math.max(1, earliestMs - this.#options.aheadMaxMs - clock.nowMs());
    this.#timer = clock.schedule(Math.min(delayMs, lookEveryMs), () => {
      const latestMs = clock.nowMs() + this.#options.aheadMaxMs;
      for (const block of this.#waiting.take(({ header }) => header.timestampMs <= latestMs)) onDue(block);
      this.#schedule();
    });
  }

  #doubtClock({ header, hashHex }: SaneBlock): void {
    const { clock, logger } = this.#modules;
    const aheadMs = header.timestampMs - clock.nowMs();
    if (aheadMs < clockDoubtMs) return;
    this.#clockWarning.say(() =>
      logger.warn(
        { height: header.height, hash: hashHex, aheadMs },
        "a block is far ahead of this machine's clock and is held until its time: its producer's clock is off, or this one's; compare it with another machine's",
      ),
    );
  }
}
