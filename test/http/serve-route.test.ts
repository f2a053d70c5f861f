/** What every declared route has from its declaration: checked input, one shape of errors, caching, methods, HEAD. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Type } from "typebox";
import { cursorCodec } from "../../src/api/cursor.ts";
import { isProblem, type Problem } from "../../src/api/problem.ts";
import { Octets, route } from "../../src/api/route.ts";
import { CursorText, Hash, Limit, limitOf, Switch } from "../../src/api/shapes.ts";
import type { Logger } from "../../src/base/logger.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { ApiError } from "../../src/http/api-error.ts";
import { answered, cursorUndone, positionOf, serveRoute } from "../../src/http/serve-route.ts";
import { createServer } from "../../src/http/server.ts";

const hash = "ab".repeat(32);
const Thing = Type.Object({ id: Hash, size: Type.Integer() });

const getThing = route({
  method: "GET",
  path: "/v1/things/{id}",
  topic: "blocks",
  summary: "A thing",
  params: Type.Object({ id: Hash }),
  query: Type.Object({ small: Type.Optional(Switch) }),
  answers: { 200: Thing },
});
const getThingRaw = route({
  method: "GET",
  path: "/v1/things/{id}/raw",
  topic: "blocks",
  summary: "Its bytes",
  params: Type.Object({ id: Hash }),
  answers: { 200: Octets },
  media: "application/octet-stream",
});
const getThings = route({
  method: "GET",
  path: "/v1/things",
  topic: "blocks",
  summary: "All things",
  query: Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(CursorText) }),
  answers: { 200: Type.Object({ at: Type.Integer(), limit: Type.Integer() }) },
});
const postThing = route({
  method: "POST",
  path: "/v1/things",
  topic: "blocks",
  summary: "Makes a thing",
  body: Type.Object({ size: Type.Integer({ minimum: 1, description: "a size from 1" }) }),
  answers: { 202: Type.Object({ taken: Type.Literal(true) }) },
});
const postBytes = route({
  method: "POST",
  path: "/v1/bytes",
  topic: "blocks",
  summary: "Takes bytes or JSON",
  body: Type.Object({ hex: Type.String() }),
  octets: true,
  answers: { 200: Type.Object({ length: Type.Integer() }) },
});
const getWrong = route({
  method: "GET",
  path: "/v1/wrong",
  topic: "blocks",
  summary: "Answers what it does not declare",
  answers: { 200: Type.Object({ a: Type.Integer() }) },
});

const codec = cursorCodec("things", Type.Integer({ minimum: 0 }));
const otherCodec = cursorCodec("other things", Type.Integer({ minimum: 0 }));

describe("a declared route", () => {
  const logged: unknown[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => logged.push(fields) };
  const app = createServer({ checkAnswers: true }, logger);
  let url: string;
  before(async () => {
    serveRoute(app, getThing, ({ params, query }) => {
      const thing = { id: params.id, size: query.small === "true" ? 1 : 2 };
      return answered(200, thing, { immutableAs: query.small ? params.id : undefined });
    });
    serveRoute(app, getThingRaw, ({ params }) =>
      answered(200, new TextEncoder().encode("raw"), { immutableAs: params.id }),
    );
    serveRoute(app, getThings, ({ query }) => {
      const at = query.cursor === undefined ? 0 : positionOf(codec, query.cursor);
      if (at === 13) throw cursorUndone();
      return { at, limit: limitOf(query.limit) };
    });
    serveRoute(app, postThing, async ({ body }) => {
      if (body.size === 7) {
        throw new ApiError(409, "thing/taken", "seven is taken", "take another", { size: 7 });
      }
      return answered(202, { taken: true });
    });
    serveRoute(app, postBytes, ({ body }) => ({
      length: body instanceof Uint8Array ? body.length : body.hex.length / 2,
    }));
    // What a slip of the pen would be; the type forbids it.
    serveRoute(app, getWrong, () => ({ a: 1, b: 2 }) as { a: number });
    url = await app.listen({ host: "127.0.0.1", port: 0 });
  });
  after(() => app.close());

  const json = (body: unknown, type = "application/json"): RequestInit => ({
    method: "POST",
    headers: { "content-type": type },
    body: JSON.stringify(body),
  });

  async function problem(path: string, init: RequestInit, status: number, code: string): Promise<Problem> {
    const response = await fetch(`${url}${path}`, init);
    const body = (await response.json()) as unknown;
    assert.ok(isProblem(body), JSON.stringify(body));
    assert.deepEqual([response.status, body.status, body.code], [status, status, code], path);
    assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.equal(response.headers.get("etag"), null);
    assert.ok(body.next !== "" && body.detail !== "" && body.title !== "");
    return body;
  }

  it("answers what its handler returns, and nobody keeps it", async () => {
    const response = await fetch(`${url}/v1/things/${hash}`);
    assert.deepEqual(await response.json(), { id: hash, size: 2 });
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("etag"), null);
  });

  it("lets an immutable answer be kept, and answers 304 to whoever has it", async () => {
    const path = `${url}/v1/things/${hash}?small=true`;
    const first = await fetch(path);
    assert.deepEqual(await first.json(), { id: hash, size: 1 });
    assert.equal(first.headers.get("cache-control"), "public, max-age=31536000, immutable");
    const tag = first.headers.get("etag") ?? "";
    assert.equal(tag, `W/"${hash}"`);
    for (const known of [tag, `"${hash}"`, `"other", ${tag}`, "*"]) {
      const again = await fetch(path, { headers: { "if-none-match": known } });
      assert.equal(again.status, 304, known);
      assert.equal(await again.text(), "");
      assert.equal(again.headers.get("etag"), tag);
    }
    for (const known of ['"other"', hash, ""]) {
      assert.equal((await fetch(path, { headers: { "if-none-match": known } })).status, 200, known);
    }
    const raw = await fetch(`${url}/v1/things/${hash}/raw`);
    assert.equal(raw.headers.get("content-type"), "application/octet-stream");
    assert.equal(raw.headers.get("etag"), `"${hash}"`);
    assert.equal(await raw.text(), "raw");
  });

  it("answers HEAD as GET, without the body", async () => {
    const head = await fetch(`${url}/v1/things/${hash}`, { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("content-length"), String(JSON.stringify({ id: hash, size: 2 }).length));
    assert.equal(await head.text(), "");
  });

  it("answers another method with 405 and Allow, another path with 404 and the nearest", async () => {
    for (const [method, path, allow] of [
      ["DELETE", "/v1/things", "GET, HEAD, POST"],
      ["PUT", `/v1/things/${hash}?small=true`, "GET, HEAD"],
      ["OPTIONS", `/v1/things/${hash}/raw`, "GET, HEAD"],
      ["GET", "/v1/bytes", "POST"],
      ["PROPFIND", "/v1/bytes", "POST"],
    ] as const) {
      const refused = await problem(path, { method }, 405, "api/method");
      assert.match(refused.next, new RegExp(allow));
      assert.equal((await fetch(`${url}${path}`, { method })).headers.get("allow"), allow);
    }
    const unknown = await problem("/v1/thinks", {}, 404, "api/route-unknown");
    assert.match(unknown.next, /^the nearest is GET \/v1\/things;/);
    assert.match((await problem("/things", {}, 404, "api/route-unknown")).next, /GET \/v1\/things;/);
  });

  it("refuses what is not declared, and names the nearest", async () => {
    const cases: [string, RequestInit, string][] = [
      ["/v1/things?limti=3", {}, "query parameter limti is not known: the nearest is limit"],
      [`/v1/things/${hash}/raw?a=1`, {}, "query parameter a is not known: this route takes none"],
      ["/v1/things?limit=0x10", {}, "query parameter limit must be a whole number from 1 to 100"],
      ["/v1/things?limit=5.9", {}, "query parameter limit must be a whole number from 1 to 100"],
      ["/v1/things?limit=1&limit=2", {}, "query parameter limit must be a whole number from 1 to 100"],
      [`/v1/things/${hash}?small=yes`, {}, "query parameter small must be true or false"],
      ["/v1/things/12", {}, "path id must be 64 hex digits"],
      ["/v1/things/%FF", {}, "'/v1/things/%FF' is not a valid url component"],
      ["/v1/things", json({ size: 0 }), "body size must be a size from 1"],
      ["/v1/things", json({ size: "1" }), "body size must be a size from 1"],
      ["/v1/things", json({ size: 1, siez: 2 }), "body siez is not known: the nearest is size"],
      ["/v1/things", json({}), "body size is missing"],
      ["/v1/bytes", json({ hex: 1 }), "body hex must be string"],
      ["/v1/bytes", { method: "POST" }, "the body is missing"],
    ];
    for (const [path, init, said] of cases) {
      assert.equal((await problem(path, init, 400, "api/request-invalid")).detail, said, path);
    }
  });

  it("takes bytes where it says so, and refuses them elsewhere", async () => {
    const bytes = { method: "POST", body: new Uint8Array(5) };
    const octets = { ...bytes, headers: { "content-type": "application/octet-stream" } };
    assert.deepEqual(await (await fetch(`${url}/v1/bytes`, octets)).json(), { length: 5 });
    assert.deepEqual(await (await fetch(`${url}/v1/bytes`, json({ hex: "aabb" }))).json(), { length: 2 });
    await problem("/v1/things", octets, 415, "api/media-type");
    await problem("/v1/bytes", bytes, 415, "api/media-type");
    await problem("/v1/bytes", json({ hex: "aabb" }, "text/plain"), 415, "api/media-type");
  });

  it("says what a handler throws: the code, the words, the details", async () => {
    const refused = await problem("/v1/things", json({ size: 7 }), 409, "thing/taken");
    assert.deepEqual(refused, {
      type: "urn:aurex:problem:thing/taken",
      title: "thing: taken",
      status: 409,
      detail: "seven is taken",
      code: "thing/taken",
      next: "take another",
      details: { size: 7 },
    });
    assert.equal((await fetch(`${url}/v1/things`, json({ size: 8 }))).status, 202);
  });

  it("goes on at a cursor, and refuses those of other lists, of other versions and undone ones", async () => {
    const at = async (cursor: string) => (await fetch(`${url}/v1/things?cursor=${cursor}`)).json();
    assert.deepEqual(await at(codec.encode(5)), { at: 5, limit: 20 });
    const written = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    assert.equal(written([1, "things", 5]), codec.encode(5));
    for (const cursor of [
      otherCodec.encode(5),
      written([2, "things", 5]),
      written([1, "things", -5]),
      written([1, "things", 5, 6]),
      written("things"),
      codec.encode(5).slice(1),
      `${codec.encode(5)}A`,
      "_",
    ]) {
      await problem(`/v1/things?cursor=${cursor}`, {}, 400, "api/cursor-invalid");
    }
    await problem("/v1/things?cursor=a.b", {}, 400, "api/request-invalid");
    await problem(`/v1/things?cursor=${codec.encode(13)}`, {}, 410, "api/cursor-undone");
  });

  it("does not send an answer that its schema does not describe, where answers are checked", async () => {
    const before = logged.length;
    await problem("/v1/wrong", {}, 500, "api/bug");
    assert.match(
      JSON.stringify(logged.slice(before)) + String((logged.at(-1) as { error: Error }).error),
      /\/v1\/wrong/,
    );
  });
});
