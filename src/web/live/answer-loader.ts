/** Keeps one answer of a node up to date: never two requests at once, the old answer stays until the next is there. */
import { ApiProblem, ApiUnreachable } from "../../client/index.ts";

export interface LoaderState<Answer> {
  /** The newest that there is, also while the next is on its way or has failed. */
  readonly answer: Answer | undefined;
  /** Why the last try failed; undefined after one that did not. */
  readonly problem: unknown;
  readonly isLoading: boolean;
}

export interface LoaderOptions<Answer> {
  readonly load: (signal: AbortSignal) => Promise<Answer>;
  readonly changed: (state: LoaderState<Answer>) => void;
  readonly times?: LoaderTimes;
}

export interface LoaderTimes {
  /** Between the end of one request and the next one that an event asks for. */
  readonly restMinMs: number;
  /** A node that takes long is given as much rest as it took, up to this. */
  readonly restMaxMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

const loaderTimes: LoaderTimes = { restMinMs: 200, restMaxMs: 10_000, retryMinMs: 2_000, retryMaxMs: 30_000 };

export class AnswerLoader<Answer> {
  readonly #options: LoaderOptions<Answer>;
  readonly #times: LoaderTimes;
  #state: LoaderState<Answer> = { answer: undefined, problem: undefined, isLoading: false };
  #flight: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endedAtMs = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  #failures = 0;
  /** Something has happened since the request under way began. */
  #isOutdated = false;
  #isPaused = false;
  #isStopped = false;

  constructor(options: LoaderOptions<Answer>) {
    this.#options = options;
    this.#times = options.times ?? loaderTimes;
  }

  get state(): LoaderState<Answer> {
    return this.#state;
  }

  /** Loads now. A request under way is given up: its answer may be from before what the caller knows. */
  reload(): void {
    if (this.#isStopped) return;
    this.#flight?.abort();
    this.#flight = undefined;
    void this.#load();
  }

  /**
   * Something has happened that may change the answer. A request under way goes on, since a slow node would never get to
   * its end else; another one follows it.
   */
  outdated(): void {
    if (this.#isStopped) return;
    if (this.#flight || this.#isPaused) {
      this.#isOutdated = true;
      return;
    }
    const restMs = Math.max(this.#times.restMinMs, Math.min(this.#times.restMaxMs, this.#tookMs));
    this.#loadIn(Math.max(0, this.#endedAtMs + restMs - performance.now()));
  }

  /** While nobody looks, nothing is asked; what has happened meanwhile is asked for afterwards. */
  set isPaused(isPaused: boolean) {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) {
      if (this.#timer !== undefined) this.#isOutdated = true;
      this.#cancelTimer();
    } else if (this.#isOutdated && !this.#flight) {
      this.#isOutdated = false;
      this.outdated();
    }
  }

  /** Nothing is loaded or said any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
    this.#flight?.abort();
    this.#flight = undefined;
  }

  #loadIn(delayMs: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#load();
    }, delayMs);
  }

  #cancelTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #load(): Promise<void> {
    this.#cancelTimer();
    this.#isOutdated = false;
    const flight = new AbortController();
    this.#flight = flight;
    this.#say({ ...this.#state, isLoading: true });
    const beganMs = performance.now();
    let next: LoaderState<Answer>;
    let retryMs: number | undefined;
    try {
      const answer = await this.#options.load(flight.signal);
      this.#failures = 0;
      next = { answer, problem: undefined, isLoading: false };
    } catch (thrown) {
      retryMs = this.#retryMs(thrown);
      next = { answer: this.#state.answer, problem: thrown, isLoading: false };
    }
    if (flight.signal.aborted || this.#isStopped) return;
    this.#flight = undefined;
    this.#endedAtMs = performance.now();
    this.#tookMs = this.#endedAtMs - beganMs;
    this.#say(next);
    if (retryMs !== undefined) {
      if (this.#isPaused) this.#isOutdated = true;
      else this.#loadIn(retryMs);
    } else if (this.#isOutdated && !this.#isPaused) {
      this.#isOutdated = false;
      this.outdated();
    }
  }

  /** Undefined if the same request will be refused again. */
  #retryMs(thrown: unknown): number | undefined {
    const isPassing =
      thrown instanceof ApiUnreachable ||
      (thrown instanceof ApiProblem && (thrown.status === 429 || thrown.status >= 500));
    if (!isPassing) return undefined;
    this.#failures += 1;
    const { retryMinMs, retryMaxMs } = this.#times;
    const wantedMs = thrown instanceof ApiProblem ? thrown.retryAfterMs : undefined;
    return Math.min(retryMaxMs, wantedMs ?? retryMinMs * 2 ** (this.#failures - 1));
  }

  #say(state: LoaderState<Answer>): void {
    this.#state = state;
    this.#options.changed(state);
  }
}
