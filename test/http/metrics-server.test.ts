/** Clients of the metrics server that send slowly, or open many connections. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { createMetricsServer } from "../../src/http/metrics-server.ts";
import { until } from "../support/patience.ts";

const head = "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ";

test("a head that never ends is ended, and 64 such connections keep no collector out", async (t) => {
  // The index page shows nothing of a node, so none is needed.
  const server = createMetricsServer(
    { host: "127.0.0.1", port: 0, requestTimeoutMs: 500 },
    {} as never,
    {} as never,
  );
  const url = await server.start();
  t.after(() => server.stop());
  const sockets: net.Socket[] = [];
  t.after(() => sockets.forEach((socket) => void socket.destroy()));
  for (let index = 0; index < 64; index += 1) {
    const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
    sockets.push(socket.on("error", () => {}).resume());
    await once(socket, "connect");
    socket.write(head);
  }
  const answer = await fetch(url);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /\/metrics/);
  await until("all of them are ended", () => sockets.every(({ closed }) => closed));
});
