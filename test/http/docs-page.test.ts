/** The page `/docs` in a real browser: it shows every route, sends requests, shows what comes as text, and asks no other host. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { allRoutes } from "../../src/api/routes.ts";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { browserMissing, launchBrowser } from "../client/browser.ts";
import { patienceMs, suiteMaxMs } from "../support/patience.ts";
import { type ApiRig, alice, openApiRig } from "./api-rig.ts";

const markup = '<img src="x" onerror="document.title=1">';

describe("the page /docs", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let rig: ApiRig;
  let browser: Browser;
  let page: Page;
  const asked: string[] = [];
  const complaints: string[] = [];
  before(async () => {
    rig = await openApiRig();
    const record = rig.sign({ kind: "record", data: fromUtf8(markup) }, alice);
    assert.ok((await rig.mempool.add(record)).ok);
    await rig.sealWaiting();
    browser = await launchBrowser();
    page = await browser.newPage();
    page.setDefaultTimeout(patienceMs());
    page.on("request", (request) => asked.push(request.url()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await page.goto(`${rig.url}/docs`);
    await page.waitForSelector("section");
  });
  after(async () => {
    await browser?.close();
    await rig?.close();
  });

  /** What the form of a route shows after it was filled in and sent. */
  async function send(name: string, values: Readonly<Record<string, string>> = {}): Promise<string> {
    const route = page.locator(`#${name}`);
    if ((await route.getAttribute("open")) === null) await route.locator("> summary").click();
    for (const [field, value] of Object.entries(values)) await route.locator(`#${name}-${field}`).fill(value);
    await route.locator('button[type="submit"]').click();
    const output = route.locator("pre.output");
    await output.filter({ hasText: /\n\d{3} / }).waitFor();
    return output.innerText();
  }

  it("has every route, with a link from its chapter", async () => {
    assert.equal(await page.locator("section > details").count(), allRoutes.length);
    assert.ok((await page.locator("nav a").count()) >= 8);
  });

  it("sends a request and shows the answer, and an error as it is", async () => {
    assert.match(await send("getNode"), /^GET \/v1\/node\n200 OK\n[\s\S]*"chainId"/);
    assert.match(await send("getBlock", { reference: "tail" }), /\n400 [\s\S]*"next"/);
    assert.match(await send("postJoinWindow"), /^POST \/v1\/authorities\/open\n401 [\s\S]*api\/token/);
    // From the keyboard, as forms are sent.
    await page.locator("#getBlock-reference").fill("1");
    await page.locator("#getBlock-reference").press("Enter");
    await page.locator("#getBlock pre.output").filter({ hasText: "GET /v1/blocks/1\n200 OK" }).waitFor();
  });

  it("shows markup of others as text", async () => {
    assert.ok((await send("getBlock", { reference: "1" })).includes(JSON.stringify(markup).slice(1, -1)));
    assert.equal(await page.locator("main img").count(), 0);
    assert.equal(await page.title(), "API of this Aurex node");
  });

  it("asks its own node alone, and breaks none of its own rules", async () => {
    for (const url of asked) assert.ok(url.startsWith(`${rig.url}/`) || url === "data:,", url);
    // The browser notes the refusals that were asked for above.
    assert.deepEqual(
      complaints.filter((text) => !/status of (?:400|401)/.test(text)),
      [],
    );
    const { headers } = await fetch(`${rig.url}/docs`);
    assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'self';/);
    assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
  });

  it("fits a small screen", async () => {
    await page.setViewportSize({ width: 360, height: 640 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${overflow} px too wide`);
  });
});
