/** Overview, search, mempool and accounts in a real browser, in front of a chain whose blocks the test decides. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { getAssets } from "../../src/api/assets.ts";
import { toHex } from "../../src/base/bytes.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { Payload } from "../../src/protocol/transaction.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { browserMissing } from "../client/browser.ts";
import { coin, named, sent } from "../http/account-trunk.ts";
import { type ApiRig, authority, openApiRig } from "../http/api-rig.ts";
import { openDeskRig } from "../http/rig-desk.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";
import { untilLoaded, visitsOf } from "./page-walk.ts";

const addressOfBob = addressOf(bob.publicKey);
const aliceHex = toHex(alice.publicKey);
const stranger = keyPairNamed("a stranger");
const markup = "<img src=x onerror=\"document.title='broken'\">";
/** Would turn the line around where it is shown as it is. */
const turned = "\u202egnirts";
/** The least that the chain takes, in base units; less than ten of it from a stranger is dust. */
const fee = 100n;
const aur = (whole: number) => BigInt(whole) * 100_000_000n;
const withMemo = (payload: Payload, memo: string): Payload =>
  payload.kind === "transfer" ? { ...payload, memo: Buffer.from(memo) } : payload;

describe("the explorer", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  const builder = new BlockBuilder(testSpec("pow", { minimumFee: "0.000001" }));
  let stage: PageStage;
  let rig: ApiRig;
  let opened: OpenedPage;
  let page: Page;
  /** Of the chain, lowest first. */
  let blocks: readonly BuiltBlock[];
  const give = async (...built: BuiltBlock[]) => {
    for (const { block } of built) {
      const imported = await rig.chain.importBlock(block);
      assert.ok(imported.ok, JSON.stringify(imported));
    }
  };
  const heads = () => page.locator(".overview-card:is(.head, .chain, .final) .overview-height");

  before(async () => {
    stage = await openPageStage();
    blocks = story(builder);
    rig = await openApiRig({ spec: builder.spec, status: { name: "rig\u202e\u200b" } });
    await give(...blocks);
    opened = await stage.open(rig.url, { acceptDownloads: true });
    page = opened.page;
  });
  after(async () => {
    await stage?.close();
    await rig?.close();
  });

  it("shows the chain as a strip, moves it when a block comes, and says so aloud", async () => {
    await opened.go("");
    const tip = blocks.at(-1) as BuiltBlock;
    await heads().first().getByText(String(blocks.length), { exact: true }).waitFor();
    assert.equal(await page.locator(".overview-card.head").count(), 1);
    await page.getByRole("link", { name: /Next block: 11/ }).waitFor();
    const next = builder.on(tip);
    await give(next);
    blocks = [...blocks, next];
    await heads().first().getByText("11", { exact: true }).waitFor();
    await page.getByRole("status").getByText("Block 11 with no transaction").waitFor();
    // Arrows lead from card to card, in the order in which they are seen.
    await page.locator(".overview-card.head").focus();
    await page.keyboard.press("ArrowRight");
    assert.match(await page.locator(":focus").innerText(), /^10\b/);
  });

  it("holds the strip still while it is paused, and turns it round for good", async () => {
    await page.getByRole("button", { name: "Pause" }).click();
    const next = builder.on(blocks.at(-1) as BuiltBlock);
    await give(next);
    blocks = [...blocks, next];
    await page.getByRole("button", { name: "Go on (1 new)" }).waitFor();
    assert.equal(await heads().first().innerText(), "11");
    await page.getByRole("button", { name: "Go on" }).click();
    await heads().first().getByText("12", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Newest right" }).click();
    await heads().last().getByText("12", { exact: true }).waitFor();
    await page.reload();
    await heads().last().getByText("12", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Newest left" }).click();
  });

  it("draws a branch below the chain, and lets an open account follow a reorganization", async () => {
    const fork = blocks.at(-1) as BuiltBlock;
    const paid = builder.sign(alice, aliceSequence, sent(bob, aur(7)), fee);
    await give(builder.on(fork, { transactions: [paid] }));
    const branch = builder.branch(fork, 2, { laterMs: 1 });
    await give(branch[0] as BuiltBlock);
    const side = page.locator(".overview-card.branch");
    await side.waitFor();
    assert.match(await side.innerText(), /^13\b/);
    assert.equal(await page.locator(".overview-rise").count(), 1);
    await opened.go(`account/${addressOfBob}`);
    const row = page.getByRole("row").filter({ hasText: "+7 AUR" });
    await row.waitFor();
    const before = await page.locator(".account-balance").innerText();
    await give(branch[1] as BuiltBlock);
    await row.waitFor({ state: "detached" });
    await page.getByText("(+7 pending)").waitFor();
    const settled = builder.on(branch[1] as BuiltBlock, { transactions: [paid] });
    await give(settled);
    await row.waitFor();
    await page.getByText("(+7 pending)").waitFor({ state: "detached" });
    assert.equal(await page.locator(".account-balance").innerText(), before);
    blocks = [...blocks, ...branch, settled];
    await opened.go("");
    await heads().first().getByText("15", { exact: true }).waitFor();
    // What was the chain for a while is the branch now.
    await side.waitFor();
  });

  it("finds by the keyboard alone: the slash, arrows, Enter, Escape", async () => {
    await opened.go("blocks");
    await page.keyboard.press("/");
    await page.keyboard.type("alice");
    const options = page.getByRole("option");
    await options.first().getByText("alice@example.com").waitFor();
    assert.equal(await page.getByRole("combobox", { name: /^Search/ }).getAttribute("aria-expanded"), "true");
    await page.keyboard.press("ArrowDown");
    assert.equal(await options.first().getAttribute("aria-selected"), "true");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "User alice@example.com" }).waitFor();
    assert.match(page.url(), /#\/user\/alice%40example\.com$/);
    await page.keyboard.press("/");
    await page.keyboard.type("2");
    await options.first().getByText("Block", { exact: true }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`#/block/${blocks[1]?.block.hashHex}$`));
    // Faster than the hits come.
    await page.keyboard.press("/");
    await page.keyboard.insertText("ALICE@example.com");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "User alice@example.com" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("no such thing");
    await page.getByText("Nothing found.").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.getByRole("combobox", { name: /^Search/ }).inputValue(), "");
  });

  it("shows markup and hidden characters of others as what they are, everywhere", async () => {
    const { items } = await rig.client.call(getAssets, {});
    await opened.go(`asset/${items[0]?.assetId}`);
    await page.getByText(markup, { exact: true }).first().waitFor();
    await opened.go("search?q=GOLD");
    await page.getByRole("cell", { name: markup }).waitFor();
    await opened.go(`account/${addressOfBob}`);
    await page.getByText("\\u{202e}gnirts").waitFor();
    await page.getByText("=HYPERLINK").first().waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    assert.notEqual(await page.title(), "broken");
    // Dust from a stranger: nothing beside it can be copied.
    const dust = page.getByRole("row").filter({ hasText: "dust" });
    assert.equal(await dust.count(), 1);
    assert.equal(await dust.getByRole("button").count(), 0);
  });

  it("says what is pending beside the balance, which way it goes, and takes it back when it is done", async () => {
    await opened.go(`account/${addressOfBob}`);
    const balance = page.locator(".account-balance");
    await balance.getByText("AUR").waitFor();
    const before = await balance.innerText();
    assert.doesNotMatch(before, /pending/);
    const waiting = builder.sign(alice, aliceSequence + 1, sent(bob, aur(30)), fee);
    assert.ok((await rig.client.submit(waiting.bytes)).status === "pending");
    await page.getByText("(+30 pending)").waitFor();
    const pending = page.getByRole("region", { name: "Pending" });
    await pending.getByText("↓ in").waitFor();
    await opened.go("mempool");
    await page.getByRole("row").filter({ hasText: "30 AUR to" }).waitFor();
    await opened.go(`account/${addressOfBob}`);
    await page.getByText("(+30 pending)").waitFor();
    const committed = builder.on(blocks.at(-1) as BuiltBlock, { transactions: [waiting] });
    await give(committed);
    blocks = [...blocks, committed];
    await pending.waitFor({ state: "detached" });
    await page.getByText("+30 AUR").waitFor();
    assert.notEqual(await balance.innerText(), before);
    await page.getByRole("button", { name: "Verify this balance" }).click();
    await page.getByText(/^Proven: /).waitFor();
  });

  it("leads through a long history both ways, and saves all of it as CSV without a formula", async () => {
    await opened.go(`account/${addressOfBob}`);
    const history = page.getByRole("region", { name: "History" });
    const firstRow = history.getByRole("row").nth(1);
    await firstRow.getByText("+30 AUR").waitFor();
    await history.getByRole("button", { name: "Next" }).click();
    await firstRow.getByText("+30 AUR").waitFor({ state: "detached" });
    await history.getByRole("button", { name: "Back" }).click();
    await firstRow.getByText("+30 AUR").waitFor();
    await history.getByLabel("Order").selectOption("oldest");
    await firstRow.getByText(markup).waitFor();
    await history.getByLabel("Show").selectOption("out");
    await history.getByText("Nothing of this kind.").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      history.getByRole("button", { name: "Download all as CSV" }).click(),
    ]);
    const lines = (await readFile(await download.path(), "utf8")).trimEnd().split("\n");
    const account = await rig.client.account(addressOfBob);
    assert.equal(lines.length, 1 + (account.itemCount ?? 0));
    assert.match(lines[0] ?? "", /^time,height,block,kind,direction,.*,balance,fee_paid_aur,/);
    assert.ok(lines.some((line) => line.includes(`'=HYPERLINK`)));
    assert.equal(
      lines.some((line) => line.includes(",=") || line.includes(turned)),
      false,
    );
    await history.getByText(`${account.itemCount} entries saved`).waitFor();
  });

  it("shows an account that does not exist yet, and a name that is free", async () => {
    const nobody = addressOf(keyPairNamed("nobody so far").publicKey);
    await opened.go(`account/${nobody}`);
    await page.locator(".account-balance").getByText("0", { exact: false }).waitFor();
    await page.getByText("Nothing has happened to this account yet.").first().waitFor();
    await page.getByRole("img", { name: `QR code of the address ${nobody}` }).waitFor();
    await opened.go("user/nobody@example.com");
    await page.getByText("Nobody has registered this name").waitFor();
  });

  it("leads from a transaction to its sender's one before and the one after, also to one that waits", async () => {
    const all = blocks.flatMap(({ block }) => block.transactions);
    const numbered = (sequence: number) =>
      all.find(({ transaction, senderHex }) => senderHex === aliceHex && transaction.sequence === sequence);
    await opened.go(`transaction/${numbered(aliceSequence)?.idHex}`);
    await page.getByRole("button", { name: /one before/ }).click();
    await page.waitForURL(new RegExp(`${numbered(aliceSequence - 1)?.idHex}$`));
    await page.getByRole("button", { name: /one after/ }).click();
    await page.waitForURL(new RegExp(`${numbered(aliceSequence)?.idHex}$`));
    await page.getByRole("button", { name: /one after/ }).click();
    await page.waitForURL(new RegExp(`${numbered(aliceSequence + 1)?.idHex}$`));
    const waiting = builder.sign(alice, aliceSequence + 2, sent(bob, aur(1)), fee);
    await rig.client.submit(waiting.bytes);
    await page.getByRole("button", { name: /one after/ }).click();
    await page.waitForURL(new RegExp(`${waiting.idHex}$`));
    await page.getByRole("button", { name: /one after/ }).click();
    await page.getByText("There is none so far.").waitFor();
    await page.getByRole("button", { name: /one before/ }).click();
    await page.waitForURL(new RegExp(`${numbered(aliceSequence + 1)?.idHex}$`));
  });

  it("lights up equal addresses together", async () => {
    await opened.go("accounts");
    const links = page.locator(`[data-same="${addressOf(stranger.publicKey)}"]`);
    await links.first().waitFor();
    await opened.go("");
    const same = page.locator(`main table [data-same="${addressOfBob}"]`);
    await same.nth(1).waitFor();
    await same.first().hover();
    await page.locator(`[data-same="${addressOfBob}"].is-same`).nth(1).waitFor();
    await page.locator("h1").hover();
    await page.locator(".is-same").first().waitFor({ state: "detached" });
  });

  it("hides no character on any page, whichever text of others has it", async (t) => {
    const desk = await openDeskRig(authority);
    t.after(() => desk.close());
    desk.candidateAsks();
    for (const [engine, url] of [
      ["pow", rig.url],
      ["poa", desk.url],
    ] as const) {
      const hostile = await stage.open(url, { reducedMotion: "reduce" });
      await hostile.context.route(/\/v1\/(?!events)/, async (route) => {
        const response = await route.fetch();
        if (!response.headers()["content-type"]?.includes("json")) return route.fulfill({ response });
        await route.fulfill({ response, json: withHidden(await response.json()) });
      });
      const paid = blocks[1]?.block.transactions[0]?.idHex ?? "";
      const addresses = { addressOfAlice: addressOf(alice.publicKey), addressOfBob };
      for (const { place, name } of visitsOf({
        engine,
        url,
        paymentId: paid,
        assetId: "AUR",
        ...addresses,
      })) {
        await hostile.go(place);
        await untilLoaded(hostile.page);
        const found = await hostile.page.evaluate(
          () => /.{0,60}[\u202e\u200b].{0,20}/.exec(document.documentElement.outerHTML)?.[0],
        );
        assert.equal(found, undefined, `${name}, ${engine}`);
        assert.doesNotMatch(await hostile.page.title(), /[\u202e\u200b]/, name);
      }
      // An answer may still be on its way to the last page.
      await hostile.context.unrouteAll({ behavior: "ignoreErrors" });
      await hostile.close();
    }
  });

  it("has asked its own node alone, and the browser had nothing to complain about", () => {
    for (const url of opened.asked) assert.ok(url.startsWith(`${rig.url}/`) || url.startsWith("blob:"), url);
    assert.deepEqual(opened.complaints, []);
  });
});

/** Fields of answers that others than the node choose: senders, issuers, operators of other nodes. */
const foreign = /^(name|.*Name|symbol|memo|data|metadata|clockNote|message)$/;

/** An answer in which every text of others has characters that turn the line around, or have no width. */
function withHidden(answer: unknown, key = ""): unknown {
  if (typeof answer === "string") return foreign.test(key) ? `${answer}\u202e\u200b` : answer;
  if (Array.isArray(answer)) return answer.map((each) => withHidden(each, key));
  if (typeof answer !== "object" || answer === null) return answer;
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, withHidden(value, name)]));
}

/** What the first transaction of alice after the story has to carry. */
const aliceSequence = 243;

/** Ten blocks: names, an asset with markup, memos of every kind, dust of a stranger, and a history of some length. */
function story(builder: BlockBuilder): readonly BuiltBlock[] {
  let sequence = 0;
  const byAlice = (payload: Payload) => builder.sign(alice, sequence++, payload, fee);
  const gold = { ...coin("GOLD", 100_000n), name: Buffer.from(markup) } as Payload;
  const rounds = [
    [byAlice(named("alice@example.com")), byAlice(gold)],
    [byAlice(withMemo(sent(bob, aur(1)), markup))],
    ...Array.from({ length: 5 }, () => Array.from({ length: 47 }, () => byAlice(sent(bob, aur(1) / 10n)))),
    [byAlice(sent(stranger, aur(2)))],
    [builder.sign(stranger, 0, withMemo(sent(bob, 10n * fee - 1n), turned), fee)],
    [
      ...Array.from({ length: 3 }, () =>
        byAlice(withMemo(sent(bob, aur(1)), '=HYPERLINK("http://x.example")')),
      ),
      byAlice(sent(bob, aur(1))),
    ],
  ];
  const blocks: BuiltBlock[] = [];
  for (const transactions of rounds)
    blocks.push(builder.on(blocks.at(-1) ?? builder.genesis, { transactions }));
  return blocks;
}
