/** Whose handshake begins next, and when: one group of addresses after another, the newest of a group first, and so many a second that end well. */
import type { Clock } from "../../base/clock.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";

export interface HandshakeLineOptions {
  /** Handshakes that end well: each costs a node some 4 ms until its peer is greeted, and more if another one has to go for it. */
  readonly perSecond: number;
  readonly atOnce: number;
}

/**
 * A handshake counts for this long from its beginning on, and for good if it ends well: on one machine sixty would all begin
 * before the first has ended.
 */
const underWayMs = 50;

interface Modules<Waiter> {
  readonly clock: Clock;
  /** Begins a handshake that is in its turn. */
  readonly begin: (waiter: Waiter) => void;
}

/**
 * A handshake that never ends is cheap, and holds the others up for a moment only, or half-open ones would keep newcomers
 * out. The newest comes first: if more come than begin, who has waited longest has given up by the time of its turn.
 */
export class HandshakeLine<Waiter> {
  readonly #modules: Modules<Waiter>;
  readonly #bucket: LeakyBucket;
  readonly #refillMs: number;
  /** The group whose turn is next comes first; within it, the newest last. */
  readonly #groups = new Map<string, Set<Waiter>>();
  #isServing = false;
  /** When those began that have not ended well yet; the oldest first. */
  #begunMs: number[] = [];

  constructor({ perSecond, atOnce }: HandshakeLineOptions, modules: Modules<Waiter>) {
    this.#modules = modules;
    this.#refillMs = 1_000 / perSecond;
    this.#bucket = new LeakyBucket(atOnce, 1 / this.#refillMs, modules.clock.monotonicMs());
  }

  /** @param group the group of its address: groups take turns */
  join(group: string, waiter: Waiter): void {
    const waiters = this.#groups.get(group);
    if (waiters) waiters.add(waiter);
    else this.#groups.set(group, new Set([waiter]));
    if (!this.#isServing) this.#soon();
  }

  /** It waits no longer; nothing happens if it did not wait. */
  leave(group: string, waiter: Waiter): void {
    const waiters = this.#groups.get(group);
    if (!waiters?.delete(waiter)) return;
    if (waiters.size === 0) this.#groups.delete(group);
  }

  /** A handshake has ended well. */
  completed(): void {
    this.#begunMs.shift();
    this.#bucket.fill(1, this.#modules.clock.monotonicMs());
  }

  #serve(): void {
    this.#isServing = false;
    const [first] = this.#groups;
    if (!first) return;
    const { clock, begin } = this.#modules;
    const nowMs = clock.monotonicMs();
    this.#begunMs = this.#begunMs.filter((begunMs) => nowMs - begunMs < underWayMs);
    if (!this.#bucket.hasRoom(1 + this.#begunMs.length, nowMs)) {
      this.#isServing = true;
      clock.schedule(this.#refillMs, () => this.#serve());
      return;
    }
    const [group, waiters] = first;
    const newest = [...waiters].at(-1) as Waiter;
    waiters.delete(newest);
    // To the end of the line, if others of the group wait.
    this.#groups.delete(group);
    if (waiters.size > 0) this.#groups.set(group, waiters);
    this.#begunMs.push(nowMs);
    this.#soon();
    begin(newest);
  }

  /** Many handshakes that begin in one turn of the event loop keep everything else waiting until all have gone a step. */
  #soon(): void {
    this.#isServing = true;
    setImmediate(() => this.#serve());
  }
}
