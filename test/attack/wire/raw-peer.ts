/** A libp2p peer that keeps no rule of ours: it greets as a node does, and sends what the attack says. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import { noise } from "@chainsafe/libp2p-noise";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { Turns } from "../../../src/network/host/turns.ts";
import { encodeFrame } from "../../../src/network/libp2p/frames.ts";
import { answerOverStream } from "../../../src/network/libp2p/streams.ts";
import {
  HandshakeType,
  handshakeProtocol,
  type Status,
  StatusType,
  statusProtocol,
} from "../../../src/network/messages.ts";
import type { ProtocolOptions } from "../../../src/network/peer-host.ts";
import type { ChainSpec } from "../../../src/protocol/genesis.ts";
import { type KeyPair, keyPairFromSeed } from "../../../src/protocol/signing.ts";
import { guestHandshake, guestStatus } from "./guest-words.ts";

const gossipProtocol = "/meshsub/1.2.0";
const dialMs = 5_000;

/** How a peer serves a protocol; what of the limits is left out is generous. */
export type Serving = Partial<ProtocolOptions> & Pick<ProtocolOptions, "handle">;

export interface RawPeerOptions {
  readonly spec: ChainSpec;
  readonly network: string;
  /** 32 bytes; random by default. */
  readonly seed?: Uint8Array;
  /** What its status claims; by default a chain with nothing but its first block. */
  readonly status?: () => Status;
  readonly listen?: boolean;
}

export class RawPeer {
  readonly node: Libp2p;
  readonly keyPair: KeyPair;

  private constructor(node: Libp2p, keyPair: KeyPair) {
    this.node = node;
    this.keyPair = keyPair;
  }

  static async open(options: RawPeerOptions): Promise<RawPeer> {
    const seed = options.seed ?? randomBytes(32);
    const keyPair = keyPairFromSeed(seed);
    const node = await createLibp2p({
      privateKey: await generateKeyPairFromSeed("Ed25519", seed),
      addresses: { listen: options.listen ? ["/ip4/127.0.0.1/tcp/0"] : [] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      connectionManager: { reconnectRetries: 0, maxConnections: 1_000 },
      services: { identify: identify(), ping: ping() },
    });
    const peer = new RawPeer(node, keyPair);
    const { spec, network } = options;
    const guest = { spec, network, publicKey: keyPair.publicKey, name: "guest" };
    await peer.serve(handshakeProtocol, { handle: () => [HandshakeType.serialize(guestHandshake(guest))] });
    await peer.serve(statusProtocol, {
      handle: () => [StatusType.serialize(options.status?.() ?? guestStatus(spec))],
    });
    // What honest nodes send by gossip is read and thrown away: a peer that does not read is cut for that.
    await peer.serveRaw(gossipProtocol, (stream) => stream.addEventListener("message", () => {}));
    return peer;
  }

  /** Answers requests as a node does. */
  serve(protocol: string, options: Serving): Promise<void> {
    const limits = { requestBytesMax: 1 << 20, chunkBytesMax: 1 << 20, timeoutMs: 60_000 };
    const rateLimit = { requests: 1_000, perMs: 1_000 };
    return this.serveRaw(protocol, (stream, from) => {
      const modules = { clock: systemClock, logger: silentLogger, turns: new Turns() };
      void answerOverStream(stream, from, { ...limits, rateLimit, ...options }, modules);
    });
  }

  /** Has the streams of a protocol, to do with them what the attack says. */
  serveRaw(protocol: string, handle: (stream: Stream, from: string) => void): Promise<void> {
    return this.node.handle(
      protocol,
      (stream, { remotePeer }) => {
        // A stream may fail at any moment: the attack goes on without it.
        stream.addEventListener("close", () => {});
        handle(stream, remotePeer.toString());
      },
      { force: true },
    );
  }

  /** The addresses on which it listens, with its id. */
  get addresses(): string[] {
    return this.node.getMultiaddrs().map(String);
  }

  /** Opens one more connection, also if there is one. */
  connect(address: string): Promise<Connection> {
    const signal = AbortSignal.timeout(dialMs);
    return this.node.dial(multiaddr(address), { force: true, signal });
  }

  /** A stream on which gossip can be sent, subscribed to the topics. */
  async gossip(connection: Connection, topics: readonly string[]): Promise<GossipMouth> {
    const stream = await connection.newStream(gossipProtocol, { signal: AbortSignal.timeout(dialMs) });
    stream.addEventListener("message", () => {});
    const mouth = new GossipMouth(stream);
    await mouth.send({ subscriptions: topics.map((topic) => ({ subscribe: true, topic })) });
    return mouth;
  }

  async stop(): Promise<void> {
    await this.node.stop();
  }
}

/** Sends gossip frames of any content. */
export class GossipMouth {
  readonly #stream: Stream;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  get isOpen(): boolean {
    return this.#stream.status === "open" && this.#stream.writeStatus === "writable";
  }

  /** Resolves when the stream takes more. */
  async send(rpc: Partial<RPC>): Promise<void> {
    await this.sendBytes(RPC.encode({ subscriptions: [], messages: [], ...rpc }));
  }

  /** The same with a frame that need not be one of gossip. */
  async sendBytes(frame: Uint8Array): Promise<void> {
    if (!this.isOpen) return;
    const goesOn = this.#stream.send(encodeFrame(frame));
    if (goesOn) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    const ended = () => waiting.abort();
    this.#stream.addEventListener("close", ended, { once: true });
    await once(this.#stream, "drain", { signal }).catch(() => {});
    this.#stream.removeEventListener("close", ended);
  }

  publish(topic: string, messages: readonly Uint8Array[]): Promise<void> {
    return this.send({ messages: messages.map((data) => ({ topic, data })) });
  }
}
