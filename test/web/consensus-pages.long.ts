/** The pages about consensus, peers, forks and the pool in a real browser, in front of nodes that seal, stop, fork and mine. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { AurexNode } from "../../src/node/aurex-node.ts";
import type { AurexNodeOptions } from "../../src/node/aurex-node-options.ts";
import { chainSpecFrom } from "../../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { loadOrCreateNodeKey } from "../../src/wallet/keystore.ts";
import { BlockBuilder, type BuiltBlock, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { browserMissing } from "../client/browser.ts";
import { quietOptions } from "../node/node-rig.ts";
import { patienceMs, suiteMaxMs, until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";
import { overflowPx, seriousFindings, untilLoaded } from "./page-walk.ts";

const program = path.join(import.meta.dirname, "../../bin/aurex-node.js");
const strangers = Array.from({ length: 29 }, (_, index) =>
  keyPairFromSeed(new Uint8Array(32).fill(index + 1)),
);

describe("the pages about consensus, peers and forks", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let stage: PageStage;
  const endings: (() => unknown)[] = [];
  before(async () => {
    stage = await openPageStage();
  });
  after(async () => {
    for (const end of endings.reverse()) await end();
    await stage?.close();
  });

  async function started(options: AurexNodeOptions): Promise<AurexNode> {
    const node = await AurexNode.open({ ...options, apiPort: 0 });
    endings.push(() => node.stop());
    await node.start();
    return node;
  }

  async function opened(
    { apiUrl = "" }: AurexNode,
    place: string,
    options: Parameters<PageStage["open"]>[1] = {},
  ): Promise<OpenedPage> {
    const window = await stage.open(apiUrl, options);
    await window.go(place);
    await untilLoaded(window.page);
    return window;
  }

  /** What every window has to say at its end. */
  async function closed({ asked, complaints, close }: OpenedPage, { apiUrl = "" }: AurexNode) {
    assert.deepEqual(complaints, []);
    for (const url of asked) assert.ok(url.startsWith(`${apiUrl}/`), url);
    await close();
  }

  async function textOf({ page }: OpenedPage, selector: string, pattern: RegExp): Promise<string> {
    return until(`${selector} says ${pattern}`, async () => {
      const text = (await page.locator(selector).allInnerTexts()).join("\n");
      return pattern.test(text) && text;
    });
  }

  describe("on a Proof of Authority chain of which one authority is away", () => {
    let one: AurexNode;
    let two: AurexNode;
    let candidate: AurexNode;
    before(async () => {
      // With a blank, as a path may have: the command that is copied has to name it all the same.
      const folder = path.join(await folderUntilEnd("aurex-consensus-"), "a node");
      const folders = ["one", "two", "candidate"].map((name) => path.join(folder, name));
      const keys = await Promise.all(folders.slice(0, 2).map((each) => loadOrCreateNodeKey(each)));
      const spec = authoritySpec(
        [...keys, keyPairNamed("away")].map(({ publicKey }) => addressOf(publicKey)),
      );
      const [first = "", second = "", third = ""] = folders;
      one = await started(quietOptions(first, spec, { name: "one" }));
      const bootstrap = [one.network.addresses[0] ?? ""];
      two = await started(quietOptions(second, spec, { name: "two", bootstrap }));
      candidate = await started(quietOptions(third, spec, { name: "<b>candidate</b>", bootstrap }));
      await until("some blocks are sealed", () => one.chain.head.header.height >= 5);
    });

    it("shows who sealed and who was silent, cell by cell", async () => {
      const window = await opened(one, "consensus");
      const { page } = window;
      await page.locator(".uptime td.sealed").first().waitFor();
      await page.locator(".uptime td.stood-in").first().waitFor();
      await page.locator(".uptime td.missed").first().waitFor();
      assert.equal(await page.locator(".uptime tr").count(), 3);
      assert.equal(await page.locator('.uptime td[tabindex="0"]').count(), 1);
      await page.locator('.uptime td[tabindex="0"]').focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Home");
      const label = await page.locator(".uptime td:focus").getAttribute("aria-label");
      const [, height = "", deed = ""] = /^block (\d+): (.*)$/.exec(label ?? "") ?? [];
      const reading = await textOf(window, ".uptime-reading", new RegExp(`block ${height}: ${deed}`));
      assert.match(reading, /final$/);
      // In the order of turns: each authority once.
      assert.equal(await page.locator(".consensus-order li").count(), 3);
      await textOf(window, ".consensus-turn", /Nothing waits|seals next|It is the turn of/);
      await closed(window, one);
    });

    it("names the candidate as it is, and the command that is copied votes for it", async () => {
      const window = await opened(one, "consensus", { permissions: ["clipboard-read", "clipboard-write"] });
      const { page } = window;
      const row = page.locator(".consensus-candidates li");
      await row.waitFor();
      assert.match(await row.innerText(), /<b>candidate<\/b>/);
      await row.getByRole("button", { name: "Copy the command" }).click();
      const command = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(command, /^aurex-node authority vote add aurex1\S+ --data-dir '.*a node/);
      // As a shell would find it by its PATH.
      const shell = `aurex-node() { '${process.execPath}' '${program}' "$@"; }; ${command}`;
      const { stdout } = await promisify(execFile)("bash", ["-c", shell], { timeout: patienceMs() });
      assert.match(stdout, new RegExp(`voted to add ${addressOf(candidate.publicKey)}`));
      // A vote of one of three is not enough: it stays open.
      await textOf(window, "main", /Open votes\s[\s\S]*add\s/);
      await closed(window, one);
    });

    it("draws the peers and says how far away each is, and whom the node refuses", async () => {
      const window = await opened(one, "network");
      const { page } = window;
      const graph = page.getByRole("img", { name: "This node in the middle" });
      await until("both peers have been measured", async () => {
        return /two, this chain, [\d.]+ m?s/.test((await graph.getAttribute("aria-label")) ?? "");
      });
      const label = (await graph.getAttribute("aria-label")) ?? "";
      assert.match(label, /2 peers around it/);
      assert.match(label, /<b>candidate<\/b>, this chain/);
      assert.equal(await page.locator(".network-peer").count(), 2);
      await textOf(window, "main table", /aurex\/\d/);
      const stranger = candidate.host.peerId;
      await one.host.ban(stranger, 600_000, "a test");
      const said = await textOf(window, "main", /refuses the one there for a while: a test/);
      assert.match(said, /1 peer\b/);
      one.host.unban(stranger);
      await closed(window, one);
    });

    it("says that no block comes, since when and why, and that the chain goes on", async () => {
      const window = await opened(candidate, "consensus");
      await textOf(window, ".uptime", /one/);
      const { spec } = one.chain;
      const bootstrap = candidate.network.addresses.slice(0, 1);
      await Promise.all([one.stop(), two.stop()]);
      // Alone it cannot know what the others do.
      const alone = await textOf(window, ".card .note.bad", /hears of no block after \d+/);
      assert.match(alone, /The next block was due (.* ago|just now)/);
      assert.match(alone, /has no peers/);
      await started(quietOptions(two.options.dataDir, spec, { name: "two", bootstrap, authority: false }));
      const still = await textOf(window, ".card .note.bad", /The chain stands still after block \d+/);
      assert.match(still, /What to do: \S/);
      await started(quietOptions(one.options.dataDir, spec, { name: "one", bootstrap, signAlone: true }));
      await until("nothing stands still any more", async () => {
        return (await window.page.locator(".card .note.bad").count()) === 0;
      });
      await closed(window, candidate);
    });
  });

  it("has room for thirty authorities on a narrow screen", async () => {
    const folder = await folderUntilEnd("aurex-consensus-");
    const own = await loadOrCreateNodeKey(folder);
    const spec = authoritySpec([own, ...strangers].map(({ publicKey }) => addressOf(publicKey)));
    const node = await started(quietOptions(folder, spec, { signAlone: true }));
    await until("it has sealed alone", () => node.chain.head.header.height >= 2);
    const window = await opened(node, "consensus", { viewport: { width: 360, height: 700 } });
    assert.equal(await window.page.locator(".uptime tr").count(), 30);
    const listed = window.page.getByRole("table", { name: "Authorities: blocks" }).locator("tbody tr");
    assert.equal(await listed.count(), 12);
    await window.page.getByRole("button", { name: "Show all 30 authorities" }).click();
    assert.equal(await listed.count(), 30);
    await textOf(window, ".consensus-order", /and 22 more/);
    assert.ok((await overflowPx(window.page)) <= 0);
    assert.deepEqual(await seriousFindings(window.page), []);
    await closed(window, node);
  });

  describe("on a Proof of Work chain that forks", () => {
    const builder = new BlockBuilder(testSpec("pow"));
    const trunk = builder.branch(builder.genesis, 12);
    const side = builder.branch(trunk[9] as BuiltBlock, 4, { producer: keyPairNamed("other miner") });
    let node: AurexNode;
    const take = async (blocks: readonly BuiltBlock[]) => {
      for (const { block } of blocks) {
        const taken = await node.chain.importBlock(block);
        assert.ok(taken.ok || taken.fault.code === "block/known", JSON.stringify(taken));
      }
    };
    before(async () => {
      const folder = await folderUntilEnd("aurex-consensus-");
      node = await started(quietOptions(folder, builder.spec, { mine: false }));
    });

    it("says what there is while there is no block", async () => {
      const window = await opened(node, "consensus");
      await textOf(window, "main", /No block has been found so far/);
      await window.go("forks");
      await textOf(window, "main", /stores no block beside its chain/);
      await window.go("network");
      await textOf(window, "main", /connected with nobody/);
      await window.go("pool");
      await textOf(window, "main", /serves no pool/);
      await closed(window, node);
    });

    it("draws charts that keys read and that follow the theme", async () => {
      await take(trunk);
      const window = await opened(node, "consensus", { colorScheme: "light", hasTouch: true });
      const { page } = window;
      const chart = page.getByRole("slider", { name: "Difficulty, point by point" });
      await chart.locator("canvas").waitFor();
      await chart.focus();
      await page.keyboard.press("Home");
      // The time before block 1 is nobody's work.
      assert.match((await chart.getAttribute("aria-valuetext")) ?? "", /^block 2: difficulty .* hashes$/);
      await page.keyboard.press("ArrowRight");
      assert.match((await chart.getAttribute("aria-valuetext")) ?? "", /^block 3: /);
      assert.match(
        await page.locator("figure", { has: chart }).locator(".chart-readout").innerText(),
        /^block 3: /,
      );
      // A finger chooses a point as well.
      const box = await chart.boundingBox();
      assert.ok(box);
      await page.touchscreen.tap(box.x + box.width - 12, box.y + box.height / 2);
      const readout = page.locator("figure", { has: chart }).locator(".chart-readout");
      await until("the last point is read", async () => /^block 12: /.test(await readout.innerText()));
      const picture = () =>
        page.evaluate(() => (document.querySelector("canvas") as HTMLCanvasElement).toDataURL());
      const light = await picture();
      await page.emulateMedia({ colorScheme: "dark" });
      await until("the chart has the colours of the dark", async () => (await picture()) !== light);
      await page.getByText("As a table").first().click();
      await page.locator(".chart-rows tbody tr").first().waitFor();
      await textOf(window, "main table", /100 %/);
      await closed(window, node);
    });

    it("shows a reorganization at the moment when it happens, and the branch that has left", async () => {
      await take(trunk);
      const window = await opened(node, "forks", { viewport: { width: 390, height: 800 } });
      const { page } = window;
      await textOf(window, "main", /stores no block beside its chain/);
      await take(side.slice(0, 2));
      await until("the branch is drawn", async () => (await page.locator(".forks-mark.branch").count()) > 2);
      await textOf(window, "main", /None so far/);
      // Whichever page is shown: it is remembered.
      await window.go("network");
      await take(side.slice(2));
      await until("the head has come", async () =>
        /block 14/.test(await page.locator(".head-state").innerText()),
      );
      await window.go("forks");
      const said = await textOf(window, ".forks-reorganizations", /2 blocks left the chain/);
      assert.match(said, /\d joined it, after block 10/);
      const newHead = page.getByRole("link", { name: "block 14, the head" });
      await newHead.waitFor();
      const left = page.getByRole("link", { name: "block 12, on a branch" });
      await left.waitFor();
      await textOf(window, "main table", /12/);
      // And back again, before the reader's eyes.
      await take(builder.branch(trunk[11] as BuiltBlock, 3));
      await textOf(
        window,
        ".forks-reorganizations",
        /4 blocks left the chain and \d joined it, after block 10/,
      );
      await page.getByRole("link", { name: "block 15, the head" }).waitFor();
      assert.ok((await overflowPx(page)) <= 0);
      assert.deepEqual(await seriousFindings(page), []);
      const last = page.getByRole("link", { name: "block 14, on a branch" });
      await last.focus();
      await page.keyboard.press("Enter");
      await until("the block's page is shown", () => page.url().includes(side[3]?.block.hashHex ?? "none"));
      await closed(window, node);
    });
  });
});

/** Turns that pass quickly, and an empty block each second. */
function authoritySpec(authorities: readonly string[]): ChainSpec {
  const spec = chainSpecFrom({
    name: "consensus-pages",
    consensus: "poa",
    timestamp: new Date(Date.now() - 1_000).toISOString(),
    salt: "5c".repeat(32),
    authorities: [...authorities],
    periodMs: 100,
    stepMs: 20,
    heartbeatMs: 1_000,
    admission: "vote",
  });
  assert.ok(spec.ok);
  return spec.value;
}
