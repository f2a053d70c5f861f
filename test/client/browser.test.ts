/** `aurex/client` in a real browser, under a strict policy, held to what it does in Node. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { BlockBuilder, testSpec } from "../chain/block-builder.ts";
import { openApiRig } from "../http/api-rig.ts";
import { makePortVectors } from "../protocol/make-port-vectors.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { BreakableProxy } from "./breakable-proxy.ts";
import { type BrowserPage, browserMissing, bundled, openPage } from "./browser.ts";
import { signedTexts } from "./in-browser.ts";

type InBrowser = typeof import("./in-browser.ts");

describe("the client in a browser", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let opened: BrowserPage;
  let proxy: BreakableProxy;
  before(async () => {
    proxy = await BreakableProxy.open("http://127.0.0.1:1");
    const code = await bundled(path.join(import.meta.dirname, "in-browser.ts"));
    opened = await openPage({ "/client.js": code }, [proxy.url]);
  });
  after(async () => {
    await opened?.close();
    await proxy?.close();
  });

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

  it("follows a node's events through a cut, as EventSource does", async (t) => {
    const pow = new BlockBuilder(testSpec("pow"));
    const blocks = pow.branch(pow.genesis, 6);
    const { origin } = new URL(opened.page.url());
    const rig = await openApiRig({ spec: pow.spec, door: { corsOrigins: [origin] } });
    t.after(() => rig.close());
    proxy.pointAt(rig.url);
    await opened.page.evaluate(async (url) => {
      const { createApiClient, followEvents } = (await import("/client.js" as string)) as InBrowser;
      const seen = { client: [] as string[], source: [] as string[] };
      Object.assign(globalThis, { seen });
      const source = new EventSource(`${url}/v1/events`);
      for (const name of ["snapshot", "gap", "head"]) {
        source.addEventListener(name, ({ data }) => {
          const { height } = JSON.parse(data);
          seen.source.push(name === "head" ? `head ${height}` : name);
        });
      }
      void (async () => {
        for await (const { event, data } of followEvents(createApiClient(url), { retryMaxMs: 100 }))
          seen.client.push(event === "head" ? `head ${data.height}` : event);
      })();
    }, proxy.url);
    type Seen = Readonly<Record<"client" | "source", string[]>>;
    const seen = () => opened.page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen);
    const both = async (what: string, text: string, count = 1) =>
      until(what, async () =>
        Object.values(await seen()).every((list) => list.filter((each) => each === text).length === count),
      );
    await both("both are connected", "snapshot");
    for (const { block } of blocks.slice(0, 3)) assert.ok((await rig.chain.importBlock(block)).ok);
    await both("both have the third block", "head 3");
    // However long the blocks take: nobody is back before the last of them.
    proxy.isHeld = true;
    proxy.cut();
    for (const { block } of blocks.slice(3)) assert.ok((await rig.chain.importBlock(block)).ok);
    proxy.isHeld = false;
    proxy.cut();
    await both("both are connected again", "snapshot", 2);
    const heads = [1, 2, 3, 4, 5, 6].map((height) => `head ${height}`);
    const expected = ["snapshot", ...heads, "snapshot"];
    assert.deepEqual(await seen(), { client: expected, source: expected });
  });
});
