/** A disk for a pool's books in memory: remembers how it was after each batch, and fails when it is told to. */
import {
  type BookChange,
  type BookLimits,
  type BookRecord,
  decodeRecord,
  encodeRecord,
  recordKey,
} from "../../src/pool/book-records.ts";
import type { PoolStore } from "../../src/pool/pool-store.ts";

/** Records as text, by key. */
export type DiskContents = ReadonlyMap<string, string>;

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
    return Array.from(this.#contents.values(), decodeRecord);
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
