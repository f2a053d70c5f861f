/** The ranges that range sync has in flight: from several peers at once, handed out in order of height. */
import { bytesEqual } from "../../base/bytes.ts";
import { toError } from "../../base/invariant.ts";
import type { Block } from "../../protocol/block.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import type { PeerId } from "../peer-host.ts";
import type { KnownPeer } from "../peers/directory.ts";
import type { FetchModules } from "./fetch-modules.ts";
import { failureOf, PeerFailure } from "./peer-failure.ts";
import { firstAnswer, type WonRace } from "./source-race.ts";
import type { SyncPeers } from "./sync-peers.ts";

export const rangeBlocks = 32;
const rangesInFlightMax = 8;
/** Blocks that have come and wait for the ranges below them; beyond that, no further range is asked for. */
const waitingBytesMax = 32 * 2 ** 20;
/** A failure may have been that of a stream; the second one ends the attempt. */
const racesPerRangeMax = 2;

/** A peer that serves a range is waited for alone for this long, and as long again while it sends at the minimum rate. */
export const rangePatienceMs = 1_000;
/** The minimum rate of one range: a share of the fastest peer's, within these bounds. */
const rateShareMin = 1 / 8;
const [floorBytesPerMs, floorMaxBytesPerMs] = [8, 256];
const sourcesPerRangeMax = 4;
/** An answer this long may have ended before it became too long; a shorter one that lacks blocks is all that the peer has. */
const fullAnswerBytes = 2 ** 20;

export interface FetchedBlock {
  readonly block: Block;
  readonly from: PeerId;
}

export interface FetchedRange {
  readonly blocks: readonly FetchedBlock[];
  /** Why those after them did not come. */
  readonly failure?: Error | undefined;
}

/** Consecutive blocks of one peer. */
type Piece = WonRace<readonly Block[]>;

interface FetchedPieces {
  readonly pieces: readonly Piece[];
  readonly failure?: Error | undefined;
}

interface RangeInFlight {
  readonly fetching: Promise<FetchedPieces>;
  /** Set once nothing more of it is asked of peers. */
  fetched?: FetchedPieces;
}

export class RangeWindow {
  readonly #modules: FetchModules;
  readonly #peers: SyncPeers;
  readonly #primary: KnownPeer;
  readonly #firstHeight: number;
  readonly #targetHeight: number;
  readonly #signal: AbortSignal;
  readonly #inFlight: RangeInFlight[] = [];
  readonly #requestsOf = new Map<PeerId, number>();
  #nextHeight: number;
  #lastHash: Uint8Array;
  #waitingBytes = 0;
  /** Of answers whether or not they turned out to be good. */
  #fastestBytesPerMs = 0;

  constructor(
    modules: FetchModules,
    peers: SyncPeers,
    { primary, ancestor }: { readonly primary: KnownPeer; readonly ancestor: Checkpoint },
    signal: AbortSignal,
  ) {
    this.#modules = modules;
    this.#peers = peers;
    this.#primary = primary;
    this.#firstHeight = ancestor.height + 1;
    this.#nextHeight = this.#firstHeight;
    this.#lastHash = ancestor.hash;
    this.#targetHeight = primary.status.height;
    this.#signal = signal;
  }

  /** The next range in order; undefined if the target is reached or the node is closing. */
  take(): Promise<FetchedRange> | undefined {
    while (this.#mayAskForMore()) {
      const startHeight = this.#nextHeight;
      const count = Math.min(rangeBlocks, this.#targetHeight - startHeight + 1);
      this.#nextHeight += count;
      this.#inFlight.push(inFlight(this.#fetch(startHeight, count)));
    }
    const next = this.#inFlight.shift()?.fetching;
    return this.#signal.aborted ? undefined : next?.then((fetched) => this.#linked(fetched));
  }

  /**
   * The blocks that follow those of the last range that was taken, up to where something has yet to come. They wait for
   * imports alone: no peer can keep them waiting, and the true body of a false one could not be imported before them.
   */
  *following(): Iterable<Block> {
    let lastHash = this.#lastHash;
    for (const { fetched } of this.#inFlight) {
      for (const { answer } of fetched?.pieces ?? []) {
        if (!isChain(answer, lastHash)) return;
        yield* answer;
        lastHash = answer.at(-1)?.hash ?? lastHash;
      }
      if (!fetched || fetched.failure) return;
    }
  }

  #mayAskForMore(): boolean {
    const { length } = this.#inFlight;
    if (this.#nextHeight > this.#targetHeight || length >= rangesInFlightMax) return false;
    return length === 0 || this.#waitingBytes < waitingBytesMax;
  }

  /** Never rejects: what came before a failure is worth importing. */
  async #fetch(startHeight: number, count: number): Promise<FetchedPieces> {
    const pieces: Piece[] = [];
    /** Peers that have shown in this range that they have no more of it. */
    const exhausted = new Set<PeerId>();
    // The first range and the last come from the peer that is followed, if it is fast enough: they show its branch.
    const isEdge = startHeight === this.#firstHeight || startHeight + count > this.#targetHeight;
    let next = startHeight;
    let failures = 0;
    while (next < startHeight + count) {
      try {
        const wanted = startHeight + count - next;
        const piece = await this.#piece(next, wanted, { exhausted, primaryFirst: isEdge });
        const bytes = bytesOf(piece);
        if (piece.answer.length < wanted && bytes < fullAnswerBytes) exhausted.add(piece.from);
        this.#fastestBytesPerMs = Math.max(this.#fastestBytesPerMs, bytes / Math.max(1, piece.durationMs));
        this.#waitingBytes += bytes;
        next += piece.answer.length;
        pieces.push(piece);
      } catch (thrown) {
        failures += 1;
        if (failures < racesPerRangeMax && !this.#isPreempted()) continue;
        return {
          pieces,
          failure: new PeerFailure(`blocks from ${next} were not served: ${toError(thrown).message}`),
        };
      }
    }
    return { pieces };
  }

  /** @param parentHash what the first block has to follow, if that is known already */
  #piece(
    startHeight: number,
    count: number,
    {
      exhausted,
      primaryFirst,
      parentHash,
    }: {
      readonly exhausted: ReadonlySet<PeerId>;
      readonly primaryFirst: boolean;
      readonly parentHash?: Uint8Array;
    },
  ): Promise<Piece> {
    const { clock, logger } = this.#modules;
    const primary = this.#primary.peerId;
    return firstAnswer<readonly Block[]>({
      rules: {
        patienceMs: rangePatienceMs,
        msPerUnit: () => 1 / this.#rateMin(),
        sourcesMax: sourcesPerRangeMax,
      },
      clock,
      signal: this.#signal,
      next: (asked) => {
        if (primaryFirst && !asked.has(primary) && !exhausted.has(primary)) return primary;
        return this.#peers.source(
          startHeight,
          (peer) => this.#requestsOf.get(peer) ?? 0,
          new Set([...asked, ...exhausted]),
        );
      },
      ask: (from, signal, progressed) =>
        this.#request(from, { startHeight, count, parentHash }, signal, progressed),
      lost: (from, reason) => {
        logger.debug({ from, startHeight, reason }, "a range was not served");
        this.#peers.countFailure(from);
      },
      givesWay: () => this.#isPreempted(),
    });
  }

  /** Another peer has a better chain than ours, too, and is waiting to be followed. */
  #isPreempted(): boolean {
    return this.#peers.candidates().some(({ peerId }) => peerId !== this.#primary.peerId);
  }

  #rateMin(): number {
    const fastest = Math.max(this.#fastestBytesPerMs, this.#peers.bestBytesPerMs);
    return Math.min(floorMaxBytesPerMs, Math.max(floorBytesPerMs, fastest * rateShareMin));
  }

  async #request(
    from: PeerId,
    {
      startHeight,
      count,
      parentHash,
    }: {
      readonly startHeight: number;
      readonly count: number;
      readonly parentHash?: Uint8Array | undefined;
    },
    signal: AbortSignal,
    progressed: (bytes: number) => void,
  ): Promise<readonly Block[]> {
    const { requests } = this.#modules;
    this.#requestsOf.set(from, (this.#requestsOf.get(from) ?? 0) + 1);
    try {
      const answer = await requests.blocksByRange(from, startHeight, count, signal, progressed);
      if (!answer.ok) throw failureOf(this.#modules, from, answer.fault, `blocks from ${startHeight}`);
      const blocks = answer.value;
      if (blocks.length === 0) {
        this.#peers.heightNotServed(from, startHeight);
        throw new PeerFailure(`${from} has no block ${startHeight}`);
      }
      if (parentHash && !isChain(blocks, parentHash)) throw new PeerFailure("it is on another branch");
      return blocks;
    } finally {
      this.#requestsOf.set(from, (this.#requestsOf.get(from) ?? 1) - 1);
    }
  }

  /** What does not follow the blocks before it is fetched again, first from the peer that is followed. */
  async #linked({ pieces, failure }: FetchedPieces): Promise<FetchedRange> {
    const blocks: FetchedBlock[] = [];
    for (const piece of pieces) {
      this.#waitingBytes -= bytesOf(piece);
      try {
        for (const { from, answer, durationMs } of await this.#fromChain(piece)) {
          this.#peers.delivered(from, bytesOf({ answer }), durationMs);
          blocks.push(...answer.map((block) => ({ block, from })));
        }
      } catch (thrown) {
        return { blocks, failure: toError(thrown) };
      }
    }
    return { blocks, failure };
  }

  async #fromChain(piece: Piece): Promise<readonly Piece[]> {
    const [first] = piece.answer;
    if (isChain(piece.answer, this.#lastHash) || !first) {
      this.#lastHash = piece.answer.at(-1)?.hash ?? this.#lastHash;
      return [piece];
    }
    this.#peers.countFailure(piece.from);
    const again: Piece[] = [];
    const exhausted = new Set<PeerId>([piece.from]);
    // The peer that is followed may be the one that has moved to another branch meanwhile.
    for (let missing = piece.answer.length; missing > 0; ) {
      const startHeight = first.header.height + piece.answer.length - missing;
      const wishes = { exhausted, primaryFirst: true, parentHash: this.#lastHash };
      const next = await this.#piece(startHeight, missing, wishes);
      if (next.answer.length < missing) exhausted.add(next.from);
      this.#lastHash = next.answer.at(-1)?.hash ?? this.#lastHash;
      missing -= next.answer.length;
      again.push(next);
    }
    return again;
  }
}

function inFlight(fetching: Promise<FetchedPieces>): RangeInFlight {
  const range: RangeInFlight = { fetching };
  void fetching.then((fetched) => {
    range.fetched = fetched;
  });
  return range;
}

function bytesOf({ answer }: Pick<Piece, "answer">): number {
  return answer.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function isChain(blocks: readonly Block[], parentHash: Uint8Array): boolean {
  let expected = parentHash;
  for (const { header, hash } of blocks) {
    if (!bytesEqual(header.parentHash, expected)) return false;
    expected = hash;
  }
  return true;
}
