/** Which peer range sync follows: the peer with the best claim, of those that did not fail lately. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { bytesEqual, toHex } from "../../base/bytes.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import type { Status } from "../messages.ts";
import type { PeerId } from "../peer-host.ts";
import type { KnownPeer } from "../peers/directory.ts";
import type { FetchModules } from "./fetch-modules.ts";

/** What a peer says of its head: a claim until its blocks are here. */
export type HeadClaim = Pick<Status, "height" | "head" | "cumulativeWeight" | "justifiedHeight">;

/** Doubles with each failure in a row, so that a peer that never answers costs less and less. */
const restAfterFailureMs = 5_000;
const restMaxMs = 40_000;
const conflictsNamedMax = 64;

export class SyncPeers {
  readonly #modules: FetchModules;
  /** A peer is left alone until this monotonic time. */
  readonly #restUntilMs = new Map<PeerId, number>();
  /** Attempts in a row that did not lead to the claimed head. A peer that failed comes after those that did not. */
  readonly #failures = new Map<PeerId, number>();
  /** Peers whose final block contradicts ours: each is named in the log once. */
  readonly #conflictsNamed = new BoundedMap<PeerId, true>(conflictsNamedMax);

  constructor(modules: FetchModules) {
    this.#modules = modules;
  }

  /** The peer with the best claim that beats our head, keeps our final block, and whose head this node lacks. */
  best(): KnownPeer | undefined {
    const { chain, directory, clock } = this.#modules;
    const nowMs = clock.monotonicMs();
    return directory
      .peersOnChain()
      .filter(({ peerId }) => (this.#restUntilMs.get(peerId) ?? 0) <= nowMs)
      .filter(({ status }) => !chain.headerOf(status.head) && !chain.isHeld(status.head))
      .filter(({ status }) => this.isBetter(status))
      .filter((peer) => !this.#contradictsFinal(peer))
      .sort((a, b) => this.#failuresOf(a) - this.#failuresOf(b) || compareClaims(a.status, b.status))[0];
  }

  /**
   * Whether a claimed head would beat ours. A block seen in gossip raises a peer's height but not its claimed weight, so
   * more height is enough. With authorities an equally heavy head does not win: the head that came first stays.
   */
  isBetter({ height, cumulativeWeight, justifiedHeight }: HeadClaim): boolean {
    const { head, engine } = this.#modules.chain;
    if (justifiedHeight > head.justifiedHeight || height > head.header.height) return true;
    if (justifiedHeight < head.justifiedHeight) return false;
    return engine.authority
      ? cumulativeWeight > head.cumulativeWeight
      : cumulativeWeight >= head.cumulativeWeight;
  }

  /** The head that the peer claimed is here. */
  succeeded({ peerId }: KnownPeer): void {
    this.#failures.delete(peerId);
  }

  /** The head that the peer claimed did not come, though the peer answered. */
  countFailure(peer: KnownPeer): void {
    this.#failures.set(peer.peerId, this.#failuresOf(peer) + 1);
  }

  /** The attempt broke off. @param isOurs the cause lies on this node and says nothing about the peer */
  failed(peer: KnownPeer, isOurs: boolean): void {
    const restMs = isOurs ? restAfterFailureMs : restAfterFailureMs * 2 ** this.#failuresOf(peer);
    this.rest(peer, Math.min(restMaxMs, restMs));
    if (!isOurs) this.countFailure(peer);
  }

  rest({ peerId }: KnownPeer, durationMs: number): void {
    this.#restUntilMs.set(peerId, this.#modules.clock.monotonicMs() + durationMs);
  }

  /** The peer has disconnected. */
  forget(peer: PeerId): void {
    this.#restUntilMs.delete(peer);
    this.#failures.delete(peer);
  }

  /** Says once for each peer that its final block contradicts ours. */
  nameConflict(peer: PeerId, ours: Checkpoint, theirs: Checkpoint): void {
    if (this.#conflictsNamed.has(peer)) return;
    this.#conflictsNamed.set(peer, true);
    this.#modules.logger.error(
      {
        peer,
        ours: toHex(ours.hash),
        ourHeight: ours.height,
        theirs: toHex(theirs.hash),
        theirHeight: theirs.height,
      },
      "this peer calls another block final than this node does; nothing is taken from it. Find out which of the two " +
        "chains is to go on, and start the nodes of the other one with --trust-recovery and the hash of its final block",
    );
  }

  #failuresOf({ peerId }: KnownPeer): number {
    return this.#failures.get(peerId) ?? 0;
  }

  /** Whether a peer calls another block final at a height that is final here, too. */
  #contradictsFinal({ peerId, status }: KnownPeer): boolean {
    const { chain } = this.#modules;
    const { height, hash } = status.final;
    if (!chain.final || height === 0 || height > chain.final.height) return false;
    const ours = chain.hashAtHeight(height);
    if (!ours || bytesEqual(ours, hash)) return false;
    this.nameConflict(peerId, { height, hash: ours }, status.final);
    return true;
  }
}

/** The best claim first, in the order of the fork choice. Nothing of a claim is verified yet. */
function compareClaims(a: HeadClaim, b: HeadClaim): number {
  if (a.justifiedHeight !== b.justifiedHeight) return b.justifiedHeight - a.justifiedHeight;
  if (a.cumulativeWeight !== b.cumulativeWeight) return a.cumulativeWeight > b.cumulativeWeight ? -1 : 1;
  return b.height - a.height;
}
