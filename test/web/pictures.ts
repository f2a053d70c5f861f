/** `npm run pictures`: pictures of every page of the demo, light and dark, into docs/pages; `-- --small DIR` takes small screens into DIR. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Page } from "playwright-core";
import { auditLedger } from "../../src/audit/audit-ledger.ts";
import { auditReport } from "../../src/audit/report/audit-report.ts";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { createApiClient } from "../../src/client/api-client.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { seedBytes } from "../../src/protocol/signing.ts";
import { buildRecord } from "../../src/wallet/build-transaction.ts";
import { loadOrCreateKey } from "../../src/wallet/keystore.ts";
import { lessons } from "../../src/web/learn/lessons.ts";
import { pages } from "../../src/web/shell/pages.ts";
import { hrefOf } from "../../src/web/shell/route-path.ts";
import { browserMissing } from "../client/browser.ts";
import { until } from "../support/patience.ts";
import { programFlags } from "../support/program-flags.ts";
import { type OpenedPage, openPageStage } from "./page-stage.ts";
import { untilLoaded } from "./page-walk.ts";

const root = path.join(import.meta.dirname, "../..");
const inReadme = ["overview", "lab"];
const moreBlocks = 12;
const themes = ["light", "dark"] as const;

interface Picture {
  /** Of the file, without its theme. */
  readonly name: string;
  readonly place: string;
}

const usage = `Takes a picture of every page of the demo in a browser, light and dark, into docs/pages.

npm run pictures -- [options]
  --small DIR          of small screens, into this folder
  --only NAME          this picture alone; may be given again
  --help               prints this

Exit code: 0 taken, 1 not, 2 the command cannot be understood, or there is no browser.
Example: npm run pictures -- --only overview`;

const flags = programFlags("pictures", usage, {
  small: { type: "string" },
  only: { type: "string", multiple: true },
});
if (browserMissing !== false) {
  console.error(browserMissing);
  process.exit(2);
}
const directory = path.resolve(flags.small ?? path.join(root, "docs", "pages"));
mkdirSync(directory, { recursive: true });
const stage = await openPageStage();
const dataDir = mkdtempSync(path.join(tmpdir(), "aurex-pictures-"));
const demo = await startDemo();
try {
  await goOn(demo.url);
  const pictures = (await picturesOf(demo.url)).filter(({ name }) => flags.only?.includes(name) ?? true);
  const viewport = flags.small === undefined ? { width: 1280, height: 800 } : { width: 390, height: 844 };
  if (flags.only?.includes("audit-report") ?? true) await takeReport(demo.url, viewport.width);
  for (const colorScheme of themes) {
    const opened = await stage.open(demo.url, { viewport, colorScheme, reducedMotion: "reduce" });
    await bringKey(opened);
    for (const picture of pictures) await take(opened, picture, colorScheme);
    for (const complaint of opened.complaints) console.error(`complaint: ${complaint}`);
    await opened.close();
  }
} finally {
  await stage.close();
  demo.child.kill("SIGINT");
  await once(demo.child, "exit");
  rmSync(dataDir, { recursive: true, force: true });
}

/** A dozen more blocks on each chain, so that strips, grids and charts have something to show. */
async function goOn(url: string): Promise<void> {
  const keyPair = await loadOrCreateKey(dataDir, "bob");
  const apis = ["PoW_1", "PoA_1"].map((name) => createApiClient(new URL(`nodes/${name}/`, url).href));
  for (let round = 1; round <= moreBlocks; round += 1) {
    for (const api of apis) {
      const { chainId, head } = await api.node();
      const { sequence } = await api.account(addressOf(keyPair.publicKey));
      const record = buildRecord({
        keyPair,
        chainId: fromHex(chainId, 32) ?? new Uint8Array(32),
        sequence,
        fee: 0n,
        validUntil: 0,
        timestampMs: Date.now(),
        data: `Measurement ${round}`,
      });
      if (!record.ok) throw new Error(record.fault.reason);
      await api.submit(record.value.bytes);
      await until("a block with it", async () => (await api.node()).head.height > head.height);
    }
  }
}

/** Whoever looks at the pictures has a key of the demo in the browser. */
async function bringKey({ page, go }: OpenedPage): Promise<void> {
  const { secretKey } = await loadOrCreateKey(dataDir, "alice");
  await go("@PoA_1/wallet");
  await page.getByRole("button", { name: "Import a key" }).click();
  await page.getByRole("tab", { name: "Seed in hex" }).click();
  await page.getByLabel("Its seed").fill(toHex(secretKey.slice(0, seedBytes)));
  await page.getByLabel("Passphrase", { exact: true }).fill("only for pictures");
  await page.getByLabel("The same passphrase again").fill("only for pictures");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("link", { name: "Send from it" }).waitFor();
}

/** What a reader would press on a page first. */
async function use(page: Page, name: string): Promise<void> {
  if (name === "send") {
    await page.getByLabel("To", { exact: true }).fill("bob@example.com");
    await page.getByLabel("Amount").fill("12.5");
    await page.getByRole("button", { name: "Look at what is signed" }).click();
    await page.getByRole("button", { name: "Unlock, sign and send" }).waitFor();
  }
  if (name === "transaction") {
    await page.getByRole("button", { name: "Verify this transaction" }).click();
    await page.getByRole("button", { name: "Verify again" }).waitFor();
  }
}

async function take(opened: OpenedPage, { name, place }: Picture, theme: string): Promise<void> {
  await opened.go(place);
  await untilLoaded(opened.page);
  await use(opened.page, name);
  // The whole page, up to the height that still can be looked at.
  const height = await opened.page.evaluate(() => document.documentElement.scrollHeight);
  const { width } = opened.page.viewportSize() ?? { width: 1280 };
  await opened.page.setViewportSize({ width, height: Math.min(Math.max(height, 720), 1_200) });
  const file = path.join(directory, `${name}-${theme}.png`);
  await opened.page.evaluate(() => scrollTo(0, 0));
  const picture = await opened.page.screenshot();
  writeFileSync(file, picture);
  // The package has README's pictures, and not the others.
  if (flags.small === undefined && theme === "light" && inReadme.includes(name)) {
    writeFileSync(path.join(root, "docs", `${name}.png`), picture);
  }
  await opened.page.setViewportSize({ width, height: 800 });
  console.log(path.relative(root, file));
}

/** The report of an audit of the demo's ledger, as `aurex-node audit --html` writes it, up to where its figures end. */
async function takeReport(url: string, width: number): Promise<void> {
  const genesis: string[] = [];
  for (const name of ["PoW_1", "PoA_1"]) {
    const node = await createApiClient(new URL(`nodes/${name}/`, url).href).node();
    genesis.push(node.chainId);
  }
  const result = await auditLedger({ file: path.join(dataDir, "ledger.sqlite"), genesis });
  const page = await stage.browser.newPage({ viewport: { width, height: 800 }, colorScheme: "light" });
  await page.setContent(auditReport(result));
  const height = Math.min(await page.evaluate(() => document.documentElement.scrollHeight), 1_500);
  const picture = await page.screenshot({ clip: { x: 0, y: 0, width, height }, fullPage: true });
  const file = path.join(flags.small === undefined ? path.join(root, "docs") : directory, "audit-report.png");
  writeFileSync(file, picture);
  await page.close();
  console.log(path.relative(root, file));
}

/** The demo as a user starts it, with something on both of its chains. */
async function startDemo(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const program = path.join(root, "bin", "aurex-node.js");
  const argv = [program, "demo", "--stay", "--transactions", "30", "--data-dir", dataDir];
  const child = spawn(process.execPath, argv, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let url = "";
  for await (const line of createInterface({ input: child.stdout })) {
    url = /the lab: (\S+)/.exec(line)?.[1] ?? url;
    if (/^The network goes on/.test(line)) break;
  }
  child.stdout.resume();
  if (url === "") throw new Error("the demo ended before it was up");
  return { child, url };
}

/** Pages of an authority; what only Proof of Work has, of a miner. */
async function picturesOf(url: string): Promise<Picture[]> {
  const answer = async <Body>(target: string) => (await (await fetch(new URL(target, url))).json()) as Body;
  const { address } = await answer<{ address: string }>("nodes/PoA_1/v1/users/alice@example.com");
  const { items } = await answer<{ items: { id: string | null; direction: string }[] }>(
    `nodes/PoA_1/v1/accounts/${address}/transactions?limit=20`,
  );
  const assets = await answer<{ items: { id: string; symbol: string }[] }>("nodes/PoA_1/v1/assets");
  const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    block: { reference: "1" },
    transaction: { id: items.find(({ direction }) => direction === "out")?.id ?? "" },
    account: { reference: address },
    user: { name: "alice@example.com" },
    asset: { id: assets.items.find(({ symbol }) => symbol === "GOLD")?.id ?? "" },
  };
  const of = (node: string, name: string, given = values[name], query: Record<string, string> = {}) =>
    hrefOf(node, pages.find((page) => page.name === name)?.path ?? "", given, query).slice(2);
  return [
    ...pages
      .filter(({ name }) => !["lesson", "search", "forks", "pool", "lab"].includes(name))
      .map(({ name }) => ({ name, place: of("PoA_1", name) })),
    { name: "search", place: of("PoA_1", "search", {}, { q: "alice" }) },
    ...lessons.map(({ name }) => ({
      name: `lesson-${name}`,
      place: of(name === "finality" ? "PoA_1" : "PoW_1", "lesson", { lesson: name }),
    })),
    ...["forks", "pool"].map((name) => ({ name, place: of("PoW_1", name) })),
    { name: "overview-pow", place: of("PoW_1", "overview") },
    { name: "mining", place: of("PoW_1", "consensus") },
    { name: "lab", place: "lab" },
  ];
}
