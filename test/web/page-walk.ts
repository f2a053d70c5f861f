/** Walks over every page of a node and looks at each as a reader would: is it whole, does it fit, can everybody use it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { pages } from "../../src/web/shell/pages.ts";
import { hrefOf } from "../../src/web/shell/route-path.ts";
import type { OpenedPage } from "./page-stage.ts";
import type { WorldOfEngine } from "./page-world.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** What a reader could not get around. Less serious findings are printed by `npm run pictures`. */
const seriousImpacts = ["serious", "critical"];

export interface Visit {
  /** Of src/web/shell/pages.ts. */
  readonly name: string;
  /** What stands after `#/`. */
  readonly place: string;
}

/** Every page that a node without a lab has, with something to show. */
export function visitsOf({ engine, ...world }: WorldOfEngine): Visit[] {
  const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    block: { reference: "1" },
    transaction: { id: world.paymentId },
    account: { reference: world.addressOfAlice },
    user: { name: "alice@example.com" },
    asset: { id: world.assetId },
    lesson: { lesson: "hash" },
  };
  return pages
    .filter((page) => !page.labOnly && (page.engine === undefined || page.engine === engine))
    .map(({ name, path }) => ({
      name,
      place: hrefOf(undefined, path, values[name], name === "search" ? { q: "alice" } : {}).slice(2),
    }));
}

/** Waits until a page has what it shows: nothing says any more that it loads. */
export async function untilLoaded(page: Page): Promise<void> {
  await page.locator("main h1").first().waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".loading").length === 0);
}

/** By how much the page is wider than the window. */
export function overflowPx(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

/** What axe-core finds that is serious, one line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // Between two colour schemes a button has colours of neither.
  await page.evaluate(async () => {
    const running = document.getAnimations();
    const ending = running.filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map(({ finished }) => finished));
  });
  // By the debugger: the page's own policy would let no script of ours in.
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: Violation[] }> };
    };
    // Part of WCAG 2.2 AA that axe-core leaves off unless it is asked for: 24 px to hit, or that much room.
    const rules = { "target-size": { enabled: true } };
    const { violations } = await axe.run({ resultTypes: ["violations"], rules });
    return violations.map(({ id, impact, help, nodes }) => ({
      impact,
      text: `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`,
    }));
    interface Violation {
      id: string;
      impact: string;
      help: string;
      nodes: { html: string }[];
    }
  });
  return found.filter(({ impact }) => seriousImpacts.includes(impact)).map(({ text }) => text);
}

/** Holds one page to what every page promises. */
export async function lookAt({ page, complaints }: OpenedPage, visit: Visit, where: string): Promise<void> {
  const at = `${visit.name}, ${where}`;
  assert.equal(await page.locator("h1").count(), 1, `${at}: one heading says what the page is`);
  assert.notEqual(await page.title(), "broken", `${at}: markup of others ran`);
  assert.equal(await page.locator("main img[src='x']").count(), 0, `${at}: markup of others is in the page`);
  assert.ok((await overflowPx(page)) <= 0, `${at}: wider than the window`);
  assert.deepEqual(await seriousFindings(page), [], at);
  assert.deepEqual(complaints, [], at);
}
