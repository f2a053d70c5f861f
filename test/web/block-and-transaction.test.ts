/** The pages of a block and of a transaction while the chain goes on, and turns back: in a real browser, on a real chain of work. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { alice, type BuiltBlock, bob } from "../chain/block-builder.ts";
import { browserMissing } from "../client/browser.ts";
import { openWorkStage, type WorkStage } from "../client/lying/stages.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";

describe("an open page", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  const closers: (() => Promise<void>)[] = [];
  let stage: PageStage;
  let chain: WorkStage;
  let opened: OpenedPage;
  let tip: BuiltBlock;
  before(async () => {
    stage = await openPageStage();
    chain = await openWorkStage(closers);
    opened = await stage.open(chain.rig.url);
    tip = chain.blocks.at(-1)!;
  });
  after(async () => {
    await stage?.close();
    for (const close of closers) await close();
  });

  async function give(...blocks: readonly BuiltBlock[]): Promise<void> {
    for (const { block } of blocks) assert.ok((await chain.rig.chain.importBlock(block)).ok);
    tip = blocks.at(-1)!;
  }

  const heading = (text: string) => opened.page.locator("h1", { hasText: text });
  const stageOf = (name: string, state: string) =>
    opened.page.locator(`[data-stage="${name}"][data-state="${state}"]`);

  it("of a block is no older for the blocks that come on it, and leads to its neighbours by the arrows", async () => {
    const { page } = opened;
    const { height } = tip.record.header;
    await opened.go(`block/${height}`);
    await page.getByText("the newest block", { exact: true }).waitFor();
    await give(chain.builder.on(tip));
    await page.getByText("2 blocks deep", { exact: true }).waitFor();
    assert.equal(await page.locator("main .note").count(), 0, "nothing says that it is out of date");
    await page.keyboard.press("ArrowLeft");
    await heading(`Block ${height - 1}`).waitFor();
    await page.keyboard.press("ArrowRight");
    await heading(`Block ${height}`).waitFor();
    await page.keyboard.press("ArrowRight");
    await heading(`Block ${height + 1}`).waitFor();
  });

  it("of a block says so if another block stands at its height, and leads there", async () => {
    const { page } = opened;
    const { height } = tip.record.header;
    const old = tip.block.hashHex;
    await opened.go(`block/${height}`);
    await page.getByText("the newest block", { exact: true }).waitFor();
    const parent = chain.blocks.at(-1)!;
    const branch = chain.builder.branch(parent, 3, { laterMs: 1 });
    await give(...branch);
    await page.getByText("This block has left the chain while you looked at it").waitFor();
    assert.ok(await page.getByText(old, { exact: true }).first().isVisible(), "the block itself stays");
    await page.getByText(`Another block stands at height ${height} now.`).click();
    await page.getByText(branch[0]!.block.hashHex, { exact: true }).first().waitFor();
    await heading(`Block ${height}`).waitFor();
    assert.equal(await page.locator("main .note").count(), 0);
  });

  it("of a transaction follows its life: unknown, pending, in a block, and pending again after a reorganization", async () => {
    const { page } = opened;
    const { builder, rig } = chain;
    const parent = tip;
    const paid = builder.transfer(bob, 3, alice, 7n);
    await opened.go(`transaction/${paid.idHex}`);
    await page.getByText("This node does not know the transaction").waitFor();
    await rig.client.submit(paid.bytes);
    await stageOf("pending", "now").waitFor();
    await page.getByText("first in the queue for the next block").waitFor();
    const height = parent.record.header.height + 1;
    await give(builder.on(parent, { transactions: [paid] }));
    await stageOf("block", "done").waitFor();
    await page.getByRole("link", { name: `In block ${height}` }).waitFor();
    // A heavier branch without it.
    await give(...builder.branch(parent, 2, { laterMs: 2 }));
    await stageOf("pending", "now").waitFor();
    await page.getByText("Seen while this page was open").click();
    await page.getByText(`its block ${height} left the chain: it waits again`).last().waitFor();
    await give(builder.on(tip, { transactions: [paid] }));
    await page.getByRole("link", { name: `In block ${height + 2}` }).waitFor();
    for (let deep = 2; deep <= 6; deep += 1) await give(builder.on(tip));
    await stageOf("deep", "done").waitFor();
  });

  it("shows each field of the bytes by keyboard and by pointer", async () => {
    const { page } = opened;
    await opened.go(`transaction/${chain.full.id}`);
    await page.getByRole("button", { name: "Show the bytes" }).click();
    const shows = (text: RegExp) => page.locator(".bytes-detail", { hasText: text }).waitFor();
    const current = page.locator(".bytes-fields [aria-current=true]");
    await current.focus();
    await page.keyboard.press("Home");
    await shows(/^Version/);
    for (const title of ["Kind", "Sender", "Sequence", "Fee"]) {
      await page.keyboard.press("ArrowDown");
      await shows(new RegExp(`^${title}`));
      assert.ok(await current.evaluate((field) => field === document.activeElement), title);
    }
    await page.keyboard.press("End");
    await shows(/^Offset of the memo/);
    await page.locator(".bytes-dump .bytes-run").nth(2).hover();
    await shows(new RegExp(`^Sender.*${chain.bob}`));
    await opened.go(`block/${chain.full.height}`);
    await page.getByRole("button", { name: "Show the bytes" }).click();
    await page
      .locator(".bytes-fields")
      .getByRole("button", { name: /^Transactions root/ })
      .click();
    await shows(/tree of hashes over all transactions/);
    // The transaction that the node did not know.
    const complaints = opened.complaints.filter((text) => !/status of 404/.test(text));
    assert.deepEqual(complaints, []);
  });
});
