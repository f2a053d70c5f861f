/** The wallet in a real browser: a key is made, used and copied by keyboard alone, and never leaves; what is signed is never lost and never paid twice. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { getMempoolStats } from "../../src/api/mempool.ts";
import { toHex } from "../../src/base/bytes.ts";
import {
  addressOf,
  encodeKeystore,
  formatAmount,
  keyPairFromSeed,
  makeKeystore,
  parsedForImport,
  publicKeyOfAddress,
  seedFromWords,
} from "../../src/client/index.ts";
import { BlockchainNetwork } from "../../src/node/blockchain-network.ts";
import { createKey } from "../../src/wallet/keystore.ts";
import { nodeStretch } from "../../src/wallet/node-stretch.ts";
import { BreakableProxy } from "../client/breakable-proxy.ts";
import { browserMissing } from "../client/browser.ts";
import { type ApiRig, alice, bob, openApiRig } from "../http/api-rig.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";
import { overflowPx, seriousFindings } from "./page-walk.ts";
import { type Secrets, secretsIn } from "./secret-search.ts";

const passphrase = "contraseña larga";
const markup = `<img src=x onerror="document.title='broken'">`;

/** Presses Tab until what has the focus is named so, as somebody without a mouse does. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let pressed = 0; pressed < 120; pressed += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement | null;
      return (element?.labels?.[0]?.textContent ?? element?.textContent ?? "").trim();
    });
    if (focused === name) return;
  }
  assert.fail(`Tab never comes to "${name}"`);
}

/** What an assistant reads of the input that has the focus. */
function describedFocus(page: Page): Promise<string> {
  return page.evaluate(() => {
    const ids = document.activeElement?.getAttribute("aria-describedby")?.split(" ") ?? [];
    return ids.map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  });
}

/** Everything that the page holds and shows now. */
function traces(page: Page): Promise<string> {
  return page.evaluate(() => {
    const fields = [...document.querySelectorAll<HTMLInputElement>("input, textarea")].map(
      ({ value }) => value,
    );
    return JSON.stringify([
      document.documentElement.outerHTML,
      fields,
      { ...localStorage },
      { ...sessionStorage },
      document.cookie,
      location.href,
      history.state,
    ]);
  });
}

/** All rows of the wallet's database, bytes in hex. */
function keptRows(page: Page): Promise<string> {
  return page.evaluate(
    () =>
      new Promise<string>((resolve, reject) => {
        const opening = indexedDB.open("aurex-wallet");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = async () => {
          const rows: unknown[] = [];
          for (const name of opening.result.objectStoreNames) {
            const request = opening.result.transaction(name).objectStore(name).getAll();
            await new Promise((done) => {
              request.onsuccess = done;
            });
            rows.push(...request.result);
          }
          opening.result.close();
          resolve(JSON.stringify(rows, (_, value) => (value instanceof Uint8Array ? [...value] : value)));
        };
      }),
  );
}

describe("the wallet of a node's page", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let stage: PageStage;
  let folder: string;
  let opened: OpenedPage | undefined;
  before(async () => {
    // A name that browsers do not take for this machine: a page of plain HTTP on a LAN.
    stage = await openPageStage(["--host-resolver-rules=MAP lan.test 127.0.0.1"]);
    folder = await mkdtemp(path.join(tmpdir(), "aurex-wallet-"));
  });
  afterEach(async () => {
    await opened?.close();
    opened = undefined;
  });
  after(async () => {
    await stage?.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe("at a real node", () => {
    let network: BlockchainNetwork;
    let proxy: BreakableProxy;
    let heard: Buffer[];
    before(async () => {
      network = new BlockchainNetwork({
        dataDir: path.join(folder, "nodes"),
        exportFile: path.join(folder, "ledger.sqlite"),
        fundedKeys: [alice.publicKey],
      });
      network.addPoaNode("PoA_1", { authorizedNodes: ["PoA_1"], apiPort: 0 });
      await network.startAll();
      proxy = await BreakableProxy.open(network.node("PoA_1").apiUrl ?? "");
      heard = [];
      proxy.onHeard = (bytes) => heard.push(bytes);
    });
    after(async () => {
      await proxy?.close();
      await network?.stopAll();
    });

    it("makes a key, sends and sees it final by keyboard alone, and nothing secret leaves the browser", async () => {
      opened = await stage.open(proxy.url);
      const { page } = opened;
      const said: string[] = [];
      page.on("console", (message) => said.push(message.text()));
      const press = (key: string) => page.keyboard.press(key);
      const type = (text: string) => page.keyboard.insertText(text);
      await opened.go("wallet");
      await page.getByRole("button", { name: "Make a new key" }).waitFor();

      await tabTo(page, "Make a new key");
      await press("Enter");
      await tabTo(page, "Passphrase");
      await type(` ${passphrase}`);
      await press("Enter");
      await page.getByText("begins or ends with white space").waitFor();
      assert.match(await describedFocus(page), /white space/, "the focus is at what is wrong");
      await press("ControlOrMeta+a");
      await type(passphrase);
      await press("Tab");
      await type(passphrase.normalize("NFD"));
      await press("Enter");
      await page.getByText("The two are not the same").waitFor();
      assert.match(await describedFocus(page), /not the same/);
      await press("ControlOrMeta+a");
      await type(passphrase);
      await press("Enter");
      await page.getByText("write down these 12 words").waitFor();
      const words = await page.locator(".wallet-words strong").allTextContents();
      const seed = await seedFromWords(words.join(" "));
      await tabTo(page, "I have written them down");
      await press("Enter");
      await page.getByText("3 of 3").waitFor();
      const asked = await page.locator("form.wallet-form label").allTextContents();
      assert.equal(asked.length, 3);
      // Not in the list of words, so it cannot be the right one.
      await type("aurex");
      await press("Enter");
      await until("a wrong word is refused", async () => /This is not word/.test(await describedFocus(page)));
      await press("ControlOrMeta+a");
      for (const [index, label] of asked.entries()) {
        if (index > 0) await press("Tab");
        await type(words[Number(label.replace("Word ", "")) - 1] ?? "");
      }
      await press("Enter");
      await page.getByText("is in this browser now").waitFor();

      const own = addressOf(keyPairFromSeed(seed).publicKey);
      const payload = {
        kind: "transfer",
        to: keyPairFromSeed(seed).publicKey,
        assetId: new Uint8Array(32),
        amount: 5_00000000n,
        memo: new Uint8Array(),
      } as const;
      await network.send("PoA_1", alice, payload);
      await page.locator("dd", { hasText: /^5\s*AUR/ }).waitFor();
      await tabTo(page, "Send from it");
      await press("Enter");
      await page.getByRole("button", { name: "Look at what is signed" }).waitFor();
      await tabTo(page, "To");
      await type(`${addressOf(bob.publicKey).slice(0, -1)}`);
      await tabTo(page, "Amount");
      await type("6");
      await press("Enter");
      await until("the first fault has the focus", async () => /no address/.test(await describedFocus(page)));
      await press("ControlOrMeta+a");
      await type(addressOf(bob.publicKey));
      await tabTo(page, "Amount");
      assert.match(await describedFocus(page), /can send 5 AUR at most/);
      await press("ControlOrMeta+a");
      await type("1.25");
      await tabTo(page, "Memo");
      await type(markup);
      await press("Enter");
      await page.getByText("You have never paid this address before").waitFor();
      const review = await page.locator("section.card", { hasText: "Before it is signed" }).innerText();
      assert.ok(review.replaceAll(/\s/g, "").includes(addressOf(bob.publicKey)), "the whole address");
      assert.ok(review.includes(markup), "the memo, letter by letter");
      await tabTo(page, "Passphrase of Key 1");
      await type("wrong");
      await press("Enter");
      await page.getByText("not opened by this passphrase").waitFor();
      await press("ControlOrMeta+a");
      await type(passphrase.normalize("NFD"));
      await press("Enter");
      await page.getByText("Signed and sent").waitFor();
      const became = await page.evaluate(() => document.activeElement?.textContent);
      assert.match(became ?? "", /^Signed and sent/);
      await page.getByText("and final: nothing can undo it").first().waitFor();
      await opened.go(`account/${addressOf(bob.publicKey)}`);
      await page
        .getByText(/^1\.25/)
        .first()
        .waitFor();

      await opened.go("wallet");
      await tabTo(page, "Export");
      await press("Enter");
      await tabTo(page, "Passphrase of Key 1");
      await type(passphrase);
      const [download] = await Promise.all([page.waitForEvent("download"), press("Enter")]);
      assert.ok(!download.suggestedFilename().includes(own), download.suggestedFilename());
      const exported = await readFile(await download.path(), "utf8");
      const file = parsedForImport(exported, nodeStretch);
      assert.ok(file.ok);
      const inside = await file.value.open(passphrase.normalize("NFD"));
      assert.deepEqual(inside.ok && inside.value, seed);
      await page.getByText("was handed to the browser's downloads").waitFor();
      await tabTo(page, "Lock all keys");
      await press("Enter");
      await page.getByText("Unlocked", { exact: true }).waitFor({ state: "detached" });

      const secrets: Secrets = { seed, words, passphrases: [passphrase, "wrong"], keystore: exported };
      const sent = Buffer.concat(heard).toString("latin1");
      assert.ok(sent.includes("POST /v1/transactions"), "the page's requests were heard");
      assert.ok(sent.includes(toHex(keyPairFromSeed(seed).publicKey)), "what is public can be found in them");
      const ofPassphrase = { ...secrets, passphrases: [passphrase] };
      assert.deepEqual(secretsIn(sent, ofPassphrase), []);
      assert.deepEqual(secretsIn(Buffer.concat(heard).toString("utf8"), ofPassphrase), []);
      assert.deepEqual(secretsIn(opened.asked.join("\n"), ofPassphrase), []);
      assert.deepEqual(secretsIn(said.join("\n"), ofPassphrase), []);
      assert.deepEqual(secretsIn(await traces(page), ofPassphrase), []);
      // Where keys are kept there is the keystore, and nothing that opens it.
      const rows = await keptRows(page);
      assert.ok(rows.includes(own));
      assert.deepEqual(secretsIn(rows, { seed, words, passphrases: [passphrase] }), []);
      for (const url of opened.asked) assert.ok(url.startsWith(proxy.url) || url.startsWith("blob:"), url);
      assert.equal(await page.title(), "Keys · Aurex");
      assert.deepEqual(opened.complaints, []);
    });

    it("finds a secret in whatever form it would have left", () => {
      const seed = new Uint8Array(32).map((_, index) => 7 * index);
      const words = ["legal", "winner", "thank", "year"];
      const secrets = { seed, words, passphrases: ["señal 1"] };
      const base64 = Buffer.concat([Buffer.from("x"), seed, Buffer.from("y")]).toString("base64");
      for (const text of [
        Buffer.from(seed).toString("hex").toUpperCase(),
        base64,
        `["${words.join('","')}"]`,
        "legal+winner+thank",
        `passphrase=${encodeURIComponent("señal 1".normalize("NFKD"))}`,
        Buffer.from("señal 1").toString("base64"),
      ]) {
        assert.notDeepEqual(secretsIn(text, secrets), [], text);
      }
      assert.deepEqual(secretsIn("legal thank winner", secrets), []);
    });

    it("takes over the command line's file, words and a seed, and says what is wrong with what is none", async () => {
      const dataDir = path.join(folder, "cli");
      await createKey(dataDir, "carol", passphrase.normalize("NFC"));
      opened = await stage.open(proxy.url);
      const { page } = opened;
      await opened.go("wallet");
      await page.getByRole("button", { name: "Import a key" }).click();
      await page.getByLabel("Its words").fill("legal winner thank year wave sausgae");
      await page.getByLabel("Passphrase", { exact: true }).fill("p");
      await page.getByLabel("The same passphrase again").fill("p");
      await page.getByRole("button", { name: "Import", exact: true }).click();
      await page.getByText('the nearest is "sausage"').waitFor();
      await page.getByRole("tab", { name: "Seed in hex" }).click();
      await page.getByLabel("Its seed").fill("12ab");
      await page.getByLabel("Passphrase", { exact: true }).fill("p");
      await page.getByLabel("The same passphrase again").fill("p");
      await page.getByRole("button", { name: "Import", exact: true }).click();
      await page.getByText("exactly 64 hex digits").waitFor();
      await page.getByRole("tab", { name: "File" }).click();
      const own = await readFile(path.join(dataDir, "keys", "carol.json"), "utf8");
      const absurd = path.join(folder, "absurd.json");
      await writeFile(absurd, own.replace(/"n": \d+/, `"n": ${2 ** 30}`));
      await page.getByLabel("Its file").setInputFiles(absurd);
      await page.getByRole("button", { name: "Import", exact: true }).click();
      await page.getByText("MiB of memory to be opened, the most is 512 MiB").waitFor();
      await page.getByLabel("Its file").setInputFiles(path.join(dataDir, "keys", "carol.json"));
      await page.getByLabel("Passphrase of the file").fill(passphrase.normalize("NFD"));
      await page.getByRole("button", { name: "Import", exact: true }).click();
      await page.getByText("is in this browser now").waitFor();
      const { address } = JSON.parse(await readFile(path.join(dataDir, "keys", "carol.json"), "utf8")) as {
        address?: string;
      };
      const rows = await keptRows(page);
      const [row] = JSON.parse(rows) as { address: string; id: string }[];
      assert.equal(row?.id, toHex(publicKeyOfAddress(row?.address ?? "") ?? new Uint8Array()));
      if (address !== undefined) assert.equal(row?.address, address);
      assert.deepEqual(opened.complaints, []);
    });
  });

  describe("at a chain whose blocks come when the test says so", () => {
    let rig: ApiRig;
    let proxy: BreakableProxy;
    before(async () => {
      rig = await openApiRig({ minimumFee: "0.0001", door: { allowedHosts: ["lan.test"] } });
      proxy = await BreakableProxy.open(rig.url);
    });
    after(async () => {
      await proxy?.close();
      await rig?.close();
    });

    /** A key with a passphrase that takes little work, so that a test is not about scrypt. */
    async function openWithKey(url: string, place = "send"): Promise<OpenedPage> {
      const page = await stage.open(url);
      await page.go("wallet");
      const seed = new Uint8Array(32).fill(2);
      const keystore = await makeKeystore({ seed, passphrase: "p", cost: { n: 2 ** 10, r: 8, p: 1 } });
      const row = {
        id: toHex(alice.publicKey),
        address: addressOf(alice.publicKey),
        label: "alice",
        keystore: encodeKeystore(keystore),
        path: "",
        backup: "imported",
        createdAtMs: 1,
      };
      await page.page.getByRole("button", { name: "Make a new key" }).waitFor();
      await page.page.evaluate(
        (kept) =>
          new Promise<void>((resolve) => {
            const opening = indexedDB.open("aurex-wallet");
            opening.onsuccess = () => {
              const writing = opening.result.transaction("keys", "readwrite");
              writing.objectStore("keys").put(kept);
              writing.oncomplete = () => resolve();
            };
          }),
        row,
      );
      await page.page.reload();
      await page.go(place);
      return page;
    }

    async function fill(page: Page, amount: string): Promise<void> {
      const to = page.getByLabel("To", { exact: true });
      await to.waitFor().catch(async (thrown) => {
        const shown = await page.locator("body").innerText();
        throw new Error(`no form; the page shows:\n${shown}\n${opened?.complaints.join("\n")}`, {
          cause: thrown,
        });
      });
      await to.fill(addressOf(bob.publicKey));
      await page.getByLabel("Amount").fill(amount);
      await page.getByRole("button", { name: "Look at what is signed" }).click();
      await page.getByText("Before it is signed").waitFor();
    }

    async function sign(page: Page): Promise<void> {
      await page.getByLabel("Passphrase of alice").fill("p");
      await page.getByRole("button", { name: "Unlock, sign and send" }).click();
    }

    /** For everybody, on a small screen, too. */
    async function assertUsable(page: Page): Promise<void> {
      await page.setViewportSize({ width: 360, height: 800 });
      assert.deepEqual(await seriousFindings(page), []);
      assert.ok((await overflowPx(page)) <= 0, "wider than the window");
      await page.setViewportSize({ width: 1280, height: 800 });
    }

    const bobHas = () => formatAmount(rig.chain.ledger.account(toHex(bob.publicKey))?.balance ?? 0n);
    const entry = (page: Page, text: string) => page.locator(".send-entry", { hasText: text });

    it("survives a lost answer, a reload in the middle and a node that is away, and pays once", async () => {
      opened = await openWithKey(proxy.url);
      const { page, context } = opened;
      const bodies: (string | null)[] = [];
      let answersLost = 0;
      // Requests that are under way when a browser begins to be listened to may never end.
      await page.getByLabel("To", { exact: true }).waitFor();
      // The node has taken it; the browser never hears so, twice.
      await context.route("**/v1/transactions", async (route) => {
        bodies.push(route.request().postData());
        if (bodies.length > 2) return route.continue();
        // The line may be cut while it is under way.
        await route.fetch().catch(() => {});
        answersLost += 1;
        await route.abort().catch(() => {});
      });
      await fill(page, "1");
      await sign(page);
      await page.getByText("kept before it leaves").waitFor();
      await until("the first answer was lost", () => answersLost > 0);
      proxy.isHeld = true;
      proxy.cut();
      await page.goto("about:blank");
      proxy.isHeld = false;
      await opened.go("send");
      await entry(page, "Send 1 AUR").getByText("The node has it").waitFor();
      await rig.sealWaiting();
      await entry(page, "Send 1 AUR").getByText("In block").waitFor();
      assert.equal(bobHas(), "1");
      assert.ok(bodies.length >= 2);
      assert.equal(new Set(bodies).size, 1, "the same bytes");
    });

    it("gives two tabs two sequences: the second one shows again what it would sign", async () => {
      opened = await openWithKey(proxy.url);
      const { page, context } = opened;
      const other = await context.newPage();
      await other.goto(`${proxy.url}/#/send`);
      await Promise.all([fill(page, "2"), fill(other, "3")]);
      await sign(page);
      await page.getByText("Signed and sent").waitFor();
      await sign(other);
      await other.getByText("has taken the sequence").waitFor();
      await other.getByRole("button", { name: "Show it with the next sequence" }).click();
      await other.getByRole("button", { name: "Sign and send" }).click();
      await other.getByText("Signed and sent").waitFor();
      const before = Number(bobHas());
      await rig.sealWaiting();
      assert.equal(Number(bobHas()) - before, 5);
    });

    it("pays a higher fee for one that waits, and cancels one", async () => {
      opened = await openWithKey(proxy.url);
      const { page } = opened;
      const before = bobHas();
      await fill(page, "4");
      await sign(page);
      await entry(page, "Send 4 AUR").getByText("The node has it").waitFor();
      await entry(page, "Send 4 AUR").getByRole("button", { name: "Pay a higher fee" }).click();
      await page.getByText("It takes the place of one that waits").waitFor();
      await page.getByText("The bytes that are signed").click();
      await assertUsable(page);
      assert.match(await page.locator(".facts").innerText(), /0\.00011\s+AUR/);
      await page.getByRole("button", { name: "Sign and send" }).click();
      await page.getByText("Signed and sent").waitFor();
      await page.getByText("The node dropped it").waitFor();
      await entry(page, "The node has it").getByRole("button", { name: "Cancel it" }).click();
      await page.getByText("and does nothing else").waitFor();
      await page.getByRole("button", { name: "Sign and send" }).click();
      await entry(page, "Cancel sequence").getByText("The node has it").waitFor();
      await rig.sealWaiting();
      await entry(page, "Cancel sequence").getByText("In block").waitFor();
      assert.equal(bobHas(), before);
      await assertUsable(page);
      assert.deepEqual(opened.complaints, []);
    });

    it("registers a name, records and issues, on a page of plain HTTP in a LAN, without what browsers withhold there", async () => {
      const lan = proxy.url.replace("127.0.0.1", "lan.test");
      opened = await openWithKey(lan);
      const { page } = opened;
      const withheld = await page.evaluate(() => [
        isSecureContext,
        crypto.subtle,
        navigator.locks,
        navigator.storage,
      ]);
      assert.deepEqual(withheld.map(Boolean), [false, false, false, false]);
      const done: [string, [string, string][], string][] = [
        ["Name", [["Name to register", "Zoë"]], "Register the name zoë"],
        ["Record", [["What is recorded", markup]], "Record 45 bytes"],
        [
          "Asset",
          [
            ["Symbol of the new asset", "GOLD"],
            ["Name of the asset", "Gold"],
            ["Supply", "12.34"],
          ],
          "Issue 12.34 GOLD",
        ],
      ];
      for (const [tab, fields, what] of done) {
        await page.getByRole("tab", { name: tab, exact: true }).click();
        for (const [label, text] of fields) await page.getByLabel(label).fill(text);
        await page.getByRole("button", { name: "Look at what is signed" }).click();
        if (tab === "Name") await sign(page);
        else await page.getByRole("button", { name: "Sign and send" }).click();
        await entry(page, what).getByText("The node has it").waitFor();
      }
      await rig.sealWaiting();
      await entry(page, "Issue 12.34 GOLD").getByText("In block").waitFor();
      const account = await rig.client.account("zoë");
      assert.equal(account.address, addressOf(alice.publicKey));
      const [gold] = account.assets;
      assert.deepEqual([gold?.symbol, gold?.balance], ["GOLD", "12.34"]);
      // And sent on, with its own decimal places.
      await page.getByRole("tab", { name: "Send", exact: true }).click();
      await page.getByLabel("To", { exact: true }).fill("ZOË");
      await page.getByLabel("Asset", { exact: true }).selectOption(gold?.assetId ?? "");
      await page.getByText("can send 12.34 GOLD now").waitFor();
      await page.getByRole("button", { name: "Max" }).click();
      await page.getByRole("button", { name: "Look at what is signed" }).click();
      await page.getByText("You are sending to yourself").waitFor();
      assert.match(await page.locator(".facts").innerText(), /12\.34 GOLD/);
      assert.equal(await page.title(), "Send · Aurex");
    });

    it("keeps nothing of a chain when another one is at the same port, but the keys", async () => {
      opened = await openWithKey(proxy.url);
      const { page } = opened;
      await fill(page, "7");
      await sign(page);
      await entry(page, "Send 7 AUR").getByText("The node has it").waitFor();
      const old = rig;
      rig = await openApiRig({ minimumFee: "0.0002" });
      proxy.pointAt(rig.url);
      proxy.cut();
      await page.getByText("is kept for another chain").waitFor();
      await page.getByText("Nothing yet.").waitFor();
      assert.equal(await entry(page, "Send 7 AUR").count(), 0);
      assert.equal((await rig.client.call(getMempoolStats, {})).count, 0);
      await fill(page, "1");
      await page.getByRole("button", { name: "Sign and send" }).click();
      await entry(page, "Send 1 AUR").getByText("The node has it").waitFor();
      await rig.sealWaiting();
      await entry(page, "Send 1 AUR").getByText("In block").waitFor();
      await old.close();
    });

    it("says it loudly if the browser keeps nothing, and works all the same", async () => {
      opened = await stage.open(proxy.url);
      const { page, context } = opened;
      // As in private windows of some browsers.
      await context.addInitScript(() => Object.defineProperty(globalThis, "indexedDB", { value: undefined }));
      await opened.go("wallet");
      await page.getByText("Keys made here are gone when this tab is closed").waitFor();
      await page.getByRole("button", { name: "Import a key" }).click();
      await page.getByRole("tab", { name: "Seed in hex" }).click();
      await page.getByLabel("Its seed").fill("02".repeat(32));
      await page.getByLabel("Passphrase", { exact: true }).fill("p");
      await page.getByLabel("The same passphrase again").fill("p");
      await page.getByRole("button", { name: "Import", exact: true }).click();
      await page.getByText("is in this browser now").waitFor();
      await page.getByRole("link", { name: "Send from it" }).click();
      await page.getByText("This tab alone keeps what you sign").waitFor();
      await fill(page, "1");
    });
  });
});
