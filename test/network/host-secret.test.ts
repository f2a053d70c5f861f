/** A closed network over real libp2p: who has its secret connects and talks, nobody else does, in neither direction. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import type { Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { libp2pHost, realUntil } from "./host-rigs.ts";

const secret = new Uint8Array(32).fill(1);
const otherSecret = new Uint8Array(32).fill(2);
const echo = "/test/echo/1";
const chunkBytes = 1_048_576;
const chunks = 4;

async function start(
  t: TestContext,
  name: string,
  networkSecret?: Uint8Array,
  logger?: Logger,
  bootstrap: string[] = [],
): Promise<Libp2pHost> {
  const options = { bootstrap, ...(networkSecret === undefined ? {} : { networkSecret }) };
  const host = await libp2pHost(`secret ${name}`, options, logger);
  t.after(() => host.stop());
  await host.start();
  return host;
}

function addressOf(host: Libp2pHost): string {
  const [address] = host.addresses();
  assert.ok(address);
  return address;
}

describe("a network with a secret", () => {
  it("lets those in who have it, with everything that they say", async (t) => {
    const [alpha, beta] = [await start(t, "alpha", secret), await start(t, "beta", secret)];
    alpha.serve(echo, {
      requestBytesMax: 16,
      chunkBytesMax: chunkBytes,
      timeoutMs: 10_000,
      rateLimit: { requests: 10, perMs: 1_000 },
      handle: () => Array.from({ length: chunks }, (_, index) => new Uint8Array(chunkBytes).fill(index)),
    });
    assert.equal(await beta.dial(addressOf(alpha)), alpha.peerId);
    await realUntil(() => alpha.peers().length === 1, "the other side sees it, too");
    const limits = { timeoutMs: 10_000, chunkBytesMax: chunkBytes, chunksMax: chunks };
    let received = 0;
    for await (const chunk of beta.request(alpha.peerId, echo, new Uint8Array(1), limits)) {
      assert.equal(chunk.length, chunkBytes);
      assert.ok(chunk.every((byte) => byte === received));
      received += 1;
    }
    assert.equal(received, chunks);
  });

  it("keeps out who has none or another one, and does not get out to them", async (t) => {
    const inside = await start(t, "inside", secret);
    const wrong = await start(t, "wrong", otherSecret);
    const open = await start(t, "open");
    for (const outsider of [wrong, open]) {
      await assert.rejects(outsider.dial(addressOf(inside)));
      await assert.rejects(inside.dial(addressOf(outsider)));
      assert.deepEqual(outsider.peers(), []);
    }
    assert.deepEqual(inside.peers(), []);
    const friend = await start(t, "friend", secret);
    assert.equal(await friend.dial(addressOf(inside)), inside.peerId);
  });

  it("says so once where a node answers without it", async (t) => {
    const inside = await start(t, "inside", secret);
    const warnings: unknown[][] = [];
    const logger: Logger = { ...silentLogger, warn: (...said: unknown[]) => void warnings.push(said) };
    const bootstrap = [addressOf(inside).replace(/\/p2p\/.*/, "")];
    await start(t, "wrong", otherSecret, logger, bootstrap);
    // What two secrets make of the first bytes is chance: they may also read as a long message that never comes.
    const said = () => JSON.stringify(warnings);
    await realUntil(() => said().includes("not with this network's secret"), "the warning", said);
    assert.ok(JSON.stringify(warnings).includes(bootstrap[0] as string));
  });
});
