/** What the watchdog sees: silence counts in looks, a connection without gossip is tried again, and nobody holds up the others. */
import assert from "node:assert/strict";
import { afterEach, describe, it, type TestContext } from "node:test";
import type { Connection, Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import type { Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { libp2pHost, realUntil, rulelessNode, strangerNode } from "./host-rigs.ts";

const lookEveryMs = 1_000;
const topic = "watchdog/topic";

/** Time stands still until somebody looks; then a minute has passed, as for a process that was stopped. */
class LookingClock implements Clock {
  readonly #due = new Set<() => void>();
  #passedMs = 0;

  nowMs(): number {
    return systemClock.nowMs();
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#passedMs;
  }

  schedule(delayMs: number, callback: () => void) {
    if (delayMs !== lookEveryMs) return systemClock.schedule(delayMs, callback);
    this.#due.add(callback);
    return { cancel: () => void this.#due.delete(callback) };
  }

  look(): void {
    this.#passedMs += 60_000;
    for (const callback of [...this.#due]) {
      this.#due.delete(callback);
      callback();
    }
  }
}

interface MuxerInternals {
  ping(): Promise<number>;
  sendPing(id: number, flag?: number): void;
  incomingStream(id: number): void;
}

const muxerOf = (connection: Connection) =>
  (connection as unknown as { readonly muxer: MuxerInternals }).muxer;
const hasGossip = ({ streams }: Connection) =>
  streams.some(({ direction, protocol }) => direction === "inbound" && protocol.startsWith("/meshsub/"));

describe("the watchdog", { timeout: suiteMaxMs }, () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function watched() {
    const clock = new LookingClock();
    const reasons: unknown[] = [];
    const logger: Logger = {
      ...silentLogger,
      info: (fields) => void ("reason" in fields && reasons.push(fields.reason)),
      child: () => logger,
    };
    const host = await libp2pHost("watched", {}, logger, clock);
    host.subscribe(topic, {
      messageBytesMax: 100,
      queueMax: 8,
      judge: () => "accept",
    });
    await host.start();
    cleanups.push(() => host.stop());
    return { host, clock, reasons };
  }

  async function peerOf(host: Libp2pHost, made: Promise<Libp2p>) {
    const node = await made;
    cleanups.push(() => node.stop());
    const dial = () => node.dial(multiaddr(host.addresses()[0]!), { force: true });
    const connection = await dial();
    await realUntil(() => host.peers().length > 0, "it is connected");
    return { node, connection, dial };
  }

  /** When both answers are there, all that the host asked before is answered, too. */
  async function thereAndBack(connection: Connection): Promise<void> {
    await muxerOf(connection).ping();
    await muxerOf(connection).ping();
  }

  it("hangs up on a peer without a gossip stream after twenty looks, however much time has passed", async () => {
    const { host, clock, reasons } = await watched();
    const { connection } = await peerOf(host, rulelessNode());
    for (let looks = 0; looks < 20; looks += 1) {
      clock.look();
      await thereAndBack(connection);
    }
    assert.equal(connection.status, "open");
    clock.look();
    await realUntil(() => connection.status !== "open", "it is hung up on");
    assert.deepEqual(reasons, ["no gossip stream"]);
  });

  it("keeps a peer that answers, and hangs up on one that has not answered for twenty looks", async () => {
    const { host, clock, reasons } = await watched();
    const { connection } = await peerOf(host, strangerNode("127.0.0.1"));
    await realUntil(() => hasGossip(connection), "it carries gossip");
    for (let looks = 0; looks < 60; looks += 1) {
      clock.look();
      await thereAndBack(connection);
    }
    assert.equal(connection.status, "open");
    const muxer = muxerOf(connection);
    const sendPing = muxer.sendPing.bind(muxer);
    // Asks, and does not answer.
    muxer.sendPing = (id, flag) => {
      if (flag === undefined) sendPing(id);
    };
    for (let looks = 0; looks < 20; looks += 1) {
      clock.look();
      await thereAndBack(connection);
    }
    assert.equal(connection.status, "open");
    await realUntil(() => {
      clock.look();
      return connection.status !== "open";
    }, "it is hung up on");
    assert.deepEqual(reasons, ["no answer"]);
  });

  it("lets a second connection carry the gossip when the first one ends", async () => {
    const { host, clock, reasons } = await watched();
    const { connection, dial } = await peerOf(host, strangerNode("127.0.0.1"));
    const second = await dial();
    await realUntil(() => hasGossip(connection), "the first one carries gossip");
    await connection.close();
    for (let looks = 0; looks < 15; looks += 1) {
      clock.look();
      await thereAndBack(second);
    }
    await realUntil(() => hasGossip(second), "the second one carries gossip");
    assert.equal(second.status, "open");
    assert.deepEqual(reasons, []);
  });

  it("ends a connection that is dead early if the peer answers on another one", async () => {
    const { host, clock, reasons } = await watched();
    const { connection, dial } = await peerOf(host, strangerNode("127.0.0.1"));
    await realUntil(() => hasGossip(connection), "the first one carries gossip");
    // Of the first one nothing comes any more.
    muxerOf(connection).sendPing = () => {};
    const second = await dial();
    for (let looks = 0; looks < 12; looks += 1) {
      clock.look();
      await thereAndBack(second);
    }
    await realUntil(() => connection.status !== "open", "the first one is ended");
    for (let looks = 0; looks < 15; looks += 1) {
      clock.look();
      await thereAndBack(second);
    }
    await realUntil(() => hasGossip(second), "the second one carries gossip");
    assert.deepEqual(reasons, []);
  });

  it("opens a gossip stream while other peers do not answer", async (t: TestContext) => {
    const { host } = await watched();
    // The negotiation of a stream has ten seconds: here they are never over.
    t.mock.method(AbortSignal, "timeout", () => new AbortController().signal);
    const mute = await strangerNode("127.0.0.1");
    cleanups.push(() => mute.stop());
    let opened = 0;
    mute.addEventListener("connection:open", ({ detail }) => {
      const muxer = muxerOf(detail);
      const open = muxer.incomingStream.bind(muxer);
      // It says who it is, and answers nothing more.
      muxer.incomingStream = (id) => {
        opened += 1;
        if (opened === 1) open(id);
      };
    });
    await mute.dial(multiaddr(host.addresses()[0]!));
    await realUntil(() => opened > 1, "the host opens a gossip stream to the mute peer");
    const { connection } = await peerOf(host, strangerNode("127.0.0.1"));
    await realUntil(() => hasGossip(connection), "and one to another");
  });
});
