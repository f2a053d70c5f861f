/** The page in a real browser, in front of a node that really runs; what the browser asked and what it complained about. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser } from "../client/browser.ts";
import { patienceMs } from "../support/patience.ts";
import { builtPage } from "./built-page.ts";

export interface OpenedPage {
  readonly context: BrowserContext;
  readonly page: Page;
  /** The URL of every request, also of workers. */
  readonly asked: readonly string[];
  /** Errors of scripts, errors in the console, and what the page's policy refused. */
  readonly complaints: string[];
  /** Goes to a place of the page, e.g. `block/1`, and waits until its heading is there. */
  go(place: string): Promise<void>;
  close(): Promise<void>;
}

export interface PageStage {
  readonly browser: Browser;
  /** A window with storage of its own. */
  open(url: string, options?: BrowserContextOptions): Promise<OpenedPage>;
  close(): Promise<void>;
}

/** Builds the page if it is not current, and starts a browser. Call it before a node is started: nodes serve what is built. */
export async function openPageStage(args: readonly string[] = []): Promise<PageStage> {
  await builtPage();
  const browser = await launchBrowser(args);
  return {
    browser,
    open: (url, options) => openedPage(browser, url, options),
    close: () => browser.close(),
  };
}

async function openedPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(patienceMs());
  const page = await context.newPage();
  const asked: string[] = [];
  const complaints: string[] = [];
  context.on("request", (request) => asked.push(request.url()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  const root = url.replace(/\/+$/, "");
  return {
    context,
    page,
    asked,
    complaints,
    async go(place) {
      await page.goto(`${root}/#/${place}`);
      await page.locator("main h1").waitFor();
    },
    close: () => context.close(),
  };
}
