/** Calling the API: what is sent, what is sent again, and what becomes of each kind of answer; with real servers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Type } from "typebox";
import { getPeers } from "../../src/api/node.ts";
import { problemMedia, problemOf } from "../../src/api/problem.ts";
import { Octets, PlainText, route } from "../../src/api/route.ts";
import { ApiProblem, ApiUnreachable, createApiClient } from "../../src/client/index.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/patience.ts";

const getThing = route({
  method: "GET",
  path: "/v1/things/{name}",
  topic: "node",
  summary: "A thing",
  params: Type.Object({ name: Type.String() }),
  query: Type.Object({ limit: Type.Optional(Type.String()), after: Type.Optional(Type.String()) }),
  answers: { 200: Type.Object({ seen: Type.String() }) },
});
const postThing = route({
  method: "POST",
  path: "/v1/things",
  topic: "node",
  summary: "Makes a thing",
  body: Type.Object({ name: Type.String() }),
  octets: true,
  answers: { 200: Type.Object({ seen: Type.String() }), 202: Type.Object({ seen: Type.String() }) },
});
const stopThing = route({
  method: "POST",
  path: "/v1/admin/stop",
  topic: "admin",
  summary: "Stops it",
  token: true,
  answers: { 200: Type.Object({ seen: Type.String() }) },
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

/** A server that answers as the test says, and keeps what it was asked. */
async function serve(
  context: TestContext,
  answer: (response: ServerResponse, request: IncomingMessage, count: number) => void,
) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const { authorization } = headers;
    const body = Buffer.concat(chunks).toString("latin1");
    seen.push({ method, url, authorization, type: headers["content-type"], body });
    answer(response, request, seen.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function problem(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void {
  const body = problemOf(status, {
    code,
    detail: "it is so",
    next: "do otherwise",
    details: { by: "me", at: 7 },
  });
  json(response, status, body, { "content-type": problemMedia, ...headers });
}

async function thrownBy(answer: Promise<unknown>): Promise<unknown> {
  return answer.then(
    () => assert.fail("it was answered"),
    (thrown: unknown) => thrown,
  );
}

test("path and query are filled in and escaped; what was not given is left out", async (context) => {
  const { url, seen } = await serve(context, (response) => json(response, 200, { seen: "yes" }));
  const client = createApiClient(`${url}//`);
  assert.equal(client.url, url);
  assert.deepEqual(await client.call(getThing, { params: { name: "a/b ü?#" }, query: { limit: "5" } }), {
    seen: "yes",
  });
  await client.call(getThing, { params: { name: "head" }, query: { after: "x&y=z" } });
  for (const name of ["", ".", ".."]) {
    await assert.rejects(
      client.call(getThing, { params: { name } }),
      TypeError,
      `${name} would be another route`,
    );
  }
  await client.call(getThing, { params: { name: "\ud800..." } });
  assert.deepEqual(
    seen.map(({ url: asked }) => asked),
    ["/v1/things/a%2Fb%20%C3%BC%3F%23?limit=5", "/v1/things/head?after=x%26y%3Dz", "/v1/things/%EF%BF%BD..."],
  );
});

test("JSON and bytes are sent as such, and the token goes with the routes that need it alone", async (context) => {
  const { url, seen } = await serve(context, (response) => json(response, 202, { seen: "new" }));
  const client = createApiClient(url, { token: "secret" });
  assert.deepEqual(await client.call(postThing, { body: { name: "ü" } }), { seen: "new" });
  await client.call(postThing, { body: Uint8Array.of(1, 255, 0) });
  assert.ok((await thrownBy(client.call(stopThing, {}))) instanceof ApiUnreachable);
  const [first, second, third] = seen.map(({ authorization, type, body }) => ({ authorization, type, body }));
  assert.deepEqual(first, {
    authorization: undefined,
    type: "application/json",
    body: '{"name":"\xc3\xbc"}',
  });
  assert.deepEqual(second, {
    authorization: undefined,
    type: "application/octet-stream",
    body: "\x01\xff\x00",
  });
  assert.deepEqual(third, { authorization: "Bearer secret", type: undefined, body: "" });
});

test("a refusal is thrown with its status, code, what went wrong and what to do", async (context) => {
  const { url, seen } = await serve(context, (response) => problem(response, 409, "thing/taken"));
  const thrown = await thrownBy(createApiClient(url).call(getThing, { params: { name: "x" } }));
  assert.ok(thrown instanceof ApiProblem);
  const { status, code, message, detail, next, details } = thrown;
  assert.deepEqual(
    { status, code, message, detail, next, details },
    {
      status: 409,
      code: "thing/taken",
      message: "it is so",
      detail: "it is so",
      next: "do otherwise",
      details: { by: "me", at: 7 },
    },
  );
  assert.equal(seen.length, 1, "a refusal is final: it is not asked again");
});

test("a GET is sent again if the connection breaks or the node is busy; it says so when it gives up", async (context) => {
  const { url, seen } = await serve(context, (response, request, count) => {
    if (count === 1) request.socket.destroy();
    else if (count === 2) problem(response, 503, "api/busy", { "retry-after": "0" });
    else json(response, 200, { seen: "at last" });
  });
  assert.deepEqual(await createApiClient(url).call(getThing, { params: { name: "x" } }), { seen: "at last" });
  assert.equal(seen.length, 3);
  const busy = await serve(context, (response) =>
    problem(response, 429, "api/too-many", { "retry-after": "0" }),
  );
  const thrown = await thrownBy(
    createApiClient(busy.url, { retries: 1 }).call(getThing, { params: { name: "x" } }),
  );
  assert.ok(thrown instanceof ApiProblem);
  assert.deepEqual([thrown.code, thrown.retryAfterMs, busy.seen.length], ["api/too-many", 0, 2]);
});

test("a POST is never sent again by itself: its answer may have been lost", async (context) => {
  const broken = await serve(context, (_response, request) => request.socket.destroy());
  const thrown = await thrownBy(createApiClient(broken.url).call(postThing, { body: { name: "x" } }));
  assert.ok(thrown instanceof ApiUnreachable);
  assert.equal(broken.seen.length, 1);
  const busy = await serve(context, (response) => problem(response, 503, "api/busy"));
  assert.ok(
    (await thrownBy(createApiClient(busy.url).call(postThing, { body: { name: "x" } }))) instanceof
      ApiProblem,
  );
  assert.equal(busy.seen.length, 1);
});

test("nothing listens, something else listens, half an answer: each is said, none is a parse error", async (context) => {
  const port = await freePort();
  const refused = await thrownBy(
    createApiClient(`http://127.0.0.1:${port}`, { retries: 0 }).call(getPeers, {}),
  );
  assert.ok(refused instanceof ApiUnreachable);
  assert.match(refused.message, /ECONNREFUSED/);
  assert.equal(refused.url, `http://127.0.0.1:${port}`);
  const others: [answer: (response: ServerResponse) => void, said: RegExp][] = [
    [
      (response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>hi</h1>"),
      /no Aurex node \(HTTP 200\)/,
    ],
    [(response) => json(response, 404, { error: "no" }), /no Aurex node \(HTTP 404\)/],
    [(response) => json(response, 404, { code: "x/y", detail: 5, next: "z" }), /no Aurex node \(HTTP 404\)/],
    [(response) => response.writeHead(204).end(), /no Aurex node \(HTTP 204\)/],
    [(response) => json(response, 201, { seen: "undeclared" }), /no Aurex node \(HTTP 201\)/],
    [
      (response) => {
        response
          .writeHead(200, { "content-type": "application/json", "content-length": "100" })
          .write('{"seen":');
        response.destroy();
      },
      /./,
    ],
  ];
  for (const [answer, said] of others) {
    const { url } = await serve(context, answer);
    const thrown = await thrownBy(
      createApiClient(url, { retries: 0 }).call(getThing, { params: { name: "x" } }),
    );
    assert.ok(thrown instanceof ApiUnreachable, String(thrown));
    assert.match(thrown.message, said);
  }
});

test("a node that never answers, or never ends its answer, is given up after the time limit", async (context) => {
  const silent = await serve(context, () => {});
  const endless = await serve(context, (response) => {
    response.writeHead(200, { "content-type": "application/json" }).write("{");
  });
  for (const { url } of [silent, endless]) {
    const client = createApiClient(url, { timeoutMs: 60, retries: 0 });
    const thrown = await thrownBy(client.call(getThing, { params: { name: "x" } }));
    assert.ok(thrown instanceof ApiUnreachable);
    assert.match(thrown.message, /no whole answer came within 0\.06 s/);
  }
});

test("an answer without end is given up before it fills the memory", async (context) => {
  const piece = Buffer.alloc(1024 * 1024, " ");
  const { url } = await serve(context, (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    more();
  });
  const thrown = await thrownBy(
    createApiClient(url, { retries: 0 }).call(getThing, { params: { name: "x" } }),
  );
  assert.ok(thrown instanceof ApiUnreachable);
  assert.match(thrown.message, /more than 67108864 bytes/);
});

test("an aborted call ends at once with the signal's reason, also while it waits to ask again", async (context) => {
  const { url, seen } = await serve(context, (response, _request, count) => {
    if (count > 1) problem(response, 503, "api/busy", { "retry-after": "3600" });
  });
  const client = createApiClient(url);
  for (const asked of [1, 2]) {
    const controller = new AbortController();
    const answer = thrownBy(client.call(getThing, { params: { name: "x" } }, { signal: controller.signal }));
    await until("the server is asked", () => seen.length === asked);
    controller.abort(new Error("not wanted any more"));
    assert.equal(((await answer) as Error).message, "not wanted any more");
  }
  const before = seen.length;
  await thrownBy(
    client.call(getThing, { params: { name: "x" } }, { signal: AbortSignal.abort(new Error("no")) }),
  );
  assert.equal(seen.length, before);
});

test("bytes and text are answers, too, and a stream is given unread", async (context) => {
  const raw = route({
    method: "GET",
    path: "/raw",
    topic: "node",
    summary: "Bytes",
    media: "application/octet-stream",
    answers: { 200: Octets },
  });
  const text = route({
    method: "GET",
    path: "/text",
    topic: "node",
    summary: "Text",
    media: "text/plain",
    answers: { 200: PlainText },
  });
  const stream = route({
    method: "GET",
    path: "/stream",
    topic: "events",
    summary: "A stream",
    stream: true,
    media: "text/event-stream",
    answers: { 200: PlainText },
  });
  let ended = false;
  const { url } = await serve(context, (response, request) => {
    if (request.url === "/raw") response.end(Buffer.from([0, 255, 10]));
    else if (request.url === "/text") response.end("one\ntwo");
    else if (request.url === "/stream") {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("first");
      response.on("close", () => {
        ended = true;
      });
    }
  });
  const client = createApiClient(url, { timeoutMs: 2_000 });
  const bytes: Uint8Array = await client.call(raw, {});
  assert.deepEqual([...bytes], [0, 255, 10]);
  assert.equal(await client.call(text, {}), "one\ntwo");
  const controller = new AbortController();
  const response = await client.open(stream, {}, { signal: controller.signal });
  const reader = response.body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "first");
  controller.abort();
  await assert.rejects(reader.read());
  await until("the server sees that the reader has gone", () => ended);
});

test("what is no URL is refused where it is given", () => {
  for (const url of ["127.0.0.1:13280", "ftp://host", "", "/v1"]) {
    assert.throws(() => createApiClient(url), /is no URL of http or https/);
  }
});
