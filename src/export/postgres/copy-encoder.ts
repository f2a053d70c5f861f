/** Rows in PostgreSQL's binary COPY format (postgresql.org/docs/current/sql-copy.html): no text is escaped, no byte written as hex. */
import { invariant } from "../../base/invariant.ts";
import type { Row, SqlValue } from "../rows.ts";
import type { Table } from "../table.ts";

const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const trailer = Buffer.from([0xff, 0xff]);
/** Most tables get a row or two at a time. */
const firstChunkBytes = 4 * 1024;
const chunkBytes = 512 * 1024;
/** A field's length of −1 stands for NULL. */
const nullLength = -1;

export class CopyEncoder {
  readonly #columns: readonly { readonly name: string; readonly isReal: boolean }[];
  #done: Uint8Array[] = [];
  #doneBytes = 0;
  #buffer = Buffer.allocUnsafe(0);
  #at = 0;
  #rows = 0;

  constructor(table: Table) {
    this.#columns = table.columns.map(({ name, type }) => ({ name, isReal: type === "REAL" }));
    this.clear();
  }

  /** Rows since the last {@link take}. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes that were not taken yet. */
  get bytes(): number {
    return this.#doneBytes + this.#at;
  }

  /** Forgets what was not taken. */
  clear(): void {
    this.#done = [];
    this.#doneBytes = 0;
    this.#buffer = Buffer.allocUnsafe(firstChunkBytes);
    this.#at = header.copy(this.#buffer);
    this.#rows = 0;
  }

  add(row: Row): void {
    this.#reserve(2);
    this.#at = this.#buffer.writeInt16BE(this.#columns.length, this.#at);
    for (const { name, isReal } of this.#columns) {
      const value = row[name];
      invariant(value !== undefined, `a row without ${name}`);
      this.#field(value, isReal);
    }
    this.#rows += 1;
  }

  /** What was added since the last part; more rows of the same COPY can follow. */
  takePart(): Uint8Array[] {
    const chunks = [...this.#done, this.#buffer.subarray(0, this.#at)];
    this.#done = [];
    this.#doneBytes = 0;
    this.#buffer = Buffer.allocUnsafe(chunkBytes);
    this.#at = 0;
    return chunks;
  }

  /** All that was not taken yet, with the end of the format; the encoder then begins anew. */
  take(): Uint8Array[] {
    this.#reserve(trailer.length);
    this.#at += trailer.copy(this.#buffer, this.#at);
    const chunks = this.takePart();
    this.clear();
    return chunks;
  }

  #field(value: SqlValue, isReal: boolean): void {
    if (typeof value === "string") {
      // UTF-8 takes at most three bytes for each UTF-16 unit.
      this.#reserve(4 + value.length * 3);
      const bytes = this.#buffer.write(value, this.#at + 4, "utf8");
      this.#buffer.writeInt32BE(bytes, this.#at);
      this.#at += 4 + bytes;
    } else if (value === null) {
      this.#reserve(4);
      this.#at = this.#buffer.writeInt32BE(nullLength, this.#at);
    } else if (value instanceof Uint8Array) {
      this.#reserve(4 + value.length);
      this.#at = this.#buffer.writeInt32BE(value.length, this.#at);
      this.#buffer.set(value, this.#at);
      this.#at += value.length;
    } else {
      this.#reserve(12);
      this.#at = this.#buffer.writeInt32BE(8, this.#at);
      if (isReal) this.#at = this.#buffer.writeDoubleBE(Number(value), this.#at);
      else if (typeof value === "bigint") this.#at = this.#buffer.writeBigInt64BE(value, this.#at);
      else {
        invariant(Number.isSafeInteger(value), "an INTEGER that a number holds exactly");
        this.#at = this.#buffer.writeInt32BE(Math.floor(value / 2 ** 32), this.#at);
        this.#at = this.#buffer.writeUInt32BE(value >>> 0, this.#at);
      }
    }
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    if (this.#at > 0) this.#done.push(this.#buffer.subarray(0, this.#at));
    this.#doneBytes += this.#at;
    this.#buffer = Buffer.allocUnsafe(Math.max(chunkBytes, bytes));
    this.#at = 0;
  }
}
