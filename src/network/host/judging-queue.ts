/**
 * Validates the gossip of one topic: a few messages at a time, in turn for each peer, and none of peers banned meanwhile.
 * What waits is bounded in number and in bytes, and a flood waits behind itself.
 */
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { PeerId, TopicOptions, Verdict } from "../peer-host.ts";

/**
 * Messages of one topic validated at once: enough to keep a pool of signature workers busy, and so few that the sender of
 * a flood is banned after a handful of verdicts, before the rest of the flood costs anything.
 */
const judgingMax = 8;
/** Of one topic; blocks have a megabyte each. */
const waitingBytesMax = 8 * 2 ** 20;
/** Validated at once: a block takes several times its size while its signatures are verified. */
const judgingBytesMax = 4 * 2 ** 20;
/**
 * Of one turn of the event loop; a message that takes longer is judged alone. Without it, messages that are refused at once
 * are judged to the last one before anything else comes to its turn: half a second for the first 2 MiB of eight new peers.
 */
const sliceMs = 4;

export interface JudgingModules {
  readonly isBanned: (peer: PeerId) => boolean;
  /** The host has stopped. What a judge needs may be closed from then on. */
  readonly isStopped: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Waiting {
  readonly bytes: number;
  /** False: there is no room for the message any more. */
  readonly settle: (mayBeJudged: boolean) => void;
}

export class JudgingQueue {
  readonly #topic: string;
  readonly #options: TopicOptions;
  readonly #modules: JudgingModules;
  /** Oldest message first; the peer whose turn it is first. No peer is without messages. */
  readonly #waiting = new Map<PeerId, Waiting[]>();
  #waitingCount = 0;
  #waitingBytes = 0;
  #judging = 0;
  #judgingBytes = 0;
  /** A message has been given a place, and its judge has not been asked yet. */
  #isStarting = false;
  /** Spent in this turn of the event loop. */
  #spentMs = 0;

  constructor(topic: string, options: TopicOptions, modules: JudgingModules) {
    this.#topic = topic;
    this.#options = options;
    this.#modules = modules;
  }

  /**
   * Rejects over-long messages, and ignores messages for which there is no room, and those that still wait when the host
   * stops. If the judge throws, the bug is ours: "ignore".
   */
  async judge(message: Uint8Array, from: PeerId): Promise<Verdict> {
    if (message.length > this.#options.messageBytesMax) return "reject";
    const useless = this.#screened(message, from);
    if (useless) return useless;
    if (this.#waitingCount === 0 && this.#mayBegin(message.length)) this.#begin(message.length);
    else if (!(await this.#turnOf(from, message.length))) return "ignore";
    try {
      return await this.#start(message, from);
    } catch (thrown) {
      return this.#failed(from, thrown);
    } finally {
      this.#judging -= 1;
      this.#judgingBytes -= message.length;
      this.#beginNext();
    }
  }

  /**
   * False if a message of this peer would have to make room at once: then it is better not taken for seen. Where a screen
   * tells what is of no use, every message has to come to it.
   *
   * @param ahead what the same frame holds before it
   */
  hasRoomFor(
    from: PeerId,
    bytes: number,
    ahead: { readonly count: number; readonly bytes: number },
  ): boolean {
    const count = this.#judging + this.#waitingCount + ahead.count;
    const isFull =
      count >= this.#options.queueMax || this.#waitingBytes + ahead.bytes + bytes > waitingBytesMax;
    if (!isFull || this.#options.screen) return true;
    const own = costOf(this.#waiting.get(from) ?? []) + ahead.count + ahead.bytes + bytes;
    return [...this.#waiting].some(([peer, messages]) => peer !== from && costOf(messages) > own);
  }

  /** The verdict on a message that need not wait its turn; asked at once, so that a flood of such messages fills no queue. */
  #screened(message: Uint8Array, from: PeerId): Verdict | undefined {
    if (!this.#options.screen) return undefined;
    try {
      return this.#mayJudge(from) ? this.#options.screen(message, from) : "ignore";
    } catch (thrown) {
      return this.#failed(from, thrown);
    }
  }

  #mayJudge(from: PeerId): boolean {
    const { isBanned, isStopped } = this.#modules;
    return !isStopped() && (this.#options.judgesBanned === true || !isBanned(from));
  }

  #failed(from: PeerId, thrown: unknown): Verdict {
    const { isStopped, logger } = this.#modules;
    // As when the verifier is closed while it works on the message.
    if (isStopped()) return "ignore";
    const error = toError(thrown);
    logger.error({ topic: this.#topic, from, error }, "judging a message failed; it is ignored");
    return "ignore";
  }

  #start(message: Uint8Array, from: PeerId): Verdict | Promise<Verdict> {
    const { clock } = this.#modules;
    const beganMs = clock.monotonicMs();
    try {
      return this.#mayJudge(from) ? this.#options.judge(message, from) : "ignore";
    } finally {
      this.#spend(clock.monotonicMs() - beganMs);
      this.#isStarting = false;
      this.#beginNext();
    }
  }

  /** What a judge does before it waits for others keeps the event loop from its next turn. */
  #spend(ms: number): void {
    const isFirst = this.#spentMs === 0;
    this.#spentMs += ms;
    if (!isFirst || ms === 0) return;
    setImmediate(() => {
      this.#spentMs = 0;
      this.#beginNext();
    });
  }

  /** A place is handed to the next message directly, so that no newer one overtakes it. The one after that follows once it has started. */
  #beginNext(): void {
    const next = this.#isStarting ? undefined : this.#next();
    if (!next) return;
    this.#isStarting = true;
    this.#begin(next.bytes);
    next.settle(true);
  }

  /** A message that is longer than all that may be judged at once is judged alone. */
  #mayBegin(bytes: number): boolean {
    if (this.#spentMs >= sliceMs) return false;
    if (this.#judging === 0) return true;
    const countMax = Math.min(judgingMax, this.#options.queueMax);
    return this.#judging < countMax && this.#judgingBytes + bytes <= judgingBytesMax;
  }

  #begin(bytes: number): void {
    this.#judging += 1;
    this.#judgingBytes += bytes;
  }

  /** Resolves to true when it is the message's turn, to false if it has to make room. */
  #turnOf(from: PeerId, bytes: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const messages = this.#waiting.get(from) ?? [];
    messages.push({ bytes, settle: resolve });
    this.#waiting.set(from, messages);
    this.#count(1, bytes);
    while (this.#isOverfull()) this.#dropNewestOfMost();
    return promise;
  }

  #isOverfull(): boolean {
    const isOverCount = this.#judging + this.#waitingCount > this.#options.queueMax;
    return this.#waitingCount > 0 && (isOverCount || this.#waitingBytes > waitingBytesMax);
  }

  /** The peer of which the most bytes wait loses its newest message: a flood pushes out nothing but itself. */
  #dropNewestOfMost(): void {
    let most: { readonly peer: PeerId; readonly messages: Waiting[]; readonly bytes: number } | undefined;
    for (const [peer, messages] of this.#waiting) {
      const bytes = costOf(messages);
      if (!most || bytes > most.bytes) most = { peer, messages, bytes };
    }
    const dropped = most?.messages.pop();
    if (!most || !dropped) return;
    if (most.messages.length === 0) this.#waiting.delete(most.peer);
    this.#count(-1, -dropped.bytes);
    dropped.settle(false);
  }

  /**
   * The oldest message of the peer whose turn it is; the peer's next turn comes after those of all others. Undefined if
   * none waits, or if there is no place for it yet.
   */
  #next(): Waiting | undefined {
    for (const [peer, messages] of this.#waiting) {
      const [next] = messages;
      if (next && !this.#mayBegin(next.bytes)) return undefined;
      this.#waiting.delete(peer);
      messages.shift();
      if (!next) continue;
      if (messages.length > 0) this.#waiting.set(peer, messages);
      this.#count(-1, -next.bytes);
      return next;
    }
    return undefined;
  }

  #count(messages: number, bytes: number): void {
    this.#waitingCount += messages;
    this.#waitingBytes += bytes;
  }
}

/** An empty message costs something, too. */
function costOf(messages: readonly Waiting[]): number {
  return messages.reduce((sum, { bytes }) => sum + bytes, messages.length);
}
