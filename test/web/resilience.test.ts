/** The page in a real browser while its node has trouble: gone, slow, full, another chain, events that are missing. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { browserMissing } from "../client/browser.ts";
import { type ApiRig, alice, openApiRig } from "../http/api-rig.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";
import { TroubledProxy } from "./troubled-proxy.ts";

describe("the page of a node with trouble", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let stage: PageStage;
  let rig: ApiRig;
  let proxy: TroubledProxy;
  let opened: OpenedPage;
  let page: Page;
  let sequence = 0;
  before(async () => {
    stage = await openPageStage();
    // So few events are kept that a short break is too long.
    rig = await openApiRig({ events: { ring: { entriesMax: 12, bytesMax: 1_000_000 } } });
    proxy = await TroubledProxy.open(rig.url);
    await seal();
    opened = await stage.open(proxy.url);
    page = opened.page;
    await opened.go("blocks");
    await newest(page, 1);
  });
  after(async () => {
    await opened?.close();
    await stage?.close();
    await proxy?.close();
    await rig?.close();
  });
  afterEach(() => {
    proxy.trouble = undefined;
    proxy.isHeld = false;
    proxy.beforeStreams = undefined;
  });

  async function seal(): Promise<number> {
    const record = rig.sign({ kind: "record", data: fromUtf8("x") }, alice, { sequence });
    sequence += 1;
    assert.ok((await rig.mempool.add(record)).ok);
    await rig.sealWaiting();
    return rig.chain.head.header.height;
  }

  /** Waits until header and list of a page show a block as the newest one. */
  async function newest(shown: Page, height: number): Promise<void> {
    await shown.locator(".head-state", { hasText: `block ${height}` }).waitFor();
    await shown
      .locator("tbody tr")
      .first()
      .getByRole("link", { name: String(height), exact: true })
      .waitFor();
  }

  async function listeners(): Promise<number> {
    const text = await (await fetch(`${rig.url}/metrics`)).text();
    return Number(/^aurex_event_listeners(?:\{.*\})? (\d+)/m.exec(text)?.[1]);
  }

  it("says that nobody answers, since when and what helps, marks what is old, and comes back by itself", async () => {
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    proxy.pointAt(undefined);
    const notice = page.locator(".note.bad", { hasText: "The node does not answer" });
    await notice.waitFor();
    const text = await notice.innerText();
    assert.match(text, /Start the node if it was stopped/);
    assert.match(text, /Silent for \d+ s/);
    assert.match(text, /What you see is from \d{4}-\d\d-\d\d /);
    await notice.getByText(/Next try in \d+ s|Trying now/).waitFor();
    assert.equal(await page.locator(".main-inner[data-stale]").count(), 1);
    // What was there still is.
    assert.ok((await page.locator("tbody tr").count()) > 0);
    const height = await seal();
    const button = notice.getByRole("button", { name: "Try now" });
    await button.waitFor();
    proxy.pointAt(rig.url);
    // If it is still there: the page tries by itself, too, and may be the first.
    await button.evaluateAll((buttons) => {
      for (const button of buttons) (button as HTMLElement).click();
    });
    await newest(page, height);
    await notice.waitFor({ state: "detached" });
    assert.equal(await page.locator(".main-inner[data-stale]").count(), 0);
    assert.equal(await page.evaluate(() => "isSamePage" in globalThis), true);
  });

  it("shows a block that came after its answers and before its events", async () => {
    await using resources = new AsyncDisposableStack();
    const began = Promise.withResolvers<void>();
    proxy.beforeStreams = began.promise;
    resources.defer(() => began.resolve());
    const early = await stage.open(proxy.url);
    resources.defer(() => early.close());
    await early.go(`block/${rig.chain.head.header.height}`);
    await early.page.getByText("the newest block", { exact: true }).waitFor();
    // Until others were told of it: its event is no part of a stream that begins now.
    await newest(page, await seal());
    began.resolve();
    await early.page.getByText("2 blocks deep", { exact: true }).waitFor();
    assert.deepEqual(early.complaints, []);
  });

  it("reads everything again if the node cannot tell what was missed", async () => {
    proxy.isHeld = true;
    let height = 0;
    // More than the node keeps.
    for (let block = 0; block < 16; block += 1) height = await seal();
    await page.locator(".head-state", { hasText: `block ${height - 16}` }).waitFor();
    proxy.isHeld = false;
    proxy.cut();
    await newest(page, height);
  });

  it("shows what has arrived while answers are slow, and piles up no requests", async () => {
    // The first whole answer after a rest.
    await newest(page, rig.chain.head.header.height);
    proxy.count();
    proxy.trouble = { delayMs: 700 };
    let height = 0;
    for (let block = 0; block < 12; block += 1) height = await seal();
    await newest(page, height);
    assert.equal(proxy.samePathMax, 1);
    assert.ok(proxy.atOnceMax <= 4, `${proxy.atOnceMax} at once`);
    // For a dozen blocks, some of them together; each block by itself would be three times as many.
    assert.ok(proxy.requests <= 24, `${proxy.requests} requests`);
  });

  for (const [what, trouble] of [
    ["full for a while (429)", { refuseWith: 429, retryAfterSeconds: 1 }],
    ["not ready for a while (503)", { refuseWith: 503, retryAfterSeconds: 1 }],
    ["stopping in the middle of answers", { isCutShort: true }],
  ] as const) {
    it(`waits and tries again while the node is ${what}`, async () => {
      const rows = await page.locator("tbody tr").count();
      proxy.count();
      proxy.trouble = trouble;
      const height = await seal();
      await until("it was tried", () => proxy.requests >= 2);
      // The old list stays, and the stream still says which block is the newest.
      await page.locator(".head-state", { hasText: `block ${height}` }).waitFor();
      await page.getByText("This could not be read again").waitFor();
      assert.equal(await page.locator("tbody tr").count(), rows);
      assert.equal(proxy.samePathMax, 1);
      proxy.trouble = undefined;
      await newest(page, height);
      await page.getByText("This could not be read again").waitFor({ state: "detached" });
    });
  }

  it("serves seven tabs by one stream", async () => {
    const tabs = [page];
    while (tabs.length < 7) {
      const tab = await opened.context.newPage();
      await tab.goto(`${proxy.url}/#/blocks`);
      tabs.push(tab);
    }
    for (const tab of tabs) await newest(tab, rig.chain.head.header.height);
    const height = await seal();
    for (const tab of tabs) await newest(tab, height);
    assert.equal(await listeners(), 1);
    // Tabs that are closed are noticed: the last one takes the stream with it.
    for (const tab of tabs.slice(1)) await tab.close();
    await newest(page, await seal());
    assert.equal(await listeners(), 1);
  });

  it("has three streams and asks for the rest where a browser shares no worker", async () => {
    const bare = await stage.open(proxy.url);
    await bare.context.addInitScript(() => {
      delete (globalThis as { SharedWorker?: unknown }).SharedWorker;
    });
    const before = await listeners();
    const tabs = [bare.page];
    while (tabs.length < 7) tabs.push(await bare.context.newPage());
    for (const tab of tabs) await tab.goto(`${proxy.url}/#/blocks`);
    for (const tab of tabs) await newest(tab, rig.chain.head.header.height);
    await until("three of them hear", async () => (await listeners()) === before + 3);
    const height = await seal();
    for (const tab of tabs) await newest(tab, height);
    assert.equal(await listeners(), before + 3);
    assert.deepEqual(bare.complaints, []);
    await bare.close();
  });

  it("asks nothing while nobody sees it, and is up to date when it is seen again", async () => {
    const turn = (state: "hidden" | "visible") =>
      page.evaluate((visibility) => {
        Object.defineProperty(document, "visibilityState", { value: visibility, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    await newest(page, rig.chain.head.header.height);
    await turn("hidden");
    // What was under way comes to its end, and the hub hears that the tab is hidden.
    await until("the page is at rest", async () => {
      proxy.count();
      await seal();
      await page.waitForTimeout(300);
      return proxy.requests === 0;
    });
    const height = await seal();
    await page.waitForTimeout(300);
    assert.equal(proxy.requests, 0);
    await turn("visible");
    await newest(page, height);
  });

  it("goes by the clock of the node, and says that the browser's is wrong", async () => {
    proxy.trouble = { clockAheadMs: 3_630_000 };
    // A hub of its own measures the clock anew.
    const other = await stage.open(proxy.url);
    await other.go("blocks");
    await other.page.getByText("The clock of this device is 1 h behind the node's.").waitFor();
    await other.page.locator("tbody time", { hasText: "1 h ago" }).first().waitFor();
    await other.close();
  });

  it("drops all of a chain whose address another chain has taken, and says so", async () => {
    const second = await openApiRig({ minimumFee: "0.5" });
    try {
      await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
      for (let block = 0; block < 3; block += 1) await newest(page, await seal());
      proxy.pointAt(second.url);
      await page.getByText("Another chain answers at this address now").waitFor();
      await newest(page, 0);
      assert.equal(await page.locator("tbody tr").count(), 1);
      const { chainId } = await second.client.node();
      assert.equal(await page.locator(`.foot [data-same="${chainId}"]`).count(), 1);
      assert.equal(await page.evaluate(() => "isSamePage" in globalThis), true);
      await page.getByRole("button", { name: "Understood" }).click();
      await page.getByText("Another chain answers at this address now").waitFor({ state: "detached" });
      // Also for who comes back later.
      await page.goto("about:blank");
      proxy.pointAt(rig.url);
      await opened.go("blocks");
      await page.getByText("Another chain answers at this address now").waitFor();
    } finally {
      await second.close();
    }
  });

  it("has thrown nothing, through all of it", () => {
    const ofTrouble = /Failed to load resource|net::ERR|status of (?:429|503)/;
    assert.deepEqual(
      opened.complaints.filter((text) => !ofTrouble.test(text)),
      [],
    );
  });
});
