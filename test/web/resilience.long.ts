/** The page for long: in front of a chain of 100,000 blocks, through thousands of events, and of a real process that is killed and reset. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { storeHistoryChain } from "../../bench/history-chain.ts";
import { AurexNode } from "../../src/node/aurex-node.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { browserMissing } from "../client/browser.ts";
import { Stage } from "../e2e/processes.ts";
import { freePort } from "../support/free-port.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { openPageStage } from "./page-stage.ts";
import { untilLoaded } from "./page-walk.ts";

const blocks = Number(process.env.SUITE_PAGE_BLOCKS ?? 2_000);
const liveBlocks = Math.min(3_000, blocks);
/** What a page may keep more after thousands of events. */
const heapGrowthMax = 8 * 2 ** 20;
const mining = ["--mine", "--mine-threads", "1", "--mine-empty"];

describe("the page for long", { skip: browserMissing, timeout: suiteMaxMs * 4 }, () => {
  it(`opens every list in front of ${blocks} blocks, and stays as large as it was while ${liveBlocks} arrive`, async () => {
    await using resources = new AsyncDisposableStack();
    const stage = await openPageStage();
    resources.defer(() => stage.close());
    const dataDir = await folderUntilEnd("aurex-page-long-");
    const directory = path.join(dataDir, "chain");
    const { spec, account, builder } = await storeHistoryChain({
      directory,
      transactions: blocks,
      perBlock: 1,
    });
    const node = await AurexNode.open({
      dataDir,
      name: "long",
      network: "test",
      spec,
      authority: false,
      mine: false,
      mineEmptyBlocks: false,
      mineThreads: 1,
      listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
      bootstrap: [],
      mdns: false,
      introductions: false,
      apiPort: 0,
      exportFile: undefined,
    });
    await node.start();
    resources.defer(() => node.stop());
    const opened = await stage.open(node.apiUrl ?? "");
    resources.defer(() => opened.close());
    const places = ["", "blocks", "mempool", "accounts", `account/${addressOf(account.publicKey)}`, "users"];
    places.push("assets", "forks", "consensus", "network", "audit", `block/${Math.floor(blocks / 2)}`);
    for (const place of places) {
      await opened.go(place);
      await untilLoaded(opened.page);
      assert.equal(await opened.page.locator("[role=alert]").count(), 0, place);
    }
    await opened.go("");
    await opened.page.locator(".head-state", { hasText: `block ${blocks}` }).waitFor();
    const debug = await opened.context.newCDPSession(opened.page);
    const heapBytes = async () => {
      await debug.send("HeapProfiler.collectGarbage");
      return (await debug.send("Runtime.getHeapUsage")).usedSize;
    };
    const grow = async (count: number) => {
      for (let block = 0; block < count; block += 1) {
        const outcome = await node.chain.importBlock(builder.next([]));
        assert.ok(outcome.ok);
      }
      await opened.page
        .locator(".head-state", { hasText: `block ${node.chain.head.header.height}` })
        .waitFor();
    };
    await grow(200);
    const before = await heapBytes();
    await grow(liveBlocks);
    const growth = (await heapBytes()) - before;
    assert.ok(growth < heapGrowthMax, `the page keeps ${growth} bytes more`);
    assert.deepEqual(opened.complaints, []);
  });

  it("goes on after its node was killed and started again, and drops what it had if the node was reset", async () => {
    await using resources = new AsyncDisposableStack();
    const stage = await openPageStage();
    resources.defer(() => stage.close());
    const nodes = await Stage.open();
    resources.defer(() => nodes.close());
    const port = String(await freePort());
    const chain = async (fileName: string, salt: string) =>
      nodes.spec(fileName, {
        consensus: "pow",
        difficulty: 1,
        targetBlockTimeMs: 1_000,
        allocations: {},
        salt,
      });
    const started = async (spec: string) =>
      nodes.start("page", "--api-port", port, "--chain", spec, ...mining);
    const first = await chain("first.json", "11");
    let node = await started(first);
    const opened = await stage.open(`http://127.0.0.1:${port}`);
    resources.defer(() => opened.close());
    await opened.go("blocks");
    const rows = opened.page.locator("tbody tr");
    await until("there are blocks", async () => (await rows.count()) > 3);
    await opened.page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    await node.stop("SIGKILL");
    await opened.page.getByText("The node does not answer").waitFor();
    node = await started(first);
    await opened.page.getByText("The node does not answer").waitFor({ state: "detached" });
    const { head } = await node.status();
    await until("the page goes on", async () => {
      const said = /block (\d+)/.exec(await opened.page.locator(".head-state").innerText())?.[1];
      return Number(said) > head.height;
    });
    await node.stop("SIGTERM");
    await rm(nodes.place("page"), { recursive: true });
    node = await started(await chain("second.json", "22"));
    await opened.page.getByText("Another chain answers at this address now").waitFor();
    const { chainId } = await node.status();
    await opened.page.locator(`.foot [data-same="${chainId}"]`).waitFor();
    await until("its blocks are the new chain's", async () => {
      const { hash } = await node.api.block(1).catch(() => ({ hash: "" }));
      return hash !== "" && (await opened.page.locator(`[data-same="${hash}"]`).count()) > 0;
    });
    assert.equal(await opened.page.evaluate(() => "isSamePage" in globalThis), true);
  });
});
