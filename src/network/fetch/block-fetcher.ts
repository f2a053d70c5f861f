/** The one door to blocks that this node lacks: single ones by hash if they are near our head, ranges if they are far. */
import type { Block } from "../../protocol/block.ts";
import type { PeerId } from "../peer-host.ts";
import { HeadClaims } from "../peers/head-claims.ts";
import { AncestorLookup, type BlockSource } from "./ancestor-lookup.ts";
import type { FetchModules } from "./fetch-modules.ts";
import { RangeSync } from "./range-sync.ts";
import type { SyncProgress } from "./sync-meter.ts";
import { type HeadClaim, SyncPeers } from "./sync-peers.ts";

export interface BlockFetcherModules extends FetchModules {
  /** Called if `isCatchingUp` may have become true. */
  readonly behindChanged: () => void;
}

/** A missing block at most this far from our head is fetched by hash, and its ancestors one by one; a farther one by ranges. */
const lookupDepthMax = 16;

export class BlockFetcher {
  readonly #modules: BlockFetcherModules;
  readonly #claims: HeadClaims;
  readonly #peers: SyncPeers;
  readonly #ranges: RangeSync;
  readonly #lookup: AncestorLookup;

  constructor(modules: BlockFetcherModules) {
    const { chain, clock, behindChanged } = modules;
    this.#modules = modules;
    const isKnown = (hash: Uint8Array) => chain.headerOf(hash) !== undefined || chain.isHeld(hash);
    this.#claims = new HeadClaims({ clock, isKnown, changed: behindChanged });
    this.#peers = new SyncPeers(modules);
    this.#ranges = new RangeSync(modules, this.#peers);
    this.#lookup = new AncestorLookup(modules, this.#ranges, {
      parentMissing: (orphan, from) => this.wantParent(orphan, from),
      gaveUp: () => this.catchUp(),
    });
  }

  /** Set while the node catches up over many blocks. */
  get progress(): SyncProgress | undefined {
    return this.#modules.meter.progress;
  }

  /**
   * A peer has just claimed a better head, and its blocks are being fetched: a block sealed now would most likely end as
   * a short fork. A false claim costs a few seconds once; the same peer's next claims are not waited for.
   */
  get isCatchingUp(): boolean {
    return this.#claims.isOpen;
  }

  /** A peer of our chain has told its head. */
  headClaimed(peer: PeerId, claim: HeadClaim): void {
    this.#noteClaim(peer, claim);
    this.catchUp();
  }

  /** Fetches an unknown block. @param from the peer that named the block */
  wantBlock(hash: Uint8Array, height: number, from: PeerId): void {
    this.#want(hash, height, { from, owes: false });
  }

  /** Fetches the unknown parent of an orphan that a peer has sent. The orphan itself is better than nothing as a claim. */
  wantParent({ header, hash }: Block, from: PeerId): void {
    const { directory } = this.#modules;
    directory.raiseHead(from, header.height, hash);
    const known = directory.peer(from);
    if (known?.sameChain) this.#noteClaim(from, known.status);
    this.#want(header.parentHash, header.height - 1, { from, owes: true });
  }

  /** Catches up with the best chain that a peer claims, if that is better than ours; cheap if none is. */
  catchUp(): void {
    this.#ranges.start();
  }

  /** A block was stored, from wherever it came. */
  blockStored(): void {
    this.#claims.blockStored();
    this.#lookup.blockStored();
  }

  /** The peer has disconnected. */
  forget(peer: PeerId): void {
    this.#peers.forget(peer);
  }

  async close(): Promise<void> {
    this.#lookup.close();
    await this.#ranges.close();
  }

  #want(hash: Uint8Array, height: number, source: BlockSource): void {
    const gap = Math.abs(height - this.#modules.chain.head.header.height);
    if (gap > lookupDepthMax) this.catchUp();
    else this.#lookup.want(hash, source);
  }

  #noteClaim(peer: PeerId, claim: HeadClaim): void {
    if (this.#peers.isBetter(claim)) this.#claims.claimed(peer, claim.head);
  }
}
