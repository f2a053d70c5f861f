/**
 * Reads LevelDB's own files before LevelDB does and says what is damaged: the library opens a damaged store without a
 * word, loses what it cannot read, and deletes files while opening.
 *
 * The formats are LevelDB 1.20's (doc/log_format.md, doc/table_format.md, db/version_edit.cc).
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { maskedCrc32c } from "./crc32c.ts";

const logBlockBytes = 32_768;
const recordHeaderBytes = 7;
const recordTypes = { full: 1, first: 2, middle: 3, last: 4 } as const;

const blockTrailerBytes = 5;
const footerBytes = 48;
const tableMagic = 0xdb4775248b80fb57n;

/** What a file in LevelDB's log format holds. */
interface LogContents {
  readonly records: readonly Buffer[];
  /** Where the first record stands that cannot be read; undefined where every byte was understood. */
  readonly brokenAt: number | undefined;
  /**
   * Whether a record begins after the broken one. A crash cuts short the last write only, of which a power cut may
   * leave later pages without earlier ones; so fragments may follow, but no beginning.
   */
  readonly goesOn: boolean;
}

/**
 * Checks the checksum of every byte that the store in `directory` consists of: CURRENT, the manifest, its live tables
 * and its logs. A log that ends in a half-written record is whole: that is what a crash leaves, and nothing in it was
 * acknowledged. Tables are expected without compression, as this room writes them.
 *
 * @returns the first damage in words, or undefined
 */
export async function damageOfLevelFiles(directory: string): Promise<string | undefined> {
  const current = await readIfThere(join(directory, "CURRENT"));
  if (!current) return "the file CURRENT is missing";
  const manifestName = current.toString("latin1");
  if (!/^MANIFEST-\d+\n$/.test(manifestName)) return "the file CURRENT names no manifest";
  const manifestBytes = await readIfThere(join(directory, manifestName.trimEnd()));
  if (!manifestBytes) return `the manifest ${manifestName.trimEnd()} is missing`;
  const manifest = readLog(manifestBytes);
  if (manifest.brokenAt !== undefined) {
    return `the manifest ${manifestName.trimEnd()} is damaged at byte ${manifest.brokenAt}`;
  }
  const version = readVersion(manifest.records);
  if (!version) return `the manifest ${manifestName.trimEnd()} does not decode`;

  const names = await readdir(directory);
  for (const [number, fileBytes] of version.tables) {
    const name = names.find((candidate) => numberOf(candidate, "ldb|sst") === number);
    if (!name) return `the table ${number} is missing`;
    const bytes = await readFile(join(directory, name));
    if (bytes.length !== fileBytes) return `the table ${name} has ${bytes.length} of ${fileBytes} bytes`;
    if (!isTableWhole(bytes)) return `the table ${name} is damaged`;
  }
  for (const name of names) {
    const number = numberOf(name, "log");
    if (number === undefined || (number < version.logNumber && number !== version.previousLogNumber))
      continue;
    const log = readLog(await readFile(join(directory, name)));
    if (log.goesOn) return `the log ${name} is damaged at byte ${log.brokenAt}`;
  }
  return undefined;
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw thrown;
  }
}

function numberOf(name: string, extensions: string): number | undefined {
  const match = new RegExp(`^(\\d+)\\.(?:${extensions})$`).exec(name);
  return match ? Number(match[1]) : undefined;
}

function readLog(bytes: Buffer): LogContents {
  const records: Buffer[] = [];
  let fragments: Buffer[] = [];
  let brokenAt: number | undefined;
  let goesOn = false;
  const broken = (at: number) => {
    brokenAt ??= at;
    fragments = [];
  };
  for (let block = 0; block < bytes.length; block += logBlockBytes) {
    const blockEnd = Math.min(block + logBlockBytes, bytes.length);
    let at = block;
    while (at + recordHeaderBytes <= blockEnd) {
      const start = at + recordHeaderBytes;
      const end = start + bytes.readUInt16LE(at + 4);
      const type = bytes[at + 6] as number;
      // Zeros, too, are no record: room that the file system gave and no write reached before a power cut.
      if (end > blockEnd || type < recordTypes.full || type > recordTypes.last) {
        broken(at);
        break;
      }
      if (maskedCrc32c(bytes, start - 1, end) !== bytes.readUInt32LE(at)) {
        broken(at);
      } else {
        const begins = type === recordTypes.full || type === recordTypes.first;
        goesOn ||= begins && brokenAt !== undefined;
        if (begins !== (fragments.length === 0)) broken(at);
        else fragments.push(bytes.subarray(start, end));
        if (type === recordTypes.full || type === recordTypes.last) {
          if (brokenAt === undefined) records.push(Buffer.concat(fragments));
          fragments = [];
        }
      }
      at = end;
    }
    // Only the last block may end in less than a header; elsewhere those bytes are padding.
    if (blockEnd === bytes.length && at < blockEnd && blockEnd - block < logBlockBytes) broken(at);
  }
  if (fragments.length > 0) broken(bytes.length);
  return { records, brokenAt, goesOn };
}

interface Version {
  /** Bytes by file number. */
  readonly tables: ReadonlyMap<number, number>;
  readonly logNumber: number;
  readonly previousLogNumber: number;
}

/** Plays the manifest's edits; undefined where they are none. */
function readVersion(edits: readonly Buffer[]): Version | undefined {
  const tables = new Map<number, number>();
  let logNumber = 0;
  let previousLogNumber = 0;
  try {
    for (const edit of edits) {
      const reader = new VarintReader(edit);
      while (!reader.ended) {
        const tag = reader.varint();
        if (tag === 1) reader.skipSlice();
        else if (tag === 2) logNumber = reader.varint();
        else if (tag === 3 || tag === 4) reader.varint();
        else if (tag === 5) {
          reader.varint();
          reader.skipSlice();
        } else if (tag === 6) {
          reader.varint();
          tables.delete(reader.varint());
        } else if (tag === 7) {
          reader.varint();
          tables.set(reader.varint(), reader.varint());
          reader.skipSlice();
          reader.skipSlice();
        } else if (tag === 9) previousLogNumber = reader.varint();
        else return undefined;
      }
    }
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
  return { tables, logNumber, previousLogNumber };
}

/** Every byte of a table but the footer's padding lies in a block with its checksum. */
function isTableWhole(bytes: Buffer): boolean {
  const footerAt = bytes.length - footerBytes;
  if (footerAt < 0 || bytes.readBigUInt64LE(bytes.length - 8) !== tableMagic) return false;
  try {
    const footer = new VarintReader(bytes.subarray(footerAt, bytes.length - 8));
    const metaIndex = blockOf(bytes, footer);
    const index = blockOf(bytes, footer);
    if (!metaIndex || !index) return false;
    for (const handles of [metaIndex, index]) {
      for (const handle of blockValues(handles)) {
        if (!blockOf(bytes, new VarintReader(handle))) return false;
      }
    }
    return true;
  } catch (thrown) {
    if (thrown instanceof RangeError) return false;
    throw thrown;
  }
}

/** The block that the next handle names; undefined where its checksum fails or it is compressed. */
function blockOf(table: Buffer, handle: VarintReader): Buffer | undefined {
  const start = handle.varint();
  const end = start + handle.varint();
  if (end + blockTrailerBytes > table.length - footerBytes) return undefined;
  if (table[end] !== 0 || maskedCrc32c(table, start, end + 1) !== table.readUInt32LE(end + 1))
    return undefined;
  return table.subarray(start, end);
}

/** The values of a block's entries: shared and own key length, value length, own key bytes, value. */
function* blockValues(block: Buffer): Iterable<Buffer> {
  const restarts = block.readUInt32LE(block.length - 4);
  const reader = new VarintReader(block.subarray(0, block.length - 4 * (restarts + 1)));
  while (!reader.ended) {
    reader.varint();
    const ownKeyBytes = reader.varint();
    const valueBytes = reader.varint();
    reader.take(ownKeyBytes);
    yield reader.take(valueBytes);
  }
}

/** Reads LevelDB's integers; throws a RangeError at the end of the bytes. */
class VarintReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError("a varint over 56 bits");
  }

  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new RangeError("past the end");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  skipSlice(): void {
    this.take(this.varint());
  }
}
