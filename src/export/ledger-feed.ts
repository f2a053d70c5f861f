/** How the export reads a chain that goes on meanwhile: in answers, each of one moment, with as many blocks as were asked for. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { toError } from "../base/invariant.ts";
import type { AuthorityChange } from "../consensus/engine.ts";
import { decodeConsensusSection, type Header, type Seal } from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { Cursor } from "./chain-meta.ts";
import type { LedgerSource } from "./ledger-source.ts";

/** What is true of the chain at one moment. */
export interface ChainView {
  readonly genesisHash: Uint8Array | undefined;
  /** The block up to which rows are wanted; -1 if there is none yet. */
  readonly headHeight: number;
  /** The highest final block; undefined where the chain does not know. */
  readonly final: Checkpoint | undefined;
  /** What makes it final: for a block of this chain; undefined where that is not known. */
  readonly certificate: Certificate | undefined;
}

export interface FedBlock {
  readonly height: number;
  readonly hash: Uint8Array;
  /** The encoded block as it is stored: whoever makes rows of it checks that they are this block's. */
  readonly bytes: Uint8Array;
  /** As it was judged, where the chain keeps it beside the block. */
  readonly seal: Seal | undefined;
  /** The engine's measure up to this block. */
  readonly cumulativeWeight: bigint | undefined;
  /** What it changed in the set of authorities. */
  readonly authorityChanges: readonly AuthorityChange[];
}

/** Why the block after the last one of an answer is not in it, although the chain goes on. */
export interface FeedFault {
  readonly height: number;
  readonly why: string;
  readonly next: string | undefined;
}

export interface FedBlocks {
  readonly view: ChainView;
  /** Whether the block that was named is canonical. */
  readonly isOnChain: boolean;
  /** What follows it, without a gap; all of it is canonical in `view`. */
  readonly blocks: readonly FedBlock[];
  readonly fault: FeedFault | undefined;
}

export interface FedHashes {
  readonly view: ChainView;
  /** Of the canonical blocks from the first height asked for; undefined above the head. */
  readonly hashes: readonly (Uint8Array | undefined)[];
}

export interface FeedLimits {
  /** Reached, and passed by one block at most. */
  readonly bytes: number;
  readonly blocks: number;
}

/** A chain as the export sees it, in this thread or from another one. */
export interface LedgerFeed {
  readonly spec: ChainSpec;
  /** @param cursor undefined: from block 0 on */
  blocksAfter(cursor: Cursor | undefined, limits: FeedLimits): Promise<FedBlocks>;
  hashes(first: number, last: number): Promise<FedHashes>;
  /** Tells the chain that the bytes of a block are none that its header stands for. */
  blockIsDamaged(hash: Uint8Array): void;
}

export interface FeedOptions {
  /** Nothing above the highest final block. */
  readonly finalizedOnly?: boolean;
  /** Nothing above this height. */
  readonly lastHeight?: number;
}

/** Reads a chain for the export; each method sees one moment, since nothing here waits. */
export class FeedReader {
  readonly source: LedgerSource;
  readonly #options: FeedOptions;
  /** Of the last view: finding it takes a walk over some blocks. */
  #certificate: { readonly of: string; readonly found: Certificate | undefined } | undefined;

  constructor(source: LedgerSource, options: FeedOptions = {}) {
    this.source = source;
    this.#options = options;
  }

  view(): ChainView {
    const { head, final } = this.source;
    const { finalizedOnly = false, lastHeight = Number.POSITIVE_INFINITY } = this.#options;
    const highest = finalizedOnly ? (final?.height ?? -1) : head.header.height;
    const headHeight = Math.min(highest, head.header.height, lastHeight);
    return {
      genesisHash: this.source.hashAtHeight(0),
      headHeight,
      final,
      certificate: final && this.#certificateOf(final, head.header.height),
    };
  }

  #certificateOf(final: Checkpoint, headHeight: number): Certificate | undefined {
    const headHash = this.source.hashAtHeight(headHeight);
    const of = `${toHex(final.hash)} ${headHash && toHex(headHash)}`;
    if (this.#certificate?.of !== of) {
      const found = this.source.finalCertificate();
      const target = found && this.source.hashAtHeight(found.targetHeight);
      const isCanonical = found && target && bytesEqual(found.targetHash, target);
      this.#certificate = { of, found: isCanonical ? found : undefined };
    }
    return this.#certificate.found;
  }

  /** @param isTime called after each block: true ends the answer early */
  blocksAfter(cursor: Cursor | undefined, limits: FeedLimits, isTime: () => boolean): FedBlocks {
    const view = this.view();
    const blocks: FedBlock[] = [];
    if (cursor && !this.#isOnChain(cursor, view)) return { view, isOnChain: false, blocks, fault: undefined };
    let bytes = 0;
    let height = (cursor?.index ?? -1) + 1;
    let fault: FeedFault | undefined;
    while (height <= view.headHeight && blocks.length < limits.blocks && bytes < limits.bytes) {
      const block = this.#read(height);
      if ("why" in block) {
        fault = block;
        break;
      }
      blocks.push(block);
      bytes += block.bytes.length;
      height += 1;
      if (isTime()) break;
    }
    return { view, isOnChain: true, blocks, fault };
  }

  #isOnChain({ index, hash }: Cursor, { headHeight }: ChainView): boolean {
    const found = index <= headHeight ? this.source.hashAtHeight(index) : undefined;
    return found !== undefined && toHex(found) === hash;
  }

  #read(height: number): FedBlock | FeedFault {
    const hash = this.source.hashAtHeight(height);
    if (!hash) return { height, why: "its hash is missing", next: undefined };
    try {
      const bytes = this.source.blockBytes?.(hash) ?? this.source.block(hash)?.bytes;
      if (!bytes) return { height, why: "it is missing", next: undefined };
      const record = this.source.headerOf(hash);
      const { seal, cumulativeWeight } = record ?? {};
      const authorityChanges = this.#authorityChanges(hash, bytes, record?.header);
      return { height, hash, bytes, seal, cumulativeWeight, authorityChanges };
    } catch (thrown) {
      const error = toError(thrown);
      const next = "next" in error && typeof error.next === "string" ? error.next : undefined;
      return { height, why: error.message, next };
    }
  }

  /** Without decoding the transactions, of which a block may have thousands. */
  #authorityChanges(
    hash: Uint8Array,
    bytes: Uint8Array,
    header: Header | undefined,
  ): readonly AuthorityChange[] {
    const { source } = this;
    if (source.spec.consensus === "pow") return [];
    if (!header) {
      const block = source.block(hash);
      return block ? source.authorityChanges(block) : [];
    }
    const section = decodeConsensusSection(bytes);
    // If it does not decode no row is made of the block either.
    return section.ok ? source.authorityChanges({ hash, header, consensusSection: section.value }) : [];
  }

  hashes(first: number, last: number): FedHashes {
    const view = this.view();
    const hashes: (Uint8Array | undefined)[] = [];
    for (let height = first; height <= last; height += 1) {
      hashes.push(height <= view.headHeight ? this.source.hashAtHeight(height) : undefined);
    }
    return { view, hashes };
  }

  /** The chain looks at the block itself: if it is damaged it takes note of it, so that it is fetched again. */
  blockIsDamaged(hash: Uint8Array): void {
    try {
      this.source.block(hash);
    } catch {
      // It has taken note.
    }
  }
}

/** A chain of this thread. */
export function localFeed(source: LedgerSource, options: FeedOptions = {}): LedgerFeed {
  const reader = new FeedReader(source, options);
  return {
    spec: source.spec,
    blocksAfter: async (cursor, limits) => reader.blocksAfter(cursor, limits, () => false),
    hashes: async (first, last) => reader.hashes(first, last),
    blockIsDamaged: (hash) => reader.blockIsDamaged(hash),
  };
}
