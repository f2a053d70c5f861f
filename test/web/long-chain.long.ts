/** Verify on a Proof of Work chain of 100,000 blocks, in a real browser: with progress, cancelled in the middle, and from what was kept. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, testSpec } from "../chain/block-builder.ts";
import { browserMissing } from "../client/browser.ts";
import { type ApiRig, openApiRig } from "../http/api-rig.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";

const blocks = Number(process.env.SUITE_PAGE_BLOCKS ?? 100_000);
/** So slow that the target stays the easiest one: the test mines every block. */
const laterMs = 20_000;

describe(`the page of a chain of ${blocks} blocks`, { skip: browserMissing, timeout: 1_800_000 }, () => {
  let stage: PageStage;
  let rig: ApiRig;
  let opened: OpenedPage;
  let id: string;
  before(async () => {
    stage = await openPageStage();
    const builder = new BlockBuilder(testSpec("pow", { difficulty: 1 }));
    rig = await openApiRig({ spec: builder.spec });
    let tip: BuiltBlock = builder.genesis;
    const paid = builder.transfer(alice, 0, bob, 5n);
    id = paid.idHex;
    for (let height = 1; height <= blocks; height += 1) {
      tip = builder.on(tip, { laterMs, transactions: height === 100 ? [paid] : [] });
      const imported = await rig.chain.importBlock(tip.block);
      assert.ok(imported.ok);
    }
    opened = await stage.open(rig.url);
    opened.context.setDefaultTimeout(600_000);
  });
  after(async () => {
    await stage?.close();
    await rig?.close();
  });

  async function verified(button: string): Promise<{ readonly ms: number; readonly steps: string[] }> {
    const { page } = opened;
    const beganMs = performance.now();
    await page.getByRole("button", { name: button }).click();
    await page.locator(".verify-outcome .note.good").waitFor();
    const ms = performance.now() - beganMs;
    const steps = await page
      .locator(".verify-step")
      .evaluateAll((items) => items.map((item) => item.getAttribute("data-step") ?? ""));
    return { ms, steps };
  }

  it("verifies from the chain id on, in a worker, and cancels when it is asked to", async (test) => {
    const { page } = opened;
    await opened.go(`transaction/${id}`);
    await page.getByRole("button", { name: "Verify this transaction" }).click();
    await page.locator(".verify-progress progress").waitFor();
    // The page answers while its worker works.
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled. What was verified so far is kept.").waitFor();
    const first = await verified("Verify again");
    assert.ok(first.steps.includes("kept"), "what was verified before the cancel was kept");
    test.diagnostic(`after a cancel: ${Math.round(first.ms)} ms`);
    const whole = await verified("Begin at the chain id");
    assert.ok(!whole.steps.includes("kept"));
    test.diagnostic(`${blocks} headers from the chain id on: ${Math.round(whole.ms)} ms`);
  });

  it("goes on from what it kept after a reload", async (test) => {
    const { page } = opened;
    await page.reload();
    const again = await verified("Verify this transaction");
    assert.ok(again.steps.includes("kept"));
    test.diagnostic(`with ${blocks} headers kept: ${Math.round(again.ms)} ms`);
    assert.equal((await rig.client.node()).chainId, toHex(rig.chain.spec.chainId));
    assert.deepEqual(opened.complaints, []);
  });

  it("shows the oldest, a middle and the newest block, and the list of all", async () => {
    const { page } = opened;
    for (const height of [0, Math.floor(blocks / 2), blocks]) {
      await opened.go(`block/${height}`);
      await page.locator(".block-height").waitFor();
      assert.equal((await page.locator(".block-height").textContent())?.replace(/\D/g, ""), String(height));
    }
    await opened.go("blocks");
    await page.getByRole("cell", { name: String(blocks), exact: true }).waitFor();
    assert.deepEqual(opened.complaints, []);
  });
});
