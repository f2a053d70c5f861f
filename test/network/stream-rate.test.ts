/** A peer that opens streams without end: it loses its connection, and identify and ping run seldom. Real TCP on loopback. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Connection, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { connectHosts, isConnected } from "./host-connections.ts";
import { libp2pHost, libp2pRig, strangerNode } from "./host-rigs.ts";

const protocol = "/aurex/echo/1";
/** A second of its own is a minute of ours: so on a busy machine, too, the peer opens more in a second than it may. */
const lazyClock: Clock = { ...systemClock, monotonicMs: () => performance.now() / 60 };
const ping = "/ipfs/ping/1.0.0";

describe("a host and streams without end", { timeout: suiteMaxMs }, () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function running(seed: string, clock: Clock = systemClock): Promise<Libp2pHost> {
    const host = await libp2pHost(seed, {}, silentLogger, clock);
    host.serve(protocol, {
      requestBytesMax: 8,
      chunkBytesMax: 8,
      timeoutMs: 60_000,
      rateLimit: { requests: 10_000, perMs: 1_000 },
      handle: () => [],
    });
    cleanups.push(() => host.stop());
    await host.start();
    return host;
  }

  async function attacker(host: Libp2pHost): Promise<Connection> {
    const node = await strangerNode("127.0.0.1");
    cleanups.push(() => node.stop());
    const connection = await node.dial(multiaddr(host.addresses()[0]!));
    // Streams that come before the host has made the connection its own are bounded by libp2p.
    await until("the host knows of it", () => host.peers().some(({ peerId }) => peerId === `${node.peerId}`));
    return connection;
  }

  it("hangs up on who pings its muxer without end: it would have to keep the answers", async () => {
    const host = await running("target", lazyClock);
    const connection = await attacker(host);
    const { muxer } = connection as unknown as {
      readonly muxer: { sendPing(id: number): void; handlePing(): void };
    };
    let answers = 0;
    muxer.handlePing = () => {
      answers += 1;
    };
    for (let id = 0; id < 1_000; id += 1) muxer.sendPing(id);
    await until(
      "it is hung up on, or has all answers",
      () => connection.status !== "open" || answers >= 1_000,
    );
    assert.notEqual(connection.status, "open");
    assert.ok(answers <= 100, `${answers} answers`);
  });

  it("hangs up on who opens more than 512 at once, and keeps the others", async () => {
    const host = await running("target", lazyClock);
    const honest = await running("honest");
    await connectHosts(libp2pRig(), honest, host);
    const connection = await attacker(host);
    let opened = 0;
    while (connection.status === "open") {
      await Promise.all(
        Array.from({ length: 64 }, async () => {
          const stream = await connection
            .newStream(protocol, { maxOutboundStreams: 1_000 })
            .catch(() => undefined);
          if (stream) opened += 1;
          stream?.abort(new Error("the next one"));
        }),
      );
      // A stream that cannot be opened fails within this turn: nothing else would ever run.
      await setImmediate();
    }
    assert.ok(opened <= 100_000, `${opened} were opened`);
    assert.ok(isConnected(host, honest));
    assert.ok(isConnected(honest, host));
  });

  it("keeps one that opens streams as fast as a node that catches up", async () => {
    const host = await running("target");
    const honest = await running("honest");
    await connectHosts(libp2pRig(), honest, host);
    const limits = { chunksMax: 1, chunkBytesMax: 8, timeoutMs: 60_000 };
    for (let index = 0; index < 300; index += 1) {
      const chunks = honest.request(host.peerId, protocol, new Uint8Array(1), limits);
      for await (const _ of chunks) assert.fail("the answer is empty");
    }
    assert.ok(isConnected(host, honest));
  });

  it("answers few of a hundred pings", async () => {
    const host = await running("target");
    const connection = await attacker(host);
    const beganMs = performance.now();
    const streams: Stream[] = [];
    let answered = 0;
    for (let index = 0; index < 100; index += 1) {
      const stream = await connection.newStream(ping, { maxOutboundStreams: 1_000 }).catch(() => undefined);
      if (!stream) continue;
      streams.push(stream);
      stream.addEventListener("message", () => {
        answered += 1;
        stream.abort(new Error("the next one"));
      });
      try {
        stream.send(new Uint8Array(32));
      } catch {
        // Reset since.
      }
    }
    await until("each is answered or reset", () => streams.every(({ status }) => status !== "open"), {
      seen: () => ({ answered, states: streams.map(({ status }) => status) }),
    });
    assert.ok(answered > 0, "the first ones are answered");
    const seconds = (performance.now() - beganMs) / 1_000;
    assert.ok(answered <= 21 + seconds, `${answered} of 100 answered in ${seconds} s`);
    assert.equal(connection.status, "open");
  });
});
