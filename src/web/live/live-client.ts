/** A tab's end of the hub: says what the tab wants, and hands on what it is told. */
import type { EventTopic } from "../../api/events.ts";
import type { HubMessage, News, TabMessage } from "./hub-messages.ts";
import { type NodeState, unknownState } from "./node-state.ts";

/** What a part of the page wants to hear of a node. */
export interface Watcher {
  readonly baseUrl: string;
  readonly topics: readonly EventTopic[];
  /** Called for each piece of news of that node; `events` are of all topics that the tab has asked for. */
  readonly news: (news: News) => void;
}

/** The way to a hub. */
export interface HubConnection {
  post(message: TabMessage): void;
  close(): void;
}

/** @param lost the hub does not answer, or cannot be started: another one is needed */
export type Connect = (hear: (message: HubMessage) => void, lost: () => void) => HubConnection;

export interface LiveClientTimes {
  /** A hub says something every few seconds; one that is silent for so long is dead. */
  readonly silenceMaxMs: number;
}

const clientTimes: LiveClientTimes = { silenceMaxMs: 60_000 };

export class LiveClient {
  readonly #connect: Connect;
  readonly #times: LiveClientTimes;
  readonly #watchers = new Set<Watcher>();
  readonly #states = new Map<string, NodeState>();
  #connection: HubConnection | undefined;
  #isVisible = true;
  #isSayingSoon = false;
  #said = "";
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(connect: Connect, times: LiveClientTimes = clientTimes) {
    this.#connect = connect;
    this.#times = times;
  }

  stateOf(baseUrl: string): NodeState {
    return this.#states.get(baseUrl) ?? unknownState;
  }

  /** @returns ends the watching */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    this.#saySoon();
    return () => {
      this.#watchers.delete(watcher);
      this.#saySoon();
    };
  }

  /** Whether somebody may look at the tab. A tab that nobody sees is told nothing until it is seen again. */
  set isVisible(isVisible: boolean) {
    if (isVisible === this.#isVisible) return;
    this.#isVisible = isVisible;
    this.#say();
  }

  /** Tries to reach the node now. */
  retry(baseUrl: string): void {
    this.#connection?.post({ type: "retry", baseUrl });
  }

  /** The tab goes away; it may come back with {@link open}. */
  leave(): void {
    clearTimeout(this.#silenceTimer);
    this.#connection?.post({ type: "bye" });
    this.#connection?.close();
    this.#connection = undefined;
    this.#said = "";
  }

  /** After {@link leave}, or if the hub may have forgotten the tab. */
  open(): void {
    this.#said = "";
    this.#say();
  }

  /** What several parts want at once is said once. */
  #saySoon(): void {
    if (this.#isSayingSoon) return;
    this.#isSayingSoon = true;
    queueMicrotask(() => {
      this.#isSayingSoon = false;
      this.#say();
    });
  }

  #say(): void {
    if (this.#watchers.size === 0 && !this.#connection) return;
    const topicsOf = new Map<string, Set<EventTopic>>();
    for (const { baseUrl, topics } of this.#watchers) {
      const known = topicsOf.get(baseUrl) ?? new Set();
      for (const topic of topics) known.add(topic);
      topicsOf.set(baseUrl, known);
    }
    const nodes = [...topicsOf].map(([baseUrl, topics]) => ({ baseUrl, topics: [...topics].sort() }));
    const said = JSON.stringify([nodes, this.#isVisible]);
    if (said === this.#said) return;
    this.#said = said;
    if (!this.#connection) this.#open();
    this.#connection?.post({ type: "want", nodes, isVisible: this.#isVisible });
  }

  #open(): void {
    const connection = this.#connect(
      (message) => {
        if (this.#connection === connection) this.#hear(message);
      },
      () => {
        if (this.#connection === connection) this.#replace();
      },
    );
    this.#connection = connection;
    this.#expectNews();
  }

  /** The hub is dead: another one is asked. */
  #replace(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.open();
  }

  #expectNews(): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      // A tab that slept itself has heard nothing either: what it is told in the next moments counts.
      this.#silenceTimer = setTimeout(() => this.#replace(), this.#times.silenceMaxMs / 10);
    }, this.#times.silenceMaxMs);
  }

  #hear(message: HubMessage): void {
    this.#expectNews();
    if (message.type === "ping") {
      this.#connection?.post({ type: "took", number: 0 });
      return;
    }
    this.#states.set(message.baseUrl, message.state);
    for (const watcher of [...this.#watchers]) {
      if (watcher.baseUrl === message.baseUrl) watcher.news(message);
    }
    // After the work: a tab that is busy is told less.
    setTimeout(() => this.#connection?.post({ type: "took", number: message.number }), 0);
  }
}
