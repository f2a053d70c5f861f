/** The store on disk: LevelDB used as its measured faults ask for (README.md says how). */
import { toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { invariant } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Result } from "../base/result.ts";
import type { Entry, StateChange } from "../ledger/entry.ts";
import { decodeEntry, decodeStateChange } from "../ledger/entry-codec.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { AccountIndex } from "./account-index.ts";
import { operationsOf } from "./batch-operations.ts";
import { checkBatch } from "./batch-rules.ts";
import {
  type ChainStore,
  type CommitBatch,
  type IdKind,
  type SideBlock,
  type SizedSideBlock,
  type StoredHead,
  StoreError,
  type TransactionLocation,
} from "./chain-store.ts";
import { bodyFault, DamagedBlocks } from "./damaged-blocks.ts";
import { LevelAccountIndex } from "./level-account-index.ts";
import type { LevelDatabase } from "./level-database.ts";
import { NewestSideBlocks, sideMoves } from "./side-blocks.ts";
import { corruptStore } from "./store-errors.ts";
import {
  blockKey,
  describeKey,
  entryKeyAt,
  headerKey,
  heightKey,
  historyEndKey,
  invalidKey,
  keyPrefixes,
  readSideKey,
  transactionKey,
  undoKey,
} from "./store-keys.ts";
import { invalidMarksMax, sideBlocksMax } from "./store-limits.ts";
import type { CommitMark } from "./store-marker.ts";
import { decodeHeaderRecord, decodeLocation, type StoreTotals } from "./store-records.ts";

export interface LevelStoreOptions {
  /** The store's own directory, e.g. `<data directory>/chain`; created when missing or empty. */
  readonly directory: string;
  /** 32 bytes; a store belongs to one chain for good. */
  readonly chainId: Uint8Array;
  /** With less free space commits reject with store/disk-full; 512 MiB unless told. */
  readonly freeBytesMin?: number;
  /** Blocks that the start-up check walks down from the head; 128 unless told. */
  readonly walkedBlocks?: number;
  /** Hashes of invalid blocks that are remembered; 4096 unless told. */
  readonly invalidMax?: number;
  /** False: blocks are not added to the account index, which stays as far as it is. Kept unless told. */
  readonly accountIndex?: boolean;
}

export interface LevelStoreModules {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Free bytes of the file system that holds a directory; statfs unless told. */
  readonly freeBytes?: (directory: string) => Promise<number>;
}

/** Sizes that are read in one turn of the event loop. */
const sizesPerTurn = 64;

const idKeys: Readonly<Record<IdKind, (id: Uint8Array) => Uint8Array>> = {
  block: headerKey,
  transaction: transactionKey,
  account: historyEndKey,
};

export class LevelStore implements ChainStore {
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #database: LevelDatabase;
  readonly #mark: CommitMark;
  readonly #index: LevelAccountIndex;
  readonly #invalidMax: number;
  /** The hash in each slot, and the set of them: a ring, so that peers cannot make it grow. */
  readonly #invalidSlots: string[] = [];
  readonly #invalid = new Set<string>();
  readonly #sides: NewestSideBlocks;
  readonly #damaged: DamagedBlocks;
  #totals: StoreTotals;
  #lastCommit: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    options: LevelStoreOptions,
    modules: LevelStoreModules,
    database: LevelDatabase,
    mark: CommitMark,
    totals: StoreTotals,
    sides: readonly SideBlock[],
  ) {
    this.#sides = new NewestSideBlocks(sideBlocksMax, sides);
    this.#directory = options.directory;
    this.#damaged = new DamagedBlocks(options.directory);
    this.#logger = modules.logger;
    this.#database = database;
    this.#mark = mark;
    this.#totals = totals;
    this.#invalidMax = options.invalidMax ?? invalidMarksMax;
    for (let slot = 0; slot < Math.min(totals.invalidCount, this.#invalidMax); slot++) {
      const hash = this.#database.get(invalidKey(slot));
      if (!hash) throw corruptStore(this.#directory, `the mark ${describeKey(invalidKey(slot))} is missing`);
      this.#remember(slot, toHex(hash));
    }
    this.#index = new LevelAccountIndex(options.accountIndex ?? true, database, this, modules.logger);
  }

  get head(): StoredHead | undefined {
    return this.#totals.head;
  }

  idsBetween(kind: IdKind, first: Uint8Array, last: Uint8Array, max: number): Promise<Uint8Array[]> {
    const [from, to] = [first, last].map(idKeys[kind]) as [Uint8Array, Uint8Array];
    return this.#database.idsBetween(from, to, max);
  }

  get accountIndex(): AccountIndex {
    return this.#index;
  }

  get final(): Checkpoint | undefined {
    return this.#totals.final;
  }

  headerRecord(hash: Uint8Array): HeaderRecord | undefined {
    const key = headerKey(hash);
    return this.#decoded(key, (bytes) => decodeHeaderRecord(hash, bytes));
  }

  hashAtHeight(height: number): Uint8Array | undefined {
    return height <= (this.head?.height ?? -1) ? this.#kept(heightKey(height)) : undefined;
  }

  blockBytes(hash: Uint8Array): Uint8Array | undefined {
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#get(blockKey(hash));
    } catch (thrown) {
      if (!(thrown instanceof StoreError) || thrown.code !== "store/corrupt") throw thrown;
      throw this.foundDamaged(hash, "its bytes do not match their checksum");
    }
    // A block is stored with its header, and never without.
    if (!bytes && this.#get(headerKey(hash))) throw this.foundDamaged(hash, "its bytes are missing");
    return bytes;
  }

  damagedBlocks(): readonly Uint8Array[] {
    return this.#damaged.list();
  }

  foundDamaged(hash: Uint8Array, why: string): StoreError {
    return this.#damaged.found(hash, why);
  }

  mendBlock(hash: Uint8Array, bytes: Uint8Array): Promise<boolean> {
    return this.#serially(async () => {
      const record = this.headerRecord(hash);
      if (!record || bodyFault(bytes, record) !== undefined) return false;
      await this.#database.write([{ key: blockKey(hash), payload: bytes }]);
      this.#database.show();
      this.#damaged.forget(hash);
      return true;
    });
  }

  isInvalid(hash: Uint8Array): boolean {
    return this.#invalid.has(toHex(hash));
  }

  stateChange(hash: Uint8Array): StateChange | undefined {
    return this.#decoded(undoKey(hash), (bytes) => okValue(decodeStateChange(bytes)));
  }

  transactionLocation(id: Uint8Array): TransactionLocation | undefined {
    return this.#decoded(transactionKey(id), decodeLocation);
  }

  sideBlocks(): readonly SideBlock[] {
    invariant(!this.#closed, "the store is open");
    return this.#sides.list();
  }

  async sizedSideBlocks(): Promise<readonly SizedSideBlock[]> {
    const sized: SizedSideBlock[] = [];
    for (const [key, parentHash] of await this.#database.newestOf(keyPrefixes.side)) {
      const side = { ...readSideKey(key), parentHash };
      sized.push({ ...side, bytes: this.#database.sizeOf(blockKey(side.hash)) });
      // Each size costs a read of the whole block, and an attacker may have stored many: others get their turn meanwhile.
      if (sized.length % sizesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return sized;
  }

  *entries(): Iterable<readonly [index: number, entry: Entry]> {
    const entryCount = this.head?.entryCount ?? 0;
    for (let index = 0; index < entryCount; index++) {
      const key = entryKeyAt(index);
      const entry = okValue(decodeEntry(this.#kept(key)));
      if (!entry) throw corruptStore(this.#directory, `the value of ${describeKey(key)} does not decode`);
      yield [index, entry];
    }
  }

  commit(batch: CommitBatch): Promise<void> {
    return this.#serially(() => this.#commit(batch));
  }

  async clearAccountIndex(): Promise<void> {
    const index = this.#index;
    await this.#serially(() => index.beginClearing());
    while (!(await this.#serially(() => index.clearSome())));
  }

  /** One writer at a time, in the order of the calls. */
  #serially<Value>(write: () => Promise<Value>): Promise<Value> {
    const written = this.#lastCommit.then(() => {
      invariant(!this.#closed, "the store is open");
      return write();
    });
    this.#lastCommit = written.then(
      () => undefined,
      () => undefined,
    );
    return written;
  }

  async #commit(batch: CommitBatch): Promise<void> {
    const before = this.#totals;
    const hasBlock = (hash: Uint8Array) => this.#get(headerKey(hash)) !== undefined;
    const lookups = { hasBlock, hashAtHeight: (height: number) => this.hashAtHeight(height) };
    checkBatch(batch, before, lookups);
    const sides = sideMoves(batch, lookups);
    const invalidMax = this.#invalidMax;
    const isInvalid = (hash: Uint8Array) => this.isInvalid(hash);
    const { operations, totals } = operationsOf(batch, sides, before, { invalidMax, hasBlock, isInvalid });
    const index = this.#index.follow(batch, this);
    await this.#database.write(index ? [...operations, ...index.operations] : operations);
    try {
      await this.#mark.write(totals.commitCount);
    } catch (error) {
      // The commit is on disk; a mark that lags behind only finds less.
      this.#logger.warn({ error, directory: this.#directory }, "the commit mark could not be written");
    }
    // Seen last and all at once: a reader that finds a transaction here finds the chain's head at its block, too.
    this.#database.show();
    this.#totals = totals;
    this.#sides.apply(sides);
    for (const { hash } of batch.dropped ?? []) this.#damaged.forget(hash);
    index?.written();
    const marks = new Set(batch.invalid.map(toHex));
    let marksMade = before.invalidCount;
    for (const hash of marks) if (!this.#invalid.has(hash)) this.#remember(marksMade++ % invalidMax, hash);
  }

  #remember(slot: number, hashHex: string): void {
    const previous = this.#invalidSlots[slot];
    if (previous !== undefined) this.#invalid.delete(previous);
    this.#invalidSlots[slot] = hashHex;
    this.#invalid.add(hashHex);
  }

  #get(key: Uint8Array): Uint8Array | undefined {
    invariant(!this.#closed, "the store is open");
    return this.#database.get(key);
  }

  /** A value that must be there. */
  #kept(key: Uint8Array): Uint8Array {
    const bytes = this.#get(key);
    if (!bytes) throw corruptStore(this.#directory, `the value of ${describeKey(key)} is missing`);
    return bytes;
  }

  #decoded<Value>(key: Uint8Array, decode: (bytes: Uint8Array) => Value | undefined): Value | undefined {
    const bytes = this.#get(key);
    if (!bytes) return undefined;
    const value = decode(bytes);
    if (!value) throw corruptStore(this.#directory, `the value of ${describeKey(key)} does not decode`);
    return value;
  }

  close(): Promise<void> {
    const closing = this.#lastCommit.then(() => this.#close());
    this.#lastCommit = closing.catch(() => undefined);
    return closing;
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#database.close();
    await this.#mark.close();
  }
}

function okValue<Value>(result: Result<Value, unknown>): Value | undefined {
  return result.ok ? result.value : undefined;
}
