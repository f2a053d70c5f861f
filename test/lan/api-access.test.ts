/** The API of a node as other machines meet it: reached where the operator says so, limited by address, closed without the token. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { Problem } from "../../src/api/problem.ts";
import { Lan } from "../../src/demo/lan/lan.ts";
import type { Machine } from "../../src/demo/lan/machine.ts";
import { until } from "../support/patience.ts";
import { whyNoLan } from "./lan-stage.ts";

const program = path.join(import.meta.dirname, "../../bin/aurex-node.js");
/** Ten times as many may come at once. */
const requestsPerSecond = 5;

describe("an API that other machines reach", { skip: whyNoLan() }, () => {
  let lan: Lan;
  let folder: string;
  let own: Machine;
  let other: Machine;
  const at = (machine: Machine, target: string, init?: RequestInit) =>
    machine.fetch(`http://${own.address}:13280${target}`, init);
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "aurex-lan-api-"));
    lan = Lan.open(["a", "b"]);
    [own, other] = lan.machines as [Machine, Machine];
    const open = ["--api-host", "0.0.0.0", "--api-insecure", "--metrics-address", "0.0.0.0:9100"];
    const quiet = ["--no-mdns", "--listen-address", "127.0.0.1", "--port", "0", "--data-dir", folder];
    const limit = ["--api-rate-limit", String(requestsPerSecond)];
    own.spawn(process.execPath, [program, ...quiet, ...open, ...limit], { stdio: "ignore" });
    await until("the node answers", async () => (await at(own, "/livez").catch(() => undefined))?.ok);
  });
  after(async () => {
    lan.close();
    // What was killed may still be on its way out.
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  it("answers them by its address, and takes the token over the network", async () => {
    assert.equal((await at(other, "/v1/node")).status, 200);
    const token = (await readFile(path.join(folder, "api-token"), "utf8")).trim();
    const post = (headers: Record<string, string>) =>
      at(other, "/v1/admin/log-level", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ level: "debug" }),
      });
    assert.equal((await post({})).status, 401);
    assert.equal((await post({ authorization: `Bearer ${token}` })).status, 200);
  });

  it("tells the probes of an orchestrator on the address of the metrics whether it lives and is ready", async () => {
    const probe = (target: string) => other.fetch(`http://${own.address}:9100${target}`);
    assert.equal((await probe("/livez")).status, 200);
    assert.equal((await probe("/readyz")).status, 200);
    assert.equal((await probe("/readyz?minPeers=1")).status, 503);
    const metrics = await (await probe("/metrics")).text();
    assert.match(metrics, /^aurex_api_requests_total\{.*route="\/livez".*\} \d+$/m);
    assert.match(metrics, /^libp2p_\w+\{?/m);
    assert.equal((await probe("/v1/node")).status, 404);
  });

  it("limits how often one of them asks, says when to ask again, and not this machine's own programs", async () => {
    const ask = async (machine: Machine) => {
      const answers = Array.from({ length: 20 * requestsPerSecond }, () => at(machine, "/livez"));
      return Promise.all(answers);
    };
    const refused = (await ask(other)).filter(({ status }) => status === 429);
    assert.ok(refused.length > 0);
    for (const answer of refused) {
      const { code, next } = (await answer.json()) as Problem;
      assert.equal(code, "api/too-many-requests");
      assert.match(next, /^ask again in [1-9]\d* s;/);
    }
    assert.ok((await ask(own)).every(({ status }) => status === 200));
    await until("the other one may ask again", async () => (await at(other, "/livez")).status === 200, {
      pollMs: 500,
    });
  });
});
