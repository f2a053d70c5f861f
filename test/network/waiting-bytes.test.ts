/** Peers that do not read gossip, or that do not end their frames, over real TCP on loopback: what waits for all of them is bounded. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import type { Connection, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { encodeFrame, encodeLength } from "../../src/network/libp2p/frames.ts";
import { gossipFrameBytesMax } from "../../src/network/libp2p/gossip-config.ts";
import type { Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { waitingBytesMax } from "../../src/network/libp2p/waiting-bytes.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { libp2pHost, realUntil, strangerNode } from "./host-rigs.ts";

const topic = "/aurex/unread/1";
const gossipProtocol = "/meshsub/1.1.0";
const messageBytes = 2 ** 20;
const deafCount = 4;
/** More than all of them may leave unread, and less than gossipsub lets each of them keep. */
const messages = 12;

/** What libp2p's class has and its published type lacks. */
interface Pausable {
  readonly maConn: { pause(): void };
}

type Deafness = (connection: Connection) => void;

describe("peers that keep bytes waiting", { timeout: suiteMaxMs }, () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function talker(seed: string): Promise<{ host: Libp2pHost; heard: () => number }> {
    const host = await libp2pHost(seed);
    let heard = 0;
    const judge = () => {
      heard += 1;
      return "accept" as const;
    };
    host.subscribe(topic, { messageBytesMax: 2 * messageBytes, queueMax: 64, judge });
    cleanups.push(() => host.stop());
    await host.start();
    return { host, heard: () => heard };
  }

  /** In the mesh of the host, and deaf from then on. */
  async function deaf(host: Libp2pHost, turnDeaf: Deafness): Promise<string> {
    const node = await strangerNode("127.0.0.1");
    cleanups.push(() => node.stop());
    let hasEar = false;
    const onStream = (stream: Stream) => {
      stream.pause();
      hasEar = true;
    };
    await node.handle(gossipProtocol, onStream, { force: true });
    const connection = await node.dial(multiaddr(host.addresses()[0]!));
    const mouth = await connection.newStream(gossipProtocol);
    mouth.addEventListener("close", () => {});
    const words = { subscriptions: [{ subscribe: true, topic }], messages: [], control: undefined };
    const graft = { ihave: [], iwant: [], graft: [{ topicID: topic }], prune: [], idontwant: [] };
    mouth.send(encodeFrame(RPC.encode({ ...words, control: graft })));
    const id = node.peerId.toString();
    await realUntil(() => hasEar && host.meshPeers(topic).includes(id), "the peer is in the mesh");
    turnDeaf(connection);
    return id;
  }

  /** Of peers that keep too much waiting as many are hung up on as it takes, and a friend stays. */
  async function areCut(
    keepWaiting: (host: Libp2pHost, friendHears: (count: number) => Promise<void>) => Promise<string[]>,
  ): Promise<void> {
    const { host } = await talker("speaks");
    const friend = await talker("reads");
    await friend.host.dial(host.addresses()[0]!);
    await realUntil(() => host.meshPeers(topic).includes(friend.host.peerId), "the friend is in the mesh");
    const cut = new Map<string, string | undefined>();
    host.events.on("peerDisconnected", (peer, reason) => cut.set(peer, reason));
    const friendHears = (count: number) => realUntil(() => friend.heard() >= count, "the friend hears it");
    const ids = await keepWaiting(host, friendHears);
    await realUntil(() => cut.size > 0, "one of them is hung up on");
    for (const [peer, reason] of cut) {
      assert.ok(ids.includes(peer), peer);
      assert.equal(reason, "keeps too much waiting");
    }
    assert.ok(cut.size < ids.length, `${cut.size} of ${ids.length}`);
    assert.deepEqual(host.bans(), []);
    assert.ok(host.peers().some(({ peerId }) => peerId === friend.host.peerId));
  }

  function areCutIfDeaf(turnDeaf: Deafness): Promise<void> {
    return areCut(async (host, friendHears) => {
      const ids = await Promise.all(Array.from({ length: deafCount }, () => deaf(host, turnDeaf)));
      assert.ok(deafCount * messages * messageBytes > waitingBytesMax);
      for (let count = 1; count <= messages; count += 1) {
        await host.publish(topic, new Uint8Array(messageBytes).fill(count));
        await friendHears(count);
      }
      return ids;
    });
  }

  it("are hung up on if they read nothing from one stream", () => areCutIfDeaf(() => {}));

  it("are hung up on if they read nothing at all", () =>
    areCutIfDeaf((connection) => (connection as unknown as Pausable).maConn.pause()));

  it("are hung up on if they do not end their frames", () =>
    areCut((host) => {
      const half = new Uint8Array(gossipFrameBytesMax - 1);
      const count = Math.ceil(waitingBytesMax / half.length) + 1;
      return Promise.all(
        Array.from({ length: count }, async () => {
          const node = await strangerNode("127.0.0.1");
          cleanups.push(() => node.stop());
          const connection = await node.dial(multiaddr(host.addresses()[0]!));
          const mouth = await connection.newStream(gossipProtocol);
          mouth.addEventListener("close", () => {});
          mouth.send(encodeLength(gossipFrameBytesMax));
          mouth.send(half);
          return node.peerId.toString();
        }),
      );
    }));
});
