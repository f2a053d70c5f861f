/** Who may have the node sign, and who may change it: whoever has its token, and nobody else. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Problem } from "../../../src/api/problem.ts";
import type { RouteShape } from "../../../src/api/route.ts";
import { allRoutes } from "../../../src/api/routes.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { type ApiRig, authority, openApiRig, rigToken } from "../api-rig.ts";
import { openDeskRig } from "../rig-desk.ts";

/** What is signed already, what a search outside has found, and what changes nothing: each is open to whoever reaches the API. */
const openPosts = ["/v1/transactions", "/v1/transactions/check", "/v1/work"];
const guarded = allRoutes.filter(({ token }) => token);

const postTo = ({ path }: RouteShape, url: string, headers: Record<string, string>) =>
  fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: "{}",
  });

describe("the node's token", () => {
  let rig: ApiRig;
  const logged: string[] = [];
  before(async () => {
    rig = await openDeskRig(authority);
  });
  after(() => rig.close());

  it("is needed for every route that changes anything, but for those that take what others have made", () => {
    const others = allRoutes
      .filter(({ method, token }) => method !== "GET" && !token)
      .map(({ path }) => path);
    assert.deepEqual(others.sort(), openPosts);
    assert.ok(guarded.length >= 9);
    for (const path of allRoutes.map(({ path }) => path).filter((path) => path.startsWith("/v1/admin/"))) {
      assert.ok(
        guarded.some((route) => route.path === path),
        path,
      );
    }
  });

  for (const route of guarded) {
    it(`${route.method} ${route.path} is 401 without it, and with anything else`, async () => {
      const near = `${rigToken.slice(0, -1)}0`;
      for (const authorization of [
        undefined,
        "",
        rigToken,
        "Bearer",
        "Bearer ",
        `Bearer ${near}`,
        `Bearer ${rigToken}0`,
        `Bearer ${rigToken.slice(0, -1)}`,
        `Bearer ${rigToken} ${rigToken}`,
        `Bearer ${rigToken.toUpperCase()}`,
        `Basic ${Buffer.from(`aurex:${rigToken}`).toString("base64")}`,
        `Bearer ${"7e".repeat(4_000)}`,
      ]) {
        const answer = await postTo(route, rig.url, authorization === undefined ? {} : { authorization });
        const problem = (await answer.json()) as Problem;
        assert.equal(answer.status, 401, `${authorization}: ${JSON.stringify(problem)}`);
        assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer /);
        assert.match(problem.code, /^api\/token-(needed|wrong)$/);
        assert.match(problem.next, /--api-token-file/);
      }
      const body = await postTo(route, `${rig.url}`, { "x-token": rigToken, cookie: `token=${rigToken}` });
      assert.equal(body.status, 401);
      await body.text();
      const good = await postTo(route, rig.url, { authorization: `bearer ${rigToken}` });
      assert.notEqual(good.status, 401);
      await good.text();
    });
  }

  it("is in no answer and no log line, and one in the URL does not count", async (t) => {
    const logger = {
      ...silentLogger,
      error: (fields: object) => logged.push(JSON.stringify(fields)),
    };
    const other = await openApiRig({ logger });
    t.after(() => other.close());
    const answer = await fetch(`${other.url}/v1/admin/stop?token=${rigToken}`, { method: "POST" });
    assert.equal(answer.status, 401);
    assert.ok(!(await answer.text()).includes(rigToken));
    assert.deepEqual(logged, []);
  });

  it("that the API was opened without is nobody's", async (t) => {
    const open = await openApiRig({ door: { token: undefined } });
    t.after(() => open.close());
    for (const token of [rigToken, "undefined", ""]) {
      const [route] = guarded as [RouteShape];
      const answer = await postTo(route, open.url, { authorization: `Bearer ${token}` });
      assert.equal(answer.status, 401);
      await answer.text();
    }
  });
});
