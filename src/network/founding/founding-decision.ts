/** Decides what a node without a chain does next: wait, found one, or join the one that is there. Values in, a step out. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { bytesEqual, compareBytes, fromUtf8, includesBytes, toHex } from "../../base/bytes.ts";
import { domainHash, founderDomain, zeroBytes32 } from "../../protocol/hashing.ts";
import type { PeerId } from "../peer-host.ts";

/** Nobody founds before having listened this long: the chain to join may be one handshake away. */
export const listenMs = 5_000;
/** Who is to found does not for so long while a peer is being dialled, or has connected and not said yet what it knows. */
export const meetingMaxMs = 10_000;
/**
 * How long the others wait for the candidate that is to found, then they leave it out. Longer than that one may take: else
 * it would found in the moment in which another gives it up.
 */
export const founderWaitMs = listenMs + meetingMaxMs + 5_000;
/** A peer whose genesis could not be had so often is believed no more: a false claim must not keep a network from being founded. */
const genesisFailuresMax = 3;
const genesisRetryMs = 2_000;
/** A peer that was slow so often counts as one whose genesis could not be had. */
const latesPerFailure = 4;
const keysRememberedMax = 1_024;
const chainsRememberedMax = 64;

export interface FoundingRules {
  readonly network: string;
  readonly ownKey: Uint8Array;
  /** Runs with `--authority`; others never found. */
  readonly isCandidate: boolean;
  /** Candidates that have to be there before one of them founds, this node included. */
  readonly expect: number;
  /** The only chain to join, where an invitation names one; nothing is founded then. */
  readonly onlyChain?: Uint8Array | undefined;
  /** Ids of chains that are not joined. */
  readonly leftChains?: readonly Uint8Array[] | undefined;
}

/** What a peer of this network and engine says, as far as it matters here. */
export interface FoundingWord {
  readonly publicKey: Uint8Array;
  /** Zero: no chain yet. */
  readonly chainId: Uint8Array;
  readonly established: boolean;
  readonly isCandidate: boolean;
}

export type FoundingWait =
  | { readonly kind: "listening" }
  | { readonly kind: "candidates"; readonly present: number; readonly expected: number }
  /** The clock of this machine was never set. */
  | { readonly kind: "clock"; readonly nowMs: number }
  | { readonly kind: "founder"; readonly publicKey: Uint8Array }
  | { readonly kind: "chain" };

export type FoundingStep =
  | { readonly kind: "wait"; readonly because: FoundingWait }
  | { readonly kind: "found" }
  /** `apart`: ids of established chains that are there besides the one to join. */
  | {
      readonly kind: "join";
      readonly peer: PeerId;
      readonly chainId: Uint8Array;
      readonly apart: readonly Uint8Array[];
    };

interface GenesisFailures {
  readonly count: number;
  /** How often another chain was tried while this peer had not answered. */
  readonly lates: number;
  readonly retryAtMs: number;
}

interface HeardPeer {
  readonly peer: PeerId;
  readonly word: FoundingWord;
  readonly goneAtMs: number | undefined;
}

/** The order of founders: `SHA256("aurex-founder" ‖ network ‖ key)`, the lowest first. */
export function founderRank(network: string, publicKey: Uint8Array): Uint8Array {
  return domainHash(founderDomain, fromUtf8(network), publicKey);
}

export class FoundingDecision {
  readonly #rules: FoundingRules;
  /** Since when this node can hear others; undefined while its host starts. */
  #listensSinceMs: number | undefined;
  /** Bounded by the host's connections: who is gone is kept only as long as it could still found. */
  readonly #peers = new Map<PeerId, HeardPeer>();
  /** By key: when this node first chose it as the founder. */
  readonly #chosenAtMs = new BoundedMap<string, number>(keysRememberedMax);
  readonly #failures = new BoundedMap<PeerId, GenesisFailures>(keysRememberedMax);
  /** Chain ids, in the order in which they were first heard as established. */
  readonly #establishedSeen = new BoundedMap<string, number>(chainsRememberedMax);
  #establishedCount = 0;

  constructor(rules: FoundingRules) {
    this.#rules = rules;
  }

  /**
   * The time of listening begins: the host is up. A slow machine takes seconds until then, and whoever counts these as
   * listening founds beside a network that is there.
   *
   * @param nowMs monotonic, like every time that is handed in
   */
  listen(nowMs: number): void {
    this.#listensSinceMs = nowMs;
  }

  heard(peer: PeerId, word: FoundingWord): void {
    this.#peers.set(peer, { peer, word, goneAtMs: undefined });
    const chainId = toHex(word.chainId);
    if (hasChain(word) && word.established && !this.#establishedSeen.has(chainId)) {
      this.#establishedSeen.set(chainId, this.#establishedCount++);
    }
  }

  /** A founder goes for a moment, too, when it starts with its new chain: it is waited for a little longer. */
  gone(peer: PeerId, nowMs: number): void {
    const known = this.#peers.get(peer);
    if (known) this.#peers.set(peer, { ...known, goneAtMs: nowMs });
  }

  /** The genesis of a chain could not be had from this peer. */
  genesisFailed(peer: PeerId, nowMs: number): void {
    const { count = 0, lates = 0 } = this.#failures.get(peer) ?? {};
    this.#failures.set(peer, { count: count + 1, lates, retryAtMs: nowMs + genesisRetryMs });
  }

  /** The genesis did not come in time, and another peer may have one: this peer is asked after those that were not late. */
  genesisLate(peer: PeerId, nowMs: number): void {
    const { count = 0, lates = 0 } = this.#failures.get(peer) ?? {};
    const isFailure = (lates + 1) % latesPerFailure === 0;
    const retryAtMs = nowMs + genesisRetryMs;
    this.#failures.set(peer, { count: isFailure ? count + 1 : count, lates: lates + 1, retryAtMs });
  }

  /** Who may be asked for the genesis of a chain now, the best first. */
  sourcesOf(chainId: Uint8Array, nowMs: number): PeerId[] {
    return this.#askable(this.#claims(), nowMs)
      .filter(({ word }) => bytesEqual(word.chainId, chainId))
      .map(({ peer }) => peer);
  }

  /** Whether a peer may be asked for the genesis of another chain now. */
  hasOtherThan(chainId: Uint8Array, nowMs: number): boolean {
    return this.#askable(this.#claims(), nowMs).some(({ word }) => !bytesEqual(word.chainId, chainId));
  }

  /** @param isMeeting whether a peer is being dialled, or has connected and not answered its first greeting yet */
  next(nowMs: number, isMeeting = false): FoundingStep {
    this.#forgetGone(nowMs);
    const listenedMs = nowMs - (this.#listensSinceMs ?? nowMs);
    if (listenedMs < listenMs) return wait({ kind: "listening" });
    const { isCandidate, onlyChain } = this.#rules;
    const claims = this.#claims();
    if (claims.length > 0) return this.#join(claims, nowMs);
    if (!isCandidate || onlyChain) return wait({ kind: "chain" });
    const candidates = [...this.#peers.values()].filter(({ word }) => word.isCandidate && !hasChain(word));
    const { expect, ownKey } = this.#rules;
    const present = 1 + candidates.filter(({ goneAtMs }) => goneAtMs === undefined).length;
    if (present < expect) return wait({ kind: "candidates", present, expected: expect });
    const founder = this.#chooseFounder(candidates, nowMs);
    if (!bytesEqual(founder, ownKey)) return wait({ kind: "founder", publicKey: founder });
    return isMeeting && nowMs - this.#chosenSinceMs(ownKey, nowMs) < meetingMaxMs
      ? wait({ kind: "listening" })
      : { kind: "found" };
  }

  #forgetGone(nowMs: number): void {
    for (const { peer, goneAtMs } of this.#peers.values()) {
      if (goneAtMs !== undefined && nowMs - goneAtMs >= founderWaitMs) this.#peers.delete(peer);
    }
  }

  /** Peers that say that they have a chain which may be joined, and are believed. */
  #claims(): HeardPeer[] {
    const { onlyChain, leftChains = [] } = this.#rules;
    return [...this.#peers.values()].filter(
      ({ peer, word }) =>
        hasChain(word) &&
        (!onlyChain || bytesEqual(word.chainId, onlyChain)) &&
        !includesBytes(leftChains, word.chainId) &&
        (this.#failures.get(peer)?.count ?? 0) < genesisFailuresMax,
    );
  }

  /**
   * Those that were not late first; then established before provisional; of the established the first heard of, of the
   * provisional the lowest chain id.
   */
  #askable(claims: readonly HeardPeer[], nowMs: number): HeardPeer[] {
    const latesOf = ({ peer }: HeardPeer) => this.#failures.get(peer)?.lates ?? 0;
    return claims
      .filter(
        ({ peer, goneAtMs }) =>
          goneAtMs === undefined && (this.#failures.get(peer)?.retryAtMs ?? nowMs) <= nowMs,
      )
      .sort((a, b) => latesOf(a) - latesOf(b) || this.#compareChains(a.word, b.word));
  }

  #join(claims: readonly HeardPeer[], nowMs: number): FoundingStep {
    const [best] = this.#askable(claims, nowMs);
    if (!best) return wait({ kind: "chain" });
    const { chainId } = best.word;
    const others = claims.filter(({ word }) => word.established && !bytesEqual(word.chainId, chainId));
    const apart = new Map(others.map(({ word }) => [toHex(word.chainId), word.chainId]));
    return { kind: "join", peer: best.peer, chainId, apart: [...apart.values()] };
  }

  #compareChains(a: FoundingWord, b: FoundingWord): number {
    if (a.established !== b.established) return a.established ? -1 : 1;
    if (!a.established) return compareBytes(a.chainId, b.chainId);
    const seenAt = ({ chainId }: FoundingWord) => this.#establishedSeen.get(toHex(chainId)) ?? Infinity;
    return bytesEqual(a.chainId, b.chainId) ? 0 : seenAt(a) - seenAt(b);
  }

  /** The lowest candidate that was not waited for in vain; this node itself in the end. */
  #chooseFounder(candidates: readonly HeardPeer[], nowMs: number): Uint8Array {
    const { network, ownKey } = this.#rules;
    const ownRank = founderRank(network, ownKey);
    const lower = candidates
      .map(({ word, goneAtMs }) => ({
        publicKey: word.publicKey,
        goneAtMs,
        rank: founderRank(network, word.publicKey),
      }))
      .filter(({ rank }) => compareBytes(rank, ownRank) < 0)
      .sort((a, b) => compareBytes(a.rank, b.rank));
    for (const { publicKey, goneAtMs } of lower) {
      const chosenAtMs = this.#chosenSinceMs(publicKey, nowMs);
      if (nowMs - Math.min(chosenAtMs, goneAtMs ?? chosenAtMs) < founderWaitMs) return publicKey;
    }
    return ownKey;
  }

  #chosenSinceMs(publicKey: Uint8Array, nowMs: number): number {
    const key = toHex(publicKey);
    const sinceMs = this.#chosenAtMs.get(key) ?? nowMs;
    this.#chosenAtMs.set(key, sinceMs);
    return sinceMs;
  }
}

export function hasChain({ chainId }: { readonly chainId: Uint8Array }): boolean {
  return !bytesEqual(chainId, zeroBytes32);
}

function wait(because: FoundingWait): FoundingStep {
  return { kind: "wait", because };
}
