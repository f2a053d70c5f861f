/** `aurex/client` in a real browser, under a strict policy, held to what it does in Node. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { makePortVectors } from "../protocol/make-port-vectors.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { type BrowserPage, browserMissing, bundled, openPage } from "./browser.ts";

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
});
