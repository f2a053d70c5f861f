/** The sign-once journal in a file: appended and synced before a seal leaves, read whole at start, compacted now and then. */
import fs from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { crc32 } from "node:zlib";
import { toHex } from "../../base/bytes.ts";
import { createDurableFile, syncDirectory } from "../../base/durable-file.ts";
import { invariant, toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { SerialQueue } from "../../base/serial-queue.ts";
import { blockBytesMax } from "../../protocol/block.ts";
import {
  encodeRecord,
  journalMagic,
  type RecordPlace,
  readJournal,
  recordHeadBytes,
} from "./journal-records.ts";
import {
  floorHeightOf,
  JournalError,
  journalHeightsKept,
  requireRemembered,
  requireSameBlock,
  type SealJournal,
  type SealJournalEntry,
} from "./seal-journal.ts";

const recordsPendingMax = 16;
const fileMode = 0o600;

/**
 * Opens the journal, or creates it in a directory that exists. A last record that a kill cut short was never
 * acknowledged: it is cut off and logged. Any other damage rejects with {@link JournalError} "journal/corrupt".
 *
 * The blocks stay on disk; memory holds one small entry for each of the newest `heightsKept` heights.
 */
export async function openFileSealJournal(
  filePath: string,
  { logger }: { readonly logger: Logger },
  heightsKept: number = journalHeightsKept,
): Promise<SealJournal> {
  const temporaryPath = `${filePath}.tmp`;
  let handle = await openOrCreate(filePath, temporaryPath).catch((thrown) => {
    throw ioError(filePath, thrown);
  });
  let broken: JournalError | undefined;
  let heightMax = 0;
  let recordCount = 0;
  let endOffset = journalMagic.length;
  const places = new Map<string, RecordPlace>();
  const pending = new Map<string, { blockBytes: Uint8Array; durable: Promise<void> }>();
  const queue = new SerialQueue(recordsPendingMax);

  const floorHeight = () => floorHeightOf(heightMax, heightsKept);
  const remember = (parentHex: string, place: RecordPlace) => {
    places.set(parentHex, place);
    recordCount += 1;
    endOffset = place.blockOffset + place.blockLength;
    heightMax = Math.max(heightMax, place.height);
    for (const [hex, { height }] of places) if (height < floorHeight()) places.delete(hex);
  };

  const readBlock = (place: RecordPlace): Uint8Array => {
    const block = new Uint8Array(place.blockLength);
    const length = fs.readSync(handle.fd, block, 0, place.blockLength, place.blockOffset);
    if (length !== place.blockLength || crc32(block) !== place.blockCrc) {
      throw corrupt(filePath, place.blockOffset - recordHeadBytes, heightMax);
    }
    return block;
  };

  const append = async (entry: SealJournalEntry) => {
    if (broken) throw broken;
    const record = encodeRecord(entry);
    try {
      await handle.appendFile(record);
    } catch (thrown) {
      // What was written of it must go, or the next record would stand behind a torn one.
      await handle.truncate(endOffset).catch((error) => {
        broken = ioError(filePath, error);
      });
      throw ioError(filePath, thrown);
    }
    try {
      await handle.datasync();
    } catch (thrown) {
      // After a failed sync nobody knows what is on disk, not even after a later one that succeeds.
      broken = ioError(filePath, thrown);
      throw broken;
    }
    remember(toHex(entry.parentHash), {
      height: entry.height,
      blockOffset: endOffset + recordHeadBytes,
      blockLength: entry.blockBytes.length,
      blockCrc: crc32(entry.blockBytes),
    });
  };

  /** Writes what is remembered to a new file and puts it in the old one's place; a failure before that changes nothing. */
  const compact = async () => {
    if (broken) return;
    const compacted = new Map<string, RecordPlace>();
    let target: FileHandle | undefined;
    let offset = journalMagic.length;
    try {
      target = await open(temporaryPath, "ax+", fileMode);
      await target.appendFile(journalMagic);
      for (const [parentHex, place] of places) {
        const blockBytes = readBlock(place);
        const record = encodeRecord({
          parentHash: Buffer.from(parentHex, "hex"),
          height: place.height,
          blockBytes,
        });
        await target.appendFile(record);
        compacted.set(parentHex, { ...place, blockOffset: offset + recordHeadBytes });
        offset += record.length;
      }
      await target.sync();
      await rename(temporaryPath, filePath);
    } catch (thrown) {
      logger.warn(
        { error: toError(thrown), filePath },
        "the seal journal could not be compacted; it grows on",
      );
      await target?.close();
      await rm(temporaryPath, { force: true });
      return;
    }
    const old = handle;
    handle = target;
    for (const [parentHex, place] of compacted) places.set(parentHex, place);
    recordCount = compacted.size;
    endOffset = offset;
    await old.close();
    try {
      await syncDirectory(path.dirname(filePath));
    } catch (thrown) {
      // A power cut could bring the old file back, without what would be recorded in the new one.
      broken = ioError(filePath, thrown);
      throw broken;
    }
  };
  /** Twice what has to stay, so that the cost for each record stays constant. */
  const isCompactionDue = () => recordCount >= 2 * Math.max(heightsKept, places.size);

  const inOrder = async (task: () => Promise<void>) => {
    const result = await queue.run(task);
    invariant(result.ok, "an authority records a few blocks at a time");
  };
  const compactSoon = () => {
    inOrder(compact).catch((error) => logger.error({ error, filePath }, "the seal journal is broken"));
  };

  try {
    const contents = await readJournal(handle);
    for (const { parentHex, place } of contents.records) remember(parentHex, place);
    if (contents.damagedAt !== undefined) throw corrupt(filePath, contents.damagedAt, heightMax);
    if (contents.tornBytes > 0) {
      logger.warn(
        { filePath, bytes: contents.tornBytes, offset: endOffset },
        "the seal journal ended in a record that was never finished; it was cut off",
      );
      await handle.truncate(endOffset);
    }
    // What a killed process left may be in memory only: it is given out from here on, so it must survive a power cut.
    await handle.sync();
    await syncDirectory(path.dirname(filePath));
    if (isCompactionDue()) await compact();
  } catch (thrown) {
    await handle.close();
    throw thrown instanceof JournalError ? thrown : ioError(filePath, thrown);
  }

  return {
    sealedOn(parentHash) {
      const place = places.get(toHex(parentHash));
      return place && readBlock(place);
    },
    async record(entry) {
      invariant(entry.parentHash.length === 32, "a parent hash has 32 bytes");
      invariant(entry.blockBytes.length <= blockBytesMax, "a block has its limit");
      const parentHex = toHex(entry.parentHash);
      const earlier = pending.get(parentHex);
      if (earlier) {
        requireSameBlock(earlier.blockBytes, entry.blockBytes);
        return earlier.durable;
      }
      const place = places.get(parentHex);
      if (place) return requireSameBlock(readBlock(place), entry.blockBytes);
      requireRemembered(entry.height, floorHeight());
      const blockBytes = entry.blockBytes.slice();
      const durable = inOrder(() => append({ ...entry, blockBytes })).finally(() =>
        pending.delete(parentHex),
      );
      pending.set(parentHex, { blockBytes, durable });
      await durable;
      if (isCompactionDue()) compactSoon();
    },
    async close() {
      await queue.idle();
      await handle.close();
    },
  };
}

async function openOrCreate(filePath: string, temporaryPath: string): Promise<FileHandle> {
  await rm(temporaryPath, { force: true });
  if (!fs.existsSync(filePath)) await createDurableFile(filePath, journalMagic, fileMode);
  // Appending, so that a write can never land on a record that is already there.
  return open(filePath, "a+", fileMode);
}

function corrupt(filePath: string, offset: number, heightMax: number): JournalError {
  return new JournalError(
    "journal/corrupt",
    `the seal journal ${filePath} is damaged at byte ${offset}: what this authority signed cannot be known, ` +
      `so it must not sign (last height read: ${heightMax})`,
    `wait until the chain's head has passed every height that this authority may have sealed, then start anew with: ` +
      `mv '${filePath}' '${filePath}.damaged'`,
  );
}

function ioError(filePath: string, thrown: unknown): JournalError {
  const error = toError(thrown);
  return new JournalError(
    "journal/io",
    `the seal journal ${filePath} cannot be written, so nothing is sealed: ${error.message}`,
    "make room on the disk or mend it, then restart the node",
    { cause: error },
  );
}
