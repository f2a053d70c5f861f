/** The file of a journal: each record is appended and synced. The file is read at the start and compacted now and then. */
import fs, { type Stats } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { crc32 } from "node:zlib";
import { fromHex, toHex } from "../../base/bytes.ts";
import { createDurableFile, syncDirectory } from "../../base/durable-file.ts";
import { invariant, toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { SerialQueue } from "../../base/serial-queue.ts";
import { floorHeightOf, JournalError } from "./journal.ts";
import {
  encodeRecord,
  type JournalRecord,
  type RecordPlace,
  readJournal,
  recordHeadBytes,
} from "./journal-records.ts";

const recordsPendingMax = 16;
const fileMode = 0o600;

/** Which journal the file is, and the journal's words in messages to the operator. */
export interface RecordFileKind {
  /** The first bytes of the file: its kind and version. */
  readonly magic: Uint8Array;
  /** E.g. "seal journal". */
  readonly name: string;
  /** What a record says was done at its height, e.g. "sealed". */
  readonly done: string;
  /** What follows if no record can be written, e.g. "nothing is sealed". */
  readonly nothingIsDone: string;
}

export interface RecordFileOptions {
  /** Records of this many heights below the highest stay. */
  readonly heightsKept: number;
  /** Whether a whole record may follow those before it; asked at the opening for each one, oldest first. */
  readonly isFitting?: (record: JournalRecord) => boolean;
}

export interface RecordFile {
  /** Records of lower heights may be gone. */
  readonly floorHeight: number;
  /** The payload under a hash, once it is durable. Throws a JournalError if the file was damaged meanwhile. */
  read(hashHex: string): Uint8Array | undefined;
  /**
   * Resolves when the record is durable; rejects with a JournalError if it may not be. The caller must not hand in a
   * hash twice.
   */
  append(record: JournalRecord): Promise<void>;
  close(): Promise<void>;
}

/** Opens the file, or creates it in a directory that exists. Rejects with a JournalError. */
export async function openRecordFile(
  filePath: string,
  kind: RecordFileKind,
  { heightsKept, isFitting }: RecordFileOptions,
  { logger }: { readonly logger: Logger },
): Promise<RecordFile> {
  const { magic, name } = kind;
  const temporaryPath = `${filePath}.tmp`;
  let handle = await openOrCreate(filePath, temporaryPath, magic).catch((thrown) => {
    throw ioError(filePath, kind, thrown);
  });
  let broken: JournalError | undefined;
  let heightMax = 0;
  let recordCount = 0;
  let endOffset = magic.length;
  const places = new Map<string, RecordPlace>();
  const queue = new SerialQueue(recordsPendingMax);

  const floorHeight = () => floorHeightOf(heightMax, heightsKept);
  const remember = (hashHex: string, place: RecordPlace) => {
    places.set(hashHex, place);
    recordCount += 1;
    endOffset = place.payloadOffset + place.payloadLength;
    heightMax = Math.max(heightMax, place.height);
    for (const [hex, { height }] of places) if (height < floorHeight()) places.delete(hex);
  };

  const readPayload = (place: RecordPlace): Uint8Array => {
    const payload = new Uint8Array(place.payloadLength);
    const length = fs.readSync(handle.fd, payload, 0, place.payloadLength, place.payloadOffset);
    if (length !== place.payloadLength || crc32(payload) !== place.payloadCrc) {
      throw corrupt(filePath, kind, place.payloadOffset - recordHeadBytes, heightMax);
    }
    return payload;
  };

  /** Notices a file that was deleted or moved while the node runs: after a restart it would be missing. */
  const checkPlace = async () => {
    const [own, found] = await Promise.all([handle.stat(), statIfThere(filePath)]);
    if (found?.ino === own.ino && found.dev === own.dev) return;
    // Some network file systems give one file two inode numbers.
    if (found?.size === own.size) return;
    if (found) throw replaced(filePath, kind);
    logger.warn({ filePath }, `the ${name} is gone from its place; it is written again`);
    broken = missing(filePath, kind);
  };

  const append = async (record: JournalRecord) => {
    await checkPlace().catch((thrown) => {
      throw thrown instanceof JournalError ? thrown : ioError(filePath, kind, thrown);
    });
    if (broken) await mend();
    try {
      await handle.appendFile(encodeRecord(record));
    } catch (thrown) {
      // The part that was written must go. Otherwise the next record would follow a torn one.
      await handle.truncate(endOffset).catch((error) => {
        broken = ioError(filePath, kind, error);
      });
      throw ioError(filePath, kind, thrown);
    }
    try {
      await handle.datasync();
    } catch (thrown) {
      // After a failed sync the content of the disk is unknown, even after a later sync that succeeds. So a new file is written.
      broken = ioError(filePath, kind, thrown);
      throw broken;
    }
    remember(toHex(record.hash), {
      height: record.height,
      payloadOffset: endOffset + recordHeadBytes,
      payloadLength: record.payload.length,
      payloadCrc: crc32(record.payload),
    });
  };

  /** Writes all that is remembered to a new file, then renames it over the old one. A failure before that changes nothing. */
  const rewrite = async () => {
    const compacted = new Map<string, RecordPlace>();
    let target: FileHandle | undefined;
    let offset = magic.length;
    try {
      await rm(temporaryPath, { force: true });
      target = await open(temporaryPath, "ax+", fileMode);
      await target.appendFile(magic);
      for (const [hashHex, place] of places) {
        const hash = fromHex(hashHex) as Uint8Array;
        const record = encodeRecord({ hash, height: place.height, payload: readPayload(place) });
        await target.appendFile(record);
        compacted.set(hashHex, { ...place, payloadOffset: offset + recordHeadBytes });
        offset += record.length;
      }
      await target.sync();
      await rename(temporaryPath, filePath);
    } catch (thrown) {
      await target?.close();
      await rm(temporaryPath, { force: true }).catch(() => undefined);
      throw thrown;
    }
    const old = handle;
    handle = target;
    for (const [hashHex, place] of compacted) places.set(hashHex, place);
    recordCount = compacted.size;
    endOffset = offset;
    await old.close();
    broken = undefined;
    try {
      await syncDirectory(path.dirname(filePath));
    } catch (thrown) {
      // Without this sync a power cut could bring the old file back, without the records of the new one.
      broken = ioError(filePath, kind, thrown);
      throw broken;
    }
  };
  const compact = async () => {
    if (broken) return;
    try {
      await rewrite();
    } catch (thrown) {
      if (broken) throw broken;
      logger.warn({ error: toError(thrown), filePath }, `the ${name} could not be compacted; it grows on`);
    }
  };
  /** After a fault of the disk: writes and syncs a new file with all that the old file may have lost. */
  const mend = async () => {
    try {
      await rewrite();
    } catch (thrown) {
      if (thrown instanceof JournalError) throw thrown;
      throw ioError(filePath, kind, thrown);
    }
    logger.info({ filePath }, `the ${name} can be written again`);
  };
  /** Twice the records that must stay, so that the cost for each record stays constant. */
  const isCompactionDue = () => recordCount >= 2 * Math.max(heightsKept, places.size);

  const inOrder = async (task: () => Promise<void>) => {
    const result = await queue.run(task);
    invariant(result.ok, "an authority records a few things at a time");
  };
  const compactSoon = () => {
    inOrder(compact).catch((error) => logger.error({ error, filePath }, `the ${name} is broken`));
  };

  try {
    const contents = await readJournal(handle, magic, isFitting);
    for (const { hashHex, place } of contents.records) remember(hashHex, place);
    if (contents.damagedAt !== undefined) throw corrupt(filePath, kind, contents.damagedAt, heightMax);
    if (contents.tornBytes > 0) {
      logger.warn(
        { filePath, bytes: contents.tornBytes, offset: endOffset },
        `the ${name} ended in a record that was never finished; it was cut off`,
      );
      await handle.truncate(endOffset);
    }
    // The records of a killed process may be in the system's memory only. This node acts on them, so they must survive a power cut.
    await handle.sync();
    await syncDirectory(path.dirname(filePath));
    if (isCompactionDue()) await compact();
  } catch (thrown) {
    await handle.close();
    throw thrown instanceof JournalError ? thrown : ioError(filePath, kind, thrown);
  }

  return {
    get floorHeight() {
      return floorHeight();
    },
    read(hashHex) {
      const place = places.get(hashHex);
      return place && readPayload(place);
    },
    async append(record) {
      await inOrder(() => append(record));
      if (isCompactionDue()) compactSoon();
    },
    async close() {
      await queue.idle();
      await handle.close();
    },
  };
}

async function openOrCreate(filePath: string, temporaryPath: string, magic: Uint8Array): Promise<FileHandle> {
  await rm(temporaryPath, { force: true });
  if (!fs.existsSync(filePath)) await createDurableFile(filePath, magic, fileMode);
  // Append mode: a write can never overwrite a record.
  return open(filePath, "a+", fileMode);
}

function corrupt(filePath: string, kind: RecordFileKind, offset: number, heightMax: number): JournalError {
  return new JournalError(
    "journal/corrupt",
    `the ${kind.name} ${filePath} is damaged at byte ${offset}: what this authority signed cannot be known, ` +
      `so it must not sign (last height read: ${heightMax})`,
    `wait until the chain's head has passed every height that this authority may have ${kind.done}, then start anew ` +
      `with: mv '${filePath}' '${filePath}.damaged'`,
  );
}

async function statIfThere(filePath: string): Promise<Stats | undefined> {
  try {
    return await stat(filePath);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw thrown;
  }
}

function missing(filePath: string, kind: RecordFileKind): JournalError {
  return new JournalError(
    "journal/io",
    `the ${kind.name} ${filePath} is gone from its place, so ${kind.nothingIsDone}`,
    `see that the directory ${path.dirname(filePath)} is there and can be written; the node tries again by itself`,
  );
}

function replaced(filePath: string, kind: RecordFileKind): JournalError {
  return new JournalError(
    "journal/io",
    `the ${kind.name} ${filePath} was replaced by another file while the node ran, so ${kind.nothingIsDone}`,
    `move that file away, and the node writes its own again; or restart the node if that file is to count`,
  );
}

function ioError(filePath: string, kind: RecordFileKind, thrown: unknown): JournalError {
  const error = toError(thrown);
  return new JournalError(
    "journal/io",
    `the ${kind.name} ${filePath} cannot be written, so ${kind.nothingIsDone}: ${error.message}`,
    "make room on the disk or mend it; the node tries again by itself",
    { cause: error },
  );
}
