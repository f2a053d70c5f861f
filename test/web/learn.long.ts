/** The lessons in a real browser, by keyboard alone: what each asks for is done, and gives what it promises. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { browserMissing } from "../client/browser.ts";
import {
  type AuthorityStage,
  openAuthorityStage,
  openWorkStage,
  type WorkStage,
} from "../client/lying/stages.ts";
import { patienceMs, suiteMaxMs } from "../support/patience.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";
import { overflowPx, seriousFindings, untilLoaded } from "./page-walk.ts";

const closers: (() => Promise<void>)[] = [];
let stage: PageStage;
let pow: WorkStage;
let poa: AuthorityStage;
let opened: OpenedPage;
let page: Page;

/** More stops than any lesson has. */
const tabsMax = 120;

/** Presses Tab until what is called so has the focus. */
async function tabTo(name: string): Promise<void> {
  const seen: string[] = [];
  for (let tabs = 0; tabs < tabsMax; tabs += 1) {
    await page.keyboard.press("Tab");
    const called = await page.evaluate(() => {
      const active = document.activeElement;
      const label =
        active instanceof HTMLInputElement || active instanceof HTMLTextAreaElement
          ? active.labels?.[0]
          : active;
      return label?.textContent?.trim() ?? "";
    });
    if (called.startsWith(name)) return;
    seen.push(called);
  }
  assert.fail(`no way to "${name}" by Tab: ${seen.join(" | ")}`);
}

async function seesPromise(): Promise<void> {
  await page.getByText("What you have seen").waitFor();
}

describe("the lessons", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  before(async () => {
    stage = await openPageStage();
    closers.push(() => stage.close());
    pow = await openWorkStage(closers);
    poa = await openAuthorityStage(closers);
    opened = await stage.open(pow.rig.url);
    page = opened.page;
    page.setDefaultTimeout(patienceMs());
  });
  after(async () => {
    for (const close of closers) await close();
  });

  it("hash: one letter changes about half of the bits, and the hash is the true one", async () => {
    await opened.go("learn/hash");
    await tabTo("hash");
    await page.getByRole("tooltip").getByText("A fingerprint of bytes").waitFor();
    await tabTo("Text");
    await page.keyboard.press("End");
    await page.keyboard.type("!");
    await seesPromise();
    const bits = Number(/^(\d+) of 256 bits/.exec(await page.locator(".lesson-verdict").innerText())?.[1]);
    assert.ok(bits > 80 && bits < 176, `${bits}`);
    const wanted = createHash("sha256").update("Alice pays Bob 5 AUR!").digest("hex");
    assert.equal(await page.locator(".lesson-hash .mono").first().innerText(), wanted);
  });

  it("block: a copy of the head is mined with another note", async () => {
    await opened.go("learn/block");
    await page.getByRole("heading", { name: `Block ${pow.rig.chain.head.header.height}` }).waitFor();
    await page.getByText("as on the chain").waitFor();
    await tabTo("Note");
    await page.keyboard.type("Zoë <b>");
    await page.getByText("✗ too high").waitFor();
    await tabTo("Zeros");
    await page.keyboard.press("ArrowLeft");
    await tabTo("Mine");
    await page.keyboard.press("Enter");
    await seesPromise();
    await page.getByText("✓ low enough").waitFor();
    assert.match(await page.locator(".lesson-hash .mono").innerText(), /^000[0-9a-f]{61}$/);
    assert.match(await page.locator(".lesson-verdict").innerText(), /^Found after [\d\u202f]+ tries/);
  });

  it("chain: a change breaks all later blocks, and mining them again makes another chain", async () => {
    await opened.go("learn/chain");
    const lowest = pow.rig.chain.head.header.height - 4;
    await page.getByText("Every block counts.").waitFor();
    await tabTo(`Note of block ${lowest + 1}`);
    await page.keyboard.type("mine");
    await seesPromise();
    await page.getByText("4 of 5 blocks do not count.").waitFor();
    assert.equal(await page.locator("section.lesson-block.bad").count(), 4);
    assert.equal(await page.locator("section.lesson-block.good").count(), 1);
    // A block that comes meanwhile takes nobody's work away.
    const newer = pow.builder.on(pow.blocks.at(-1)!);
    assert.ok((await pow.rig.chain.importBlock(newer.block)).ok);
    await page
      .locator(".head")
      .getByText(`block ${lowest + 5}`)
      .waitFor();
    await page.getByText("4 of 5 blocks do not count.").waitFor();
    await tabTo("Mine them again");
    await page.keyboard.press("Enter");
    await page.getByText("Every block counts again.").waitFor();
    assert.equal(await page.locator("section.lesson-block.bad").count(), 0);
  });

  it("distributed: whoever changes a copy stands alone, and can take over that of the others", async () => {
    await opened.go("learn/distributed");
    await page.getByText("All 3 copies have the same newest hash").waitFor();
    await tabTo("Note of block");
    await page.keyboard.type("mine");
    await seesPromise();
    await page.getByText("stands alone").waitFor();
    assert.equal(await page.getByText("2 of 3 agree").count(), 2);
    await tabTo("Take over what the others have");
    await page.keyboard.press("Enter");
    await page.getByText("All 3 copies have the same newest hash").waitFor();
  });

  it("signatures: a signature is for one order by one signer", async () => {
    await opened.go("learn/signatures");
    await tabTo("Sign as Mallory");
    await page.keyboard.press("Enter");
    await page.getByText("This is not Alice's signature.").waitFor();
    assert.equal(await page.getByText("What you have seen").count(), 0);
    await page.locator("#main").focus();
    await tabTo("Sign as Alice");
    await page.keyboard.press("Enter");
    await page.getByText("The signature is Alice's").waitFor();
    await page.locator("#main").focus();
    await tabTo("Amount");
    await page.keyboard.press("End");
    await page.keyboard.type("0");
    await page.getByText("The signature is not for this order.").waitFor();
    await seesPromise();
    await page.keyboard.press("Backspace");
    await page.getByText("The signature is Alice's").waitFor();
  });

  it("finality: votes are taken away until none is certified, of a class and of the chain itself", async () => {
    await opened.go("learn/finality");
    await tabTo("Pupil 1");
    await page.keyboard.press("Space");
    await page.getByText("Votes that count: 4 of 5, needed are 4").waitFor();
    await page.getByText("✓ certified").waitFor();
    await tabTo("Pupil 2");
    await page.keyboard.press("Space");
    await page.getByText("3 signers, needed are 4").waitFor();
    await seesPromise();
    const other = await stage.open(poa.rig.url);
    await other.go("learn/finality");
    await other.page.getByText("✓ certified").waitFor();
    const votes = other.page.getByRole("checkbox", { checked: true });
    for (let left = await votes.count(); left > 0; left -= 1) await votes.first().press("Space");
    await other.page.getByText("✗ not certified").waitFor();
    await other.page.getByText("What you have seen").waitFor();
    assert.deepEqual(other.complaints, []);
    await other.close();
  });

  it("are remembered as done, on a phone, too, and forgotten if one wants", async () => {
    await page.setViewportSize({ width: 360, height: 780 });
    await opened.go("learn");
    await page.reload();
    await page.getByRole("button", { name: "Forget what is done" }).waitFor();
    assert.equal(await page.locator(".learn-step.done").count(), 6);
    await page.emulateMedia({ colorScheme: "dark" });
    // The first lesson, the path and the words are among the pages of every-page.long.ts.
    for (const lesson of ["block", "chain", "distributed", "signatures", "finality"]) {
      await opened.go(`learn/${lesson}`);
      await untilLoaded(page);
      assert.ok((await overflowPx(page)) <= 0, `${lesson} is too wide`);
      assert.deepEqual(await seriousFindings(page), [], lesson);
    }
    await opened.go("learn");
    await page.getByRole("button", { name: "Forget what is done" }).press("Enter");
    assert.equal(await page.locator(".learn-step.done").count(), 0);
    await opened.go("learn/nonsense");
    await page.getByRole("heading", { name: "There is no such lesson" }).waitFor();
  });

  it("send nothing of all this anywhere, and complain of nothing", () => {
    assert.deepEqual(opened.complaints, []);
    const origin = new URL(pow.rig.url).origin;
    assert.deepEqual(
      opened.asked.filter((url) => !url.startsWith(`${origin}/`)),
      [],
    );
  });
});
