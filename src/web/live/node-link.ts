/** Hears what happens in one node: by its event stream, or by asking from time to time. */
import type { EventTopic } from "../../api/events.ts";
import { getClock, getNode } from "../../api/node.ts";
import {
  type ApiClient,
  type ConnectionState,
  createApiClient,
  followEvents,
  type NodeEvent,
} from "../../client/index.ts";
import type { ReloadReason } from "./hub-messages.ts";
import {
  factsAfter,
  factsOfAnswer,
  type LinkState,
  type NodeFacts,
  type NodeState,
  unknownState,
} from "./node-state.ts";
import { streamProblem } from "./stream-problem.ts";
import { type SyncSample, syncProgress, withSample } from "./sync-pace.ts";

/** How the node is heard. */
export type LinkMode = "stream" | "poll" | "off";

export interface LinkListener {
  /** The state has changed; `events` have happened since the last call. */
  news(events: readonly NodeEvent[], reload: ReloadReason | null): void;
}

export interface LinkTimes {
  readonly requestMaxMs: number;
  readonly silenceMaxMs: number;
  readonly retryMaxMs: number;
  readonly pollEveryMs: number;
  readonly clockEveryMs: number;
  /** A later answer says too little about the clock. */
  readonly clockAnswerMaxMs: number;
  /** After a longer pause what was missed is not told one by one. */
  readonly replayMaxMs: number;
  /** So long a stream goes on with topics that nobody needs any more. */
  readonly surplusMaxMs: number;
}

export const linkTimes: LinkTimes = {
  requestMaxMs: 15_000,
  silenceMaxMs: 45_000,
  retryMaxMs: 10_000,
  pollEveryMs: 4_000,
  clockEveryMs: 10 * 60_000,
  clockAnswerMaxMs: 3_000,
  replayMaxMs: 2 * 60_000,
  surplusMaxMs: 60_000,
};

export class NodeLink {
  readonly #listener: LinkListener;
  readonly #times: LinkTimes;
  readonly #api: ApiClient;
  #mode: LinkMode = "off";
  #topics: readonly EventTopic[] = [];
  #surplusSinceMs: number | undefined;
  #stop: AbortController | undefined;
  #lastEventId: string | undefined;
  #offSinceMs: number | undefined;
  #state = unknownState;
  #samples: readonly SyncSample[] = [];
  /** What the next snapshot will mean. */
  #reload: ReloadReason | null = null;
  #clockMeasuredAtMs = Number.NEGATIVE_INFINITY;
  /** The node has said that it stops. */
  #isStopping = false;

  constructor(baseUrl: string, listener: LinkListener, times: LinkTimes = linkTimes) {
    this.#listener = listener;
    this.#times = times;
    this.#api = createApiClient(baseUrl, { timeoutMs: times.requestMaxMs, retries: 0 });
  }

  get state(): NodeState {
    return this.#state;
  }

  get mode(): LinkMode {
    return this.#mode;
  }

  /**
   * Changes how the node is heard. Nothing happens if all is as it is. Called every few seconds.
   *
   * @param topics for a stream; one that has more goes on for a while, as people go from page to page
   */
  set(mode: LinkMode, topics: readonly EventTopic[]): void {
    const isSame = mode === this.#mode;
    if (isSame && mode === "stream") {
      if (topics.every((topic) => this.#topics.includes(topic)) && !this.#hasHadEnough(topics)) return;
    } else if (isSame) {
      return;
    }
    this.#topics = topics;
    this.#surplusSinceMs = undefined;
    this.#mode = mode;
    this.#begin();
  }

  /** Whether topics that nobody needs have come for long enough. */
  #hasHadEnough(topics: readonly EventTopic[]): boolean {
    if (topics.length === this.#topics.length) {
      this.#surplusSinceMs = undefined;
      return false;
    }
    this.#surplusSinceMs ??= Date.now();
    return Date.now() - this.#surplusSinceMs >= this.#times.surplusMaxMs;
  }

  /** Tries at once, e.g. because the machine has slept, or because somebody wants it. */
  retry(): void {
    if (this.#mode !== "off") this.#begin();
  }

  #begin(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    const nowMs = Date.now();
    if (this.#mode === "off") {
      this.#offSinceMs ??= nowMs;
      this.#change({ link: { kind: "paused" } });
      return;
    }
    if (this.#offSinceMs !== undefined && nowMs - this.#offSinceMs > this.#times.replayMaxMs) {
      this.#lastEventId = undefined;
      this.#reload = "gap";
    }
    this.#offSinceMs = undefined;
    if (this.#state.link.kind === "paused") this.#change({ link: { kind: "connecting" } });
    const stop = new AbortController();
    this.#stop = stop;
    const run = this.#mode === "stream" ? this.#follow(stop.signal) : this.#poll(stop.signal);
    run.catch((thrown: unknown) => {
      if (!stop.signal.aborted) this.#refused(thrown);
    });
  }

  /** Ends only by the signal, or if the node refuses for good. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { silenceMaxMs, retryMaxMs } = this.#times;
    const options = {
      topics: this.#topics,
      ...(this.#lastEventId === undefined ? {} : { lastEventId: this.#lastEventId }),
      signal,
      waitForNode: true,
      silenceMaxMs,
      retryMaxMs,
      onConnection: (state: ConnectionState) => {
        if (!state.connected && !signal.aborted) this.#lose(state.reason, state.retryInMs);
      },
    };
    for await (const event of followEvents(this.#api, options)) {
      if (signal.aborted) return;
      this.#take(event);
    }
  }

  #take(event: NodeEvent): void {
    this.#lastEventId = event.id ?? this.#lastEventId;
    this.#isStopping = event.event === "stopping";
    const before = this.#state.facts;
    if (event.event === "gap") this.#reload ??= event.data.reason === "other-process" ? "restarted" : "gap";
    const facts = factsAfter(before, event);
    if (event.event !== "snapshot") {
      this.#heard(facts, [event], null);
      return;
    }
    const reload = this.#reloadAt(before, facts as NodeFacts);
    this.#heard(facts, [event], reload, { kind: "live" });
    void this.#measureClock();
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { pollEveryMs, retryMaxMs } = this.#times;
    this.#lastEventId = undefined;
    for (let failures = 0; ; ) {
      let waitMs = pollEveryMs;
      try {
        const answer = await this.#api.call(getNode, {}, { signal });
        if (signal.aborted) return;
        failures = 0;
        this.#polled(factsOfAnswer(answer));
      } catch (thrown) {
        if (signal.aborted) return;
        failures += 1;
        waitMs = Math.min(retryMaxMs, pollEveryMs * failures);
        this.#lose(thrown, waitMs);
      }
      await pause(waitMs, signal);
      if (signal.aborted) return;
    }
  }

  #polled(facts: NodeFacts): void {
    const before = this.#state.facts;
    let reload = this.#reloadAt(before, facts);
    // Nobody tells what happened in between.
    if (before && (before.head.hash !== facts.head.hash || before.final?.hash !== facts.final?.hash))
      reload ??= "gap";
    const why = "other tabs have the connections for live news, so this node is asked every few seconds";
    this.#heard(facts, [], reload, { kind: "polled", why });
    void this.#measureClock();
  }

  /** What a new snapshot means for what is shown. */
  #reloadAt(before: NodeFacts | null, facts: NodeFacts): ReloadReason | null {
    const { link } = this.#state;
    const wasLost = link.kind === "lost";
    let reload = this.#reload ?? (before ? (wasLost ? "back" : null) : "began");
    this.#reload = null;
    const isSameKind = before?.process.startsWith("started") === facts.process.startsWith("started");
    if (before && isSameKind && before.process !== facts.process) reload = "restarted";
    // A snapshot of another head without the events between: the stream went on without an id.
    if (before && !reload && before.head.hash !== facts.head.hash) reload = "gap";
    if (before && before.chainId !== facts.chainId) reload = "other-chain";
    return reload;
  }

  #heard(
    facts: NodeFacts | null,
    events: readonly NodeEvent[],
    reload: ReloadReason | null,
    link: LinkState = this.#state.link,
  ): void {
    const atMs = Date.now();
    const syncing = facts?.syncing;
    this.#samples = syncing ? withSample(this.#samples, { atMs, height: syncing.height }) : [];
    const sync = syncing ? syncProgress(this.#samples, syncing.targetHeight) : null;
    this.#state = { ...this.#state, facts, heardAtMs: atMs, sync, link };
    this.#listener.news(events, reload);
  }

  #lose(thrown: unknown, retryInMs: number): void {
    const nowMs = Date.now();
    const { link } = this.#state;
    const sinceMs = link.kind === "lost" ? link.sinceMs : nowMs;
    const problem = streamProblem(thrown, this.#isStopping);
    this.#change({ link: { kind: "lost", sinceMs, ...problem, retryAtMs: nowMs + retryInMs } });
  }

  /** The request itself is refused, e.g. as the node allows no such host: that may change with the node. */
  #refused(thrown: unknown): void {
    const { signal } = this.#stop ?? {};
    const waitMs = this.#times.retryMaxMs * 3;
    this.#lose(thrown, waitMs);
    void pause(waitMs, signal).then(() => {
      if (!signal?.aborted) this.#begin();
    });
  }

  #change(change: Partial<NodeState>): void {
    this.#state = { ...this.#state, ...change };
    this.#listener.news([], null);
  }

  /** The node's clock against the browser's, halfway between request and answer. */
  async #measureClock(): Promise<void> {
    const beganMs = Date.now();
    if (Math.abs(beganMs - this.#clockMeasuredAtMs) < this.#times.clockEveryMs) return;
    this.#clockMeasuredAtMs = beganMs;
    try {
      const { timestampMs } = await this.#api.call(getClock, {});
      const endedMs = Date.now();
      // The answer may have been made at any time between.
      if (endedMs - beganMs > this.#times.clockAnswerMaxMs) return;
      this.#change({ clockOffsetMs: Math.round(timestampMs - (beganMs + endedMs) / 2) });
    } catch {
      this.#clockMeasuredAtMs = Number.NEGATIVE_INFINITY;
    }
  }

  /** The clock of the browser may have been set meanwhile. */
  measureClockAgain(): void {
    this.#clockMeasuredAtMs = Number.NEGATIVE_INFINITY;
    if (this.#state.link.kind === "live" || this.#state.link.kind === "polled") void this.#measureClock();
  }
}

/** Ends early, without an error, if the signal is aborted. */
function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, delayMs);
    signal?.addEventListener("abort", end, { once: true });
    if (signal?.aborted) end();
  });
}
