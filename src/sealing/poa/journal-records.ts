/** The bytes of the sign-once journal's file: records, and what a cut or damaged file still says. */
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { fromUtf8, toHex } from "../../base/bytes.ts";
import type { SealJournalEntry } from "./seal-journal.ts";

/** The first bytes of the file: its kind and version. */
export const journalMagic: Uint8Array = fromUtf8("AUREXSJ1");

/*
 * A record: block length u32, CRC-32 of the block u32, height u64, parent hash (32 bytes), CRC-32 of these 48 bytes
 * u32, then the block; little-endian. The head has its own checksum, so that a damaged length cannot pass for the end
 * of the file and take the records behind it along.
 */
const checkedHeadBytes = 48;
export const recordHeadBytes = checkedHeadBytes + 4;

export interface RecordPlace {
  readonly height: number;
  /** Where the block's bytes begin in the file. */
  readonly blockOffset: number;
  readonly blockLength: number;
  readonly blockCrc: number;
}

export interface JournalContents {
  readonly records: readonly { readonly parentHex: string; readonly place: RecordPlace }[];
  /** Bytes of a last record that was never finished. */
  readonly tornBytes: number;
  /** Offset of the first record that was whole once and is no longer. */
  readonly damagedAt: number | undefined;
}

export function encodeRecord({ parentHash, height, blockBytes }: SealJournalEntry): Uint8Array {
  const record = new Uint8Array(recordHeadBytes + blockBytes.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, blockBytes.length, true);
  view.setUint32(4, crc32(blockBytes), true);
  view.setBigUint64(8, BigInt(height), true);
  record.set(parentHash, 16);
  view.setUint32(checkedHeadBytes, crc32(record.subarray(0, checkedHeadBytes)), true);
  record.set(blockBytes, recordHeadBytes);
  return record;
}

/**
 * Reads a whole journal, a record at a time. A write that was cut short leaves the beginning of a record, or zeros
 * where the file had grown before its data arrived; everything else is damage.
 */
export async function readJournal(handle: FileHandle): Promise<JournalContents> {
  const { size } = await handle.stat();
  const records: { parentHex: string; place: RecordPlace }[] = [];
  const parents = new Set<string>();
  const contents = (ending: { tornBytes?: number; damagedAt?: number }): JournalContents => ({
    records,
    tornBytes: ending.tornBytes ?? 0,
    damagedAt: ending.damagedAt,
  });

  const magic = await readAt(handle, 0, journalMagic.length);
  if (Buffer.compare(magic, journalMagic) !== 0) return contents({ damagedAt: 0 });
  let offset = journalMagic.length;
  while (offset < size) {
    if (size - offset < recordHeadBytes) return contents({ tornBytes: size - offset });
    const head = await readAt(handle, offset, recordHeadBytes);
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    if (view.getUint32(checkedHeadBytes, true) !== crc32(head.subarray(0, checkedHeadBytes))) {
      return contents(
        (await isZeroFrom(handle, offset, size)) ? { tornBytes: size - offset } : { damagedAt: offset },
      );
    }
    const place: RecordPlace = {
      height: Number(view.getBigUint64(8, true)),
      blockOffset: offset + recordHeadBytes,
      blockLength: view.getUint32(0, true),
      blockCrc: view.getUint32(4, true),
    };
    const recordEnd = place.blockOffset + place.blockLength;
    if (recordEnd > size) return contents({ tornBytes: size - offset });
    const parentHex = toHex(head.subarray(16, checkedHeadBytes));
    const block = await readAt(handle, place.blockOffset, place.blockLength);
    if (crc32(block) !== place.blockCrc || parents.has(parentHex)) return contents({ damagedAt: offset });
    parents.add(parentHex);
    records.push({ parentHex, place });
    offset = recordEnd;
  }
  return contents({});
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

const zeroCheckBytes = 64 * 1024;

async function isZeroFrom(handle: FileHandle, offset: number, size: number): Promise<boolean> {
  for (let at = offset; at < size; at += zeroCheckBytes) {
    const bytes = await readAt(handle, at, Math.min(zeroCheckBytes, size - at));
    if (bytes.some((byte) => byte !== 0)) return false;
  }
  return true;
}
