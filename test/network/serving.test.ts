/** Peers that ask and do not read, that are slow, or that send what is no request: bounded, and charged in the one score. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, describe, it } from "node:test";
import type { Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Slots } from "../../src/network/host/slots.ts";
import { encodeFrame, encodeLength } from "../../src/network/libp2p/frames.ts";
import { createLibp2pHost, type Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { largeChunksPerPeerMax } from "../../src/network/libp2p/serving.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { realUntil, rulelessNode } from "./host-rigs.ts";

const protocol = "/aurex/large/1";
const chunkBytes = 1 << 20;
/** What libp2p's classes have and their published types lack. */
const pingOf = (connection: unknown) =>
  (connection as { readonly muxer: { ping(): Promise<number> } }).muxer.ping();

describe("a host that serves hostile peers", { timeout: suiteMaxMs }, () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** Serves answers of a hundred large chunks, and counts the chunks that it made. */
  async function serving(timeoutMs: number) {
    const host = await createLibp2pHost(
      {
        privateKeySeed: createHash("sha256").update("serving").digest(),
        listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
        mdns: { enabled: false, network: "test", intervalMs: 2_000 },
        bootstrap: [],
        maxConnections: 100,
        agentVersion: "aurex/test",
      },
      { clock: systemClock, logger: silentLogger },
    );
    const made = { chunks: 0 };
    host.serve(protocol, {
      requestBytesMax: 100,
      chunkBytesMax: chunkBytes,
      timeoutMs,
      rateLimit: { requests: 1_000, perMs: 1_000 },
      *handle() {
        for (let index = 0; index < 100; index += 1) {
          made.chunks += 1;
          yield new Uint8Array(chunkBytes);
        }
      },
    });
    cleanups.push(() => host.stop());
    await host.start();
    return { host, made };
  }

  /** Dials again if it was cut. */
  async function hostile(target: Libp2pHost) {
    const node = await rulelessNode();
    cleanups.push(() => node.stop());
    const open = async (): Promise<Stream> => {
      const connection = node.getConnections()[0] ?? (await node.dial(multiaddr(target.addresses()[0]!)));
      return connection.newStream(protocol, { maxOutboundStreams: 1_000 });
    };
    const connections = () => node.getConnections().length;
    const ping = () => pingOf(node.getConnections()[0]);
    return { id: node.peerId.toString(), open, connections, ping };
  }

  it("makes no more than a few chunks for a peer that does not read, and hangs up on it", async () => {
    const { host, made } = await serving(500);
    const { id, open, connections } = await hostile(host);
    try {
      for (let index = 0; index < 24; index += 1) {
        const stream = await open();
        stream.pause();
        stream.send(encodeFrame(Uint8Array.of(1)));
        await stream.close();
      }
    } catch {
      // Cut already: a slow machine opens its streams slowly.
    }
    await realUntil(() => host.standing(id).lastOffence?.offence === "unread answer", "it is charged");
    assert.ok(made.chunks <= 2 * largeChunksPerPeerMax, `${made.chunks} chunks made for 24 answers`);
    await realUntil(() => connections() === 0, "it is hung up on");
    assert.ok(made.chunks < 24, `${made.chunks} chunks made`);
    assert.deepEqual(host.bans(), []);
  });

  it("charges what is no request, and hangs up on who goes on", async () => {
    const { host } = await serving(60_000);
    const { id, open, connections } = await hostile(host);
    for (let index = 0; index < 5; index += 1) {
      const stream = await open();
      stream.send(encodeLength(1 << 28));
      await realUntil(() => stream.status !== "open", "the stream is reset");
    }
    await realUntil(() => connections() === 0, "it is hung up on");
    assert.equal(host.standing(id).lastOffence?.offence, "malformed request");
  });

  it("charges requests that do not come whole", async () => {
    const { host } = await serving(500);
    const { id, open } = await hostile(host);
    for (let index = 0; index < 10; index += 1) (await open()).send(Uint8Array.of(90));
    await realUntil(() => host.standing(id).points > 4, "each of the ten is charged");
    assert.equal(host.standing(id).lastOffence?.offence, "slow request");
  });

  it("charges nobody for the time in which it stood still itself", async () => {
    const { host } = await serving(2_000);
    const { id, open, ping } = await hostile(host);
    const stream = await open();
    // When two answers are there, the host has begun to wait for the request.
    for (let round = 0; round < 2; round += 1) await ping();
    let bytes = 0;
    stream.addEventListener("message", ({ data }) => (bytes += data.byteLength));
    stream.send(encodeFrame(Uint8Array.of(1)));
    void stream.close();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
    await realUntil(() => bytes > 0 || stream.status !== "open", "it is answered");
    assert.ok(bytes > 0);
    assert.deepEqual(host.standing(id), { points: 0, lastOffence: undefined });
  });
});

it("hands places on in order, and never has more taken than there are", async () => {
  const slots = new Slots(2);
  const order: number[] = [];
  const first = await slots.take();
  const second = await slots.take();
  const later = [3, 4].map(async (number) => {
    const giveBack = await slots.take();
    order.push(number);
    return giveBack;
  });
  assert.deepEqual(order, []);
  first();
  const third = await later[0]!;
  assert.deepEqual(order, [3]);
  third();
  second();
  (await later[1]!)();
  assert.deepEqual(order, [3, 4]);
});
