/** The hub that shares event streams among tabs, on real nodes behind a proxy that breaks. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fromUtf8 } from "../../src/base/bytes.ts";
import type { HubMessage, News, TabMessage } from "../../src/web/live/hub-messages.ts";
import { linkTimes } from "../../src/web/live/node-link.ts";
import { StreamHub, type TabPort } from "../../src/web/live/stream-hub.ts";
import { BreakableProxy } from "../client/breakable-proxy.ts";
import { type ApiRig, alice, openApiRig } from "../http/api-rig.ts";
import { until } from "../support/patience.ts";

const times = { ...linkTimes, retryMaxMs: 200, pollEveryMs: 100 };

/** A tab that works through its news at once, unless it is told to be busy. */
class TestTab implements TabPort {
  readonly news: News[] = [];
  readonly #hub: StreamHub;
  isBusy = false;

  constructor(hub: StreamHub) {
    this.#hub = hub;
  }

  post(message: HubMessage): void {
    if (message.type === "ping") return;
    this.news.push(message);
    if (!this.isBusy) this.say({ type: "took", number: message.number });
  }

  say(message: TabMessage): void {
    this.#hub.hear(this, message);
  }

  want(baseUrl: string, topics: readonly string[] = ["head"], isVisible = true): void {
    const nodes = [{ baseUrl, topics }] as Extract<TabMessage, { type: "want" }>["nodes"];
    this.say({ type: "want", nodes, isVisible });
  }

  get state() {
    return this.news.at(-1)?.state;
  }

  get heads(): number[] {
    return this.news.flatMap(({ events }) =>
      events.flatMap((event) => (event.event === "head" ? [event.data.height] : [])),
    );
  }

  get reloads() {
    return this.news.flatMap(({ reload }) => reload ?? []);
  }

  isLive(): boolean {
    return this.state?.link.kind === "live";
  }
}

describe("the hub of all tabs", () => {
  let rig: ApiRig;
  let proxy: BreakableProxy;
  let hub: StreamHub;
  let sequence = 0;
  before(async () => {
    rig = await openApiRig();
    proxy = await BreakableProxy.open(rig.url);
    hub = new StreamHub({ streamsMax: 1, flushMs: 5, times });
  });
  after(async () => {
    hub?.close();
    await proxy?.close();
    await rig?.close();
  });

  async function seal(): Promise<void> {
    const record = rig.sign({ kind: "record", data: fromUtf8("x") }, alice, { sequence });
    sequence += 1;
    assert.ok((await rig.mempool.add(record)).ok);
    await rig.sealWaiting();
  }

  async function listeners(): Promise<number> {
    const text = await (await fetch(`${rig.url}/metrics`)).text();
    return Number(/^aurex_event_listeners(?:\{.*\})? (\d+)/m.exec(text)?.[1]);
  }

  it("has one stream for all tabs, and tells each what it wants to hear", async () => {
    const tabs = Array.from({ length: 7 }, () => new TestTab(hub));
    for (const tab of tabs) tab.want(proxy.url);
    const other = new TestTab(hub);
    other.want(proxy.url, ["final"]);
    await until("all tabs know the node", () => [...tabs, other].every((tab) => tab.isLive()));
    await seal();
    await until("all tabs have heard of the block", () => tabs.every(({ heads }) => heads.includes(1)));
    assert.equal(other.state?.facts?.head.height, 1);
    assert.deepEqual(other.heads, []);
    assert.equal(await listeners(), 1);
    assert.ok(Math.abs(other.state?.clockOffsetMs ?? Number.NaN) < 60_000);
    for (const tab of [...tabs, other]) tab.say({ type: "bye" });
    assert.equal(hub.tabCount, 0);
    await until("nobody listens any more", async () => (await listeners()) === 0);
  });

  it("says since when nobody answers and what helps, and what has to be read again afterwards", async () => {
    const tab = new TestTab(hub);
    tab.want(proxy.url);
    await until("the node is heard", () => tab.isLive());
    proxy.isHeld = true;
    proxy.pointAt("http://127.0.0.1:1");
    proxy.cut();
    const link = await until("it is lost", () => tab.state?.link.kind === "lost" && tab.state.link);
    assert.match(link.next, /Start the node/);
    assert.ok(link.retryAtMs >= link.sinceMs);
    proxy.isHeld = false;
    proxy.pointAt(rig.url);
    tab.say({ type: "retry", baseUrl: proxy.url });
    await until("it is heard again", () => tab.isLive());
    assert.deepEqual(tab.reloads, ["began", "back"]);
    tab.say({ type: "bye" });
  });

  it("tells a node that was started again from another chain", async () => {
    await using resources = new AsyncDisposableStack();
    const second = await openApiRig();
    resources.defer(() => second.close());
    const tab = new TestTab(hub);
    resources.defer(() => tab.say({ type: "bye" }));
    tab.want(proxy.url);
    await until("the node is heard", () => tab.isLive());
    proxy.pointAt(second.url);
    proxy.cut();
    await until("it was started again", () => tab.reloads.includes("restarted"));
    const third = await openApiRig({ minimumFee: "0.5" });
    resources.defer(() => third.close());
    assert.notDeepEqual(third.chain.spec.chainId, second.chain.spec.chainId);
    proxy.pointAt(third.url);
    proxy.cut();
    await until("it is another chain", () => tab.reloads.includes("other-chain"));
    assert.equal(tab.state?.facts?.head.height, 0);
    proxy.pointAt(rig.url);
    proxy.cut();
    await until(
      "it is the first again",
      () => tab.reloads.filter((why) => why === "other-chain").length === 2,
    );
  });

  it("tells a tab that nobody sees nothing, and then once that it has missed something", async () => {
    const watching = new TestTab(hub);
    const hidden = new TestTab(hub);
    watching.want(proxy.url);
    hidden.want(proxy.url);
    await until("both hear", () => watching.isLive() && hidden.isLive());
    hidden.want(proxy.url, ["head"], false);
    const before = hidden.news.length;
    await seal();
    await seal();
    const height = rig.chain.head.header.height;
    await until("the block was told", () => watching.heads.includes(height));
    assert.equal(hidden.news.length, before);
    hidden.want(proxy.url);
    assert.deepEqual(
      hidden.news.slice(before).map(({ reload }) => reload),
      ["gap"],
    );
    assert.equal(hidden.state?.facts?.head.height, height);
    for (const tab of [watching, hidden]) tab.say({ type: "bye" });
  });

  it("holds back from a tab that does not keep up, and tells it later to read again", async () => {
    const watching = new TestTab(hub);
    const busy = new TestTab(hub);
    watching.want(proxy.url);
    busy.want(proxy.url);
    await until("both hear", () => watching.isLive() && busy.isLive());
    busy.isBusy = true;
    const before = busy.news.length;
    for (let block = 0; block < 14; block += 1) {
      await seal();
      const { height } = rig.chain.head.header;
      await until("the block was told", () => watching.heads.includes(height));
    }
    assert.equal(busy.news.length, before + 10);
    busy.isBusy = false;
    busy.say({ type: "took", number: busy.news.at(-1)?.number ?? 0 });
    assert.equal(busy.news.at(-1)?.reload, "gap");
    assert.equal(busy.state?.facts?.head.height, rig.chain.head.header.height);
    for (const tab of [watching, busy]) tab.say({ type: "bye" });
  });

  it("asks nodes from time to time that get no stream, and gives the stream to what is looked at", async () => {
    const one = new TestTab(hub);
    const other = new TestTab(hub);
    one.want(rig.url);
    await until("one hears", () => one.isLive());
    other.want(proxy.url);
    await until(
      "the one that was there first is asked now and then",
      () => one.state?.link.kind === "polled",
    );
    await until("the other has the stream", () => other.isLive());
    assert.equal(hub.modes.get(rig.url), "poll");
    assert.equal(hub.modes.get(proxy.url), "stream");
    await seal();
    await until("the one without a stream reads again", () => one.reloads.includes("gap"));
    other.say({ type: "bye" });
    await until("it has the stream again", () => one.isLive());
    one.say({ type: "bye" });
  });

  it("hears three of five nodes below one origin by streams, and asks the other two", async () => {
    await using resources = new AsyncDisposableStack();
    const five = new StreamHub({ streamsMax: 3, flushMs: 5, times });
    resources.defer(() => five.close());
    const tabs: TestTab[] = [];
    for (let node = 0; node < 5; node += 1) {
      const near = await BreakableProxy.open(rig.url);
      resources.defer(() => near.close());
      const tab = new TestTab(five);
      tab.want(near.url);
      tabs.push(tab);
    }
    await until("all are heard", () =>
      tabs.every(({ state }) => state?.link.kind === "live" || state?.link.kind === "polled"),
    );
    const modes = [...five.modes.values()].toSorted();
    assert.deepEqual(modes, ["poll", "poll", "stream", "stream", "stream"]);
    await seal();
    const { height } = rig.chain.head.header;
    await until("all know the block", () => tabs.every(({ state }) => state?.facts?.head.height === height));
  });

  it("says once to whom it begins to tell something: what was read before may be old", async () => {
    const first = new TestTab(hub);
    first.want(proxy.url, ["head", "final"]);
    await until("the node is heard", () => first.isLive());
    assert.deepEqual(first.reloads, ["began"]);
    const second = new TestTab(hub);
    second.want(proxy.url);
    assert.deepEqual(second.reloads, ["began"], "also if the node was heard before the tab was there");
    second.want(proxy.url, ["head", "final"]);
    assert.deepEqual(second.reloads, ["began", "began"], "of one more topic");
    second.want(proxy.url, ["final"]);
    await seal();
    await until("the block was told", () => first.heads.length === 1);
    assert.deepEqual(second.reloads, ["began", "began"], "not of fewer");
    assert.deepEqual(first.reloads, ["began"], "nor to others");
    const asked = new StreamHub({ streamsMax: 0, flushMs: 5, times });
    const third = new TestTab(asked);
    third.want(proxy.url);
    await until("the node is asked", () => third.state?.link.kind === "polled");
    assert.deepEqual(third.reloads, ["began"]);
    asked.close();
    for (const tab of [first, second]) tab.say({ type: "bye" });
  });

  it("connects again for more topics and misses nothing", async () => {
    const tab = new TestTab(hub);
    tab.want(proxy.url);
    await until("it hears", () => tab.isLive());
    await seal();
    const { height } = rig.chain.head.header;
    await until("the block was told", () => tab.heads.includes(height));
    tab.want(proxy.url, ["head", "mempool"]);
    await seal();
    const isTold = () => tab.heads.includes(height + 1) || tab.reloads.includes("gap");
    await until("the block was told, or that something was missed", isTold);
    await seal();
    const isMempool = ({ events }: News) => events.some(({ event }) => event === "mempool");
    await until("both topics are told", () => tab.heads.includes(height + 2) && tab.news.some(isMempool));
    assert.ok(!tab.news.some(({ state }) => state.link.kind === "lost"));
    tab.say({ type: "bye" });
  });
});
