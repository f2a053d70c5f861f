/** What a page of another origin can send by a browser, and what a rebound name makes of it: it gets nothing, and changes nothing. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fromUtf8, toHex } from "../../../src/base/bytes.ts";
import { type ApiRig, alice, authority } from "../api-rig.ts";
import { openDeskRig } from "../rig-desk.ts";
import { type RawRequest, rawRequest } from "./raw-request.ts";

type Headers = Record<string, string>;

/** As a browser sends it for a page of evil.example; no page can leave these headers out or change them. */
const fetched = { origin: "https://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" };
const embedded = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };

/** What a page may do, by what the browser then sends. */
const pages: readonly (readonly [what: string, method: string, headers: Headers, body?: string])[] = [
  ["fetch", "GET", fetched],
  ["fetch without CORS", "GET", { ...embedded, "sec-fetch-dest": "empty" }],
  ["an old browser's XMLHttpRequest", "GET", { origin: "https://evil.example" }],
  ["a sandboxed frame or a file", "GET", { origin: "null" }],
  [
    "a page of another port of this machine",
    "GET",
    { origin: "http://localhost:3000", "sec-fetch-site": "same-site" },
  ],
  ["an image of such a page", "GET", { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" }],
  ["an image", "GET", { ...embedded, "sec-fetch-dest": "image" }],
  ["a script", "GET", { ...embedded, "sec-fetch-dest": "script" }],
  [
    "a frame",
    "GET",
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
  ],
  ["a request for the head alone", "HEAD", fetched],
  ["a stream of events", "GET", { ...fetched, accept: "text/event-stream" }],
  ["a web socket", "GET", { origin: "https://evil.example", upgrade: "websocket", connection: "Upgrade" }],
  ["a form", "POST", { ...fetched, "content-type": "application/x-www-form-urlencoded" }, "{}="],
  ["a form with files", "POST", { ...fetched, "content-type": "multipart/form-data; boundary=x" }, "--x--"],
  ["a form of text", "POST", { ...fetched, "content-type": "text/plain" }, "{}"],
  ["a form of a browser without Sec-Fetch", "POST", { origin: "null", "content-type": "text/plain" }, "{}"],
  ["a beacon of JSON", "POST", { ...fetched, "content-type": "application/json" }, "{}"],
  ["a beacon of bytes", "POST", { ...fetched, "content-type": "application/octet-stream" }, "{}"],
  ["an empty POST", "POST", fetched],
  ["a preflight", "OPTIONS", { ...fetched, "access-control-request-method": "POST" }],
  [
    "a preflight for the token and a private network",
    "OPTIONS",
    {
      ...fetched,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
      "access-control-request-private-network": "true",
    },
  ],
];

const places = [
  "/v1/node",
  "/v1/blocks/head",
  "/metrics",
  "/v1/transactions",
  "/v1/authorities/votes",
  "/v1/authorities/open",
  "/v1/authorities/candidacy",
  "/v1/chain/anew",
  "/v1/admin/stop",
  "/v1/events",
  "/v1/work",
  "/nowhere",
];

describe("a hostile page", () => {
  let rig: ApiRig;
  before(async () => {
    rig = await openDeskRig(authority);
  });
  after(() => rig.close());

  async function getsNothing(request: RawRequest): Promise<void> {
    const { status, headers, body } = await rawRequest(rig.url, request);
    const what = `${request.method} ${request.target} ${JSON.stringify(request.headers)}: ${status} ${body}`;
    assert.ok(status >= 400 && status < 500, what);
    for (const name of headers.keys()) assert.doesNotMatch(name, /^access-control-/, what);
    for (const secret of [toHex(rig.chain.spec.chainId), rig.chain.head.hashHex, "aurex1", "aurex_"]) {
      assert.ok(!body.includes(secret), what);
    }
  }

  for (const [what, method, headers, body] of pages) {
    it(`gets nothing by ${what}`, async () => {
      for (const target of places) {
        await getsNothing({ method, target, headers, ...(body === undefined ? {} : { body }) });
      }
    });
  }

  it("sends no transaction, however it is wrapped", async () => {
    const { bytes } = rig.sign({ kind: "record", data: fromUtf8("by a page") }, alice);
    const json = JSON.stringify({ bytes: toHex(bytes) });
    const wrapped: readonly (readonly [type: string, body: string])[] = [
      ["text/plain", json],
      ["application/x-www-form-urlencoded", json],
      ["text/plain;application/json", json],
      ["application/json", json],
    ];
    for (const [type, body] of wrapped) {
      for (const headers of [fetched, { origin: "null" }, { "sec-fetch-site": "cross-site" }] as Headers[]) {
        const method = "POST";
        const target = "/v1/transactions";
        await getsNothing({ method, target, headers: { ...headers, "content-type": type }, body });
      }
    }
    // The same by a program of this machine is taken: it was the door that refused it.
    const headers = { "content-type": "application/json" };
    const sent = await rawRequest(rig.url, {
      method: "POST",
      target: "/v1/transactions",
      headers,
      body: json,
    });
    assert.equal(sent.status, 202);
    assert.equal(rig.mempool.count, 1);
  });

  it("gets nothing by a name that it has pointed at this machine", async () => {
    const { port } = new URL(rig.url);
    const names = [
      `evil.example:${port}`,
      "evil.example",
      `127.0.0.1.evil.example:${port}`,
      `localhost.evil.example:${port}`,
      `evil.example@127.0.0.1:${port}`,
      `127.0.0.1:${port}@evil.example`,
      `127.0.0.1:${port}, evil.example`,
      `evil.example\t127.0.0.1`,
      "localhost:",
      "localhost:99999999",
      "[::1",
      "::1",
      "0.0.0.0",
      "0x7f000001",
      "2130706433",
      "127.1",
      "127.0.0.2",
      "",
    ];
    for (const host of names) {
      // To the browser the page is of the API's own origin.
      const own = { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" };
      for (const target of places) await getsNothing({ target, headers: own });
      const headers = { ...own, "content-type": "application/json" };
      await getsNothing({ method: "POST", target: "/v1/transactions", headers, body: "{}" });
      await getsNothing({ target: "/v1/node", headers: { host } });
    }
    await getsNothing({ target: "http://evil.example/v1/node" });
    await getsNothing({ target: "/v1/node", headers: { host: undefined } });
  });

  it("shows no answer in a frame, and no browser takes one for another type", async () => {
    for (const target of ["/v1/node", "/metrics", "/nowhere"]) {
      const { headers } = await rawRequest(rig.url, { target });
      assert.equal(headers.get("x-frame-options"), "DENY", target);
      assert.equal(headers.get("x-content-type-options"), "nosniff", target);
      assert.equal(headers.get("cross-origin-resource-policy"), "same-origin", target);
    }
  });

  it("has cast no vote and changed nothing", async () => {
    const { ballots } = await rig.client.authorities();
    assert.deepEqual(ballots, []);
    assert.equal(rig.chain.head.header.height, 0);
  });
});

describe("who is no hostile page", () => {
  let rig: ApiRig;
  const wallet = "https://wallet.example.com";
  before(async () => {
    const door = { allowedHosts: ["node.example.com"], corsOrigins: [wallet] };
    rig = await openDeskRig(authority, { door });
  });
  after(() => rig.close());
  const get = (headers: Record<string, string>) => rawRequest(rig.url, { target: "/v1/node", headers });

  it("a program, with each of this node's names", async () => {
    const { port } = new URL(rig.url);
    for (const name of [
      "127.0.0.1",
      "localhost",
      "LocalHost",
      "localhost.",
      "[::1]",
      "node.example.com",
      "NODE.example.com",
    ]) {
      for (const host of [name, `${name}:${port}`, `${name}:443`]) {
        assert.equal((await get({ host })).status, 200, host);
      }
    }
  });

  it("the page of the node itself, and a person who types its address or follows a link", async () => {
    const host = `localhost:${new URL(rig.url).port}`;
    const visit = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    const visitors: Headers[] = [
      { origin: `http://${host}`, "sec-fetch-site": "same-origin" },
      { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" },
      { "sec-fetch-site": "none", ...visit },
      { "sec-fetch-site": "cross-site", ...visit },
    ];
    for (const headers of visitors) {
      const { status, headers: answered } = await get({ host, ...headers });
      assert.equal(status, 200, JSON.stringify(headers));
      assert.equal(answered.get("access-control-allow-origin"), undefined);
    }
  });

  it("a page that the operator has named, whose browser asks first", async () => {
    const page = { origin: wallet, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" };
    const { status, headers } = await get(page);
    assert.equal(status, 200);
    assert.equal(headers.get("access-control-allow-origin"), wallet);
    assert.equal(headers.get("vary"), "Origin");
    assert.equal(headers.get("access-control-allow-credentials"), undefined);
    const asked = {
      ...page,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    };
    const preflight = await rawRequest(rig.url, {
      method: "OPTIONS",
      target: "/v1/transactions",
      headers: asked,
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.body, "");
    assert.equal(preflight.headers.get("access-control-allow-origin"), wallet);
    assert.match(preflight.headers.get("access-control-allow-methods") ?? "", /POST/);
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /authorization.*content-type/);
    assert.equal(preflight.headers.get("access-control-allow-private-network"), undefined);
    for (const origin of [
      `${wallet}:8443`,
      `${wallet}.evil.example`,
      "http://wallet.example.com",
      "https://WALLET.example.com",
    ]) {
      assert.equal((await get({ ...page, origin })).status, 403, origin);
    }
  });

  it("a page that the operator has named, when it listens to events", async () => {
    const listening = new AbortController();
    const answer = await fetch(`${rig.url}/v1/events`, {
      headers: { origin: wallet },
      signal: listening.signal,
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("access-control-allow-origin"), wallet);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    listening.abort();
  });

  it("a page that the operator has named has no more rights than a program: signing takes the token", async () => {
    const headers = { origin: wallet, "content-type": "application/json" };
    const answer = await rawRequest(rig.url, {
      method: "POST",
      target: "/v1/authorities/candidacy",
      headers,
      body: "{}",
    });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("access-control-allow-origin"), wallet);
  });

  it("on every address: whoever asks by an IP address, which nobody can point elsewhere", async (t) => {
    const open = await openDeskRig(authority, { door: { host: "0.0.0.0" } });
    t.after(() => open.close());
    const { hostname, port } = new URL(open.url);
    assert.equal(hostname, "127.0.0.1");
    const statusOf = async (host: string) =>
      (await rawRequest(open.url, { target: "/v1/node", headers: { host } })).status;
    for (const host of [`192.0.2.7:${port}`, "[2001:db8::7]", `localhost:${port}`])
      assert.equal(await statusOf(host), 200, host);
    for (const host of ["evil.example", "192.0.2.7.evil.example", "node", "0x7f000001"]) {
      assert.equal(await statusOf(host), 403, host);
    }
  });
});
