/** The worked example of the docs, with a real node: in Node, and bundled for a browser. */
import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { KeptTransaction } from "../../src/client/index.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { type NodeProcess, Stage } from "../e2e/processes.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { type BrowserPage, browserMissing, bundled, openPage } from "./browser.ts";

const root = path.join(import.meta.dirname, "../..");
const example = path.join(root, "docs/examples/pay-and-verify.js");

interface Payment {
  readonly url: string;
  readonly chainId: string;
  readonly seed: string;
  readonly to: string;
  readonly amount: string;
}
interface Paid {
  readonly id: string;
  readonly height: number;
  readonly received: bigint;
  readonly steps: readonly string[];
}
interface Example {
  payAndVerify(payment: Payment & { readonly store: object }): Promise<Paid>;
}

describe("the example of docs/client.md", { timeout: suiteMaxMs }, () => {
  const seed = "2a".repeat(32);
  const address = (byte: number) => addressOf(keyPairFromSeed(new Uint8Array(32).fill(byte)).publicKey);
  let stage: Stage;
  let node: NodeProcess;
  let opened: BrowserPage | undefined;
  before(async () => {
    stage = await Stage.open();
    if (!browserMissing)
      opened = await openPage({ "/example.js": await bundled(example) }, ["http://127.0.0.1:*"]);
    const chain = await stage.spec("poa.json", {
      consensus: "poa",
      authorities: [await stage.nodeAddress("authority")],
      ...{ periodMs: 200, stepMs: 200, heartbeatMs: 400 },
      allocations: { [address(0x2a)]: "1000" },
    });
    const origin = opened ? ["--api-cors", new URL(opened.page.url()).origin] : [];
    node = await stage.start("authority", "--consensus", "poa", "--chain", chain, "--authority", ...origin);
  });
  after(async () => {
    await opened?.close();
    await stage.close();
  });

  const payment = async (to: number): Promise<Payment> => ({
    url: node.started.apiUrl,
    chainId: (await node.status()).chainId,
    seed,
    to: address(to),
    amount: "1.5",
  });

  function assertPaid({ height, received, steps }: Paid): void {
    assert.ok(height > 0);
    assert.equal(received, 150_000_000n);
    const checks = steps.map((step) => step.split(":")[0]);
    for (const check of [
      "chain-id",
      "authorities",
      "final",
      "id",
      "signature",
      "transactions",
      "newest",
      "entry",
    ]) {
      assert.ok(checks.includes(check), `${check}: ${steps.join("\n")}`);
    }
  }

  it("pays and verifies in Node", async () => {
    const client = pathToFileURL(path.join(root, "src/client/index.ts")).href;
    const hooks = registerHooks({
      resolve: (specifier, context, next) =>
        specifier === "aurex/client" ? { url: client, shortCircuit: true } : next(specifier, context),
    });
    const { payAndVerify } = (await import(pathToFileURL(example).href)) as Example;
    hooks.deregister();
    const kept = new Map<string, KeptTransaction>();
    const store = {
      keep: (one: KeptTransaction) => void kept.set(one.id, one),
      forget: (id: string) => void kept.delete(id),
      kept: () => [...kept.values()],
    };
    assertPaid(await payAndVerify({ ...(await payment(3)), store }));
    assert.equal(kept.size, 0);
  });

  it("pays and verifies in a browser", { skip: browserMissing }, async () => {
    const paid = await opened!.page.evaluate(
      async (given) => {
        const { payAndVerify } = (await import("/example.js" as string)) as Example;
        const store = {
          keep: ({ id, bytes }: KeptTransaction) => localStorage.setItem(id, String(bytes)),
          forget: (id: string) => localStorage.removeItem(id),
          kept: () => [],
        };
        return payAndVerify({ ...given, store });
      },
      await payment(4),
    );
    assertPaid(paid);
    assert.deepEqual(opened!.complaints, []);
  });
});
