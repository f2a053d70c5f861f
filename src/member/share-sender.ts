/** Sends a member's shares to the pool one after the other: blocks first, at most 5 a second, and again if no answer came. */
import { type Clock, sleep } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { Notify } from "../base/notify.ts";
import { LeakyBucket } from "../network/host/leaky-bucket.ts";
import { refusalCodes, type ShareVerdict } from "../pool/messages.ts";

export interface FoundShare {
  readonly jobId: number;
  readonly nonce: Uint8Array;
  readonly parentHash: Uint8Array;
  /** Expected number of hashes behind it. */
  readonly work: bigint;
  /** It meets the block's own target. */
  readonly isBlock: boolean;
}

/** What can become of a share, besides the pool's verdict. */
export type ShareOutcome = ShareVerdict | { readonly kind: "stale" } | { readonly kind: "unanswered" };

export interface ShareSenderModules {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Rejects if there is no answer. */
  readonly submit: (share: FoundShare) => Promise<ShareVerdict>;
  readonly onOutcome: (share: FoundShare, outcome: ShareOutcome) => void;
  /** There is room for another share again. */
  readonly onRoom: () => void;
}

/** With so many waiting the search stops: what it found would be stale before it is sent. */
const queueMax = 16;
const attemptsMax = 3;
const retryMs = 1_000;
/** Half of what a pool still takes for honest. */
const sharesBurst = 20;
const sharesPerMs = 5 / 1_000;
const paceMs = 200;

interface Waiting {
  readonly share: FoundShare;
  readonly attempts: number;
}

export class ShareSender {
  readonly #modules: ShareSenderModules;
  readonly #queue: Waiting[] = [];
  readonly #notify = new Notify();
  readonly #flow: LeakyBucket;
  readonly #closed = new AbortController();
  readonly #done: Promise<void>;
  #isOpen = false;
  #isWorth: (share: FoundShare) => boolean = () => true;

  constructor(modules: ShareSenderModules) {
    this.#modules = modules;
    this.#flow = new LeakyBucket(sharesBurst, sharesPerMs, modules.clock.monotonicMs());
    this.#done = this.#run();
  }

  get hasRoom(): boolean {
    return this.#queue.length < queueMax;
  }

  add(share: FoundShare): void {
    if (share.isBlock) this.#queue.unshift({ share, attempts: 0 });
    else this.#queue.push({ share, attempts: 0 });
    this.#notify.tell();
  }

  /** The pool can be reached, or not for now: then shares wait. */
  set isOpen(isOpen: boolean) {
    this.#isOpen = isOpen;
    this.#notify.tell();
  }

  /** Shares for which `isWorth` is false are dropped, now and before each sending. */
  keepOnly(isWorth: (share: FoundShare) => boolean): void {
    this.#isWorth = isWorth;
    this.#notify.tell();
  }

  /** What waits is given up. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#notify.tell();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock } = this.#modules;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      this.#dropStale();
      if (!this.#isOpen || this.#queue.length === 0) await this.#notify.told();
      else if (this.#flow.add(1, clock.monotonicMs())) await this.#send(this.#take());
      else await sleep(clock, paceMs, signal);
    }
  }

  #take(): Waiting {
    const waiting = this.#queue.shift() as Waiting;
    this.#modules.onRoom();
    return waiting;
  }

  #dropStale(): void {
    for (const waiting of [...this.#queue]) {
      if (this.#isWorth(waiting.share)) continue;
      this.#queue.splice(this.#queue.indexOf(waiting), 1);
      this.#modules.onOutcome(waiting.share, { kind: "stale" });
      this.#modules.onRoom();
    }
  }

  async #send({ share, attempts }: Waiting): Promise<void> {
    const { clock, logger, submit, onOutcome } = this.#modules;
    try {
      const verdict = await submit(share);
      // The answer to an earlier attempt was lost: this share is the one that the pool has counted.
      const isOurs = attempts > 0 && verdict.kind === "refused" && verdict.code === refusalCodes.duplicate;
      onOutcome(share, isOurs ? { kind: "accepted" } : verdict);
    } catch (thrown) {
      logger.debug({ error: toError(thrown).message }, "no verdict on a share");
      if (attempts + 1 < attemptsMax) this.#queue.unshift({ share, attempts: attempts + 1 });
      else onOutcome(share, { kind: "unanswered" });
      await sleep(clock, retryMs, this.#closed.signal);
    }
  }
}
