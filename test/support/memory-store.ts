/** The store's twin in memory, for simulation and tests: the same promises as on disk, kept by other means. */
import { BoundedMap } from "../../src/base/bounded-map.ts";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { invariant } from "../../src/base/invariant.ts";
import type { Entry, StateChange } from "../../src/ledger/entry.ts";
import type { HeaderRecord } from "../../src/protocol/block.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import { type AccountIndex, emptyProgress, type StoredItem } from "../../src/store/account-index.ts";
import { indexChange, isOnLine } from "../../src/store/account-operations.ts";
import { checkBatch } from "../../src/store/batch-rules.ts";
import type {
  ChainStore,
  CommitBatch,
  IdKind,
  SideBlock,
  SizedSideBlock,
  StoredBlock,
  StoredHead,
  StoreError,
  TransactionLocation,
} from "../../src/store/chain-store.ts";
import { bodyFault, DamagedBlocks } from "../../src/store/damaged-blocks.ts";
import { NewestSideBlocks, sideMoves } from "../../src/store/side-blocks.ts";
import { invalidMarksMax, sideBlocksMax } from "../../src/store/store-limits.ts";

/** Outlives the stores that are opened on it, as a disk outlives a process. */
export interface MemoryDisk {
  /**
   * Opens the store; one that is still open is dead from then on, as after a kill.
   *
   * @param options.accountIndex false: blocks are not added to the account index; it is kept unless told
   */
  open(options?: { readonly accountIndex?: boolean }): ChainStore;
  /** Lets the next commit that would change something reject with `error`. */
  failNextCommit(error: StoreError): void;
  /** Another disk with the same contents: a backup. */
  copy(): MemoryDisk;
}

/** @param options.invalidMax how many hashes of invalid blocks are remembered */
export function createMemoryDisk(options: { readonly invalidMax?: number } = {}): MemoryDisk {
  return diskOf(new DiskContents(options.invalidMax ?? invalidMarksMax));
}

function diskOf(disk: DiskContents): MemoryDisk {
  return {
    open: ({ accountIndex = true } = {}) => new MemoryStore(disk, accountIndex),
    failNextCommit(error) {
      disk.nextFailure = error;
    },
    copy: () => diskOf(disk.copy()),
  };
}

/** A store on a memory disk of its own. */
export function createMemoryStore(): ChainStore {
  return createMemoryDisk().open();
}

class DiskContents {
  readonly blocks = new Map<string, StoredBlock>();
  readonly hashes: Uint8Array[] = [];
  readonly changes = new Map<string, StateChange>();
  readonly locations = new Map<string, TransactionLocation>();
  readonly entries: Entry[] = [];
  readonly histories = new Map<string, StoredItem[]>();
  indexProgress = emptyProgress;
  readonly invalid: BoundedMap<string, true>;
  sides = new NewestSideBlocks(sideBlocksMax);
  readonly allSides = new Map<string, SideBlock>();
  readonly #invalidMax: number;
  head: StoredHead | undefined;
  final: Checkpoint | undefined;
  nextFailure: StoreError | undefined;
  owner: MemoryStore | undefined;

  constructor(invalidMax: number) {
    this.#invalidMax = invalidMax;
    this.invalid = new BoundedMap(invalidMax);
  }

  /** What lies in it is never changed, only replaced. */
  copy(): DiskContents {
    const copy = new DiskContents(this.#invalidMax);
    for (const [hash, block] of this.blocks) copy.blocks.set(hash, block);
    for (const [hash, change] of this.changes) copy.changes.set(hash, change);
    for (const [id, location] of this.locations) copy.locations.set(id, location);
    for (const [hash] of this.invalid.entries()) copy.invalid.set(hash, true);
    copy.hashes.push(...this.hashes);
    copy.sides = new NewestSideBlocks(sideBlocksMax, this.sides.list());
    for (const [hash, side] of this.allSides) copy.allSides.set(hash, side);
    copy.entries.push(...this.entries);
    for (const [account, items] of this.histories) copy.histories.set(account, [...items]);
    copy.indexProgress = this.indexProgress;
    copy.head = this.head;
    copy.final = this.final;
    return copy;
  }

  apply(batch: CommitBatch, isIndexKept: boolean): void {
    this.#applyToIndex(batch, isIndexKept);
    const moves = sideMoves(batch, {
      hasBlock: (hash) => this.blocks.has(toHex(hash)),
      hashAtHeight: (height) => this.hashes[height],
    });
    this.sides.apply(moves);
    for (const { hash } of moves.left) this.allSides.delete(toHex(hash));
    for (const side of moves.joined) this.allSides.set(toHex(side.hash), side);
    for (const { hash } of batch.dropped ?? []) this.blocks.delete(toHex(hash));
    for (const block of batch.blocks) {
      if (!this.blocks.has(block.record.hashHex)) this.blocks.set(block.record.hashHex, block);
    }
    for (const record of batch.restated ?? []) {
      const bytes = this.blocks.get(record.hashHex)?.bytes;
      if (bytes) this.blocks.set(record.hashHex, { record, bytes });
    }
    for (const { hash, transactions } of batch.disconnected) {
      this.hashes.pop();
      this.changes.delete(toHex(hash));
      for (const { id } of transactions) this.locations.delete(toHex(id));
    }
    for (const { hash, change, transactions } of batch.connected) {
      this.hashes.push(hash);
      this.changes.set(toHex(hash), change);
      for (const [position, { id }] of transactions.entries()) {
        this.locations.set(toHex(id), { blockHash: hash, position });
      }
    }
    for (const hash of batch.invalid) {
      if (!this.invalid.has(toHex(hash))) this.invalid.set(toHex(hash), true);
    }
    this.final = batch.final ?? this.final;
    if (!batch.head) return;
    this.head = batch.head;
    this.entries.length = Math.min(this.entries.length, batch.head.entryCount);
    for (const [index, entry] of [...batch.entries].sort(([a], [b]) => a - b)) this.entries[index] = entry;
  }

  #applyToIndex(batch: CommitBatch, isKept: boolean): void {
    const change = indexChange(batch, this.indexProgress, {
      isKept,
      itemCount: (account) => this.histories.get(toHex(account))?.length ?? 0,
      item: (account, number) => this.histories.get(toHex(account))?.[number],
      stateChange: (hash) => this.changes.get(toHex(hash)),
      hashAtHeight: (height) => this.hashes[height],
    });
    if (!change) return;
    this.indexProgress = change.progress;
    for (const { account, sharedCount, added } of change.histories) {
      const items = this.histories.get(toHex(account)) ?? [];
      items.length = sharedCount;
      items.push(...added);
      if (items.length > 0) this.histories.set(toHex(account), items);
      else this.histories.delete(toHex(account));
    }
  }
}

class MemoryStore implements ChainStore {
  readonly #contents: DiskContents;
  readonly #damaged = new DamagedBlocks("memory");
  readonly accountIndex: AccountIndex;

  constructor(contents: DiskContents, isIndexKept: boolean) {
    this.#contents = contents;
    contents.owner = this;
    const disk = () => this.#disk;
    if (!isOnLine(contents.indexProgress, (height) => contents.hashes[height])) {
      contents.indexProgress = { ...emptyProgress, isClearing: true };
    }
    this.accountIndex = {
      isKept: isIndexKept,
      get blockCount() {
        return disk().indexProgress.blockCount;
      },
      get isClearing() {
        return disk().indexProgress.isClearing;
      },
      itemCount: (account) => disk().histories.get(toHex(account))?.length ?? 0,
      item: (account, number) => disk().histories.get(toHex(account))?.[number],
    };
  }

  get #disk(): DiskContents {
    invariant(this.#contents.owner === this, "the store is open");
    return this.#contents;
  }

  get head(): StoredHead | undefined {
    return this.#disk.head;
  }

  get final(): Checkpoint | undefined {
    return this.#disk.final;
  }

  headerRecord(hash: Uint8Array): HeaderRecord | undefined {
    return this.#disk.blocks.get(toHex(hash))?.record;
  }

  hashAtHeight(height: number): Uint8Array | undefined {
    return this.#disk.hashes[height];
  }

  blockBytes(hash: Uint8Array): Uint8Array | undefined {
    return this.#disk.blocks.get(toHex(hash))?.bytes;
  }

  damagedBlocks(): readonly Uint8Array[] {
    return this.#damaged.list();
  }

  foundDamaged(hash: Uint8Array, why: string): StoreError {
    return this.#damaged.found(hash, why);
  }

  async mendBlock(hash: Uint8Array, bytes: Uint8Array): Promise<boolean> {
    const record = this.headerRecord(hash);
    if (!record || bodyFault(bytes, record) !== undefined) return false;
    this.#disk.blocks.set(toHex(hash), { record, bytes });
    this.#damaged.forget(hash);
    return true;
  }

  isInvalid(hash: Uint8Array): boolean {
    return this.#disk.invalid.has(toHex(hash));
  }

  stateChange(hash: Uint8Array): StateChange | undefined {
    return this.#disk.changes.get(toHex(hash));
  }

  transactionLocation(id: Uint8Array): TransactionLocation | undefined {
    return this.#disk.locations.get(toHex(id));
  }

  sideBlocks(): readonly SideBlock[] {
    return this.#disk.sides.list();
  }

  async sizedSideBlocks(): Promise<readonly SizedSideBlock[]> {
    const { allSides, blocks } = this.#disk;
    return [...allSides].map(([hash, side]) => ({ ...side, bytes: blocks.get(hash)?.bytes.length ?? 0 }));
  }

  entries(): Iterable<readonly [index: number, entry: Entry]> {
    return this.#disk.entries.entries();
  }

  async commit(batch: CommitBatch): Promise<void> {
    const disk = this.#disk;
    checkBatch(batch, disk, {
      hasBlock: (hash) => disk.blocks.has(toHex(hash)),
      hashAtHeight: (height) => disk.hashes[height],
    });
    const failure = disk.nextFailure;
    disk.nextFailure = undefined;
    if (failure) throw failure;
    disk.apply(batch, this.accountIndex.isKept);
    for (const { hash } of batch.dropped ?? []) this.#damaged.forget(hash);
  }

  async idsBetween(kind: IdKind, first: Uint8Array, last: Uint8Array, max: number): Promise<Uint8Array[]> {
    const { blocks, locations, histories } = this.#disk;
    const ids = { block: blocks, transaction: locations, account: histories }[kind].keys();
    const [from, to] = [toHex(first), toHex(last)];
    return [...ids]
      .filter((id) => id >= from && id <= to)
      .sort()
      .slice(0, max)
      .map((id) => fromHex(id) as Uint8Array);
  }

  async clearAccountIndex(): Promise<void> {
    this.#disk.histories.clear();
    this.#disk.indexProgress = emptyProgress;
  }

  async close(): Promise<void> {
    if (this.#contents.owner === this) this.#contents.owner = undefined;
  }
}
