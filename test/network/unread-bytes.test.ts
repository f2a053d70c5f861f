/** Peers that take part in gossip and do not read it, over real TCP on loopback: what waits for all of them together is bounded. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import type { Connection, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { encodeFrame } from "../../src/network/libp2p/frames.ts";
import type { Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { unreadBytesMax } from "../../src/network/libp2p/unread-bytes.ts";
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

describe("peers that do not read", { timeout: suiteMaxMs }, () => {
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

  async function areCut(turnDeaf: Deafness): Promise<void> {
    const { host } = await talker("speaks");
    const friend = await talker("reads");
    await friend.host.dial(host.addresses()[0]!);
    await realUntil(() => host.meshPeers(topic).includes(friend.host.peerId), "the friend is in the mesh");
    const cut: string[] = [];
    host.events.on("peerDisconnected", (peer, reason) => cut.push(`${peer} ${reason}`));
    const ids = await Promise.all(Array.from({ length: deafCount }, () => deaf(host, turnDeaf)));
    for (let index = 0; index < messages; index += 1) {
      await host.publish(topic, new Uint8Array(messageBytes).fill(index + 1));
      await realUntil(() => friend.heard() > index, "the friend hears it");
    }
    assert.ok(deafCount * messages * messageBytes > unreadBytesMax);
    await realUntil(() => cut.length > 0, "one of them is hung up on");
    const name = (line: string) => line.split(" ")[0] ?? "";
    assert.ok(
      cut.every((line) => ids.includes(name(line)) && line.endsWith(" does not read what it is sent")),
      cut.join(),
    );
    // As many as it takes, and nobody else: what three of them leave unread may go on waiting.
    assert.ok(cut.length < deafCount, cut.join());
    assert.deepEqual(host.bans(), []);
    assert.ok(host.peers().some(({ peerId }) => peerId === friend.host.peerId));
  }

  it("are hung up on if they read nothing from one stream", () => areCut(() => {}));

  it("are hung up on if they read nothing at all", () =>
    areCut((connection) => (connection as unknown as Pausable).maConn.pause()));
});
