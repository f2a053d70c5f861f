/** What a wrong request is answered with: words about what is allowed, never a regular expression. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Problem } from "../../src/api/problem.ts";
import { type ApiRig, openApiRig, rigToken } from "./api-rig.ts";

describe("a request that is wrong", () => {
  let rig: ApiRig;
  before(async () => {
    rig = await openApiRig();
  });
  after(() => rig.close());

  const post = (body: object): RequestInit => ({
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const cases: [string, RequestInit, string][] = [
    ["/v1/blocks?limit=1000", {}, "query parameter limit must be a whole number from 1 to 100"],
    ["/v1/blocks?limit=", {}, "query parameter limit must be a whole number from 1 to 100"],
    ["/v1/blocks?from=-1", {}, "query parameter from must be a height, 0 or more"],
    ["/v1/blocks?page=2", {}, "query parameter page is not known: the nearest is from"],
    [
      "/v1/blocks/first",
      {},
      'path reference must be the word "head" or "final", a height, or a hash of 64 hex digits',
    ],
    ["/v1/transactions/12", {}, "path id must be 64 hex digits"],
    ["/v1/assets/gold", {}, "path id must be AUR or 64 hex digits"],
    ["/v1/work?after=now", {}, "query parameter after must be the id of a job"],
    ["/v1/transactions", post({}), "body bytes is missing"],
    [
      "/v1/transactions",
      post({ bytes: "0x12" }),
      "body bytes must be a signed transaction as an even number of hex digits, 4266 bytes at most",
    ],
    ["/v1/transactions", post({ bytes: "12", more: 1 }), "body more is not known: the nearest is bytes"],
    [
      "/v1/authorities/votes",
      post({ action: "burn", address: "aurex1" }),
      "body action must be add or remove",
    ],
    [
      "/v1/authorities/open",
      post({ forMs: 0 }),
      "body forMs must be whole milliseconds, from 1 to 86400000 (a day)",
    ],
    ["/v1/work", post({ jobId: "1", nonce: "00" }), "body jobId must be the id of a job, a whole number"],
  ];
  for (const [path, init, said] of cases) {
    it(`${init.method ?? "GET"} ${path}: ${said}`, async () => {
      const headers = { ...init.headers, authorization: `Bearer ${rigToken}` };
      const response = await fetch(`${rig.url}${path}`, { ...init, headers });
      assert.equal(response.status, 400);
      const error = (await response.json()) as Problem;
      assert.equal(error.code, "api/request-invalid");
      assert.equal(error.detail, said);
      assert.notEqual(error.next, "");
    });
  }
});
