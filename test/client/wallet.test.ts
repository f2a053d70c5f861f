/** One wallet in Node and in a real browser: the same words, the same keystores, the same files of transactions. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { encodeKeystore, makeKeystore } from "../../src/wallet/eip2335.ts";
import { loadKey } from "../../src/wallet/keystore.ts";
import { seedFromWords } from "../../src/wallet/words.ts";
import { run } from "../cli/test-terminal.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { type BrowserPage, browserMissing, bundled, openPage } from "./browser.ts";

type InBrowser = typeof import("./in-browser.ts");

const words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const passphrase = "contraseña 🔑";
const cost = { n: 2 ** 10, r: 8, p: 1 };

describe("the wallet in a browser", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let opened: BrowserPage;
  let dataDir: string;
  before(async () => {
    dataDir = await folderUntilEnd("aurex-browser-wallet-");
    opened = await openPage({ "/client.js": await bundled(path.join(import.meta.dirname, "in-browser.ts")) });
  });
  after(() => opened?.close());

  it("makes of words what Node makes of them, and takes them as people type them", async () => {
    const made = await opened.page.evaluate(
      async (typed) => {
        const client = (await import("/client.js" as string)) as InBrowser;
        const read = client.readWords(typed);
        const own = client.newWords(24);
        return {
          seeds: read.ok ? [client.toHex(await client.seedFromWords(read.value, 0))] : [],
          path: client.accountPath(3),
          isOwnRead: client.readWords(own).ok && own.split(" ").length === 24,
          refused: client.readWords(typed.replace("SAUSAGE", "SAUSGAE")),
        };
      },
      `  ${words.toUpperCase().replaceAll(" ", "\n")} `,
    );
    assert.deepEqual(made.seeds, [toHex(await seedFromWords(words))]);
    assert.equal(made.path, "m/44'/1096110680'/3'");
    assert.ok(made.isOwnRead);
    assert.ok(!made.refused.ok && /nearest is "sausage"/.test(made.refused.fault));
  });

  it("opens the file that the command line keeps, and what others encrypt, with ñ in one letter or in two", async () => {
    const environment = { AUREX_PASSPHRASE: passphrase.normalize("NFC") };
    await run(["keys", "import", "alice", "--data-dir", dataDir], { input: words, environment });
    // The cipher that EIP-2335 names, and a cost that does not keep the browser busy a second time.
    const others = { seed: await seedFromWords(words), passphrase, cipher: "aes-128-ctr", cost } as const;
    const texts = [
      readFileSync(path.join(dataDir, "keys/alice.json"), "utf8"),
      encodeKeystore(await makeKeystore(others)),
    ];
    const seeds = await opened.page.evaluate(
      async ([given, typed]) => {
        const client = (await import("/client.js" as string)) as InBrowser;
        const found: string[] = [];
        for (const text of given) {
          const keystore = client.readKeystore(JSON.parse(text));
          const seed = keystore.ok ? await client.openKeystore(keystore.value, typed) : keystore;
          found.push(seed.ok ? client.toHex(seed.value) : JSON.stringify(seed.fault));
        }
        return found;
      },
      [texts, passphrase.normalize("NFD")] as const,
    );
    const seed = toHex(await seedFromWords(words));
    assert.deepEqual(seeds, [seed, seed]);
  });

  it("writes a keystore that the command line takes", async () => {
    const input = await opened.page.evaluate(
      async (given) => {
        const client = (await import("/client.js" as string)) as InBrowser;
        const seed = new Uint8Array(32).fill(7);
        return client.encodeKeystore(await client.makeKeystore({ seed, ...given }));
      },
      { passphrase: passphrase.normalize("NFD"), cost },
    );
    const environment = { AUREX_PASSPHRASE: passphrase.normalize("NFC") };
    const taken = await run(["keys", "import", "page", "--data-dir", dataDir], { input, environment });
    assert.equal(taken.code, 0, taken.stderr);
    const { secretKey } = await loadKey(dataDir, "page", passphrase);
    assert.deepEqual(secretKey.slice(0, 32), new Uint8Array(32).fill(7));
    assert.deepEqual(opened.complaints, []);
  });
});
