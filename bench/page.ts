/** What a reader waits for: a node's page in a real browser, from its address to the first paint, and what it takes over the wire. */
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Browser } from "playwright-core";
import { BlockchainNetwork } from "../src/node/blockchain-network.ts";
import { browserMissing, launchBrowser } from "../test/client/browser.ts";
import { type Figure, median, type Section } from "./measure.ts";

const root = path.dirname(import.meta.dirname);
/** What a first load may take, compressed, on any connection. */
const firstLoadMaxKilobytes = 150;
const barePage = '<!doctype html><html lang="en"><title>bare</title><h1>bare</h1></html>';

interface Load {
  readonly firstPaintMs: number;
  readonly firstBlockMs: number;
  readonly kilobytes: number;
}

export const measurePage: Section = async ({ quick, progress, directory }) => {
  if (browserMissing !== false) {
    progress(`skipped: ${browserMissing}`);
    return [];
  }
  const rounds = quick ? 3 : 9;
  progress("building, since a node serves the page from its build");
  execFileSync(process.execPath, [path.join(root, "bin", "build.js")], { stdio: "ignore" });
  const network = new BlockchainNetwork({ dataDir: await directory() });
  network.addPoaNode("PoA_1", { authorizedNodes: ["PoA_1"], apiPort: 0 });
  const bare = createServer((_request, response) =>
    response.setHeader("content-type", "text/html").end(barePage),
  );
  const browser = await launchBrowser();
  try {
    await network.startAll();
    for (let block = 0; block < 5; block += 1) {
      await network.committed("PoA_1", await network.sendTestTransaction("PoA_1", `Block ${block}`));
    }
    const url = network.node("PoA_1").apiUrl ?? "";
    await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));
    const bareUrl = `http://127.0.0.1:${(bare.address() as AddressInfo).port}`;
    const bareMs: number[] = [];
    const loads: Load[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bareMs.push((await load(browser, bareUrl, "h1")).firstPaintMs);
      loads.push(await load(browser, `${url}/`, "main a[href*='#/block/']"));
      progress(`round ${round + 1} of ${rounds}: ${Math.round(loads.at(-1)?.firstPaintMs ?? 0)} ms`);
    }
    const limit = { value: median(bareMs), meaning: "first paint of a page with one heading" };
    const kilobytes: Figure = {
      name: "page, first load, compressed",
      value: median(loads.map((each) => each.kilobytes)),
      unit: "kB",
      limit: { value: firstLoadMaxKilobytes, meaning: "what a first load may take" },
      aim: { below: 1 },
    };
    return [
      { name: "page, first paint", value: median(loads.map((each) => each.firstPaintMs)), unit: "ms", limit },
      {
        name: "page, first block shown",
        value: median(loads.map((each) => each.firstBlockMs)),
        unit: "ms",
        limit,
      },
      kilobytes,
    ];
  } finally {
    await browser.close();
    bare.close();
    await network.stopAll();
  }
};

/** Opens a page in a window with nothing kept from before. */
async function load(browser: Browser, url: string, shown: string): Promise<Load> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.locator(shown).first().waitFor();
  const measured = await page.evaluate(async () => {
    const firstBlockMs = performance.now();
    const paint = await new Promise<number>((resolve) => {
      new PerformanceObserver((list) => {
        const entry = list.getEntriesByName("first-contentful-paint")[0];
        if (entry) resolve(entry.startTime);
      }).observe({ type: "paint", buffered: true });
    });
    const loaded = [
      ...performance.getEntriesByType("navigation"),
      ...performance.getEntriesByType("resource"),
    ];
    // Files of the page; what the API answers is no part of it.
    const bytes = (loaded as PerformanceResourceTiming[])
      .filter(({ name }) => !name.includes("/v1/"))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
    return { firstBlockMs, firstPaintMs: paint, kilobytes: bytes / 1_000 };
  });
  await context.close();
  return measured;
}
