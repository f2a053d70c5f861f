/**
 * Where the focus is in the wallet's forms: it moves in the draw that it belongs to, and never later, so that whoever types on
 * types where they look. Here timers and frames come late, as on a busy machine; what waits for one is not there in time.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { addressOf, keyPairFromSeed, seedFromWords } from "../../src/client/index.ts";
import { browserMissing } from "../client/browser.ts";
import { type ApiRig, alice, bob, openApiRig } from "../http/api-rig.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { pageSources } from "./design-tokens.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";

interface Late {
  lateMs?: number;
}

/** Runs in the page before anything of it. */
function makeLate(): void {
  const [realTimeout, realFrame] = [setTimeout, requestAnimationFrame];
  const lateMs = () => (globalThis as Late).lateMs ?? 0;
  const late = (act: () => void, ms = 0) => realTimeout(act, ms + lateMs());
  const lateFrame = (act: FrameRequestCallback) =>
    lateMs() === 0 ? realFrame(act) : realTimeout(() => act(performance.now()), lateMs());
  Object.assign(globalThis, { setTimeout: late, requestAnimationFrame: lateFrame });
}

/** What runs later than the drawing, whole: from its name to the parenthesis that closes it. */
function laterPieces(text: string): string[] {
  return [...text.matchAll(/\b(?:useEffect|setTimeout|requestAnimationFrame)\(/g)].map(
    ({ index, 0: name }) => {
      let end = index + name.length;
      for (let depth = 1; depth > 0 && end < text.length; end += 1) {
        depth += text[end] === "(" ? 1 : text[end] === ")" ? -1 : 0;
      }
      return text.slice(index, end);
    },
  );
}

describe("what moves the focus or scrolls", () => {
  const moves = /\.(?:focus|select|scrollIntoView|scrollTo)\(|\.scroll(?:Left|Top) =/;
  it("does so in the draw that it belongs to or in the handler of a key, in no timer and no effect after painting", () => {
    let moving = 0;
    for (const text of pageSources()) {
      if (moves.test(text)) moving += 1;
      for (const piece of laterPieces(text)) assert.doesNotMatch(piece, moves);
    }
    assert.ok(moving > 5, "the page's files were read");
  });

  it("is found in a timer", () => {
    const [piece = "", ...more] = laterPieces("a(); setTimeout(() => form(b)?.focus()); c.focus();");
    assert.deepEqual([piece, more], ["setTimeout(() => form(b)?.focus())", []]);
    assert.match(piece, moves);
  });
});

describe("the focus in the wallet's forms", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let stage: PageStage;
  let rig: ApiRig;
  let opened: OpenedPage;
  let page: Page;
  before(async () => {
    stage = await openPageStage();
    rig = await openApiRig();
    opened = await stage.open(rig.url);
    ({ page } = opened);
    await opened.context.addInitScript(makeLate);
  });
  after(async () => {
    await opened?.close();
    await rig?.close();
    await stage?.close();
  });

  const beLate = (lateMs: number) => page.evaluate((ms) => Object.assign(globalThis, { lateMs: ms }), lateMs);
  const press = (key: string) => page.keyboard.press(key);
  const click = (name: string) => page.getByRole("button", { name, exact: true }).click();
  /** Goes on as soon as the text is drawn. */
  const shows = (text: string | RegExp) => page.getByText(text).first().waitFor();
  const retype = async (text: string) => {
    await press("ControlOrMeta+a");
    await page.keyboard.insertText(text);
  };
  /** The label of the input that has the focus, or its own text, and what describes it. */
  const focused = () =>
    page.evaluate(() => {
      const { activeElement } = document;
      const { labels } = activeElement as HTMLInputElement;
      const ids = activeElement?.getAttribute("aria-describedby")?.split(" ") ?? [];
      const described = ids.map((id) => document.getElementById(id)?.textContent ?? "");
      return [labels?.[0]?.textContent ?? activeElement?.textContent ?? "", ...described].join(" | ");
    });

  it("is at each step of a new key, and at the first fault, before the next key can be pressed", async () => {
    await opened.go("wallet");
    await page.getByRole("button", { name: "Make a new key" }).waitFor();
    await beLate(2_000);
    await click("Make a new key");
    await shows("1 of 3");
    assert.match(await focused(), /^1 of 3/);
    await click("Next: its words");
    await shows("This passphrase is not taken");
    assert.match(await focused(), /^Passphrase \|.*is not taken/);
    await page.keyboard.insertText("p");
    await press("Tab");
    await page.keyboard.insertText("q");
    await page.getByLabel("Name in this browser").press("Enter");
    await shows("The two are not the same");
    assert.match(await focused(), /^The same passphrase again/);
    await retype("p");
    await press("Enter");
    await shows("2 of 3");
    assert.match(await focused(), /^2 of 3/);
    const words = await page.locator(".wallet-words strong").allTextContents();
    await click("I have written them down");
    await shows("3 of 3");
    const asked = await page.locator("form.wallet-form label").allTextContents();
    assert.equal(await focused(), asked[0]);
    for (const [index] of asked.entries()) {
      if (index > 0) await press("Tab");
      await page.keyboard.insertText("aurex");
    }
    await press("Enter");
    await shows("This is not word");
    assert.equal((await focused()).split(" | ")[0], asked[0]);
    for (const [index, label] of asked.entries()) {
      if (index > 0) await press("Tab");
      await retype(words[Number(label.replace("Word ", "")) - 1] ?? "");
    }
    await press("Enter");
    await shows("is in this browser now");

    const { publicKey } = keyPairFromSeed(await seedFromWords(words.join(" ")));
    const payload = {
      kind: "transfer",
      to: publicKey,
      assetId: new Uint8Array(32),
      amount: 5_00000000n,
      memo: new Uint8Array(),
    } as const;
    await rig.client.submit(rig.sign(payload, alice).bytes);
    await rig.sealWaiting();
  });

  it("goes to what is wrong with a key that is taken over, at once or after work", async () => {
    await click("Import a key");
    await page.getByLabel("Its words").fill("legal winner thank year wave sausgae");
    await click("Import");
    await shows("This passphrase is not taken");
    assert.match(await focused(), /^Passphrase \|/);
    await page.keyboard.insertText("p");
    await press("Tab");
    await page.keyboard.insertText("p");
    await press("Enter");
    await shows('the nearest is "sausage"');
    assert.match(await focused(), /^Its words \|.*sausage/);
    await click("Cancel");
  });

  it("is at a passphrase that is asked for, and is not taken from who has gone on while it was tried", async () => {
    await click("Unlock");
    await shows("Passphrase of Key 1");
    assert.match(await focused(), /^Passphrase of Key 1/);
    await press("Enter");
    await shows("Type the passphrase of this key");
    assert.match(await focused(), /^Passphrase of Key 1 \|.*Type the passphrase/);
    await page.keyboard.insertText("wrong");
    await press("Enter");
    await shows("not opened by this passphrase");
    assert.match(await focused(), /^Passphrase of Key 1 \|.*not opened/);
    await retype("wrong");
    await press("Enter");
    // Whether the answer is there already or comes later.
    await press("Tab");
    await shows("not opened by this passphrase");
    assert.match(await focused(), /^(?:Cancel|Unlock)$/);
    await click("Cancel");
  });

  it("is where a transaction has come to", async () => {
    await beLate(0);
    await opened.go("send");
    await page.getByLabel("To", { exact: true }).fill(addressOf(bob.publicKey).slice(0, -1));
    await page.getByLabel("Amount").fill("6");
    await beLate(2_000);
    await click("Look at what is signed");
    await shows("no address");
    assert.match(await focused(), /^To \|.*no address/);
    await retype(addressOf(bob.publicKey));
    await press("Enter");
    await shows("can send 5 AUR at most");
    assert.match(await focused(), /^Amount \|/);
    await retype("1");
    await press("Enter");
    await shows("Before it is signed");
    assert.match(await focused(), /^Passphrase of Key 1/);
    await page.keyboard.insertText("p");
    await press("Enter");
    await shows("Signed and");
    assert.match(await focused(), /^Signed and/);
    assert.deepEqual(opened.complaints, []);
  });
});
