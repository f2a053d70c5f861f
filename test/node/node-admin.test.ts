/** What an operator changes in a running node: whom it dials, whom it refuses, what it logs, and when it ends. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { NodeAdmin, type ProcessControl } from "../../src/node/node-admin.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import { createMemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

const idOf = (number: number) => nodeIdOf(new Uint8Array(32).fill(number));

async function adminOf(process?: ProcessControl) {
  const clock = createSimulatedClock(1_000);
  const network = createMemoryNetwork({ latencyMs: [1, 1], loss: 0 }, { clock, random: () => 0.5 });
  const [own, other] = [
    network.createHost(idOf(1), { bootstrap: [] }),
    network.createHost(idOf(2), { bootstrap: [] }),
  ];
  await Promise.all([own.start(), other.start()]);
  return { clock, own, other, admin: new NodeAdmin({ host: own, process, clock, logger: silentLogger }) };
}

describe("an operator", () => {
  it("bans a peer, which is cut off and cannot come back, and ends the ban", async () => {
    const { clock, own, other, admin } = await adminOf();
    const isConnected = () => own.peers().length > 0;
    await Promise.all([other.dial(`/memory/${own.peerId}/p2p/${own.peerId}`), clock.advance(100)]);
    assert.ok(isConnected());
    const banned = await admin.ban(other.peerId, 60_000, "a test");
    assert.deepEqual(banned, { ok: true, value: { untilMs: clock.nowMs() + 60_000, wasConnected: true } });
    await clock.advance(1_000);
    assert.ok(!isConnected());
    assert.deepEqual(own.bans(), [{ peerId: other.peerId, reason: "banned by a test", remainingMs: 59_000 }]);
    own.addBootstrap(`/memory/${other.peerId}/p2p/${other.peerId}`);
    await clock.advance(30_000);
    assert.ok(!isConnected());
    assert.deepEqual(admin.unban(other.peerId), { ok: true, value: true });
    assert.deepEqual(own.bans(), []);
    await clock.advance(1_000);
    assert.ok(isConnected(), "its address is tried at once");
    assert.deepEqual(admin.unban(other.peerId), { ok: true, value: false });
  });

  it("bans neither the node itself nor what is no node", async () => {
    const { own, admin } = await adminOf();
    const faultOf = async (id: string) => {
      const result = await admin.ban(id, 1, "a test");
      return result.ok ? undefined : result.fault.code;
    };
    assert.equal(await faultOf(own.peerId), "admin/own-node-id");
    for (const id of ["", "12D3KooW", `${idOf(3)}x`, "Qm", "../../etc"]) {
      assert.equal(await faultOf(id), "admin/node-id-invalid", id);
    }
  });

  it("adds and removes addresses, each once, and no more than a node can have", async () => {
    const { admin } = await adminOf();
    const address = "/ip4/192.0.2.1/tcp/13245";
    assert.deepEqual(admin.changeBootstrap("add", address), { ok: true, value: true });
    assert.deepEqual(admin.changeBootstrap("add", address), { ok: true, value: false });
    assert.deepEqual(
      admin.bootstrap().map((entry) => entry.address),
      [address],
    );
    assert.deepEqual(admin.changeBootstrap("remove", address), { ok: true, value: true });
    assert.deepEqual(admin.changeBootstrap("remove", address), { ok: true, value: false });
    assert.deepEqual(admin.bootstrap(), []);
    for (const wrong of [
      "",
      "node.example.com:13245",
      "/ip4/192.0.2.1/udp/1",
      `${address},${address}`,
      "/ip4/300.1.1.1/tcp/1",
    ]) {
      const result = admin.changeBootstrap("add", wrong);
      assert.equal(!result.ok && result.fault.code, "admin/address-invalid", wrong);
    }
    for (let port = 1; port <= 64; port += 1) admin.changeBootstrap("add", `/ip4/192.0.2.1/tcp/${port}`);
    const more = admin.changeBootstrap("add", address);
    assert.equal(!more.ok && more.fault.code, "admin/too-many-addresses");
    assert.deepEqual(admin.changeBootstrap("remove", "/ip4/192.0.2.1/tcp/1"), { ok: true, value: true });
    assert.deepEqual(admin.changeBootstrap("add", address), { ok: true, value: true });
  });

  it("has the log and the end of a process that is there for the node alone", async () => {
    const ended: string[] = [];
    const process: ProcessControl = { logLevel: "info", stop: () => void ended.push("stopped") };
    const { admin } = await adminOf(process);
    assert.deepEqual(admin.setLogLevel("debug"), { ok: true, value: "info" });
    assert.equal(process.logLevel, "debug");
    assert.ok(admin.stop().ok);
    assert.deepEqual(ended, ["stopped"]);
    const { admin: part } = await adminOf();
    for (const [result, code] of [
      [part.setLogLevel("debug"), "admin/log-not-own"],
      [part.stop(), "admin/not-stoppable"],
    ] as const) {
      assert.equal(!result.ok && result.fault.code, code);
    }
  });
});
