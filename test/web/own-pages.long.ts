/** The pages "API", "Audit" and "Settings" in a real browser, in front of a node that writes a SQL ledger. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { allRoutes } from "../../src/api/routes.ts";
import { auditLedger } from "../../src/audit/audit-ledger.ts";
import { keepLastAudit } from "../../src/audit/last-audit.ts";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { BlockchainNetwork } from "../../src/node/blockchain-network.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { checkingLines, readingLines } from "../../src/web/pages/audit/sql-lines.ts";
import { browserMissing } from "../client/browser.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";

const run = promisify(execFile);
const markup = '<img src="x" onerror="document.title=1">';

describe("the pages of the node itself", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let stage: PageStage;
  let network: BlockchainNetwork;
  let opened: OpenedPage;
  let url: string;
  let ledger: string;
  before(async () => {
    stage = await openPageStage();
    const folder = await folderUntilEnd("aurex-own-pages-");
    ledger = path.join(folder, "ledger.sqlite");
    const key = keyPairFromSeed(new Uint8Array(32).fill(0xa1));
    network = new BlockchainNetwork({
      dataDir: path.join(folder, "nodes"),
      exportFile: ledger,
      fundedKeys: [key.publicKey],
    });
    network.addPoaNode("PoA_1", { authorizedNodes: ["PoA_1"], apiPort: 0 });
    await network.startAll();
    await network.committed(
      "PoA_1",
      await network.send("PoA_1", key, { kind: "record", data: fromUtf8(markup) }),
    );
    url = network.node("PoA_1").apiUrl ?? "";
    opened = await stage.open(url, { acceptDownloads: true });
  });
  after(async () => {
    await opened?.close();
    await stage?.close();
    await network?.stopAll();
  });

  /** What the form of a route shows after it was filled in and sent. */
  async function send(name: string, values: Readonly<Record<string, string>> = {}) {
    const route = opened.page.locator(`#route-${name}`);
    if ((await route.getAttribute("open")) === null) await route.locator("> summary").click();
    for (const [field, value] of Object.entries(values))
      await route.locator(`input[name="${field}"]`).fill(value);
    await route.getByRole("button", { name: "Send" }).click();
    const status = route.locator(".reference-status");
    await status.filter({ hasText: /: \d{3} / }).waitFor();
    const output = route.getByRole("textbox", { name: "Answer" });
    return { status: await status.innerText(), text: await output.inputValue(), route };
  }

  it("lead from /docs to the reference, which has every route", async () => {
    await opened.page.goto(`${url}/docs`);
    await opened.page.locator(".reference-route").first().waitFor();
    assert.equal(new URL(opened.page.url()).hash, "#/reference");
    const served = allRoutes.filter(({ topic }) => topic !== "lab");
    assert.equal(await opened.page.locator(".reference-route").count(), served.length);
    await opened.page.getByLabel("Find a route").fill("mempool stats");
    assert.equal(await opened.page.locator(".reference-route").count(), 1);
    await opened.page.getByLabel("Find a route").fill("");
  });

  it("send requests and show answers, errors and markup as they are", async () => {
    const node = await send("getNode");
    assert.equal(node.status, "GET /v1/node: 200 OK");
    assert.match(node.text, /"chainId"/);
    const refused = await send("getBlock", { reference: "tail" });
    assert.match(refused.status, /^GET \/v1\/blocks\/tail: 400 /);
    assert.match(refused.text, /"next"/);
    // From the keyboard, as forms are sent.
    await refused.route.locator("input[name=reference]").fill("1");
    await refused.route.locator("input[name=reference]").press("Enter");
    await refused.route.getByText("GET /v1/blocks/1: 200 OK").waitFor();
    const text = await refused.route.getByRole("textbox", { name: "Answer" }).inputValue();
    assert.ok(text.includes(JSON.stringify(markup).slice(1, -1)));
    assert.equal(await opened.page.locator("main img").count(), 0);
    const bytes = await send("getBlockRaw", { reference: "1" });
    assert.match(bytes.status, /: 200 OK, \d+ bytes$/);
    assert.match(bytes.text, /^[0-9a-f]{100,}…?$/);
  });

  it("show events as they come, until they are stopped", async () => {
    const { route, text } = await send("getEvents");
    assert.match(text, /^retry: |event: snapshot/m);
    await route.getByRole("button", { name: "Stop" }).click();
    await route.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
  });

  it("send the token only where it is needed, and keep it nowhere", async () => {
    const token = "5e".repeat(32);
    const headers: [string, string | undefined][] = [];
    opened.page.on("request", (request) => {
      headers.push([new URL(request.url()).pathname, request.headers().authorization]);
    });
    assert.match((await send("postJoinWindow")).status, /: 401 /);
    await opened.page.getByLabel("Token of the node").fill(token);
    assert.match((await send("postJoinWindow")).status, /: 401 /);
    await send("getNode");
    assert.deepEqual(
      headers.filter(([, authorization]) => authorization !== undefined),
      [["/v1/authorities/open", `Bearer ${token}`]],
    );
    const kept = await opened.page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
    );
    assert.ok(!kept.includes(token));
    await opened.go("settings");
    await opened.go("reference");
    assert.equal(await opened.page.getByLabel("Token of the node").inputValue(), "");
  });

  it("write lines for a shell that do the same", async () => {
    await opened.go("reference?route=getAccounts");
    const block = opened.page.locator("#route-getAccounts");
    await block.locator("input[name=limit]").fill("1");
    const line = await block.locator(".command-line code").innerText();
    const { stdout } = await run("bash", ["-c", line]);
    assert.equal(JSON.parse(stdout).items.length, 1);
    const check = opened.page.locator("#route-postTransactionCheck");
    await check.locator("> summary").click();
    await check.locator("textarea.mono").first().fill(`{"bytes": "it's"}`);
    const { stdout: refused } = await run("bash", [
      "-c",
      await check.locator(".command-line code").innerText(),
    ]);
    assert.equal(JSON.parse(refused).status, 400);
    // With the token, from the file of this node.
    const stop = opened.page.locator("#route-postJoinWindow");
    await stop.locator("> summary").click();
    const tokenLine = await stop.locator(".command-line code").innerText();
    const { stdout: answered } = await run("bash", ["-c", tokenLine]);
    assert.notEqual(JSON.parse(answered).status, 401, answered);
  });

  it("download the ledger whole, with its checksum, and lines that check it", async () => {
    await opened.go("audit");
    const arriving = opened.page.waitForEvent("download");
    await opened.page.getByRole("button", { name: "Download the ledger" }).click();
    const download = await arriving;
    assert.match(download.suggestedFilename(), /^aurex-\d+\.sqlite$/);
    await opened.page.getByText("Its last block is on the chain that this node shows").waitFor();
    const file = await download.path();
    const checksum = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
    assert.equal(await opened.page.locator(".hash-text", { hasText: checksum }).count(), 1);
    using db = new DatabaseSync(file, { readOnly: true });
    for (const { sql } of readingLines) assert.ok(db.prepare(sql).all().length > 0, sql);
    const first = ({ sql }: { sql: string }) => String(Object.values(db.prepare(sql).get() ?? {})[0]);
    for (const line of checkingLines) {
      if (/^(?:0|ok)$/.test(line.expected)) assert.equal(first(line), line.expected, line.what);
      else assert.equal(first(line), (await (await fetch(`${url}/v1/node`)).json()).chainId);
      assert.ok((await opened.page.locator(".audit-lines").allInnerTexts()).join("").includes(line.what));
    }
  });

  it("show the last audit of the ledger, and that there was none", async () => {
    await opened.go("audit");
    await opened.page.getByText("There was none so far").waitFor();
    const result = await auditLedger({ file: ledger });
    await keepLastAudit(network.node("PoA_1").options.dataDir, result);
    await opened.go("settings");
    await opened.go("audit");
    await opened.page.getByText("your own audit is what proves it").waitFor();
    const [chain] = result.chains;
    assert.equal(await opened.page.locator(".note strong").first().innerText(), chain?.words);
    const held = (chain?.checks ?? []).filter(({ status }) => status === "holds").length + 1;
    assert.equal(await opened.page.getByRole("cell", { name: "holds", exact: true }).count(), held);
  });

  it("keep settings in all tabs, live without a storage, and forget what was kept", async () => {
    await opened.go("settings");
    const other = await opened.context.newPage();
    await other.goto(`${url}/#/blocks`);
    await other.locator("main time").first().waitFor();
    await opened.page.getByRole("radio", { name: "Dark" }).check();
    await opened.page.getByRole("radio", { name: "Date and time" }).check();
    await opened.page.getByRole("radio", { name: "UTC" }).check();
    await other.locator("main time", { hasText: / UTC$/ }).first().waitFor();
    assert.equal(await other.evaluate(() => document.documentElement.dataset.theme), "dark");
    await other.reload();
    await other.locator("main time", { hasText: / UTC$/ }).first().waitFor();
    await other.close();
    assert.ok((await opened.page.getByText("What the page is built from").count()) === 1);
    await opened.page.getByText("What the page is built from").click();
    await opened.page.getByRole("cell", { name: /^preact / }).waitFor();
    const kept = () => opened.page.evaluate(() => Object.keys(localStorage).length);
    assert.ok((await kept()) > 0);
    await opened.page.getByRole("button", { name: "Forget all but the keys" }).click();
    await opened.page.getByText("All but the keys is deleted").waitFor();
    assert.equal(await kept(), 0);
    assert.ok(await opened.page.getByRole("button", { name: "Forget all, with the keys" }).isDisabled());
  });

  it("work where the browser keeps nothing", async () => {
    const bare = await stage.open(url);
    await bare.context.addInitScript(() => {
      for (const name of ["localStorage", "indexedDB", "sessionStorage"]) {
        Object.defineProperty(globalThis, name, {
          get() {
            throw new DOMException("forbidden", "SecurityError");
          },
        });
      }
    });
    await bare.go("settings");
    await bare.page.getByRole("radio", { name: "Dark" }).check();
    await bare.page.getByText("This browser keeps nothing for this page").waitFor();
    assert.equal(await bare.page.evaluate(() => document.documentElement.dataset.theme), "dark");
    assert.deepEqual(bare.complaints, []);
    await bare.close();
  });

  it("ask their own node alone, and break none of their own rules", () => {
    for (const each of opened.asked) assert.ok(/^blob:/.test(each) || each.startsWith(`${url}/`), each);
    // The browser notes the refusals that were asked for above.
    assert.deepEqual(
      opened.complaints.filter((text) => !/status of (?:400|401)/.test(text)),
      [],
    );
  });
});
