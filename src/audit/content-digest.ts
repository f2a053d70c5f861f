/** The content digest of a ledger: one hash for each height, over all rows that follow from the chain up to it. */
import { createHash, type Hash } from "node:crypto";
import { invariant } from "../base/invariant.ts";
import { type DigestTableName, digestColumns } from "./digest-columns.ts";

/** As SQLite gives values with `setReadBigInts(true)`: an INTEGER is a bigint, a REAL is a number. */
export type DigestValue = null | bigint | number | string | Uint8Array;
export type DigestRow = Readonly<Record<string, DigestValue>>;

/** What stands in the file about one block. */
export interface DigestedBlock {
  readonly block: DigestRow;
  /** By position. */
  readonly transactions: Iterable<DigestRow>;
  /** By the position of their transactions. */
  readonly users: Iterable<DigestRow>;
  /** By the position of their transactions; AUR first. */
  readonly assets: Iterable<DigestRow>;
  /** By account. */
  readonly authorityChanges: Iterable<DigestRow>;
}

/** Characters that are collected before they are hashed: few calls, and little memory. */
const chunkCharacters = 65_536;

/** Takes the blocks of one chain in order; `docs/content-digest.md` writes the format out. */
export class ContentDigest {
  #current: Uint8Array;

  /**
   * Begins a chain.
   *
   * @param meta the chain's row of `meta`
   * @param allocations its rows of `allocations`, by account
   */
  constructor(meta: DigestRow, allocations: Iterable<DigestRow>);
  /** Goes on from the digest of a block, with the block after it. */
  constructor(after: Uint8Array);
  constructor(start: DigestRow | Uint8Array, allocations: Iterable<DigestRow> = []) {
    this.#current = start instanceof Uint8Array ? start : genesisHash(start, allocations);
  }

  /** The digest after the block that was appended last; before block 0, that of the genesis rows. */
  get current(): Uint8Array {
    return this.#current;
  }

  append({ block, transactions, users, assets, authorityChanges }: DigestedBlock): void {
    const rows = new RowHash();
    rows.row("blocks", block);
    rows.rows("transactions", transactions);
    rows.rows("users", users);
    rows.rows("assets", assets);
    rows.rows("authority_changes", authorityChanges);
    this.appendHash(rows.end());
  }

  /** Appends a block by the hash of its rows, for whoever hashes blocks elsewhere. */
  appendHash(blockRowsHash: Uint8Array): void {
    this.#current = createHash("sha256").update(this.#current).update(blockRowsHash).digest();
  }
}

function genesisHash(meta: DigestRow, allocations: Iterable<DigestRow>): Uint8Array {
  const rows = new RowHash();
  rows.text("aurex/ledger-content/1\n");
  rows.row("meta", meta);
  rows.rows("allocations", allocations);
  return rows.end();
}

/** Hashes rows as they come, in their canonical text. */
export class RowHash {
  readonly #hash: Hash = createHash("sha256");
  #waiting = "";

  text(text: string): void {
    this.#waiting += text;
    if (this.#waiting.length < chunkCharacters) return;
    this.#hash.update(this.#waiting, "utf8");
    this.#waiting = "";
  }

  row(table: DigestTableName, row: DigestRow): void {
    this.text(canonicalRow(table, row));
  }

  rows(table: DigestTableName, rows: Iterable<DigestRow>): void {
    for (const row of rows) this.row(table, row);
  }

  end(): Uint8Array {
    return this.#hash.update(this.#waiting, "utf8").digest();
  }
}

/** A row as the digest hashes it: its table, and each column with its value's type and length, so that no two rows share one text. */
export function canonicalRow(table: DigestTableName, row: DigestRow): string {
  let text = `T${table}\n`;
  for (const column of digestColumns[table]) {
    const value = row[column];
    invariant(value !== undefined, `a row of ${table} has the column ${column}`);
    text += `${column}=${canonicalValue(value)}\n`;
  }
  return text;
}

function canonicalValue(value: DigestValue): string {
  if (value === null) return "N";
  if (typeof value === "string") return `S${Buffer.byteLength(value)}:${value}`;
  if (typeof value === "bigint") return `I${value}`;
  if (typeof value === "number") return `R${doubleHex(value)}`;
  return `B${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
}

const double = new DataView(new ArrayBuffer(8));

/** The eight bytes of an IEEE 754 double, most significant first, in hex. */
function doubleHex(value: number): string {
  double.setFloat64(0, value);
  return double.getBigUint64(0).toString(16).padStart(16, "0");
}
