/** What only the real host can show: sockets, hostile streams, ports, the disk, and finding each other again. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it, type TestContext } from "node:test";
import type { Libp2p, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { encodeLength } from "../../src/network/libp2p/frames.ts";
import { createLibp2pHost, type Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import type { PeerHost, TopicOptions } from "../../src/network/peer-host.ts";
import { freePort } from "../support/free-port.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { libp2pHost, realUntil, rulelessNode } from "./host-rigs.ts";

const topic = "/aurex/test/1";
const protocol = "/aurex/echo/1";
const topicOptions: TopicOptions = { messageBytesMax: 1 << 20, queueMax: 64, judge: () => "accept" };

/** Ten of its seconds pass in one of ours. */
const hastyClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now() * 10,
  schedule: (delayMs, callback) => systemClock.schedule(delayMs / 10, callback),
};

describe("libp2p host", { timeout: suiteMaxMs }, () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function running(host: Libp2pHost): Promise<Libp2pHost> {
    cleanups.push(() => host.stop());
    await host.start();
    return host;
  }

  async function hostile(
    target: PeerHost,
  ): Promise<{ node: Libp2p; open(protocol: string): Promise<Stream> }> {
    const node = await rulelessNode();
    cleanups.push(() => node.stop());
    const connection = await node.dial(multiaddr(target.addresses()[0]!));
    return { node, open: (wanted) => connection.newStream(wanted) };
  }

  /** Sends until the other side resets the stream; returns how many bytes it took. */
  async function pump(
    stream: Stream,
    first: Uint8Array,
    part: Uint8Array,
    bytesMax: number,
  ): Promise<number> {
    let sent = 0;
    try {
      stream.send(first);
      while (stream.status === "open" && sent < bytesMax) {
        if (stream.writeBufferLength === 0) {
          stream.send(part);
          sent += part.length;
        }
        await new Promise((resolve) => setImmediate(resolve));
        if (stream.writeBufferLength > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } catch {
      // Reset while sending.
    }
    return sent;
  }

  it("has the identity of its key, and says so in its addresses", async () => {
    const [one, again, other] = [await libp2pHost("a"), await libp2pHost("a"), await libp2pHost("b")];
    assert.equal(one.peerId, again.peerId);
    assert.notEqual(one.peerId, other.peerId);
    await running(one);
    assert.match(one.addresses()[0]!, new RegExp(`^/ip4/127\\.0\\.0\\.1/tcp/[1-9]\\d*/p2p/${one.peerId}$`));
  });

  it("names a taken port", async () => {
    const first = await running(await libp2pHost("first"));
    const listenAddresses = [first.addresses()[0]!.replace(/\/p2p\/.*/, "")];
    const second = await libp2pHost("second", { listenAddresses });
    await assert.rejects(second.start(), { code: "EADDRINUSE" });
  });

  it("refuses a frame of 256 MiB on a request stream by its length alone", async () => {
    const host = await libp2pHost("target");
    const requestBytesMax = 1_000;
    const rateLimit = { requests: 10, perMs: 1_000 };
    let handled = 0;
    const handle = () => {
      handled += 1;
      return [];
    };
    host.serve(protocol, { requestBytesMax, chunkBytesMax: 1, timeoutMs: 60_000, rateLimit, handle });
    await running(host);
    const { open } = await hostile(host);
    const stream = await open(protocol);
    const sent = await pump(stream, encodeLength(256 << 20), new Uint8Array(64 << 10), 256 << 20);
    assert.ok(sent <= 4 << 20, `${sent} bytes were taken`);
    assert.notEqual(stream.status, "open");
    assert.equal(handled, 0);
  });

  it("refuses trailing data after a request", async () => {
    const host = await libp2pHost("target");
    const rateLimit = { requests: 10, perMs: 1_000 };
    let handled = 0;
    const handle = () => {
      handled += 1;
      return [];
    };
    host.serve(protocol, { requestBytesMax: 1_000, chunkBytesMax: 1, timeoutMs: 60_000, rateLimit, handle });
    await running(host);
    const { open } = await hostile(host);
    const stream = await open(protocol);
    stream.send(Uint8Array.of(1, 42, 1, 42));
    await stream.close();
    await realUntil(() => stream.status === "reset", "the stream is reset");
    assert.equal(handled, 0);
  });

  it("drops a gossip frame of 256 MiB with bounded memory", async () => {
    const host = await libp2pHost("target");
    host.subscribe(topic, topicOptions);
    await running(host);
    const { open } = await hostile(host);
    const stream = await open("/meshsub/1.1.0");
    const rssBefore = process.memoryUsage().rss;
    const sent = await pump(stream, encodeLength(256 << 20), new Uint8Array(256 << 10), 256 << 20);
    const grownBytes = process.memoryUsage().rss - rssBefore;
    assert.ok(sent <= 8 << 20, `${sent} bytes were taken`);
    assert.ok(grownBytes < 200 << 20, `memory grew by ${grownBytes} bytes`);
  });

  it("cuts a peer whose gossip cannot be decoded, and bans it when it goes on", async () => {
    const host = await libp2pHost("target");
    host.subscribe(topic, topicOptions);
    const rateLimit = { requests: 10, perMs: 1_000 };
    host.serve(protocol, {
      requestBytesMax: 1,
      chunkBytesMax: 1,
      timeoutMs: 60_000,
      rateLimit,
      handle: () => [],
    });
    await running(host);
    const { node, open } = await hostile(host);
    const frame = Buffer.concat([encodeLength(100_000), Buffer.alloc(100_000, 0xff)]);
    const sent = await pump(await open("/meshsub/1.1.0"), frame, frame, 64 << 20);
    assert.ok(sent <= 16 << 20, `${sent} bytes were taken`);
    await realUntil(() => node.getConnections().length === 0, "the connection is cut");
    for (let round = 0; host.bans().length === 0; round += 1) {
      assert.ok(round < 5, "five frames and no ban");
      const connection = await node.dial(multiaddr(host.addresses()[0]!));
      await pump(await connection.newStream("/meshsub/1.1.0"), frame, frame, 64 << 20);
      await realUntil(() => node.getConnections().length === 0, "the connection is cut again");
    }
    assert.deepEqual(
      host.bans().map(({ reason }) => reason),
      ["malformed gossip"],
    );
    await assert.rejects(async () => {
      const connection = await node.dial(multiaddr(host.addresses()[0]!));
      await connection.newStream(protocol);
    });
    assert.deepEqual(host.peers(), []);
  });

  it("survives garbage on the socket, and idle sockets do not keep honest peers out", async () => {
    const host = await running(await libp2pHost("target"));
    const port = Number(/tcp\/(\d+)/.exec(host.addresses()[0]!)![1]);
    const sockets: Socket[] = [];
    cleanups.push(() => sockets.map((socket) => socket.destroy()));
    for (let index = 0; index < 30; index += 1) {
      const socket = connectTcp(port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      sockets.push(socket);
      if (index % 3 === 0) socket.write(randomBytes(65_536));
    }
    const honest = await running(await libp2pHost("honest"));
    assert.equal(await honest.dial(host.addresses()[0]!), host.peerId);
    await realUntil(() => sockets.every((socket) => socket.closed), "the host has hung up on all of them");
    assert.deepEqual(
      host.peers().map(({ peerId }) => peerId),
      [honest.peerId],
    );
  });

  it("hangs up on a peer that never opens a gossip stream", async () => {
    const host = await createLibp2pHost(hostOptions("target"), { clock: hastyClock, logger: silentLogger });
    host.subscribe(topic, topicOptions);
    await running(host);
    const { node } = await hostile(host);
    await realUntil(() => host.peers().length === 1, "it is connected");
    await realUntil(() => node.getConnections().length === 0, "it is hung up on");
  });

  it("finds a bootstrap peer that starts late and comes back after a restart", async () => {
    const address = `/ip4/127.0.0.1/tcp/${await freePort()}`;
    const options = { ...hostOptions("home"), bootstrap: [address] };
    const home = await createLibp2pHost(options, { clock: hastyClock, logger: silentLogger });
    await running(home);
    for (let round = 0; round < 2; round += 1) {
      const back = await libp2pHost("away", { listenAddresses: [address] });
      await running(back);
      await realUntil(() => home.peers().length === 1, `connected in round ${round}`);
      await back.stop();
      await realUntil(() => home.peers().length === 0, `disconnected in round ${round}`);
    }
  });

  it("remembers its peers over a restart", async () => {
    const directory = await mkdtemp(join(tmpdir(), "aurex-peers-"));
    cleanups.push(() => rm(directory, { recursive: true }));
    const other = await running(await libp2pHost("other"));
    const first = await libp2pHost("self", { datastoreDirectory: directory });
    await first.start();
    await first.dial(other.addresses()[0]!);
    await realUntil(() => other.peers().length === 1, "connected");
    // Told only once it is in the store.
    await realUntil(() => first.peers()[0]?.software !== undefined, "the other one has said what it is");
    await first.stop();
    await realUntil(() => other.peers().length === 0, "disconnected");
    const second = await libp2pHost("self", { datastoreDirectory: directory });
    await running(second);
    await realUntil(() => second.peers().length === 1, "connected again, by nobody's word");
  });

  it("finds peers of its own network by mDNS, and only those", async (context: TestContext) => {
    const network = `test-${randomBytes(6).toString("hex")}`;
    const make = (seed: string, name: string) =>
      libp2pHost(seed, { mdns: { enabled: true, network: name, intervalMs: 500 } });
    const one = await make("one", network);
    const sighted: string[] = [];
    one.events.on("peerSighted", (peer, addresses) => sighted.push(peer, ...addresses));
    await running(one);
    const two = await running(await make("two", network));
    const stranger = await running(await make("stranger", `${network}-other`));
    try {
      await realUntil(() => one.peers().length === 1 && two.peers().length === 1, "both are connected");
    } catch (error) {
      if (sighted.length > 0 || one.discoveryFault() === undefined) throw error;
      context.skip(`no multicast on this machine: ${one.discoveryFault()}`);
      return;
    }
    assert.equal(one.peers()[0]!.peerId, two.peerId);
    assert.deepEqual(stranger.peers(), []);
  });
});

function hostOptions(seed: string) {
  return {
    privateKeySeed: createHash("sha256").update(seed).digest(),
    listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
    mdns: { enabled: false, network: "test", intervalMs: 2_000 },
    bootstrap: [],
    maxConnections: 100,
    agentVersion: "aurex/test",
  };
}
