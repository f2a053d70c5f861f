/** The page's files as a node serves them: each with the policy, compressed for who can read it, and nothing else of the disk. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { builtPage } from "../web/built-page.ts";
import { type ApiRig, openApiRig } from "./api-rig.ts";

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends the path as it is: `fetch` would resolve `..` and decompress. */
function ask(url: string, target: string, headers: http.OutgoingHttpHeaders = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    http
      .get({ hostname, port, path: target, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      })
      .on("error", reject);
  });
}

describe("the page's files", () => {
  let rig: ApiRig;
  let directory: string;
  before(async () => {
    directory = await builtPage();
    rig = await openApiRig({ door: { page: { directory } } });
  });
  after(() => rig?.close());

  it("are all there, each with the policy, and those with a hash in their names may be kept", async () => {
    const files = readdirSync(path.join(directory, "assets")).filter((name) => /\.(?:js|css)$/.test(name));
    assert.ok(files.length > 10);
    for (const target of ["/", "/theme.js", "/favicon.svg", ...files.map((name) => `/assets/${name}`)]) {
      const { status, headers } = await ask(rig.url, target);
      assert.equal(status, 200, target);
      const policy = String(headers["content-security-policy"]);
      assert.match(
        policy,
        /^default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'/,
        target,
      );
      assert.match(policy, /require-trusted-types-for 'script'/, target);
      assert.doesNotMatch(policy, /unsafe|https?:|\*/, target);
      assert.equal(headers["x-content-type-options"], "nosniff", target);
      const isKept = target.startsWith("/assets/");
      assert.match(String(headers["cache-control"]), isKept ? /immutable/ : /^no-cache$/, target);
    }
  });

  it("come compressed for who can read that, and say when they have not changed", async () => {
    const plain = await ask(rig.url, "/");
    const small = await ask(rig.url, "/", { "accept-encoding": "gzip, br" });
    assert.equal(small.headers["content-encoding"], "br");
    assert.match(String(small.headers.vary), /accept-encoding/i);
    assert.deepEqual(brotliDecompressSync(small.body), plain.body);
    const again = await ask(rig.url, "/", { "if-none-match": String(plain.headers.etag) });
    assert.equal(again.status, 304);
  });

  it("have nothing inline and nothing from elsewhere", async () => {
    const text = String((await ask(rig.url, "/")).body);
    assert.doesNotMatch(text, /<script(?![^>]*\ssrc="\.\/)/);
    assert.doesNotMatch(text, /\sstyle=|<style|\son\w+=|https?:/);
  });

  it("are all that can be read: no way leads out of their folder, and no other file of it is served", async () => {
    for (const target of [
      "/../../package.json",
      "/assets/../../../package.json",
      "/assets/..%2f..%2f..%2fpackage.json",
      "/%2e%2e/%2e%2e/package.json",
      "/assets/..\\..\\..\\package.json",
      "//package.json",
      "/.built",
      "/index.html.br",
      "/index.html",
      "/lab.html",
      "/assets/",
      "/assets/nothing.js",
    ]) {
      const { status, headers, body } = await ask(rig.url, target);
      assert.ok(status === 404 || status === 400 || status === 403, `${target} ${status}`);
      assert.match(String(headers["content-type"]), /^application\/problem\+json/, target);
      assert.ok(JSON.parse(String(body)).next, target);
    }
  });

  it("are asked for by their own origin, or by whoever visits the page", async () => {
    const foreign = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "no-cors",
      "sec-fetch-dest": "script",
    };
    assert.equal((await ask(rig.url, "/theme.js", foreign)).status, 403);
    assert.equal((await ask(rig.url, "/", { host: "evil.example" })).status, 403);
    const visit = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    assert.equal((await ask(rig.url, "/", visit)).status, 200);
  });

  it("count as one route in the node's figures", async () => {
    const text = String((await ask(rig.url, "/metrics")).body);
    assert.match(text, /aurex_api_requests_total\{method="any",route="page",status="200"/);
    assert.doesNotMatch(text, /route="[^"]*assets\/\w+-/);
  });
});

describe("a node whose page was not built", () => {
  it("says how it is built, and has its API", async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), "aurex-page-"));
    mkdirSync(path.join(directory, "assets"));
    writeFileSync(path.join(directory, "assets", "half.js"), "");
    const rig = await openApiRig({ door: { page: { directory } } });
    t.after(async () => {
      await rig.close();
      rmSync(directory, { recursive: true });
    });
    const { status, body } = await ask(rig.url, "/");
    assert.equal(status, 404);
    assert.match(JSON.parse(String(body)).next, /npm run build/);
    assert.equal((await ask(rig.url, "/v1/node")).status, 200);
  });
});
