/** Blocks whose time has not come: held, bounded, and handed back when it has, even where the clock is set meanwhile. */
import type { Clock, Timer } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { Seldom } from "../base/seldom.ts";
import type { Block } from "../protocol/block.ts";
import { WaitingBlocks, type WaitingLimits } from "./waiting-blocks.ts";

export interface EarlyBlocksOptions extends WaitingLimits {
  /** How far ahead of the clock a block may be and still be taken. */
  readonly aheadMaxMs: number;
}

export interface EarlyBlocksModules {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with each block whose time has come, lowest first. */
  readonly onDue: (block: Block) => void;
}

/** The wall clock may be set while a timer runs. */
const lookEveryMs = 10_000;
/** A block that is further ahead than this was made by a clock that is off, or is judged by one. */
const clockDoubtMs = 60_000;
const warningEveryMs = 600_000;

export class EarlyBlocks {
  readonly #aheadMaxMs: number;
  readonly #modules: EarlyBlocksModules;
  readonly #waiting: WaitingBlocks;
  readonly #clockWarning: Seldom;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: EarlyBlocksOptions, modules: EarlyBlocksModules) {
    this.#aheadMaxMs = options.aheadMaxMs;
    this.#modules = modules;
    this.#waiting = new WaitingBlocks(options);
    this.#clockWarning = new Seldom(warningEveryMs, modules.clock);
  }

  has(hashHex: string): boolean {
    return this.#waiting.has(hashHex);
  }

  hold(block: Block): void {
    this.#waiting.add(block);
    this.#schedule();
    this.#doubtClock(block);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    const { clock, onDue } = this.#modules;
    this.#timer?.cancel();
    const earliestMs = this.#waiting.earliestMs();
    if (earliestMs === undefined || this.#closed) return;
    const delayMs = Math.max(1, earliestMs - this.#aheadMaxMs - clock.nowMs());
    this.#timer = clock.schedule(Math.min(delayMs, lookEveryMs), () => {
      const latestMs = clock.nowMs() + this.#aheadMaxMs;
      for (const block of this.#waiting.take(({ header }) => header.timestampMs <= latestMs)) onDue(block);
      this.#schedule();
    });
  }

  #doubtClock({ header, hashHex }: Block): void {
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
