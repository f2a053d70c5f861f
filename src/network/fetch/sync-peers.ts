/** Which peers range sync follows and fetches from: those that delivered before those that nobody knows, and those that failed last. */
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
const restWhileHeldMs = 1_000;
const conflictsNamedMax = 64;
/** Kept when a peer disconnects: a peer that comes again under the same key has the same record. */
const recordsMax = 1_024;
/** A peer that failed comes after all others for this long; twice as long after each further failure. */
const behindAfterFailureMs = 30_000;
const behindMaxMs = 600_000;
/** Each new measurement counts for this share of a peer's rate. */
const rateShare = 0.25;
/** Ranges that one peer serves at a time, as long as another is free; of a peer that nobody knows, one. */
const requestsPerPeerMax = 2;

/** What a peer has shown so far. */
interface PeerRecord {
  /** Attempts in a row that did not lead to the claimed head, and answers that another peer had to give. */
  readonly failures: number;
  readonly behindUntilMs: number;
  /** Of ranges that were linked to the chain; undefined if it has delivered none yet. */
  readonly bytesPerMs: number | undefined;
}

const noRecord: PeerRecord = { failures: 0, behindUntilMs: -Infinity, bytesPerMs: undefined };

/** The order in which peers are asked. */
const standing = { proven: 0, unknown: 1, failed: 2 } as const;

export class SyncPeers {
  readonly #modules: FetchModules;
  /** A peer is left alone until this monotonic time. */
  readonly #restUntilMs = new Map<PeerId, number>();
  readonly #records = new BoundedMap<PeerId, PeerRecord>(recordsMax);
  /** Peers whose final block contradicts ours: each is named in the log once. */
  readonly #conflictsNamed = new BoundedMap<PeerId, true>(conflictsNamedMax);

  constructor(modules: FetchModules) {
    this.#modules = modules;
  }

  /** The peer to follow: see {@link candidates}. */
  best(): KnownPeer | undefined {
    return this.candidates()[0];
  }

  /**
   * The peers whose claims beat our head and keep our final block, and whose heads this node lacks. Of two peers that have
   * shown as much, the one with the better claim comes first.
   */
  candidates(): KnownPeer[] {
    const { directory } = this.#modules;
    return directory
      .peersOnChain()
      .filter(({ peerId }) => !this.#isResting(peerId))
      .filter(({ status }) => this.isBetter(status))
      .filter(({ status }) => !this.#isComing(status.head))
      .filter((peer) => !this.#contradictsFinal(peer))
      .sort((a, b) => this.#compareRecords(a.peerId, b.peerId) || compareClaims(a.status, b.status));
  }

  /**
   * The peer to ask for blocks from a height on: a free one that has delivered, a free one that nobody knows yet, so that
   * it gets a record, and then the others; the faster one first.
   *
   * @param requestsOf ranges that the peer is being asked for
   * @param asked is not asked again
   */
  source(
    height: number,
    requestsOf: (peer: PeerId) => number,
    asked: ReadonlySet<PeerId>,
  ): PeerId | undefined {
    const isFree = (peer: PeerId) => {
      const shown = this.#standingOf(peer);
      return (
        shown !== standing.failed && requestsOf(peer) < (shown === standing.proven ? requestsPerPeerMax : 1)
      );
    };
    const rateOf = (peer: PeerId) => this.#recordOf(peer).bytesPerMs ?? 0;
    return this.#modules.directory
      .peersOnChain()
      .filter(({ peerId, status }) => status.height >= height && !asked.has(peerId))
      .map(({ peerId }) => peerId)
      .sort(
        (a, b) =>
          Number(isFree(b)) - Number(isFree(a)) ||
          this.#compareRecords(a, b) ||
          requestsOf(a) - requestsOf(b) ||
          rateOf(b) - rateOf(a),
      )[0];
  }

  /** The rate of the fastest connected peer; 0 if none has delivered. */
  get bestBytesPerMs(): number {
    const rates = this.#modules.directory
      .peersOnChain()
      .map(({ peerId }) => this.#recordOf(peerId).bytesPerMs ?? 0);
    return Math.max(0, ...rates);
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

  /** Blocks of this peer were linked to the chain. */
  delivered(peer: PeerId, bytes: number, durationMs: number): void {
    const { bytesPerMs, ...record } = this.#recordOf(peer);
    const measured = bytes / Math.max(1, durationMs);
    const rate = bytesPerMs === undefined ? measured : bytesPerMs + rateShare * (measured - bytesPerMs);
    this.#records.set(peer, { ...record, bytesPerMs: rate });
  }

  /** The head that the peer claimed is here, and nothing is held against the peer. */
  succeeded(peer: PeerId): void {
    if (this.#standingOf(peer) === standing.proven)
      this.#records.set(peer, { ...this.#recordOf(peer), failures: 0 });
  }

  /** The head that the peer claimed did not come, or another peer had to answer for it: it is asked after all others. */
  countFailure(peer: PeerId): void {
    const record = this.#recordOf(peer);
    const behindMs = Math.min(behindMaxMs, behindAfterFailureMs * 2 ** record.failures);
    const behindUntilMs = this.#modules.clock.monotonicMs() + behindMs;
    this.#records.set(peer, { ...record, failures: record.failures + 1, behindUntilMs });
  }

  /** A peer has answered that it lacks a block at a height: an offence if it has said itself that its chain is as high. */
  heightNotServed(peer: PeerId, height: number): void {
    const { directory, host } = this.#modules;
    if (height <= directory.toldHeight(peer)) host.report(peer, "head not served");
  }

  /** The attempt broke off. @param isOurs the cause lies on this node and says nothing about the peer */
  failed(peer: PeerId, isOurs: boolean): void {
    const { failures } = this.#recordOf(peer);
    const restMs = isOurs ? restAfterFailureMs : restAfterFailureMs * 2 ** failures;
    this.rest(peer, Math.min(restMaxMs, restMs));
    if (!isOurs) this.countFailure(peer);
  }

  /** The peer's next block is one of the future, by a timestamp of this node's wall clock. Nothing is held against it. */
  restUntilDue(peer: PeerId, timestampMs: number): void {
    const untilDueMs = timestampMs - this.#modules.clock.nowMs();
    this.rest(peer, Math.min(restMaxMs, Math.max(restWhileHeldMs, untilDueMs)));
  }

  rest(peer: PeerId, durationMs: number): void {
    this.#restUntilMs.set(peer, this.#modules.clock.monotonicMs() + durationMs);
  }

  /** The peer has disconnected. Its record is kept. */
  forget(peer: PeerId): void {
    this.#restUntilMs.delete(peer);
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

  #recordOf(peer: PeerId): PeerRecord {
    return this.#records.get(peer) ?? noRecord;
  }

  /** Whether a block is here or on its way in: its peer has nothing that this node lacks. */
  #isComing(hash: Uint8Array): boolean {
    const { chain, decoder } = this.#modules;
    return (
      chain.headerOf(hash) !== undefined ||
      chain.isHeld(hash) ||
      chain.isImporting(hash) ||
      decoder.end(hash) !== undefined
    );
  }

  #isResting(peer: PeerId): boolean {
    return (this.#restUntilMs.get(peer) ?? 0) > this.#modules.clock.monotonicMs();
  }

  #standingOf(peer: PeerId): number {
    const { behindUntilMs, bytesPerMs } = this.#recordOf(peer);
    if (behindUntilMs > this.#modules.clock.monotonicMs()) return standing.failed;
    return bytesPerMs === undefined ? standing.unknown : standing.proven;
  }

  #compareRecords(a: PeerId, b: PeerId): number {
    const difference = this.#standingOf(a) - this.#standingOf(b);
    if (difference !== 0 || this.#standingOf(a) !== standing.failed) return difference;
    return this.#recordOf(a).failures - this.#recordOf(b).failures;
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
