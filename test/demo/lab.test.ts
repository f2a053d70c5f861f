/** The lab with two real miners as processes: killed, cut off, delayed, tampered with; asked as a page and as a stranger asks. */
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, it } from "node:test";
import { getLabEvents, getLabState, type LabNode, type LabState, postLabAction } from "../../src/api/lab.ts";
import { type ApiClient, createApiClient } from "../../src/client/api-client.ts";
import { ApiProblem } from "../../src/client/api-problem.ts";
import { followEvents } from "../../src/client/event-stream.ts";
import { Lab } from "../../src/demo/lab/lab.ts";
import { createLabServer, type LabServer } from "../../src/demo/lab/lab-server.ts";
import { signAndSend } from "../../src/demo/lab/sign-and-send.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";

describe("the lab", () => {
  let lab: Lab;
  let server: LabServer;
  let url: string;
  let api: ApiClient;
  before(async () => {
    const folder = await folderUntilEnd("aurex-lab-");
    lab = await Lab.open({
      ...{ powNodes: 2, poaNodes: 0, ports: [], funded: [], logLevel: "info" },
      ...{ dataDir: folder, exportFile: `${folder}/ledger.sqlite` },
    });
    server = createLabServer(lab, { host: "127.0.0.1", checkAnswers: true });
    url = `http://127.0.0.1:${await server.listen(0)}`;
    api = createApiClient(url, { retries: 0 });
    for (const node of lab.nodes) node.start();
    await untilNode("PoW_1", "is connected", ({ peers }) => peers === 1);
    await untilNode("PoW_2", "is connected", ({ peers }) => peers === 1);
  });
  after(async () => {
    await server?.close();
    await lab?.close();
  });

  const state = (): Promise<LabState> => api.call(getLabState, {});
  const act = (name: string, action: string, body: object = {}) =>
    api.call(postLabAction, { params: { name, action } as never, body });
  async function untilNode(name: string, what: string, isSo: (node: LabNode) => boolean): Promise<LabNode> {
    let seen: unknown;
    return until(
      `${name} ${what}`,
      async () => {
        const node = (await state()).nodes.find((each) => each.name === name);
        seen = node;
        return node && isSo(node) ? node : undefined;
      },
      { seen: () => seen },
    );
  }
  const refusal = async (asked: Promise<unknown>): Promise<ApiProblem> => {
    const thrown = await asked.then(
      () => assert.fail("it is refused"),
      (reason: unknown) => reason,
    );
    assert.ok(thrown instanceof ApiProblem, String(thrown));
    return thrown;
  };
  async function transfer(from: string, to: string): Promise<void> {
    const { api: node, plan } = lab.node(from);
    await signAndSend({ api: node, spec: plan.spec }, plan.keyPair, {
      kind: "transfer",
      ...{ to: lab.node(to).plan.keyPair.publicKey, assetId: zeroBytes32 },
      ...{ amount: 5_00000000n, memo: new Uint8Array(0) },
    });
  }

  it("hands a node's API, figures and events on below one origin, and what the node refuses, too", async () => {
    const node = createApiClient(`${url}/nodes/PoW_1`, { retries: 0 });
    assert.equal((await node.node()).name, "PoW_1");
    assert.match(await (await fetch(`${url}/nodes/PoW_2/metrics`)).text(), /aurex_head_height/);
    const stop = new AbortController();
    const events = followEvents(node, { topics: ["head"], signal: stop.signal });
    assert.equal((await events.next()).value?.event, "snapshot");
    const next = events.next();
    await transfer("PoW_1", "PoW_2");
    assert.equal((await next).value?.event, "head", "it comes while the stream is open");
    stop.abort();
    await events.next().catch(() => undefined);
    assert.equal((await refusal(node.block(1_000_000))).status, 404);
    const level = {
      method: "POST",
      body: '{"level":"warn"}',
      headers: { "content-type": "application/json" },
    };
    const withoutToken = await fetch(`${url}/nodes/PoW_1/v1/admin/log-level`, level);
    assert.equal(withoutToken.status, 401, "the lab adds no token of its own");
    for (const path of [
      "/nodes/PoW_9/v1/node",
      "/nodes/PoW_1/",
      "/nodes/PoW_1/docs",
      "/nodes/PoW_1/../../x",
    ]) {
      assert.equal((await fetch(url + path)).status, 404, path);
    }
  });

  it("makes no trouble for pages of other origins, for forms, and for names that were bent", async () => {
    const { port } = new URL(url);
    const ask = (headers: Record<string, string>, body = "{}") =>
      new Promise<number | undefined>((resolve, reject) => {
        const path = "/lab/nodes/PoW_1/kill";
        const request = http.request({ port, path, method: "POST", headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        request.on("error", reject).end(body);
      });
    const json = { "content-type": "application/json" };
    assert.equal(await ask({ ...json, origin: "http://evil.example" }), 403);
    assert.equal(await ask({ ...json, origin: "null" }), 403);
    assert.equal(await ask({ ...json, "sec-fetch-site": "cross-site" }), 403);
    assert.equal(await ask({ ...json, host: "evil.example" }), 403);
    assert.equal(await ask({ "content-type": "text/plain" }), 415);
    assert.equal(await ask({ "content-type": "application/x-www-form-urlencoded" }, "a=b"), 415);
    assert.equal(await ask({ ...json, host: `127.0.0.1:${port}`, origin: url }, '{"more":1}'), 400);
    const { nodes, mayAct } = await state();
    assert.ok(mayAct);
    assert.deepEqual(new Set(nodes.map((node) => node.process)), new Set(["running"]));
  });

  it("kills a node for real, says so in the one stream, and starts it again where it was", async () => {
    const pid = lab.node("PoW_2").pid as number;
    const stream = await api.open(getLabEvents, {});
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    let told = "";
    const { node, lookFor } = await act("PoW_2", "kill");
    assert.deepEqual([node.process, node.pid], ["stopped", null]);
    assert.ok(lookFor.length > 20);
    assert.throws(() => process.kill(pid, 0), "the process is gone");
    await until("the stream tells of it", async () => {
      told += Buffer.from((await reader.read()).value ?? []).toString();
      return /"name":"PoW_2"[^}]*"process":"stopped"/.test(told);
    });
    await reader.cancel();
    const down = await refusal(createApiClient(`${url}/nodes/PoW_2`, { retries: 0 }).node());
    assert.deepEqual([down.status, down.code], [503, "lab/node-down"]);
    assert.equal((await refusal(act("PoW_2", "stop"))).code, "lab/not-now");
    // Asked of the node itself: what the lab shows of it may be a moment old.
    const { head } = await lab.node("PoW_1").api.node();
    await act("PoW_2", "start");
    await untilNode("PoW_2", "is level again", (each) => each.peers === 1 && each.head?.hash === head.hash);
  });

  it("cuts a miner off, so that both sides go on alone, and the lighter one reorganizes when it is healed", async () => {
    await act("PoW_2", "cut");
    const before = await untilNode("PoW_2", "has nobody", ({ peers }) => peers === 0);
    await untilNode("PoW_1", "has nobody", ({ peers }) => peers === 0);
    for (const [name, blocks] of [
      ["PoW_1", 2],
      ["PoW_2", 1],
    ] as const) {
      for (let count = 1; count <= blocks; count += 1) {
        await transfer(name, name === "PoW_1" ? "PoW_2" : "PoW_1");
        await untilNode(
          name,
          "mines alone",
          ({ head }) => (head?.height ?? 0) >= (before.head?.height ?? 0) + count,
        );
      }
    }
    const heads = (await state()).nodes.map(({ head }) => head?.hash);
    assert.equal(new Set(heads).size, 2, "two branches");
    await act("PoW_2", "heal");
    await until("both have one head", async () => {
      const all = (await state()).nodes;
      return all.every(({ peers }) => peers === 1) && new Set(all.map(({ head }) => head?.hash)).size === 1;
    });
    const { notices } = await state();
    assert.ok(
      notices.some(({ node, text }) => node === "PoW_2" && /reorganized/.test(text)),
      "it is told",
    );
  });

  it("changes a block in a node's store: the node notices, fetches it again, and tells it", async () => {
    const { did } = await act("PoW_1", "tamper", { what: "block" });
    assert.match(did, /changed an amount in block \d+/);
    const { tampered, advice } = await untilNode(
      "PoW_1",
      "is mended",
      (node) => node.tampered?.repaired === true,
    );
    const height = tampered?.height as number;
    assert.match(
      tampered?.noticed ?? "",
      new RegExp(`block ${height} was damaged on disk and was fetched again`),
    );
    assert.equal(advice.find(({ code }) => code === "store")?.fault, false);
    const blocks = await Promise.all(lab.nodes.map(({ api: node }) => node.block(height)));
    assert.deepEqual(blocks[0]?.transactions, blocks[1]?.transactions);
  });
});
