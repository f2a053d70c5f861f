/** Shares the event streams of nodes among all tabs of a browser, which has six connections to an origin. */
import type { EventTopic } from "../../api/events.ts";
import type { NodeEvent } from "../../client/index.ts";
import type { HubMessage, News, ReloadReason, TabMessage, WantedNode } from "./hub-messages.ts";
import { type LinkMode, type LinkTimes, linkTimes, NodeLink } from "./node-link.ts";

/** The other end of a tab. */
export interface TabPort {
  post(message: HubMessage): void;
}

export interface HubOptions {
  /** Streams at once; nodes beyond are asked from time to time. */
  readonly streamsMax: number;
  /** What happens within so many milliseconds is told together. */
  readonly flushMs?: number;
  /** A tab that says nothing for so long is gone. */
  readonly silentMaxMs?: number;
  /** A stream that nobody looks at is closed after so long. */
  readonly idleMs?: number;
  readonly times?: LinkTimes;
}

const defaults = { flushMs: 50, silentMaxMs: 120_000, idleMs: 60_000, times: linkTimes };

/** Events for one tab in one message; it reads everything again instead of more. */
const eventsMax = 1_000;
/** News that a tab has not worked through; more, and it is told later what it has missed. */
const behindMax = 10;

interface Tab {
  nodes: readonly WantedNode[];
  isVisible: boolean;
  heardAtMs: number;
  /** When it was looked at last; tabs that were seen lately get the streams. */
  seenAtMs: number;
  sent: number;
  took: number;
  /** Of which nodes it has missed something, and why it has to read again. */
  readonly missed: Map<string, ReloadReason | null>;
}

interface Line {
  readonly link: NodeLink;
  events: NodeEvent[];
  reload: ReloadReason | null;
  flushTimer: ReturnType<typeof setTimeout> | undefined;
  idleSinceMs: number | undefined;
}

export class StreamHub {
  readonly #tabs = new Map<TabPort, Tab>();
  readonly #lines = new Map<string, Line>();
  readonly #options: HubOptions & typeof defaults;
  #streamsMax: number;
  #beatTimer: ReturnType<typeof setInterval> | undefined;
  #beatAtMs = 0;

  constructor(options: HubOptions) {
    this.#options = { ...defaults, ...options };
    this.#streamsMax = options.streamsMax;
  }

  /** How each node is heard, for tests and those who want to know. */
  get modes(): ReadonlyMap<string, LinkMode> {
    return new Map([...this.#lines].map(([baseUrl, { link }]) => [baseUrl, link.mode]));
  }

  get tabCount(): number {
    return this.#tabs.size;
  }

  /** May change while the hub runs. */
  set streamsMax(count: number) {
    if (count === this.#streamsMax) return;
    this.#streamsMax = count;
    this.#arrange();
  }

  hear(port: TabPort, message: TabMessage): void {
    const nowMs = Date.now();
    if (message.type === "bye") {
      this.#tabs.delete(port);
      this.#arrange();
      return;
    }
    const known = this.#tabs.get(port);
    const tab = known ?? newTab(nowMs);
    if (!known) this.#tabs.set(port, tab);
    tab.heardAtMs = nowMs;
    this.#beatTimer ??= this.#startBeat();
    switch (message.type) {
      case "took":
        tab.took = Math.max(tab.took, message.number);
        break;
      case "retry":
        this.#lines.get(message.baseUrl)?.link.retry();
        break;
      case "want":
        this.#want(port, tab, message.nodes, message.isVisible, nowMs);
        break;
    }
    if (tab.isVisible) this.#tellMissed(port, tab);
  }

  /** Ends everything. */
  close(): void {
    this.#tabs.clear();
    this.#arrange();
  }

  #want(port: TabPort, tab: Tab, nodes: readonly WantedNode[], isVisible: boolean, nowMs: number): void {
    const before = new Map(tab.nodes.map(({ baseUrl, topics }) => [baseUrl, topics]));
    tab.nodes = nodes;
    tab.isVisible = isVisible;
    if (isVisible) tab.seenAtMs = nowMs;
    for (const { baseUrl, topics } of nodes) {
      const told = before.get(baseUrl);
      if (told && topics.every((topic) => told.includes(topic))) continue;
      // What is known already is there at once. A line that has heard nothing yet says at its first snapshot what began.
      const isHeard = this.#lines.get(baseUrl)?.link.state.facts != null;
      tab.missed.set(baseUrl, strongest(tab.missed.get(baseUrl) ?? null, isHeard ? "began" : null));
    }
    this.#arrange();
    if (isVisible) this.#tellMissed(port, tab);
  }

  /** Decides which node is heard by a stream, which is asked, and which is not needed now. */
  #arrange(): void {
    const nowMs = Date.now();
    const wanted = this.#wantedTopics();
    for (const [baseUrl, line] of this.#lines) {
      if (wanted.has(baseUrl)) continue;
      line.link.set("off", []);
      clearTimeout(line.flushTimer);
      this.#lines.delete(baseUrl);
    }
    // The node that was looked at last comes first.
    const byInterest = [...wanted].sort(([, one], [, other]) => other.seenAtMs - one.seenAtMs);
    let streams = 0;
    for (const [baseUrl, { topics, isVisible }] of byInterest) {
      const line = this.#lines.get(baseUrl) ?? this.#newLine(baseUrl);
      line.idleSinceMs = isVisible ? undefined : (line.idleSinceMs ?? nowMs);
      const isIdle = line.idleSinceMs !== undefined && nowMs - line.idleSinceMs >= this.#options.idleMs;
      if (isIdle) {
        line.link.set("off", []);
      } else if (streams < this.#streamsMax) {
        streams += 1;
        line.link.set("stream", topics);
      } else {
        line.link.set("poll", topics);
      }
    }
    if (this.#tabs.size === 0 && this.#beatTimer !== undefined) {
      clearInterval(this.#beatTimer);
      this.#beatTimer = undefined;
    }
  }

  #wantedTopics(): Map<string, { topics: EventTopic[]; isVisible: boolean; seenAtMs: number }> {
    const wanted = new Map<string, { topics: EventTopic[]; isVisible: boolean; seenAtMs: number }>();
    for (const { nodes, isVisible, seenAtMs } of this.#tabs.values()) {
      for (const { baseUrl, topics } of nodes) {
        const known = wanted.get(baseUrl);
        wanted.set(baseUrl, {
          topics: [...new Set([...(known?.topics ?? []), ...topics])],
          isVisible: isVisible || (known?.isVisible ?? false),
          seenAtMs: Math.max(seenAtMs, known?.seenAtMs ?? 0),
        });
      }
    }
    return wanted;
  }

  #newLine(baseUrl: string): Line {
    const line: Line = {
      link: new NodeLink(
        baseUrl,
        { news: (...news) => this.#note(baseUrl, line, ...news) },
        this.#options.times,
      ),
      events: [],
      reload: null,
      flushTimer: undefined,
      idleSinceMs: undefined,
    };
    this.#lines.set(baseUrl, line);
    return line;
  }

  #note(baseUrl: string, line: Line, events: readonly NodeEvent[], reload: ReloadReason | null): void {
    if (reload) {
      // What came before is part of what is read again.
      line.reload = strongest(line.reload, reload);
      line.events = [];
    }
    line.events.push(...events);
    if (line.events.length > eventsMax) {
      line.reload = strongest(line.reload, "gap");
      line.events = [];
    }
    line.flushTimer ??= setTimeout(() => {
      line.flushTimer = undefined;
      this.#flush(baseUrl, line);
    }, this.#options.flushMs);
  }

  #flush(baseUrl: string, line: Line): void {
    const { events, reload } = line;
    line.events = [];
    line.reload = null;
    for (const [port, tab] of this.#tabs) {
      const wanted = tab.nodes.find((node) => node.baseUrl === baseUrl);
      if (!wanted) continue;
      if (!tab.isVisible || tab.sent - tab.took >= behindMax) {
        const isNews = reload !== null || events.length > 0;
        const missed = tab.missed.get(baseUrl) ?? null;
        tab.missed.set(baseUrl, isNews ? strongest(missed, reload ?? "gap") : missed);
        continue;
      }
      const topics: readonly string[] = wanted.topics;
      const its = events.filter(({ event }) => topics.includes(event));
      this.#send(port, tab, { baseUrl, state: line.link.state, events: its, reload });
    }
  }

  /** For a tab that is looked at again, or that has caught up. */
  #tellMissed(port: TabPort, tab: Tab): void {
    for (const [baseUrl, reload] of tab.missed) {
      const line = this.#lines.get(baseUrl);
      if (!line || tab.sent - tab.took >= behindMax) continue;
      tab.missed.delete(baseUrl);
      this.#send(port, tab, { baseUrl, state: line.link.state, events: [], reload });
    }
  }

  #send(port: TabPort, tab: Tab, news: Omit<News, "type" | "number">): void {
    tab.sent += 1;
    port.post({ type: "news", number: tab.sent, ...news });
  }

  #startBeat(): ReturnType<typeof setInterval> {
    this.#beatAtMs = Date.now();
    return setInterval(() => this.#beat(), beatEveryMs);
  }

  /** Asks the tabs whether they are there, and notices that the machine has slept. */
  #beat(): void {
    const nowMs = Date.now();
    const lateMs = nowMs - this.#beatAtMs - beatEveryMs;
    this.#beatAtMs = nowMs;
    if (Math.abs(lateMs) > sleptMs) this.#wakeUp(nowMs);
    for (const [port, tab] of this.#tabs) {
      if (nowMs - tab.heardAtMs > this.#options.silentMaxMs) this.#tabs.delete(port);
      else port.post({ type: "ping" });
    }
    this.#arrange();
  }

  /** Connections from before are dead or will be, tabs had no chance to answer, and the clock may have been set. */
  #wakeUp(nowMs: number): void {
    for (const tab of this.#tabs.values()) tab.heardAtMs = nowMs;
    for (const { link } of this.#lines.values()) {
      link.retry();
      link.measureClockAgain();
    }
  }
}

const beatEveryMs = 5_000;
const sleptMs = 20_000;

function newTab(nowMs: number): Tab {
  return {
    nodes: [],
    isVisible: true,
    heardAtMs: nowMs,
    seenAtMs: nowMs,
    sent: 0,
    took: 0,
    missed: new Map(),
  };
}

const byWeight: readonly (ReloadReason | null)[] = [null, "began", "gap", "back", "restarted", "other-chain"];

function strongest(one: ReloadReason | null, other: ReloadReason | null): ReloadReason | null {
  return byWeight.indexOf(one) >= byWeight.indexOf(other) ? one : other;
}
