/** Catches up with heavier chains from any height: finds the common ancestor, fetches ranges from several peers, imports in order. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import { invariant, toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain } from "../../chain/chain.ts";
import type { Block } from "../../protocol/block.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import { describeFault, type Fault } from "../../protocol/faults.ts";
import type { Status } from "../messages.ts";
import type { PeerId } from "../peer-host.ts";
import type { KnownPeer, PeerDirectory } from "../peers/directory.ts";
import { verdictOf } from "../verdicts.ts";
import type { ChainRequests } from "./requests.ts";
import { SyncMeter, type SyncProgress } from "./sync-meter.ts";

export interface SynchronizerModules {
  readonly chain: Chain;
  readonly requests: ChainRequests;
  readonly directory: PeerDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Imports a block that a peer has served. */
  readonly importBlock: (block: Block, from: PeerId) => ReturnType<Chain["importBlock"]>;
  /** A peer served something that nobody who follows the rules has. */
  readonly penalise: (peer: PeerId, fault: Fault) => void;
  /** Called if `progress` was set or is undefined again. */
  readonly progressChanged?: () => void;
}

const batchBlocks = 32;
/** With one alone the verifying threads would have nothing to do while the block before it goes to disk. */
const blocksVerifiedAhead = 2;
const batchesInFlightMax = 8;
const requestsPerPeerMax = 2;
const triesPerBatchMax = 5;
const retryAfterMs = 1_000;
/** Doubles with each failure in a row, so that a peer which stalls for ever costs less and less. */
const restAfterFailureMs = 5_000;
const restMaxMs = 40_000;
const conflictsNamedMax = 64;

/** A full disk of this node says nothing about the peer that sent the block. */
const isOwnDisk = (error: unknown) => /^store\//.test(String((error as { code?: unknown }).code));

/** What went wrong with one peer: the catching-up goes on with another. */
class PeerFailure extends Error {}

export class Synchronizer {
  readonly #modules: SynchronizerModules;
  readonly #abort = new AbortController();
  /** Peers whose last attempt failed are left alone until this monotonic time. */
  readonly #restUntilMs = new Map<PeerId, number>();
  /** Attempts in a row that did not lead to the head that was claimed: who fails comes after who has not, whatever it claims. */
  readonly #failures = new Map<PeerId, number>();
  /** Peers whose final block contradicts ours, so that it is said once. */
  readonly #conflictsNamed = new BoundedMap<PeerId, true>(conflictsNamedMax);
  #running: Promise<void> | undefined;
  #progress: SyncProgress | undefined;

  constructor(modules: SynchronizerModules) {
    this.#modules = modules;
  }

  /** Set while the node is more than a few blocks behind a peer. */
  get progress(): SyncProgress | undefined {
    return this.#progress;
  }

  /** Looks whether some peer has a better chain and catches up with it; cheap when none has. */
  consider(): void {
    if (this.#running || this.#abort.signal.aborted || !this.#bestPeer()) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (!this.#progress) return;
      this.#progress = undefined;
      this.#modules.progressChanged?.();
    });
  }

  forget(peer: PeerId): void {
    this.#restUntilMs.delete(peer);
    this.#failures.delete(peer);
  }

  /** Whether what a peer claims would be better than our head. A head raised by gossip brings no claim but a height. */
  isBetter(status: Status): boolean {
    const { head } = this.#modules.chain;
    if (status.justifiedHeight > head.justifiedHeight || status.height > head.header.height) return true;
    return (
      status.justifiedHeight === head.justifiedHeight && status.cumulativeWeight >= head.cumulativeWeight
    );
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#modules;
    for (let peer = this.#bestPeer(); peer && !this.#abort.signal.aborted; peer = this.#bestPeer()) {
      try {
        await this.#catchUpWith(peer);
        if (this.#modules.chain.headerOf(peer.status.head)) this.#failures.delete(peer.peerId);
        else this.#countFailure(peer);
      } catch (error) {
        const reason = toError(error).message;
        logger.info({ peer: peer.peerId, reason }, "catching up from this peer failed");
        const isOurs = isOwnDisk(error);
        const restMs = isOurs ? restAfterFailureMs : restAfterFailureMs * 2 ** this.#failuresOf(peer);
        this.#restUntilMs.set(peer.peerId, clock.monotonicMs() + Math.min(restMaxMs, restMs));
        if (!isOurs) this.#countFailure(peer);
        await sleep(clock, retryAfterMs, this.#abort.signal);
      }
    }
  }

  /** The peer that claims the best chain that is better than ours, does not undo ours, and has a head that we lack. */
  #bestPeer(): KnownPeer | undefined {
    const { chain, directory, clock } = this.#modules;
    const now = clock.monotonicMs();
    return directory
      .peersOnChain()
      .filter(({ peerId }) => (this.#restUntilMs.get(peerId) ?? 0) <= now)
      .filter(({ status }) => !chain.headerOf(status.head) && this.isBetter(status))
      .filter((peer) => !this.#contradictsFinal(peer))
      .sort((a, b) => this.#failuresOf(a) - this.#failuresOf(b) || compareClaims(a.status, b.status))[0];
  }

  #countFailure(peer: KnownPeer): void {
    this.#failures.set(peer.peerId, this.#failuresOf(peer) + 1);
  }

  #failuresOf({ peerId }: KnownPeer): number {
    return this.#failures.get(peerId) ?? 0;
  }

  /** Whether a peer calls another block final at a height up to which ours is final. */
  #contradictsFinal({ peerId, status }: KnownPeer): boolean {
    const { chain } = this.#modules;
    const { height, hash } = status.final;
    if (!chain.final || height === 0 || height > chain.final.height) return false;
    const ours = chain.hashAtHeight(height);
    if (!ours || bytesEqual(ours, hash)) return false;
    this.#nameConflict(peerId, { height, hash: ours }, status.final);
    return true;
  }

  #nameConflict(peer: PeerId, ours: Checkpoint, theirs: Checkpoint): void {
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

  async #catchUpWith(peer: KnownPeer): Promise<void> {
    const { chain, logger } = this.#modules;
    const targetHeight = peer.status.height;
    const ancestor = await this.#commonAncestor(peer);
    this.#refuseBelowFinal(peer, ancestor);
    const behind = targetHeight - ancestor.height;
    if (behind > batchBlocks) {
      this.#progress = { height: ancestor.height, targetHeight, blocksPerSecond: 0 };
      this.#modules.progressChanged?.();
      logger.info({ from: ancestor.height, to: targetHeight, peer: peer.peerId }, "catching up");
    }
    const meter = new SyncMeter(this.#modules.clock, ancestor.height, targetHeight);
    const window = new RangeWindow(this.#modules, peer, ancestor, targetHeight, this.#abort.signal);
    for (let next = window.take(); next; next = window.take()) {
      const range = await next;
      for (const [index, { block, from }] of range.entries()) {
        for (const ahead of range.slice(index + 1, index + 1 + blocksVerifiedAhead)) {
          void chain.verifyAhead(ahead.block).catch(() => undefined);
        }
        await this.#importFrom(block, from);
        const progress = meter.imported(block.header.height);
        if (behind > batchBlocks) this.#progress = progress.value;
        if (progress.due) logger.info(progress.value, "catching up");
      }
    }
    if (behind > batchBlocks) logger.info({ height: chain.head.header.height }, "caught up");
    const reached = chain.headerOf(peer.status.head);
    if (!reached && chain.head.header.height < targetHeight) {
      throw new PeerFailure("it did not serve the head that it announced");
    }
    // The peer may have moved to another head meanwhile; its next status tells.
    if (!reached) this.#restUntilMs.set(peer.peerId, this.#modules.clock.monotonicMs() + retryAfterMs);
  }

  /** A chain that leaves ours below the final block is none for us; its peer may not have heard yet, or never will. */
  #refuseBelowFinal({ peerId, status }: KnownPeer, ancestor: { readonly height: number }): void {
    const { final } = this.#modules.chain;
    if (!final || ancestor.height >= final.height) return;
    if (status.final.height > ancestor.height) this.#nameConflict(peerId, final, status.final);
    throw new PeerFailure(`its chain leaves ours at height ${ancestor.height}, below the final block`);
  }

  async #importFrom(block: Block, from: PeerId): Promise<void> {
    const { importBlock, clock } = this.#modules;
    for (let attempt = 0; ; attempt += 1) {
      const imported = await importBlock(block, from);
      if (imported.ok || imported.fault.code === "block/known") return;
      const isBusy = imported.fault.code === "block/queue-full" && attempt < 10;
      if (!isBusy) throw failureOf(this.#modules, from, imported.fault, `block ${block.header.height}`);
      await sleep(clock, 100, this.#abort.signal);
    }
  }

  /** The highest block of the peer's canonical chain that we have, too. */
  async #commonAncestor(peer: KnownPeer): Promise<{ height: number; hash: Uint8Array }> {
    const { chain } = this.#modules;
    const genesisHash = chain.hashAtHeight(0);
    invariant(genesisHash, "a chain has a genesis block");
    let high = Math.min(chain.head.header.height, peer.status.height);
    let shared = await this.#sharedAt(peer, high);
    if (shared) return { height: high, hash: shared };
    let low = Math.max(0, high - 1);
    for (let step = 2; low > 0; step *= 2) {
      shared = await this.#sharedAt(peer, low);
      if (shared) break;
      high = low;
      low = Math.max(0, low - step);
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      const found = await this.#sharedAt(peer, middle);
      if (found) {
        low = middle;
        shared = found;
      } else {
        high = middle;
      }
    }
    return { height: low, hash: shared ?? genesisHash };
  }

  /** The hash of the peer's block at a height, where it is one of ours, too. */
  async #sharedAt(peer: KnownPeer, height: number): Promise<Uint8Array | undefined> {
    const told = await this.#modules.requests.headerAt(peer.peerId, height, this.#abort.signal);
    if (!told.ok) throw failureOf(this.#modules, peer.peerId, told.fault, `header ${height}`);
    if (!told.value) throw new PeerFailure(`it has no block at height ${height}`);
    return this.#modules.chain.headerOf(told.value.hash) && told.value.hash;
  }
}

/** By what is claimed and not believed, as the fork choice would: the best claim first. */
function compareClaims(a: Status, b: Status): number {
  if (a.justifiedHeight !== b.justifiedHeight) return b.justifiedHeight - a.justifiedHeight;
  if (a.cumulativeWeight !== b.cumulativeWeight) return a.cumulativeWeight > b.cumulativeWeight ? -1 : 1;
  return b.height - a.height;
}

/** Penalises who served it, which need not be the peer that is followed, where the fault is one that nobody relays. */
function failureOf(modules: SynchronizerModules, from: PeerId, fault: Fault, what: string): PeerFailure {
  if (verdictOf(fault) === "reject") modules.penalise(from, fault);
  return new PeerFailure(`${what} from ${from}: ${describeFault(fault)}`);
}

interface FetchedBlock {
  readonly block: Block;
  readonly from: PeerId;
}

type FetchedRange = readonly FetchedBlock[];

/** Ranges in flight: several peers at once, handed out in order of height. */
class RangeWindow {
  readonly #modules: SynchronizerModules;
  readonly #primary: KnownPeer;
  readonly #firstHeight: number;
  readonly #targetHeight: number;
  readonly #signal: AbortSignal;
  readonly #inFlight: Promise<FetchedRange>[] = [];
  readonly #requestsOf = new Map<PeerId, number>();
  #nextHeight: number;
  #lastHash: Uint8Array;

  constructor(
    modules: SynchronizerModules,
    primary: KnownPeer,
    ancestor: { readonly height: number; readonly hash: Uint8Array },
    targetHeight: number,
    signal: AbortSignal,
  ) {
    this.#modules = modules;
    this.#primary = primary;
    this.#firstHeight = ancestor.height + 1;
    this.#nextHeight = this.#firstHeight;
    this.#lastHash = ancestor.hash;
    this.#targetHeight = targetHeight;
    this.#signal = signal;
  }

  /** The next range in order; undefined when the target is reached or the node is closing. */
  take(): Promise<FetchedRange> | undefined {
    while (this.#inFlight.length < batchesInFlightMax && this.#nextHeight <= this.#targetHeight) {
      const startHeight = this.#nextHeight;
      const count = Math.min(batchBlocks, this.#targetHeight - startHeight + 1);
      this.#nextHeight += count;
      const fetched = this.#fetch(startHeight, count);
      fetched.catch(() => undefined); // Awaited later, in order.
      this.#inFlight.push(fetched);
    }
    const next = this.#inFlight.shift();
    return this.#signal.aborted ? undefined : next?.then((range) => this.#linked(range));
  }

  async #fetch(startHeight: number, count: number): Promise<FetchedRange> {
    const range: FetchedBlock[] = [];
    let reason = "";
    for (let tries = 0; range.length < count && tries < triesPerBatchMax; tries += 1) {
      const from = tries === 0 ? this.#choosePeer(startHeight, count) : this.#primary.peerId;
      this.#requestsOf.set(from, (this.#requestsOf.get(from) ?? 0) + 1);
      try {
        const blocks = await this.#request(from, startHeight + range.length, count - range.length);
        range.push(...blocks);
        // A long range comes in several answers; only an empty one counts as a try.
        if (blocks.length > 0) tries -= 1;
        else reason = `${from} has no block ${startHeight + range.length}`;
      } catch (error) {
        reason = toError(error).message;
        this.#modules.logger.debug({ from, startHeight, reason }, "a range was not served");
      } finally {
        this.#requestsOf.set(from, (this.#requestsOf.get(from) ?? 1) - 1);
      }
    }
    if (range.length < count) throw new PeerFailure(`no peer served blocks from ${startHeight}: ${reason}`);
    return range;
  }

  async #request(from: PeerId, startHeight: number, count: number): Promise<FetchedRange> {
    const { requests } = this.#modules;
    const answer = await requests.blocksByRange(from, startHeight, count, this.#signal);
    if (!answer.ok) throw failureOf(this.#modules, from, answer.fault, `blocks from ${startHeight}`);
    return answer.value.map((block) => ({ block, from }));
  }

  /**
   * The least busy peer that has the range. The first range and the last come from the peer that is followed: they say
   * which branch it is on, and the ranges between have to link up with them.
   */
  #choosePeer(startHeight: number, count: number): PeerId {
    const height = startHeight + count - 1;
    if (startHeight === this.#firstHeight || height === this.#targetHeight) return this.#primary.peerId;
    const busy = (peer: KnownPeer) => this.#requestsOf.get(peer.peerId) ?? 0;
    const free = this.#modules.directory
      .peersOnChain()
      .filter((peer) => peer.status.height >= height && busy(peer) < requestsPerPeerMax)
      .sort((a, b) => busy(a) - busy(b));
    return free[0]?.peerId ?? this.#primary.peerId;
  }

  /** A range of another branch (its peer stands elsewhere) is fetched again from the peer that we follow. */
  async #linked(range: FetchedRange): Promise<FetchedRange> {
    let linked = range;
    const first = range[0];
    if (first && !this.#follows(range)) {
      linked = await this.#request(this.#primary.peerId, first.block.header.height, range.length);
      if (linked.length < range.length || !this.#follows(linked)) {
        throw new PeerFailure("it moved to another branch meanwhile");
      }
    }
    this.#lastHash = linked.at(-1)?.block.hash ?? this.#lastHash;
    return linked;
  }

  #follows(range: FetchedRange): boolean {
    let parentHash = this.#lastHash;
    for (const { block } of range) {
      if (!bytesEqual(block.header.parentHash, parentHash)) return false;
      parentHash = block.hash;
    }
    return true;
  }
}
