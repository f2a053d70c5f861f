/** Looks up blocks and transactions that are stored, and mends blocks whose bytes on disk are damaged. */
import type { EventEmitter } from "node:events";
import { BoundedMap } from "../base/bounded-map.ts";
import { includesBytes, toHex } from "../base/bytes.ts";
import { type Block, decodeBlock } from "../protocol/block.ts";
import type { ChainStore } from "../store/chain-store.ts";
import { contentFault } from "../store/damaged-blocks.ts";
import { BlockBytesCache } from "./block-bytes-cache.ts";
import type { BlockTree } from "./block-tree.ts";
import type { ChainEvents } from "./chain-events.ts";

/** A block by its height and its hash. */
export interface BlockAtHeight {
  readonly height: number;
  readonly hash: Uint8Array;
}

export interface LocatedTransaction {
  readonly block: Block;
  readonly position: number;
}

export interface ChainReaderModules {
  readonly store: ChainStore;
  readonly events: EventEmitter<ChainEvents>;
  readonly tree: BlockTree;
}

/** More than advice would ever name. */
const mendedMax = 16;
const recentMax = 8;

export class ChainReader {
  readonly #modules: ChainReaderModules;
  readonly #store: ChainStore;
  /** Blocks that were stored last: peers and listeners ask for them at once. */
  readonly #recent = new BoundedMap<string, Block>(recentMax);
  readonly #read = new BlockBytesCache();
  readonly #mended: BlockAtHeight[] = [];

  constructor(modules: ChainReaderModules) {
    this.#modules = modules;
    this.#store = modules.store;
  }

  /** Keeps a block at hand that has just been stored. */
  remember(block: Block): void {
    this.#recent.set(block.hashHex, block);
  }

  /** Drops the bytes of a block that was refused. */
  forget(hash: Uint8Array): void {
    this.#recent.delete(toHex(hash));
    this.#read.delete(toHex(hash));
  }

  /** A block that is in memory. */
  recent(hashHex: string): Block | undefined {
    return this.#recent.get(hashHex);
  }

  /** @throws StoreError if the block is damaged on disk; `blockDamaged` says so, too */
  block(hash: Uint8Array): Block | undefined {
    const recent = this.#recent.get(toHex(hash));
    if (recent) return recent;
    const bytes = this.#storedBytes(hash);
    const record = bytes && this.#store.headerRecord(hash);
    if (!record) return undefined;
    const decoded = decodeBlock(bytes);
    const fault = decoded.ok ? contentFault(decoded.value, record) : "it does not decode";
    if (decoded.ok && fault === undefined) return decoded.value;
    const error = this.#store.foundDamaged(hash, fault ?? "");
    this.#tellIfDamaged(hash);
    throw error;
  }

  blockAtHeight(height: number): Block | undefined {
    const hash = this.#store.hashAtHeight(height);
    return hash && this.block(hash);
  }

  /** The encoded block. */
  blockBytes(hash: Uint8Array): Uint8Array | undefined {
    const hashHex = toHex(hash);
    const recent = this.#recent.get(hashHex)?.bytes;
    return recent ?? this.#read.get(hashHex, () => this.#storedBytes(hash));
  }

  transaction(id: Uint8Array): LocatedTransaction | undefined {
    const location = this.#store.transactionLocation(id);
    const block = location && this.block(location.blockHash);
    return block && { block, position: location.position };
  }

  get mendedBlocks(): readonly BlockAtHeight[] {
    return this.#mended;
  }

  /** @returns whether the bytes were those of a block that is damaged, and are on disk now */
  async mendBlock({ hash, hashHex, bytes }: Block): Promise<boolean> {
    if (!includesBytes(this.#store.damagedBlocks(), hash)) return false;
    if (!(await this.#store.mendBlock(hash, bytes))) return false;
    this.#read.delete(hashHex);
    const record = this.#modules.tree.get(hash);
    if (record) {
      this.#mended.push({ height: record.header.height, hash });
      if (this.#mended.length > mendedMax) this.#mended.shift();
      this.#modules.events.emit("blockMended", record);
    }
    return true;
  }

  #storedBytes(hash: Uint8Array): Uint8Array | undefined {
    try {
      return this.#store.blockBytes(hash);
    } catch (thrown) {
      this.#tellIfDamaged(hash);
      throw thrown;
    }
  }

  #tellIfDamaged(hash: Uint8Array): void {
    if (includesBytes(this.#store.damagedBlocks(), hash)) this.#modules.events.emit("blockDamaged", hash);
  }
}
