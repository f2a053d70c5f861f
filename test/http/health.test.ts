/** GET /livez and /readyz: what a supervisor and a load balancer are told. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { NotReadyAnswer, ReadyAnswer } from "../../src/api/health.ts";
import type { PeerAnswer } from "../../src/api/node.ts";
import type { NodeStatus } from "../../src/api/node-status.ts";
import { readiness } from "../../src/http/health-routes.ts";
import { openApiRig } from "./api-rig.ts";

async function askReady(t: TestContext, status: Partial<NodeStatus>, query: string) {
  const rig = await openApiRig({ status });
  t.after(() => rig.close());
  const live = await fetch(`${rig.url}/livez`);
  assert.equal(live.status, 200);
  assert.equal(((await live.json()) as { status: string }).status, "ok");
  const answer = await fetch(`${rig.url}/readyz${query}`);
  return { status: answer.status, body: (await answer.json()) as ReadyAnswer | NotReadyAnswer };
}

const syncing = { height: 0, targetHeight: 900 };

describe("GET /readyz", () => {
  const cases: readonly (readonly [
    what: string,
    Partial<NodeStatus>,
    query: string,
    reasons: readonly string[],
  ])[] = [
    ["a node without peers, of which none are asked for", { peers: 0 }, "", []],
    ["as many peers as are asked for", { peers: 3 }, "?minPeers=3", []],
    ["fewer peers", { peers: 2 }, "?minPeers=3", ["peers"]],
    ["a node that catches up", { syncing }, "", ["syncing"]],
    ["one that is further behind than allowed", { syncing }, "?maxBlocksBehind=899", ["behind"]],
    ["one that is as far behind as allowed", { syncing }, "?maxBlocksBehind=900", []],
    ["all at once", { syncing, peers: 0 }, "?minPeers=1&maxBlocksBehind=0", ["peers", "behind"]],
  ];
  for (const [what, status, query, reasons] of cases) {
    it(`${what}: ${reasons.length === 0 ? 200 : 503}`, async (t) => {
      const answer = await askReady(t, status, query);
      assert.deepEqual(
        answer.body.reasons.map(({ code }) => code),
        reasons,
      );
      assert.equal(answer.status, reasons.length === 0 ? 200 : 503);
      assert.equal(answer.body.status, reasons.length === 0 ? "ready" : "not ready");
      for (const { message } of answer.body.reasons) assert.match(message, /\d/);
    });
  }

  it("refuses a demand that it does not understand", async (t) => {
    for (const query of ["?minPeers=-1", "?minPeers=many", "?maxBlocksBehind=1.5", "?minPeer=1"]) {
      assert.equal((await askReady(t, {}, query)).status, 400, query);
    }
  });

  it("takes the height of the middle peer, so that one that boasts takes no node out of service", () => {
    const peer = (height: number, sameChain = true): PeerAnswer => ({
      nodeId: "12D3Koo",
      address: "/ip4/192.0.2.1/tcp/1",
      direction: "inbound",
      sameChain,
      hello: { name: "n", network: "n", consensus: "pow", chainId: null, height, finalHeight: 0 },
      software: null,
      connectedAtMs: 0,
      latencyMs: null,
      clockOffsetMs: null,
      score: 0,
      lastOffence: null,
    });
    const behind = (peers: readonly PeerAnswer[]) =>
      readiness(
        {
          status: () =>
            ({ peers: peers.length, head: { height: 100 }, syncing: null }) as unknown as NodeStatus,
          peers: () => ({ peers, refused: [], banned: [], clockNote: null }),
        },
        { minPeers: 0, maxBlocksBehind: 10 },
      ).blocksBehind;
    assert.equal(behind([]), 0);
    assert.equal(behind([peer(101), peer(100), peer(1_000_000)]), 1);
    assert.equal(behind([peer(150), peer(1_000_000)]), 50);
    assert.equal(behind([peer(100), peer(150), peer(151)]), 50);
    assert.equal(behind([peer(900, false), peer(90)]), 0);
  });
});
