/** The handshake: once for each connection both sides say who they are and which chain they follow, and name a mismatch. */
import { bytesEqual, fromUtf8, toHex, toUtf8 } from "../../base/bytes.ts";
import { fail, ok } from "../../base/result.ts";
import type { Chain } from "../../chain/chain.ts";
import { engineNumbers } from "../../protocol/genesis.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import { publicKeyOfNodeId } from "../../protocol/identity.ts";
import { RequestError } from "../host/request-error.ts";
import { type Handshake, HandshakeType, handshakeProtocol } from "../messages.ts";
import type { PeerId } from "../peer-host.ts";
import { type Answer, Exchange, type ExchangeModules, type MessageKind } from "./exchange.ts";
import { OtherVersions } from "./other-versions.ts";

/** How two nodes stand to each other. Another engine is no fault: nodes of both engines share one mesh. */
export type Relation =
  | { readonly kind: "same-chain" }
  | { readonly kind: "other-engine" }
  /** Of our network and engine, and without a chain so far: the peer may fetch our genesis. */
  | { readonly kind: "no-chain" }
  | { readonly kind: "other-network"; readonly ours: string; readonly theirs: string }
  /** Of our network and engine, on a chain that is not ours. */
  | { readonly kind: "other-chain"; readonly ours: string; readonly theirs: string };

/** What a handshake says of the chain that its sender follows. */
export type ChainFacts = Pick<Handshake, "network" | "engine" | "chainId">;

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

/** Which chain a node follows. Nobody signs this, so that comparing it costs nothing. */
export function chainFacts(network: string, { spec }: Pick<Chain, "spec">): ChainFacts {
  return { network: fromUtf8(network), engine: engineNumbers[spec.consensus], chainId: spec.chainId };
}

/** A handshake names the key that its sender's connection has proven: the key in the peer id, if the peer id has one. */
const handshakeKind: MessageKind<Handshake> = {
  protocol: handshakeProtocol,
  what: "handshake",
  type: HandshakeType,
  check(handshake, from) {
    const proven = publicKeyOfNodeId(from);
    if (!proven || bytesEqual(proven, handshake.publicKey)) return ok(handshake);
    return fail({ code: "message/key-wrong", key: toHex(handshake.publicKey) });
  },
};

/** Both sides of the handshake; a peer that does not speak it is named in the log. */
export class Handshakes {
  readonly #exchange: Exchange<Handshake>;
  readonly #otherVersions: OtherVersions;

  constructor(modules: ExchangeModules<Handshake>) {
    this.#exchange = new Exchange(handshakeKind, modules);
    this.#otherVersions = new OtherVersions(modules);
  }

  /** Before the host is started. */
  serve(): void {
    this.#exchange.serve();
    this.#otherVersions.serve();
  }

  /** @throws as {@link Exchange.ask} */
  async ask(peer: PeerId): Promise<Answer<Handshake>> {
    try {
      return await this.#exchange.ask(peer);
    } catch (thrown) {
      const isUnknown = thrown instanceof RequestError && thrown.code === "request/unsupported";
      if (isUnknown) await this.#otherVersions.noHandshake(peer);
      throw thrown;
    }
  }
}
