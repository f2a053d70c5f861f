/** What keeps the page up to date, without a browser: answers, slots, requests, ticks, states, settings. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Advice, NodeAnswer } from "../../src/api/node-status.ts";
import { ApiProblem, ApiUnreachable } from "../../src/client/api-problem.ts";
import type { NodeEvent } from "../../src/client/event-parser.ts";
import { AnswerLoader, type LoaderState, type LoaderTimes } from "../../src/web/live/answer-loader.ts";
import { fewAtOnce } from "../../src/web/live/few-requests.ts";
import type { HubMessage, TabMessage } from "../../src/web/live/hub-messages.ts";
import { LiveClient } from "../../src/web/live/live-client.ts";
import { factsAfter, factsOfAnswer, unknownState } from "../../src/web/live/node-state.ts";
import { statusWith } from "../../src/web/live/status-merge.ts";
import { streamProblem } from "../../src/web/live/stream-problem.ts";
import { StreamSlots } from "../../src/web/live/stream-slots.ts";
import { type SyncSample, syncProgress, withSample } from "../../src/web/live/sync-pace.ts";
import { Ticker } from "../../src/web/live/ticker.ts";
import { dateText } from "../../src/web/parts/date-text.ts";
import { rememberChain } from "../../src/web/shell/chain-memory.ts";
import { defaultSettings, readSettings } from "../../src/web/shell/settings.ts";
import { clockText, retryText, syncText } from "../../src/web/shell/state-text.ts";
import { until } from "../support/patience.ts";

const times: LoaderTimes = { restMinMs: 5, restMaxMs: 50, retryMinMs: 5, retryMaxMs: 40 };

/** A load whose end the test decides. */
class Loads {
  readonly pending: {
    readonly signal: AbortSignal;
    resolve(answer: number): void;
    reject(thrown: unknown): void;
  }[] = [];
  count = 0;
  atOnce = 0;
  atOnceMax = 0;

  readonly load = (signal: AbortSignal): Promise<number> => {
    this.count += 1;
    this.atOnce += 1;
    this.atOnceMax = Math.max(this.atOnceMax, this.atOnce);
    return new Promise<number>((resolve, reject) => {
      this.pending.push({ signal, resolve, reject });
      signal.addEventListener("abort", () => reject(signal.reason));
    }).finally(() => {
      this.atOnce -= 1;
    });
  };

  async end(answer: number | Error): Promise<void> {
    const { resolve, reject } = await until("a load is under way", () => this.pending.shift());
    if (typeof answer === "number") resolve(answer);
    else reject(answer);
    await delay(0);
  }
}

function loaderOf(loads: Loads) {
  const states: LoaderState<number>[] = [];
  const loader = new AnswerLoader<number>({
    load: loads.load,
    changed: (state) => states.push(state),
    times,
  });
  return { loader, states };
}

function problem(status: number, retryAfterMs?: number): ApiProblem {
  const fields = { type: "urn:x", title: "x", detail: "x", next: "x", code: "x" };
  return new ApiProblem({ ...fields, status }, retryAfterMs);
}

describe("an answer that is kept up to date", () => {
  it("has one request under way, and one more after a burst of events", async () => {
    const loads = new Loads();
    const { loader } = loaderOf(loads);
    loader.reload();
    for (let event = 0; event < 500; event += 1) loader.outdated();
    await loads.end(1);
    await until("it is asked again", () => loads.count === 2);
    assert.deepEqual(loader.state, { answer: 1, problem: undefined, isLoading: true });
    await loads.end(2);
    await delay(30);
    assert.equal(loads.count, 2);
    assert.equal(loads.atOnceMax, 1);
    assert.deepEqual(loader.state, { answer: 2, problem: undefined, isLoading: false });
    loader.stop();
  });

  it("keeps the old answer beside the problem, and tries again what may pass", async () => {
    for (const passing of [new ApiUnreachable("http://x", "gone"), problem(503), problem(429, 10)]) {
      const loads = new Loads();
      const { loader } = loaderOf(loads);
      loader.reload();
      await loads.end(1);
      loader.reload();
      await loads.end(passing);
      assert.deepEqual(loader.state, { answer: 1, problem: passing, isLoading: false });
      await loads.end(2);
      assert.deepEqual(loader.state, { answer: 2, problem: undefined, isLoading: false });
      loader.stop();
    }
  });

  it("does not ask again for what was refused for good", async () => {
    const loads = new Loads();
    const { loader } = loaderOf(loads);
    loader.reload();
    await loads.end(problem(404));
    await delay(30);
    assert.equal(loads.count, 1);
    // Until something has happened: the account may exist now.
    loader.outdated();
    await loads.end(7);
    assert.equal(loader.state.answer, 7);
    loader.stop();
  });

  it("gives a request up if somebody wants the answer anew, and says nothing after its end", async () => {
    const loads = new Loads();
    const { loader, states } = loaderOf(loads);
    loader.reload();
    const [first] = loads.pending;
    loader.reload();
    assert.ok(first?.signal.aborted);
    loads.pending.shift();
    await loads.end(2);
    assert.equal(loader.state.answer, 2);
    loader.reload();
    loader.stop();
    const said = states.length;
    await delay(10);
    assert.equal(states.length, said);
  });

  it("asks nothing while nobody looks, and once afterwards", async () => {
    const loads = new Loads();
    const { loader } = loaderOf(loads);
    loader.reload();
    await loads.end(1);
    loader.isPaused = true;
    for (let event = 0; event < 50; event += 1) loader.outdated();
    await delay(30);
    assert.equal(loads.count, 1);
    loader.isPaused = false;
    await loads.end(2);
    await delay(30);
    assert.equal(loads.count, 2);
    loader.stop();
  });
});

describe("streams of tabs without a worker", () => {
  it("are three, pass on to others, and are not kept by tabs that are gone", () => {
    const store = new Map<string, string>();
    let nowMs = 1_000_000;
    const slotsOf = (owner: string) =>
      new StreamSlots({
        owner,
        slots: 3,
        nowMs: () => nowMs,
        store: {
          getItem: (key) => store.get(key) ?? null,
          setItem: (key, value) => store.set(key, value),
          removeItem: (key) => store.delete(key),
        },
      });
    const tabs = Array.from({ length: 7 }, (_, index) => slotsOf(`tab${index}`));
    assert.equal(tabs.filter((tab) => tab.hold()).length, 3);
    assert.equal(tabs.filter((tab) => tab.hold()).length, 3);
    tabs[0]?.release();
    assert.ok(tabs[5]?.hold());
    assert.ok(!tabs[0]?.hold());
    // All are gone without a word.
    nowMs += 60_000;
    assert.ok(tabs[6]?.hold());
    // The clock is set back by an hour.
    nowMs -= 3_600_000;
    assert.equal(tabs.filter((tab) => tab.hold()).length, 3);
    const forbidden = () => {
      throw new Error("forbidden");
    };
    const store2 = { getItem: forbidden, setItem: forbidden, removeItem: forbidden };
    assert.ok(!new StreamSlots({ owner: "x", slots: 3, nowMs: () => nowMs, store: store2 }).hold());
  });
});

describe("a tab's end of the hub", () => {
  function connected() {
    const said: TabMessage[][] = [];
    const hears: ((message: HubMessage) => void)[] = [];
    const client = new LiveClient(
      (hear) => {
        const mine: TabMessage[] = [];
        said.push(mine);
        hears.push(hear);
        return { post: (message) => mine.push(message), close: () => undefined };
      },
      { silenceMaxMs: 40 },
    );
    return { client, said, hears };
  }

  it("says once what all parts want, and connects to another hub if this one is silent", async () => {
    const { client, said, hears } = connected();
    const ends = [
      client.watch({ baseUrl: "a", topics: ["head"], news: () => undefined }),
      client.watch({ baseUrl: "a", topics: ["final", "head"], news: () => undefined }),
    ];
    await until("it has said so", () => said[0]?.length === 1);
    const want = { type: "want", nodes: [{ baseUrl: "a", topics: ["final", "head"] }], isVisible: true };
    assert.deepEqual(said[0], [want]);
    hears[0]?.({ type: "ping" });
    assert.equal(said[0]?.length, 2);
    await until("there is another hub, and it knows what is wanted", () => said[1]?.length === 1);
    assert.deepEqual(said[1], [want]);
    for (const end of ends) end();
    client.leave();
    assert.deepEqual(said.at(-1)?.at(-1), { type: "bye" });
  });
});

describe("requests of a tab", () => {
  it("are few at once, go in turn, and leave the line when they are given up", async () => {
    const running: (() => void)[] = [];
    const started: string[] = [];
    const send = fewAtOnce((url) => {
      started.push(url);
      return new Promise((resolve) => running.push(() => resolve(new Response(url))));
    }, 2);
    const all = ["a", "b", "c", "d"].map((url) => send(url, {}));
    const givenUp = new AbortController();
    const gone = send("e", { signal: givenUp.signal });
    givenUp.abort(new Error("nobody needs it"));
    await assert.rejects(gone, /nobody needs it/);
    assert.deepEqual(started, ["a", "b"]);
    for (let answered = 0; answered < 4; answered += 1) {
      running.shift()?.();
      await delay(0);
    }
    assert.deepEqual(await Promise.all(all.map(async (each) => (await each).text())), ["a", "b", "c", "d"]);
    assert.deepEqual(started, ["a", "b", "c", "d"]);
    assert.equal((await Promise.race([send("f", {}), delay(5)])) ?? "waits", "waits");
    assert.equal(started.at(-1), "f");
  });
});

describe("what ticks", () => {
  it("stands still while nobody looks", async () => {
    const ticker = new Ticker();
    let ticks = 0;
    const again = () => {
      ticks += 1;
      ticker.after(1, again);
    };
    ticker.after(1, again);
    await until("it ticks", () => ticks >= 2);
    ticker.isPaused = true;
    const before = ticks;
    await delay(120);
    assert.equal(ticks, before);
    ticker.isPaused = false;
    await until("it goes on", () => ticks > before);
    ticker.isPaused = true;
  });
});

const chain = { chainId: "c1", consensus: "poa", name: "n", nodeId: "id", authorities: ["a"] } as const;
const state = {
  sealing: "off",
  notSealingBecause: null,
  established: true,
  quorum: null,
  peers: 1,
  syncing: null,
} as const;
const head = { height: 4, hash: "h4", timestampMs: 4_000, time: "t" };

describe("the state of a node", () => {
  const snapshot = {
    event: "snapshot",
    id: "e-1",
    data: {
      epoch: "e",
      topics: [],
      head,
      final: null,
      mempool: { count: 1, bytes: 9 },
      advice: [],
      ...chain,
      ...state,
    },
  } as unknown as NodeEvent;
  const after = (...events: readonly unknown[]) =>
    (events as NodeEvent[]).reduce<ReturnType<typeof factsAfter>>(factsAfter, null);
  const advice = { code: "disk", fault: true, what: "w", why: "y", next: "n" } as Advice;

  it("begins with a snapshot, and goes on by events", () => {
    assert.equal(after({ event: "head", data: { ...head, final: null } }), null);
    assert.equal(after(snapshot)?.process, "e");
    const moved = after(
      snapshot,
      { event: "head", data: { ...head, height: 5, hash: "h5", final: { height: 3, hash: "h3" } } },
      { event: "final", data: { height: 4, hash: "h4" } },
      { event: "mempool", data: { count: 7, bytes: 70 } },
      { event: "peer", data: { peers: 3 } },
      { event: "status", data: { ...state, peers: 3, sealing: "sealing" } },
      { event: "authority", data: { change: "set", authorities: ["b"] } },
      { event: "authority", data: { change: "evidence", authority: "a", kind: "vote-pair" } },
      { event: "warning", data: { state: "raised", ...advice } },
      { event: "warning", data: { state: "raised", ...advice } },
    );
    assert.deepEqual([moved?.head.height, moved?.final?.height, moved?.mempool.count], [5, 4, 7]);
    assert.deepEqual([moved?.peers, moved?.sealing, moved?.authorities], [3, "sealing", ["b"]]);
    assert.deepEqual(moved?.advice, [advice]);
    const cleared = factsAfter(moved, {
      event: "warning",
      data: { state: "cleared", ...advice },
    } as NodeEvent);
    assert.deepEqual(cleared?.advice, []);
  });

  it("brings the last status forward, unless that is of another chain", () => {
    const status = {
      ...chain,
      ...state,
      head,
      final: null,
      mempool: 4,
      advice: [],
      startedAtMs: 1,
      version: "v",
    };
    const answer = status as unknown as NodeAnswer;
    const facts = { ...factsOfAnswer(answer), head: { ...head, height: 9 }, mempool: { count: 1, bytes: 1 } };
    const merged = statusWith(answer, facts, []);
    assert.deepEqual([merged.head.height, merged.mempool, merged.version], [9, 4, "v"]);
    assert.equal(statusWith(answer, facts, [snapshot]).mempool, 1);
    assert.equal(statusWith(answer, { ...facts, chainId: "c2" }, []).head.height, 4);
    assert.equal(unknownState.facts, null);
  });

  it("says why nobody answers, and what helps", () => {
    assert.match(streamProblem(new ApiUnreachable("u", "fetch failed")).reason, /^Nobody answers/);
    assert.match(
      streamProblem(new ApiUnreachable("u", "what answers there is no Aurex node (HTTP 502)")).reason,
      /502/,
    );
    assert.equal(streamProblem(new Error("x"), true).reason, "The node was stopped.");
    assert.equal(streamProblem(problem(403)).reason, "The node refuses: x.");
  });
});

describe("sentences of the frame", () => {
  it("says how far a node is that catches up", () => {
    let samples: readonly SyncSample[] = [];
    for (let second = 0; second <= 10; second += 1) {
      samples = withSample(samples, { atMs: second * 1_000, height: 1_000 + second * 50 });
    }
    const progress = syncProgress(samples, 7_500);
    assert.deepEqual(progress, { percent: 20, leftMs: 120_000 });
    assert.equal(progress && syncText(progress), "catching up: 20 %, about 2 min left");
    assert.deepEqual(syncProgress(samples.slice(0, 2), 7_500), { percent: 14, leftMs: null });
    assert.equal(syncProgress([], 1), null);
    // Back after a reorganization or on another chain: the pace of before says nothing.
    assert.equal(withSample(samples, { atMs: 11_000, height: 3 }).length, 1);
    for (let second = 11; second < 500; second += 1)
      samples = withSample(samples, { atMs: second * 1_000, height: 2_000 + second });
    assert.ok(samples.length <= 61);
  });

  it("says by how much the clock of the browser is wrong, not the node's, which the node says itself", () => {
    assert.match(clockText(3_600_000, false) ?? "", /1 h behind the node's/);
    assert.match(clockText(-90_000, false) ?? "", /1 min ahead of/);
    assert.equal(clockText(2_000, false), undefined);
    assert.equal(clockText(null, false), undefined);
    assert.equal(clockText(3_600_000, true), undefined);
    assert.equal(retryText(5_000, 1_000), "Next try in 4 s.");
    assert.equal(retryText(1_000, 5_000), "Trying now …");
  });

  it("writes times as dates, whatever number a sender wrote", () => {
    assert.equal(dateText(0, "utc"), "1970-01-01 00:00:00 UTC");
    assert.match(dateText(0, "local"), /^19(?:70|69)-\d\d-\d\d \d\d:\d\d:00$/);
    assert.equal(dateText(Number.MAX_SAFE_INTEGER, "utc"), "no date (9007199254740991 ms)");
    assert.equal(dateText(8.64e15, "utc"), "+275760-09-13 00:00:00 UTC");
  });
});

describe("what a browser keeps", () => {
  it("reads settings that are valid, and nothing else", () => {
    assert.deepEqual(readSettings(null), defaultSettings);
    for (const text of ["", "{", "null", "7", '["dark"]'])
      assert.deepEqual(readSettings(text), defaultSettings);
    const kept = { theme: "dark", zone: "mars", times: 3, __proto__: { strip: "x" }, other: 1 };
    assert.deepEqual(readSettings(JSON.stringify(kept)), { ...defaultSettings, theme: "dark" });
  });

  it("remembers which chain was at an address", () => {
    const kept = new Map<string, string>();
    const store = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    assert.equal(rememberChain(store, "a", "c1"), undefined);
    assert.equal(rememberChain(store, "a", "c1"), undefined);
    assert.equal(rememberChain(store, "a", "c2"), "c1");
    for (let address = 0; address < 50; address += 1) rememberChain(store, `x${address}`, "c");
    assert.equal(JSON.parse([...kept.values()][0] ?? "").length, 20);
    for (const text of ["{", "7", '[["a"]]', '[["a",7]]']) {
      store.setItem([...kept.keys()][0] ?? "", text);
      assert.equal(rememberChain(store, "a", "c3"), undefined);
    }
  });
});
