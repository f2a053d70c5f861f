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

/** All that comes over a connection until the other end closes it. */
async function received(socket: net.Socket): Promise<string> {
  let text = "";
  socket.on("data", (piece) => (text += piece));
  if (!socket.destroyed) await once(socket, "close");
  return text;
}

describe("the API's limits", () => {
  it("connections above the limit are closed, and there is room again when others go", async (t) => {
    const rig = await rigOf(t, { connectionsMax: 4 });
    const held = [];
    for (let index = 0; index < 4; index += 1) held.push(await connectTo(t, rig));
    const socket = net.connect(Number(new URL(rig.url).port), "127.0.0.1");
    assert.equal(await received(socket.on("error", () => {})), "");
    for (const each of held) each.destroy();
    await until(
      "there is room again",
      async () => (await fetch(`${rig.url}/livez`).catch(() => undefined))?.ok,
    );
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
