/** `--metrics-address`: the metrics alone, for other machines; no API there. */
import assert from "node:assert/strict";
import http from "node:http";
import path from "node:path";
import { describe, it } from "node:test";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/patience.ts";
import { aurex, folderOf, quiet, ShellNode, shell } from "./shell.ts";

/** With a Host header of one's own, which fetch does not allow. */
function get(url: string, host: string, method = "GET"): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  http
    .request(url, { method, headers: { host }, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    })
    .on("error", reject)
    .end();
  return promise;
}

describe("--metrics-address", () => {
  for (const [address, warned] of [
    ["0.0.0.0:0", true],
    ["127.0.0.1:0", false],
    ["localhost:0", false],
  ] as const) {
    it(`${address} serves /metrics under any name, and nothing else`, async (t) => {
      const dataDir = path.join(await folderOf(t), "node");
      const flags = `--data-dir ${dataDir} --metrics-address ${address} --log-format json`;
      const node = new ShellNode(t, dataDir, `${aurex} ${quiet} ${flags}`);
      await node.status();
      const line = await until("the log names the address", () =>
        node.stdout.split("\n").find((text) => text.includes('"metrics":')),
      );
      const { metrics, level, msg } = JSON.parse(line) as { metrics: string; level: number; msg: string };
      assert.equal(level, warned ? 40 : 30);
      assert.equal(/nobody is authenticated/.test(msg), warned);
      const port = new URL(metrics).port;
      const base = `http://127.0.0.1:${port}`;
      const answer = await get(`${base}/metrics`, "prometheus.example.com:9100");
      assert.equal(answer.status, 200);
      assert.match(answer.body, /^aurex_head_height\{.*\} 0$/m);
      assert.match((await get(`${base}/`, "node.example.com")).body, /\/metrics/);
      for (const place of ["/v1/node", "/v1/peers", "/v1/blocks", "/v1/transactions", "/%00", "/metrics/x"]) {
        assert.equal((await get(`${base}${place}`, "127.0.0.1")).status, 404, place);
      }
      for (const method of ["POST", "DELETE", "PUT"]) {
        assert.equal((await get(`${base}/metrics`, "127.0.0.1", method)).status, 404, method);
      }
      assert.equal(await node.stop(), 0, node.stderr);
    });
  }

  it("works without the API, and says what is wrong with an address that is taken or none of this machine", async (t) => {
    const folder = await folderOf(t);
    const dataDir = path.join(folder, "node");
    const noApi = "--listen-address 127.0.0.1 --port 0 --no-api --no-mdns";
    const address = `127.0.0.1:${await freePort()}`;
    const flags = `${noApi} --data-dir ${dataDir} --metrics-address ${address}`;
    const node = new ShellNode(t, dataDir, `${aurex} ${flags}`);
    await until("the metrics are there", () =>
      get(`http://${address}/metrics`, "x").then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    const other = path.join(folder, "other");
    const taken = shell(`${aurex} ${noApi} --data-dir ${other} --metrics-address ${address}`);
    assert.equal(taken.code, 4, taken.stderr);
    assert.match(taken.stderr, /is in use[\s\S]*--metrics-address/);
    assert.ok(taken.stderr.includes(`${address} is in use`), taken.stderr);
    const foreign = shell(`${aurex} ${noApi} --data-dir ${other} --metrics-address 192.0.2.1:9100`);
    assert.equal(foreign.code, 2, foreign.stderr);
    assert.match(foreign.stderr, /cannot listen on 192\.0\.2\.1:9100\n[\s\S]*--metrics-address/);
    assert.equal(await node.stop(), 0, node.stderr);
  });
});
