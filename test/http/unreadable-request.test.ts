/** What is no whole request: the API says so as it says every error, hangs up, and does not wait for ever. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { Type } from "typebox";
import { isProblem } from "../../src/api/problem.ts";
import { route } from "../../src/api/route.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { serveRoute } from "../../src/http/serve-route.ts";
import { createServer } from "../../src/http/server.ts";

const postThing = route({
  method: "POST",
  path: "/v1/things",
  topic: "blocks",
  summary: "Makes a thing",
  body: Type.Object({}),
  answers: { 202: Type.Object({}) },
});
const getSlowThing = route({
  method: "GET",
  path: "/v1/things/slow",
  topic: "blocks",
  summary: "A thing that takes time",
  answers: { 200: Type.Object({ done: Type.Boolean() }) },
});

describe("a request that cannot be read", () => {
  const requestTimeoutMs = 300;
  const app = createServer({ checkAnswers: true, requestTimeoutMs }, silentLogger);
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  let port = 0;
  before(async () => {
    serveRoute(app, postThing, () => assert.fail("none of the requests here is whole"));
    serveRoute(app, getSlowThing, async () => {
      entered.resolve();
      await release.promise;
      return { done: true };
    });
    port = Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);
  });
  after(() => app.close());

  /** All that comes back until the server hangs up. */
  function say(text: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let heard = "";
    const socket = net.connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (part) => {
      heard += part;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(heard));
    return promise;
  }

  function hold(heard: string, status: number, code: string): void {
    const [head = "", body = ""] = heard.split("\r\n\r\n");
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `), heard.slice(0, 200));
    assert.match(head, /content-type: application\/problem\+json/i);
    const problem: unknown = JSON.parse(body);
    assert.ok(isProblem(problem), body);
    assert.deepEqual([problem.status, problem.code], [status, code]);
  }

  it("is 400 for what is no HTTP", async () => {
    for (const text of ["hello\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "GET / HTTP/9.9\r\n\r\n"]) {
      hold(await say(text), 400, "api/request-malformed");
    }
  });

  it("is 431 for headers without end", async () => {
    const text = `GET /v1/things/slow HTTP/1.1\r\nhost: localhost\r\nx: ${"x".repeat(40_000)}\r\n\r\n`;
    hold(await say(text), 431, "api/head-too-large");
  });

  it("is 408 for headers that do not end, and for a body that does not come", async () => {
    const head = "POST /v1/things HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    hold(await say(head), 408, "api/request-timeout");
    hold(await say(`${head}content-length: 100\r\n\r\n{`), 408, "api/request-timeout");
  });

  it("is 503 on a connection that is kept while the node stops", async () => {
    const request = "GET /v1/things/slow HTTP/1.1\r\nhost: localhost\r\n\r\n";
    const socket = net.connect(port, "127.0.0.1", () => socket.write(request));
    let heard = "";
    socket.on("data", (part) => {
      heard += part;
    });
    await entered.promise;
    const closed = app.close();
    // The first is not answered yet, so its connection is not idle and stays.
    const arrived = once(app.server, "request");
    socket.write(request);
    await arrived;
    release.resolve();
    await once(socket, "close");
    const [first = "", second = ""] = heard.split(/(?=HTTP\/1\.1 503)/);
    assert.match(first, /^HTTP\/1\.1 200 /);
    hold(second, 503, "api/stopping");
    await closed;
  });
});
