/** Asks one peer, and others beside it as long as all that were asked are slower than a peer may be: the first answer wins. */
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { PeerId } from "../peer-host.ts";

export interface RaceRules {
  /**
   * How long a peer is waited for alone, if nothing comes from it; also after what has come: a peer that sends a large block
   * and then nothing must not be waited for all the longer.
   */
  readonly patienceMs: number;
  /** What it gains for each unit that has come: the minimum rate is over all that came, not from one wait to the next. */
  readonly msPerUnit: () => number;
  /** Peers that are asked at a time. If more are asked, the slowest of them make room. */
  readonly sourcesMax: number;
}

export interface Race<Answer> {
  readonly rules: RaceRules;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The best peer that was not asked yet; asked for again and again, since peers come and go. */
  readonly next: (asked: ReadonlySet<PeerId>) => PeerId | undefined;
  /** @param progressed is to be called with the units that have come */
  readonly ask: (from: PeerId, signal: AbortSignal, progressed: (units: number) => void) => Promise<Answer>;
  /** A peer was too slow, and another one has answered or is asked in its place (`isLate`); or it failed. */
  readonly lost: (from: PeerId, reason: string, isLate: boolean) => void;
  /** Asked while nothing but late answers is waited for: whether there is something better to do than to wait for them. */
  readonly givesWay?: () => boolean;
}

export interface WonRace<Answer> {
  readonly from: PeerId;
  readonly answer: Answer;
  readonly durationMs: number;
}

/** A late peer is noticed within this time. */
const lookEveryMs = 250;
/** A node that was busy with itself for longer has not waited for anybody: what came meanwhile lies unread. */
const lookMaxMs = 2 * lookEveryMs;

interface Attempt {
  readonly from: PeerId;
  readonly beganMs: number;
  readonly over: AbortController;
  /** Without the time that this node was busy with itself. */
  waitedMs: number;
  /** It is late once it was waited for so long. */
  dueMs: number;
  units: number;
}

/** @throws what the last peer failed with, if no peer is left to be asked */
export function firstAnswer<Answer>(race: Race<Answer>): Promise<WonRace<Answer>> {
  return new SourceRace(race).run();
}

class SourceRace<Answer> {
  readonly #race: Race<Answer>;
  readonly #asked = new Set<PeerId>();
  readonly #running = new Set<Attempt>();
  readonly #outcome = Promise.withResolvers<WonRace<Answer>>();
  #failure = new Error("there is no peer to ask");
  #timer: Timer | undefined;
  #lookedMs: number;
  #isOver = false;

  constructor(race: Race<Answer>) {
    this.#race = race;
    this.#lookedMs = race.clock.monotonicMs();
  }

  async run(): Promise<WonRace<Answer>> {
    const { signal } = this.#race;
    const onAbort = () => this.#end(() => this.#outcome.reject(new Error("the node stops")));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.#look();
    try {
      return await this.#outcome.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #end(settle: () => void): void {
    this.#isOver = true;
    this.#timer?.cancel();
    for (const { over } of this.#running) over.abort();
    settle();
  }

  #look(): void {
    if (this.#isOver) return;
    this.#countWaits();
    this.#timer?.cancel();
    const isWaiting = [...this.#running].some((attempt) => !this.#isLate(attempt));
    if (!isWaiting && !this.#askMore() && (this.#running.size === 0 || this.#race.givesWay?.())) {
      this.#loseLate("it was too slow");
      this.#end(() => this.#outcome.reject(this.#failure));
    } else {
      this.#timer = this.#race.clock.schedule(lookEveryMs, () => this.#look());
    }
  }

  #countWaits(): void {
    const nowMs = this.#race.clock.monotonicMs();
    const waitedMs = Math.min(lookMaxMs, nowMs - this.#lookedMs);
    this.#lookedMs = nowMs;
    for (const attempt of this.#running) attempt.waitedMs += waitedMs;
  }

  /** As many again as have been waited for in vain: among eight peers that hang the ninth is asked within four waits. */
  #askMore(): boolean {
    const wanted = Math.max(1, this.#running.size);
    let added = 0;
    while (added < wanted && this.#askAnother()) added += 1;
    return added > 0;
  }

  #askAnother(): boolean {
    const { clock, next, rules } = this.#race;
    const from = next(this.#asked);
    if (from === undefined) return false;
    if (this.#running.size >= rules.sourcesMax && !this.#dropSlowest()) return false;
    this.#asked.add(from);
    const over = new AbortController();
    const dueMs = rules.patienceMs;
    const attempt: Attempt = { from, beganMs: clock.monotonicMs(), over, waitedMs: 0, dueMs, units: 0 };
    this.#running.add(attempt);
    void this.#run(attempt);
    return true;
  }

  async #run(attempt: Attempt): Promise<void> {
    const { clock, ask, lost, rules } = this.#race;
    const { from, over, beganMs } = attempt;
    const progressed = (units: number) => {
      attempt.units += units;
      const earnedMs = attempt.dueMs + units * rules.msPerUnit();
      attempt.dueMs = Math.min(earnedMs, attempt.waitedMs + rules.patienceMs);
    };
    try {
      const answer = await ask(from, over.signal, progressed);
      if (this.#isOver || !this.#running.delete(attempt)) return;
      this.#loseLate("another peer was faster");
      const durationMs = clock.monotonicMs() - beganMs;
      this.#end(() => this.#outcome.resolve({ from, answer, durationMs }));
    } catch (thrown) {
      if (this.#isOver || !this.#running.delete(attempt)) return;
      this.#failure = toError(thrown);
      lost(from, this.#failure.message, false);
      this.#look();
    }
  }

  #isLate({ waitedMs, dueMs }: Attempt): boolean {
    return waitedMs >= dueMs;
  }

  #loseLate(reason: string): void {
    for (const attempt of this.#running)
      if (this.#isLate(attempt)) this.#race.lost(attempt.from, reason, true);
  }

  /** Of those that are late. @returns false if none is */
  #dropSlowest(): boolean {
    const speed = ({ units, waitedMs }: Attempt) => units / Math.max(1, waitedMs);
    const [slowest] = [...this.#running]
      .filter((attempt) => this.#isLate(attempt))
      .sort((a, b) => speed(a) - speed(b) || a.beganMs - b.beganMs);
    if (!slowest) return false;
    this.#running.delete(slowest);
    slowest.over.abort();
    this.#race.lost(slowest.from, "it was too slow", true);
    return true;
  }
}
