/** The handshake: both sides say who they are and where their chain stands, and both name a mismatch. */
import { bytesEqual, fromUtf8, toHex, toUtf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Chain } from "../../chain/chain.ts";
import { decode } from "../../protocol/codec.ts";
import { describeFault, type MessageFault } from "../../protocol/faults.ts";
import { engineNumbers } from "../../protocol/genesis.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import { publicKeyOfNodeId } from "../../protocol/identity.ts";
import type { Presence } from "../../protocol/presence.ts";
import {
  type Candidacy,
  type Hello,
  HelloType,
  helloBytesMax,
  helloProtocol,
  helloVersion,
} from "../messages.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";

const helloTimeoutMs = 5_000;

/** Where two nodes stand to each other. Another engine is no fault: both share one mesh. */
export type Relation =
  | { readonly kind: "same-chain" }
  | { readonly kind: "other-engine" }
  /** Of our network and engine, and without a chain so far: it may fetch our genesis. */
  | { readonly kind: "no-chain" }
  | { readonly kind: "other-network"; readonly ours: string; readonly theirs: string }
  /** Of our network and engine, on a chain that is not ours. */
  | { readonly kind: "other-chain"; readonly ours: string; readonly theirs: string };

/** What a hello says of whose chain its sender follows. */
export type ChainFacts = Pick<Hello, "network" | "engine" | "chainId">;

export function relate(ours: ChainFacts, theirs: ChainFacts): Relation {
  if (!bytesEqual(ours.network, theirs.network)) {
    return { kind: "other-network", ours: textOf(ours.network), theirs: textOf(theirs.network) };
  }
  if (ours.engine !== theirs.engine) return { kind: "other-engine" };
  if (bytesEqual(theirs.chainId, zeroBytes32)) return { kind: "no-chain" };
  if (!bytesEqual(ours.chainId, theirs.chainId)) {
    return { kind: "other-chain", ours: toHex(ours.chainId), theirs: toHex(theirs.chainId) };
  }
  return { kind: "same-chain" };
}

function textOf(bytes: Uint8Array): string {
  return toUtf8(bytes) ?? toHex(bytes);
}

export interface HelloOptions {
  readonly network: string;
  readonly name: string;
  /** The node's key. */
  readonly publicKey: Uint8Array;
  /** There while the node asks to become an authority. */
  readonly candidacy: Candidacy | undefined;
  /** There where the node signs blocks and votes. */
  readonly presence: Presence | undefined;
  /** Of another process with the key of the peer that this is said to. */
  readonly twin: Presence | undefined;
}

/** Whose chain a node follows; signed by nobody, so that it costs nothing to compare. */
export function chainFacts(network: string, { spec }: Pick<Chain, "spec">): ChainFacts {
  return { network: fromUtf8(network), engine: engineNumbers[spec.consensus], chainId: spec.chainId };
}

/** What a node that follows a chain says of itself. */
export function chainHello(options: HelloOptions, chain: Chain, clock: Clock): Hello {
  const { head, engine } = chain;
  return {
    version: helloVersion,
    ...chainFacts(options.network, chain),
    height: head.header.height,
    head: head.hash,
    cumulativeWeight: head.cumulativeWeight,
    justifiedHeight: head.justifiedHeight,
    final: chain.final ?? { height: 0, hash: chain.hashAtHeight(0) ?? zeroBytes32 },
    established: engine.authority?.finality(head).established === false ? 0 : 1,
    publicKey: options.publicKey,
    candidacy: options.candidacy ? [options.candidacy] : [],
    presence: options.presence ? [options.presence] : [],
    twin: options.twin ? [options.twin] : [],
    clockMs: clock.nowMs(),
    name: fromUtf8(options.name),
  };
}

/** A hello that was asked for, and how long the answer took. */
export interface Greeting {
  readonly hello: Hello;
  /** Monotonic, from sending ours to having theirs. */
  readonly roundTripMs: number;
  /** Our wall clock when theirs came. */
  readonly receivedMs: number;
}

/** Thrown where a peer's hello is one that nobody who follows the rules sends. */
export class HelloRefused extends Error {
  readonly fault: MessageFault;

  constructor(fault: MessageFault) {
    super(describeFault(fault));
    this.fault = fault;
  }
}

export interface HandshakeModules {
  readonly host: PeerHost;
  readonly clock: Clock;
  readonly ownHello: (to: PeerId) => Hello;
}

export class Handshakes {
  readonly #modules: HandshakeModules;

  constructor(modules: HandshakeModules) {
    this.#modules = modules;
  }

  /** Answers hellos; `heard` is told of each, so that the side that was dialled knows as much as the one that dialled. */
  serve(heard: (peer: PeerId, hello: Result<Hello, MessageFault>) => void): void {
    const { host, ownHello } = this.#modules;
    host.serve(helloProtocol, {
      requestBytesMax: helloBytesMax,
      chunkBytesMax: helloBytesMax,
      timeoutMs: helloTimeoutMs,
      rateLimit: { requests: 20, perMs: 10_000 },
      handle: (request, from) => {
        const hello = decodeHello(request, from);
        heard(from, hello);
        if (!hello.ok) throw new HelloRefused(hello.fault);
        return [HelloType.serialize(ownHello(from))];
      },
    });
  }

  /**
   * Says hello and returns the peer's.
   *
   * @throws HelloRefused for a hello that breaks the rules; another error where none comes
   */
  async greet(peer: PeerId): Promise<Greeting> {
    const { host, clock, ownHello } = this.#modules;
    const request = HelloType.serialize(ownHello(peer));
    const options = { timeoutMs: helloTimeoutMs, chunksMax: 1, chunkBytesMax: helloBytesMax };
    const sentMs = clock.monotonicMs();
    for await (const chunk of host.request(peer, helloProtocol, request, options)) {
      const [roundTripMs, receivedMs] = [clock.monotonicMs() - sentMs, clock.nowMs()];
      const hello = decodeHello(chunk, peer);
      if (!hello.ok) throw new HelloRefused(hello.fault);
      return { hello: hello.value, roundTripMs, receivedMs };
    }
    throw new Error("it closed the stream without a hello");
  }
}

/** Decodes a hello, and compares its key with the one that the connection has proven: the peer id's, where it has one. */
function decodeHello(bytes: Uint8Array, from: PeerId): Result<Hello, MessageFault> {
  // The first byte, so that another version is not taken for nonsense.
  if (bytes[0] !== helloVersion) {
    return fail({ code: "codec/malformed", what: "hello", reason: `version ${bytes[0]}` });
  }
  const decoded = decode(HelloType, bytes, "hello");
  if (!decoded.ok) return decoded;
  const { publicKey } = decoded.value;
  const proven = publicKeyOfNodeId(from);
  if (proven && !bytesEqual(proven, publicKey)) {
    return fail({ code: "message/key-wrong", key: toHex(publicKey) });
  }
  return ok(decoded.value);
}
