/** A real browser, Debian's chromium, with a page that may run nothing but the modules that a test serves. */
import { accessSync, constants } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { patienceMs } from "../support/patience.ts";

const root = path.join(import.meta.dirname, "../..");
const executable = process.env.SUITE_CHROMIUM ?? "/usr/bin/chromium";

/** Why tests in a browser cannot run here; false if they can. */
export const browserMissing: string | false = isThere(executable)
  ? false
  : `no browser at ${executable}: apt-get install chromium, or name one in SUITE_CHROMIUM`;

function isThere(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** As strict as a page can be: no eval, no WebAssembly, nothing from elsewhere. */
const policy = (connect: string) =>
  `default-src 'none'; script-src 'self'; connect-src 'self' ${connect}; require-trusted-types-for 'script'`;

export interface BrowserPage {
  readonly page: Page;
  /** What the browser said was wrong: refused by the policy, thrown by nobody's call. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** The module of a file of src/ or test/, as a browser gets it. */
export async function bundled(file: string, minify = true): Promise<string> {
  // The bundler is plain JavaScript, for the build.
  const { bundleForBrowser } = (await import("../../bin/bundle.js" as string)) as {
    bundleForBrowser(root: string, input: string, options: object): Promise<{ code: string }>;
  };
  return (await bundleForBrowser(root, file, { minify })).code;
}

/**
 * Closed by the caller.
 *
 * @param more further arguments of chromium
 */
export function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", ...more];
  return chromium.launch({ executablePath: executable, args, timeout: patienceMs() });
}

/**
 * Opens a page that serves `modules` by name, e.g. `/client.js`; the test imports them in `page.evaluate`.
 *
 * @param connect other origins that the page may call
 */
export async function openPage(
  modules: Readonly<Record<string, string>>,
  connect: readonly string[] = [],
): Promise<BrowserPage> {
  const server = createServer((request, response) => {
    const code = modules[request.url ?? ""];
    const type = code === undefined ? "text/html" : "text/javascript";
    response.writeHead(200, { "content-type": type, "content-security-policy": policy(connect.join(" ")) });
    response.end(code ?? "<!doctype html><title>test</title>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let browser: Browser | undefined;
  const complaints: string[] = [];
  const close = async () => {
    await browser?.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  try {
    browser = await launchBrowser();
    const page = await browser.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.setDefaultTimeout(patienceMs());
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return { page, complaints, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
