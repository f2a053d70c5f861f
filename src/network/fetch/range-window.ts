/** The ranges that range sync has in flight: from several peers at once, handed out in order of height. */
import { bytesEqual } from "../../base/bytes.ts";
import { toError } from "../../base/invariant.ts";
import type { Block } from "../../protocol/block.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import type { PeerId } from "../peer-host.ts";
import type { KnownPeer } from "../peers/directory.ts";
import type { FetchModules } from "./fetch-modules.ts";
import { failureOf, PeerFailure } from "./peer-failure.ts";

export const rangeBlocks = 32;
const rangesInFlightMax = 8;
const requestsPerPeerMax = 2;
const triesPerRangeMax = 5;

export interface FetchedBlock {
  readonly block: Block;
  readonly from: PeerId;
}

export type FetchedRange = readonly FetchedBlock[];

export class RangeWindow {
  readonly #modules: FetchModules;
  readonly #primary: KnownPeer;
  readonly #firstHeight: number;
  readonly #targetHeight: number;
  readonly #signal: AbortSignal;
  readonly #inFlight: Promise<FetchedRange>[] = [];
  readonly #requestsOf = new Map<PeerId, number>();
  #nextHeight: number;
  #lastHash: Uint8Array;

  constructor(
    modules: FetchModules,
    primary: KnownPeer,
    ancestor: Checkpoint,
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

  /** The next range in order; undefined if the target is reached or the node is closing. */
  take(): Promise<FetchedRange> | undefined {
    while (this.#inFlight.length < rangesInFlightMax && this.#nextHeight <= this.#targetHeight) {
      const startHeight = this.#nextHeight;
      const count = Math.min(rangeBlocks, this.#targetHeight - startHeight + 1);
      this.#nextHeight += count;
      const fetched = this.#fetch(startHeight, count);
      fetched.catch(() => undefined); // The range is awaited later, in order of height.
      this.#inFlight.push(fetched);
    }
    const next = this.#inFlight.shift();
    return this.#signal.aborted ? undefined : next?.then((range) => this.#linked(range));
  }

  async #fetch(startHeight: number, count: number): Promise<FetchedRange> {
    const range: FetchedBlock[] = [];
    let reason = "";
    for (let tries = 0; range.length < count && tries < triesPerRangeMax; tries += 1) {
      const from = tries === 0 ? this.#choosePeer(startHeight, count) : this.#primary.peerId;
      this.#requestsOf.set(from, (this.#requestsOf.get(from) ?? 0) + 1);
      try {
        const blocks = await this.#request(from, startHeight + range.length, count - range.length);
        range.push(...blocks);
        // A long range comes in several answers: only an empty answer counts as a try.
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
   * The least busy peer that has the range. The first range and the last come from the peer that is followed. They show
   * which branch that peer is on, and the ranges between have to link up with them.
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

  /** A range that another peer served from another branch is fetched again from the peer that is followed. */
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
