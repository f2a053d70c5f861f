/** `aurex/client` in a real browser, under a strict policy, held to what it does in Node. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { makePortVectors } from "../protocol/make-port-vectors.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { type BrowserPage, browserMissing, bundled, openPage } from "./browser.ts";
import { signedTexts } from "./in-browser.ts";

type InBrowser = typeof import("./in-browser.ts");

describe("the client in a browser", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let opened: BrowserPage;
  before(async () => {
    opened = await openPage({ "/client.js": await bundled(path.join(import.meta.dirname, "in-browser.ts")) });
  });
  after(() => opened?.close());

  it("hashes, signs and judges signatures as Node does, on every vector", async () => {
    const vectors = makePortVectors();
    const wrong = await opened.page.evaluate(async (given) => {
      const { mismatches } = (await import("/client.js" as string)) as InBrowser;
      return mismatches(given);
    }, vectors);
    assert.deepEqual(wrong, []);
    assert.deepEqual(opened.complaints, []);
  });

  it("makes the same addresses, transaction bytes, ids and signatures as Node", async () => {
    const [seed, chainId] = ["9d".repeat(32), "c4".repeat(32)];
    const made = await opened.page.evaluate(
      async ([ofSeed, ofChain]) => {
        const { signedTexts: inBrowser } = (await import("/client.js" as string)) as InBrowser;
        return inBrowser(ofSeed as string, ofChain as string);
      },
      [seed, chainId],
    );
    assert.deepEqual(made, signedTexts(seed, chainId));
    assert.equal(new Set(made.map(({ id }) => id)).size, 4);
    assert.deepEqual(opened.complaints, []);
  });
});
