/** Acceptance apart from misbehaviour: what is over a budget is dropped, volume never bans, and floods of control are cut. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, it } from "node:test";
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import type { Libp2p, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { acceptanceRates } from "../../src/network/gossip/acceptance.ts";
import { AcceptanceBudget, messageCostBytes } from "../../src/network/host/acceptance-budget.ts";
import { defaultPeerLimits } from "../../src/network/host/peer-limits.ts";
import { encodeFrame } from "../../src/network/libp2p/frames.ts";
import type { Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { PeerDatastore } from "../../src/network/libp2p/peer-datastore.ts";
import type { AcceptanceRates, TopicOptions } from "../../src/network/peer-host.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { libp2pHost, realUntil, strangerNode } from "./host-rigs.ts";

const topic = "/aurex/test/1";
const small: AcceptanceRates = {
  perPeer: { bytesPerSecond: 0.001, burstBytes: 10.9 * messageCostBytes },
  reserved: { bytesPerSecond: 0.001, burstBytes: 2.9 * messageCostBytes },
  total: { bytesPerSecond: 0.001, burstBytes: 10.9 * messageCostBytes },
};

const nothing = { count: 0, bytes: 0 };

describe("the budget of a topic", () => {
  it("lets each peer through at its rate and no faster", async () => {
    const clock = createSimulatedClock(0);
    const rate = { bytesPerSecond: 4 * messageCostBytes, burstBytes: 8 * messageCostBytes };
    const budget = new AcceptanceBudget({ perPeer: rate, reserved: rate, total: rate }, { clock });
    let taken = 0;
    for (let step = 0; step < 1_000; step += 1) {
      if (budget.admits("peer", 0, nothing)) taken += 1;
      await clock.advance(10);
    }
    assert.ok(taken >= 46 && taken <= 48, `${taken} in ten seconds`);
  });

  it("bounds what is accepted of all, and leaves each peer its share", () => {
    const budget = new AcceptanceBudget(small, { clock: createSimulatedClock(0) });
    for (let index = 0; index < 10; index += 1) {
      assert.equal(budget.admits("flood", 0, nothing), true);
      budget.accepted("flood", 0);
    }
    assert.equal(budget.admits("flood", 0, nothing), false);
    // The total is used up, and still the first two of each other peer are taken.
    assert.deepEqual(
      [1, 2, 3].map(() => budget.admits("honest", 0, nothing)),
      [true, true, false],
    );
  });

  it("does not spend the total on what is not accepted", () => {
    const budget = new AcceptanceBudget(small, { clock: createSimulatedClock(0) });
    for (let index = 0; index < 20; index += 1) budget.admits("stale", 0, nothing);
    assert.deepEqual(
      [1, 2, 3].map(() => budget.admits("honest", 0, nothing)),
      [true, true, true],
    );
  });

  it("bounds what a peer brings on trust, and gives back what was worth it", async () => {
    const clock = createSimulatedClock(0);
    const onTrust = {
      bytesPerSecond: messageCostBytes,
      burstBytes: 4 * messageCostBytes,
      atFirstBytes: 2 * messageCostBytes,
    };
    const budget = new AcceptanceBudget({ ...small, onTrust }, { clock });
    const judged = (peer: string) => {
      const isTaken = budget.admits(peer, 0, nothing);
      if (isTaken) budget.judging(peer, 0);
      return isTaken;
    };
    const taken = (peer: string) => [1, 2, 3].map(() => judged(peer));
    assert.equal(budget.admits("frame", 0, { count: 1, bytes: 0 }), true);
    assert.equal(
      budget.admits("frame", 0, { count: 2, bytes: 0 }),
      false,
      "what is ahead in the frame counts",
    );
    assert.deepEqual(taken("replays"), [true, true, false], "what it brings is known, or not judged yet");
    for (let index = 0; index < 8; index += 1)
      assert.ok(budget.admits("copies", 0, nothing), "copies are free");
    await clock.advance(1_000);
    assert.deepEqual(taken("replays"), [true, false, false]);
    for (let index = 0; index < 8; index += 1) {
      assert.equal(judged("honest"), true, "what is accepted was no trust lost");
      budget.accepted("honest", 0);
    }
  });

  it("of all topics together stays far below the line that costs a relaying neighbour its connection", () => {
    const rates: AcceptanceRates[] = Object.values(acceptanceRates);
    const sum = (value: (rates: AcceptanceRates) => number) =>
      rates.reduce((total, one) => total + value(one), 0);
    const bytes = sum(({ total }) => total.bytesPerSecond);
    const burst = sum(({ total }) => total.burstBytes);
    assert.ok(2 * bytes < defaultPeerLimits.gossipBytesPerSecond);
    assert.ok(2 * burst < defaultPeerLimits.gossipBytesBurst);
    assert.ok(bytes / messageCostBytes < defaultPeerLimits.gossipItemsPerSecond);
    assert.ok(burst / messageCostBytes < defaultPeerLimits.gossipItemsBurst);
    for (const { perPeer, reserved, total } of rates) {
      assert.ok(reserved.bytesPerSecond < perPeer.bytesPerSecond);
      const { atFirstBytes: _, ...rate } = perPeer;
      assert.deepEqual(rate, total, "else an honest relay would lose a part of what it accepted");
    }
  });
});

describe("a host under a flood", { timeout: suiteMaxMs }, () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function running(seed: string, options: Partial<TopicOptions> = {}, limits = {}, more = {}) {
    const heard: string[] = [];
    const host = await libp2pHost(seed, { limits, ...more });
    host.subscribe(topic, {
      messageBytesMax: 1 << 20,
      queueMax: 256,
      judge(message) {
        heard.push(Buffer.from(message).toString());
        return "accept";
      },
      ...options,
    });
    cleanups.push(() => host.stop());
    await host.start();
    return { host, heard };
  }

  /** Sends frames of gossip as fast as the stream takes them, until the connection is gone or all are sent. */
  async function flood(stream: Stream, frame: (index: number) => Uint8Array, count: number): Promise<void> {
    try {
      for (let index = 0; index < count && stream.status === "open"; index += 1) {
        stream.send(encodeFrame(frame(index)));
        if (index % 50 === 49 || stream.writableNeedsDrain)
          await new Promise((resolve) => setImmediate(resolve));
      }
    } catch {
      // Cut while sending.
    }
  }

  async function hostile(target: Libp2pHost): Promise<{ node: Libp2p; gossip: Stream; id: string }> {
    // It takes gossip: whoever takes none is hung up on after five seconds.
    const node = await strangerNode("127.0.0.1");
    cleanups.push(() => node.stop());
    const connection = await node.dial(multiaddr(target.addresses()[0]!));
    const gossip = await connection.newStream("/meshsub/1.1.0");
    return { node, gossip, id: node.peerId.toString() };
  }

  const publish = (text: string, of = topic) =>
    RPC.encode({
      subscriptions: [],
      messages: [{ topic: of, data: Buffer.from(text) }],
    });

  it("takes and relays a bounded number of valid messages, and neither the relay nor its neighbour parts", async () => {
    const [one, two] = [
      await running("one", { acceptance: small }),
      await running("two", { acceptance: small }),
    ];
    await one.host.dial(two.host.addresses()[0]!);
    await realUntil(
      () => one.host.meshPeers(topic).length === 1 && two.host.meshPeers(topic).length === 1,
      "they relay to each other",
    );
    const { gossip, id } = await hostile(one.host);
    await flood(gossip, (index) => publish(`valid ${index}`), 3_000);

    await realUntil(() => two.heard.length === 10, "as many as the budget has came through the relay");
    // What was dropped does not count as seen: another peer may still bring it.
    const other = await hostile(one.host);
    await flood(other.gossip, () => publish("valid 2999"), 1);
    await realUntil(() => one.heard.includes("valid 2999"), "it came by the other peer");
    assert.equal(one.heard.length, 11);
    for (const { host } of [one, two]) assert.deepEqual(host.bans(), []);
    assert.equal(one.host.standing(id).points, 0);
    assert.ok(two.host.peers().some(({ peerId }) => peerId === one.host.peerId));
    assert.ok(one.host.peers().some(({ peerId }) => peerId === id));
  });

  it("takes no message for seen that its handler has no room for: another peer may bring it", async () => {
    let full = "";
    const { host, heard } = await running("target", { hasRoomFor: (_message, from) => from !== full });
    const [flooding, other] = [await hostile(host), await hostile(host)];
    full = flooding.id;
    await flood(flooding.gossip, () => publish("first"), 3);
    await flood(flooding.gossip, (index) => publish(`${index}`), 100);
    await flood(other.gossip, () => publish("first"), 1);
    await realUntil(() => heard.length === 1, "it came by the other peer");
    assert.deepEqual(heard, ["first"]);
    assert.equal(host.standing(flooding.id).points, 0);
  });

  it("takes no message for seen for which its queue has no room, and no flood keeps others out", async () => {
    const opened = Promise.withResolvers<void>();
    const judged: string[] = [];
    const judge = async (message: Uint8Array) => {
      await opened.promise;
      judged.push(Buffer.from(message).toString());
      return "accept" as const;
    };
    const { host } = await running("target", { queueMax: 16, judge });
    const marked: string[] = [];
    const marker = "/aurex/marker/1";
    host.subscribe(marker, {
      messageBytesMax: 100,
      queueMax: 16,
      judge(message) {
        marked.push(Buffer.from(message).toString());
        return "ignore";
      },
    });
    const [flooding, other] = [await hostile(host), await hostile(host)];
    await flood(flooding.gossip, (index) => publish(`flood ${index}`), 20);
    // One frame is one flood, too.
    const messages = Array.from({ length: 200 }, (_, at) => ({ topic, data: Buffer.from(`frame ${at}`) }));
    await flood(flooding.gossip, () => RPC.encode({ subscriptions: [], messages }), 1);
    await flood(flooding.gossip, () => publish("last"), 1);
    await flood(other.gossip, () => publish("other"), 1);
    for (const { gossip, id } of [flooding, other]) {
      await flood(gossip, () => publish(id, marker), 1);
      await realUntil(() => marked.includes(id), "all before it has come");
    }
    opened.resolve();
    await realUntil(() => judged.includes("other"), "the other peer is heard");
    assert.ok(judged.length <= 17, `${judged.length}`);
    for (const text of ["last", "frame 199"]) {
      assert.ok(!judged.includes(text));
      await flood(other.gossip, () => publish(text), 1);
      await realUntil(() => judged.includes(text), "it came by the other peer");
    }
  });

  it("keeps a message without the frame in which it came", async () => {
    const buffers: number[] = [];
    const judge = (message: Uint8Array) => {
      buffers.push(message.buffer.byteLength);
      return "accept" as const;
    };
    const { host } = await running("target", { judge });
    const { gossip } = await hostile(host);
    const big = Buffer.alloc(1 << 19, 1);
    const messages = [
      { topic, data: Buffer.from("small") },
      { topic: "/of/nobody", data: big },
      { topic, data: big },
    ];
    await flood(gossip, () => RPC.encode({ subscriptions: [], messages }), 1);
    await realUntil(() => buffers.length === 2, "both are judged");
    assert.deepEqual(buffers, ["small".length, big.length]);
  });

  it("hangs up on a peer for its volume, and never bans it", async () => {
    const { host } = await running(
      "target",
      { acceptance: small },
      { gossipItemsBurst: 500, gossipItemsPerSecond: 1 },
    );
    const { node, gossip } = await hostile(host);
    await flood(gossip, (index) => publish(`valid ${index}`), 100_000);
    await realUntil(() => node.getConnections().length === 0, "it is hung up on");
    assert.deepEqual(host.bans(), []);
    await node.dial(multiaddr(host.addresses()[0]!));
    await realUntil(() => host.peers().length === 1, "it may come back");
  });

  const control = { ihave: [], iwant: [], graft: [], prune: [], idontwant: [] };
  const many = <Entry>(entry: (index: number) => Entry) => Array.from({ length: 50 }, (_, at) => entry(at));
  const floods: Record<string, (index: number) => Uint8Array> = {
    PRUNE: () =>
      RPC.encode({
        subscriptions: [],
        messages: [],
        control: { ...control, prune: many(() => ({ topicID: topic, peers: [] })) },
      }),
    GRAFT: () =>
      RPC.encode({
        subscriptions: [],
        messages: [],
        control: { ...control, graft: many(() => ({ topicID: topic })) },
      }),
    IHAVE: () =>
      RPC.encode({
        subscriptions: [],
        messages: [],
        control: { ...control, ihave: many(() => ({ topicID: topic, messageIDs: [] })) },
      }),
    IWANT: () =>
      RPC.encode({
        subscriptions: [],
        messages: [],
        control: { ...control, iwant: many(() => ({ messageIDs: [] })) },
      }),
    subscriptions: (index) =>
      RPC.encode({
        subscriptions: many((at) => ({ subscribe: true, topic: `t${index}/${at}` })),
        messages: [],
      }),
    "messages of foreign topics": (index) => publish(`${index}`, `foreign/${index}`),
  };
  for (const [name, frame] of Object.entries(floods)) {
    it(`cuts a flood of ${name} after as many entries as two seconds of it may have, and charges it`, async () => {
      const { host } = await running("target");
      const { node, gossip, id } = await hostile(host);
      let sent = 0;
      const counted = (index: number) => {
        sent += 1;
        return frame(index);
      };
      await flood(gossip, counted, 200_000);
      await realUntil(() => node.getConnections().length === 0, `cut after ${sent} frames`);
      const { lastOffence } = host.standing(id);
      assert.equal(lastOffence?.offence, "gossip control budget");
      assert.ok(sent < 200_000, `${sent} frames sent`);
    });
  }

  it("cuts a flood of ids in IHAVE, which takes few entries, and bans nobody for it", async () => {
    const { host } = await running("target");
    const { node, gossip } = await hostile(host);
    const messageIDs = Array.from({ length: 1_000 }, (_, index) => Buffer.from(`${index}`.padStart(20)));
    const frame = RPC.encode({
      subscriptions: [],
      messages: [],
      control: { ...control, ihave: [{ topicID: topic, messageIDs }] },
    });
    await flood(gossip, () => frame, 1_900);
    await realUntil(() => node.getConnections().length === 0, "cut");
    assert.deepEqual(host.bans(), []);
  });

  it("writes nothing to disk for a PRUNE or a GRAFT", async (t) => {
    const datastoreDirectory = await mkdtemp(path.join(tmpdir(), "aurex-acceptance-"));
    cleanups.push(() => rm(datastoreDirectory, { recursive: true }));
    const { host, heard } = await running("target", {}, {}, { datastoreDirectory });
    const { gossip } = await hostile(host);
    const written = t.mock.method(PeerDatastore.prototype, "put");
    const frames = [floods.GRAFT, floods.PRUNE, floods.PRUNE].map((frame) => frame?.(0) ?? publish("none"));
    for (const frame of frames) gossip.send(encodeFrame(frame));
    for (const text of ["one", "two", "three"]) {
      gossip.send(encodeFrame(publish(text)));
      await realUntil(() => heard.includes(text), "what came after them is judged");
    }
    // Identify may write while this runs.
    assert.ok(written.mock.callCount() < 20, `${written.mock.callCount()} writes for 150 entries`);
  });

  it("decodes nothing of a flood that is over the budget, nor what is left of it after the cut", async (t) => {
    const { host } = await running("target");
    const { node, gossip } = await hostile(host);
    const decoded = t.mock.method(RPC, "decode");
    const frame = floods.PRUNE?.(0) ?? new Uint8Array(0);
    for (let index = 0; index < 10_000 && gossip.status === "open"; index += 1)
      gossip.send(encodeFrame(frame));
    await realUntil(() => node.getConnections().length === 0, "cut");
    const entriesMax = defaultPeerLimits.gossipControlBurst;
    assert.ok(decoded.mock.callCount() <= (2 * entriesMax) / 50, `${decoded.mock.callCount()} frames of 50`);
  });
});
