/** The handshake: both sides say network, engine and chain, and both name a mismatch. */
import { bytesEqual, fromUtf8, toHex, toUtf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { Chain } from "../chain/chain.ts";
import { decode } from "../protocol/codec.ts";
import { engineNumbers } from "../protocol/genesis.ts";
import { type Hello, HelloType, helloBytesMax, helloProtocol, helloVersion } from "./messages.ts";
import type { PeerHost, PeerId } from "./peer-host.ts";

const helloTimeoutMs = 5_000;

/** Where two nodes stand to each other. Another engine is no fault: both share one mesh. */
export type Relation =
  | { readonly kind: "same-chain" }
  | { readonly kind: "other-engine" }
  | { readonly kind: "other-network"; readonly ours: string; readonly theirs: string }
  | { readonly kind: "genesis-mismatch"; readonly ours: string; readonly theirs: string };

export function relate(ours: Hello, theirs: Hello): Relation {
  if (!bytesEqual(ours.network, theirs.network)) {
    return { kind: "other-network", ours: textOf(ours.network), theirs: textOf(theirs.network) };
  }
  if (ours.engine !== theirs.engine) return { kind: "other-engine" };
  if (!bytesEqual(ours.chainId, theirs.chainId)) {
    return { kind: "genesis-mismatch", ours: toHex(ours.chainId), theirs: toHex(theirs.chainId) };
  }
  return { kind: "same-chain" };
}

function textOf(bytes: Uint8Array): string {
  return toUtf8(bytes) ?? toHex(bytes);
}

export interface HandshakeOptions {
  readonly network: string;
  readonly name: string;
}

export class Handshake {
  readonly #options: HandshakeOptions;
  readonly #host: PeerHost;
  readonly #chain: Chain;
  readonly #clock: Clock;

  constructor(options: HandshakeOptions, modules: { host: PeerHost; chain: Chain; clock: Clock }) {
    this.#options = options;
    this.#host = modules.host;
    this.#chain = modules.chain;
    this.#clock = modules.clock;
  }

  ownHello(): Hello {
    const { head, spec } = this.#chain;
    return {
      version: helloVersion,
      network: fromUtf8(this.#options.network),
      engine: engineNumbers[spec.consensus],
      chainId: spec.chainId,
      height: head.header.height,
      head: head.hash,
      cumulativeWeight: head.cumulativeWeight,
      clockMs: this.#clock.nowMs(),
      name: fromUtf8(this.#options.name),
    };
  }

  /** Answers hellos; `heard` is told of each, so that the side that was dialled knows as much as the one that dialled. */
  serve(heard: (peer: PeerId, hello: Hello) => void): void {
    this.#host.serve(helloProtocol, {
      requestBytesMax: helloBytesMax,
      chunkBytesMax: helloBytesMax,
      timeoutMs: helloTimeoutMs,
      rateLimit: { requests: 10, perMs: 10_000 },
      handle: (request, from) => {
        const hello = decodeHello(request);
        if (!hello.ok) throw new Error(hello.fault);
        heard(from, hello.value);
        return [HelloType.serialize(this.ownHello())];
      },
    });
  }

  /** Says hello and returns the peer's; throws where it does not answer. */
  async greet(peer: PeerId): Promise<Hello> {
    const request = HelloType.serialize(this.ownHello());
    const options = { timeoutMs: helloTimeoutMs, chunksMax: 1, chunkBytesMax: helloBytesMax };
    for await (const chunk of this.#host.request(peer, helloProtocol, request, options)) {
      const hello = decodeHello(chunk);
      if (!hello.ok) throw new Error(hello.fault);
      return hello.value;
    }
    throw new Error("it closed the stream without a hello");
  }
}

function decodeHello(bytes: Uint8Array): Result<Hello, string> {
  const decoded = decode(HelloType, bytes, "hello");
  if (!decoded.ok) return fail(decoded.fault.reason);
  if (decoded.value.version !== helloVersion) return fail(`hello of version ${decoded.value.version}`);
  return ok(decoded.value);
}
