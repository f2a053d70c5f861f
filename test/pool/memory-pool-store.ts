/** A disk for a pool's books in memory: remembers how it was after each batch, and fails when it is told to. */
import {
  archiveRoot,
  type BookChange,
  type BookLimits,
  type BookRecord,
  decodeRecord,
  encodeRecord,
  recordKey,
} from "../../src/pool/book-records.ts";
import {
  type ArchivedRecord,
  type ArchiveRange,
  archiveKeys,
  type PoolStore,
} from "../../src/pool/pool-store.ts";

/** Records as text, by key. */
export type DiskContents = ReadonlyMap<string, string>;

/** What books in memory are built from. */
export function recordsBesideArchive(contents: DiskContents): BookRecord[] {
  return [...contents].filter(([key]) => !key.startsWith(archiveRoot)).map(([, text]) => decodeRecord(text));
}

export class MemoryPoolStore implements PoolStore {
  readonly #limits: BookLimits;
  #contents: DiskContents;
  /** How the disk was at first, and after each batch. */
  readonly history: DiskContents[];
  /** What becomes of the next writes that fail: "lost", or "kept" although they were reported as failed. */
  readonly failures: ("lost" | "kept")[] = [];
  #hasFailed = false;

  constructor(limits: BookLimits, contents: DiskContents = new Map()) {
    this.#limits = limits;
    this.#contents = contents;
    this.history = [contents];
  }

  async load(): Promise<readonly BookRecord[]> {
    this.#hasFailed = false;
    return recordsBesideArchive(this.#contents);
  }

  async readArchive(range: ArchiveRange): Promise<readonly ArchivedRecord[]> {
    const { gt, lt } = archiveKeys(range, this.#limits);
    const keys = [...this.#contents.keys()]
      .filter((key) => key > gt && key < lt)
      .sort()
      .reverse();
    return keys
      .slice(0, range.countMax)
      .map((key) => decodeRecord(this.#contents.get(key) ?? "") as ArchivedRecord);
  }

  async write(changes: readonly BookChange[]): Promise<void> {
    if (this.#hasFailed) throw new Error("a write after a failed one, without a look at what is there");
    const next = new Map(this.#contents);
    for (const { type, record } of changes) {
      const key = recordKey(record, this.#limits);
      if (type === "put") next.set(key, encodeRecord(record));
      else next.delete(key);
    }
    // As long as a disk takes: others come meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
    const failure = this.failures.shift();
    if (failure !== "lost") {
      this.#contents = next;
      this.history.push(next);
    }
    if (failure) {
      this.#hasFailed = true;
      throw new Error("the disk does not like it");
    }
  }

  async close(): Promise<void> {}
}

/** One text for all that books hold; equal books have equal texts. */
export function textOf(records: Iterable<BookRecord>, limits: BookLimits): string {
  return Array.from(records, (record) => `${recordKey(record, limits)} ${encodeRecord(record)}`)
    .sort()
    .join("\n");
}
