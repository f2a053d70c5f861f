/** Every documented route, called by a client that is made of the document: with good input, and with each kind of bad. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { suiteMaxMs } from "../support/patience.ts";
import { askingOf, GeneratedClient, type Operation, type Schema } from "./generated-client.ts";
import { goodInputFor, type Worlds } from "./good-input.ts";
import {
  type Ending,
  openAuthorityWorld,
  openCandidateWorld,
  openCouncilWorld,
  openMinerWorld,
  stateOf,
  untilQuiet,
  type World,
} from "./worlds.ts";

/** None of them is a value that any parameter allows, but for those that allow nearly all. */
const junk = [
  "",
  " ",
  "-1",
  "0x10",
  "5.9",
  "1e3",
  "null",
  "<b>",
  "é",
  "a/b",
  "..",
  "%",
  "\u202e",
  "9".repeat(400),
];

describe("the routes of the document", { timeout: suiteMaxMs }, () => {
  let worlds: Worlds;
  const clients = new Map<World, GeneratedClient>();
  const endings: (() => unknown)[] = [];
  const ending: Ending = { after: (end) => void endings.push(end) };
  before(async () => {
    worlds = {
      authority: await openAuthorityWorld(ending),
      council: await openCouncilWorld(ending),
      candidate: await openCandidateWorld(ending),
      miner: await openMinerWorld(ending),
    };
    await untilQuiet(worlds.authority.node);
    for (const world of Object.values(worlds)) clients.set(world, await GeneratedClient.of(world.url));
  });
  after(async () => {
    for (const client of clients.values()) client.close();
    for (const end of endings.reverse()) await end();
  });

  const clientOf = (world: World) => clients.get(world) as GeneratedClient;
  const withToken = ({ token }: World): Record<string, string> =>
    token === undefined ? {} : { authorization: `Bearer ${token}` };

  it("answer good input with an answer that fits the document", async () => {
    const { operations } = clientOf(worlds.authority);
    assert.ok(operations.length >= 30);
    const wrong: string[] = [];
    // What is posted changes what can be got, e.g. which block is final.
    for (const operation of operations.toSorted((a, b) => (a.method < b.method ? -1 : 1))) {
      const fault = await faultOfGoodCall(operation);
      if (fault !== undefined) wrong.push(fault);
    }
    assert.deepEqual(wrong, []);
  });

  it("refuse a parameter that is not allowed, and one that they do not know", async () => {
    await untouched(async (operation, client) => {
      const good = goodInputFor(operation, worlds);
      if (!good) return;
      for (const { name, schema } of operation.parameters ?? []) {
        for (const value of junk.filter((text) => !client.allows(schema, text))) {
          const bad = { ...good, parameters: { ...good.parameters, [name]: value } };
          await refused(operation, client, askingOf(operation, bad), [400, 404, 414]);
        }
      }
      const asking = askingOf(operation, good);
      const unknown = `${asking.target}${asking.target.includes("?") ? "&" : "?"}nonsense=1`;
      const { json } = await refused(operation, client, { ...asking, target: unknown }, [400]);
      assert.match((json as { detail: string }).detail, /nonsense is not known/);
    });
  });

  it("refuse a body that lacks a field, has one of another type or one that they do not know", async () => {
    await untouched(async (operation, client) => {
      const schema = operation.requestBody?.content["application/json"]?.schema;
      const good = goodInputFor(operation, worlds);
      if (!schema || !good) return;
      const send = (body: unknown) =>
        refused(operation, client, askingOf(operation, { ...good, body }), [400]);
      for (const body of [[], "text", 1, null, true, { ...(good.body as object), nonsense: 1 }])
        await send(body);
      for (const body of brokenBodies(schema, good.body as Readonly<Record<string, unknown>>)) {
        if (!client.allows(schema, body)) await send(body);
      }
      const { target, method } = askingOf(operation, good);
      const json = { "content-type": "application/json" };
      for (const body of ["", "{", '{"a":1', "\u0000"]) {
        await refused(operation, client, { method, target, headers: json, body }, [400]);
      }
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]) {
        const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
        await refused(operation, client, { method, target, headers, body: "{}" }, [415]);
      }
      await refused(operation, client, { method, target }, [400, 415]);
    });
  });

  it("refuse another method with 405, and name theirs", async () => {
    await untouched(async (operation, client) => {
      const good = goodInputFor(operation, worlds);
      if (!good) return;
      const { target } = askingOf(operation, { parameters: good.parameters });
      const own = client.operations.filter(({ path }) => path === operation.path).map(({ method }) => method);
      for (const method of ["PUT", "PATCH", "DELETE", "POST", "GET", "OPTIONS"]) {
        if (own.includes(method)) continue;
        const { headers } = await refused(operation, client, { method, target }, [405]);
        const allowed = headers.allow?.split(", ") ?? [];
        for (const one of own) assert.ok(allowed.includes(one), `${method} ${target}: ${allowed}`);
        assert.ok(!allowed.includes(method));
      }
    });
  });

  it("refuse whoever has no token where the document says that one is needed", async () => {
    await untouched(async (operation, client) => {
      const good = goodInputFor(operation, worlds);
      if (!operation.security || !good) return;
      const asking = askingOf(operation, good);
      for (const authorization of [undefined, "", "Bearer", "Bearer wrong", "Basic YTpi"]) {
        const headers = { ...asking.headers, ...(authorization === undefined ? {} : { authorization }) };
        const asked = { ...asking, headers };
        const answer = await client.ask(asked);
        client.holdAgainst(operation, answer, asked);
        assert.equal(answer.status, 401, `${operation.operationId} with ${authorization}`);
      }
    });
  });

  async function faultOfGoodCall(operation: Operation): Promise<string | undefined> {
    const good = goodInputFor(operation, worlds);
    if (!good) {
      return `${operation.operationId} has no good input: give its route an example, or add it to test/api/good-input.ts`;
    }
    const world = worlds[good.world ?? "authority"];
    const client = clientOf(world);
    const asking = askingOf(operation, good);
    const asked = { ...asking, headers: { ...asking.headers, ...withToken(world) } };
    const answer = await client.ask(asked);
    const said = `${operation.method} ${asked.target}: ${answer.status} ${answer.bytes.toString("utf8", 0, 400)}`;
    try {
      client.holdAgainst(operation, answer, asked);
    } catch (thrown) {
      return String(thrown);
    }
    const { code } = (answer.json ?? {}) as { code?: string };
    if (good.refused) {
      const { status } = good.refused;
      return answer.status === status && code === good.refused.code ? undefined : said;
    }
    return answer.status >= 200 && answer.status < 400 ? undefined : said;
  }

  /** Runs `each` for every operation, and holds the nodes to being as they were. */
  async function untouched(each: (operation: Operation, client: GeneratedClient) => Promise<void>) {
    const client = clientOf(worlds.authority);
    const { node } = worlds.authority;
    await untilQuiet(node);
    const before = stateOf(node);
    for (const operation of client.operations) await each(operation, client);
    assert.deepEqual(stateOf(node), before);
  }

  async function refused(
    operation: Operation,
    client: GeneratedClient,
    asking: Parameters<GeneratedClient["ask"]>[0],
    statuses: readonly number[],
  ) {
    const asked = { ...asking, headers: { ...asking.headers, ...withToken(worlds.authority) } };
    const answer = await client.ask(asked);
    const said = `${asked.method} ${asked.target} ${String(asked.body ?? "").slice(0, 200)}: ${answer.status} ${answer.bytes}`;
    assert.ok(statuses.includes(answer.status), said);
    client.holdAgainst(operation, answer, asked);
    return answer;
  }
});

/** The good body without each field that has to be there, and with each field of another type. */
function* brokenBodies(schema: Schema, good: Readonly<Record<string, unknown>>) {
  for (const name of schema.required ?? []) {
    const { [name]: _, ...rest } = good;
    yield rest;
  }
  for (const [name, part] of Object.entries(schema.properties ?? {})) {
    const wrong = part.type === "string" || part.enum ? [1, null, "\u0000", ["a"]] : ["text", null, { a: 1 }];
    for (const value of wrong) yield { ...good, [name]: value };
  }
}
