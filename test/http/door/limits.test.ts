/** What clients can take of the API: connections, streams, requests. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { getEvents } from "../../../src/api/events.ts";
import { until } from "../../support/patience.ts";
import { type ApiRig, openApiRig } from "../api-rig.ts";

async function rigOf(t: TestContext, limits: Record<string, number>): Promise<ApiRig> {
  const rig = await openApiRig({ door: { limits } });
  t.after(() => rig.close());
  return rig;
}

async function connectTo(t: TestContext, { url }: ApiRig): Promise<net.Socket> {
  const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

describe("the API's limits", () => {
  for (const [what, sent] of [
    ["say nothing", ""],
    ["never end their head", "GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nx: "],
    [
      "never send their body",
      "POST /v1/transactions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{",
    ],
  ] as const) {
    it(`connections that ${what} keep nobody out: the oldest of them makes room`, async (t) => {
      const rig = await rigOf(t, { connectionsMax: 4 });
      const held: net.Socket[] = [];
      for (let index = 0; index < 12; index += 1) {
        const socket = await connectTo(t, rig);
        socket.resume().write(sent);
        held.push(socket);
      }
      assert.equal((await fetch(`${rig.url}/livez`)).status, 200);
      await until("no more than four are left", () => held.filter(({ closed }) => !closed).length <= 4);
    });
  }

  it("a connection that is being answered stays, whoever comes", async (t) => {
    const rig = await rigOf(t, { connectionsMax: 4 });
    const listeners = new AbortController();
    t.after(() => listeners.abort());
    const streams = [];
    for (let index = 0; index < 3; index += 1) {
      const { body } = await fetch(`${rig.url}${getEvents.path}`, { signal: listeners.signal });
      assert.ok(body);
      const reader = body.getReader();
      let isOver = false;
      const read = async () => {
        while (!(await reader.read()).done);
        isOver = true;
      };
      void read().catch(() => (isOver = true));
      streams.push(() => isOver);
    }
    for (let index = 0; index < 12; index += 1) await connectTo(t, rig);
    assert.equal((await fetch(`${rig.url}/v1/node`)).status, 200);
    assert.deepEqual(
      streams.map((isOver) => isOver()),
      [false, false, false],
    );
  });

  it("an answer is the last on its connection while more than half are taken, so that idle ones leave room", async (t) => {
    const rig = await rigOf(t, { connectionsMax: 8 });
    const ends = async () => {
      const answer = await fetch(`${rig.url}/livez`);
      await answer.text();
      return answer.headers.get("connection");
    };
    assert.equal(await ends(), "keep-alive");
    for (let index = 0; index < 5; index += 1) await connectTo(t, rig);
    assert.equal(await ends(), "close");
  });

  it("streams take three quarters of the connections at most, so that requests find one", async (t) => {
    const rig = await rigOf(t, { connectionsMax: 8 });
    const listeners = new AbortController();
    t.after(() => listeners.abort());
    const listen = () => fetch(`${rig.url}${getEvents.path}`, { signal: listeners.signal });
    for (let index = 0; index < 6; index += 1) assert.equal((await listen()).status, 200);
    const refused = await listen();
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    assert.equal(((await refused.json()) as { code: string }).code, "api/too-many-streams");
    assert.equal((await fetch(`${rig.url}/v1/node`)).status, 200);
    listeners.abort();
    await until("a stream has ended and another may begin", async () => {
      const again = new AbortController();
      const { status } = await fetch(`${rig.url}${getEvents.path}`, { signal: again.signal });
      again.abort();
      return status === 200;
    });
  });

  it("programs of this machine may ask as often as they like", async (t) => {
    const rig = await rigOf(t, { requestsPerSecond: 1 });
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => (await fetch(`${rig.url}/livez`)).status),
    );
    assert.ok(statuses.every((status) => status === 200));
  });
});
