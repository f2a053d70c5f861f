/** The bytes of a journal's file: writes records, and reads what a cut or damaged file still has. */
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { toHex } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";

/*
 * A record: payload length u32, CRC-32 of the payload u32, height u64, hash (32 bytes), CRC-32 of these 48 bytes u32,
 * then the payload; little-endian. The head has its own checksum. Without it a damaged length could look like a cut-off
 * end of the file, and all records behind it would be lost.
 */
const hashOffset = 16;
const checkedHeadBytes = 48;
export const recordHeadBytes = checkedHeadBytes + 4;

/** What was signed, with the hash to find it by: a block's parent, a vote's target. */
export interface JournalRecord {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly height: number;
  readonly payload: Uint8Array;
}

export interface RecordPlace {
  readonly height: number;
  readonly payloadOffset: number;
  readonly payloadLength: number;
  readonly payloadCrc: number;
}

export interface JournalContents {
  readonly records: readonly { readonly hashHex: string; readonly place: RecordPlace }[];
  /** Bytes of a last record that was not written to its end. */
  readonly tornBytes: number;
  /** Offset of the first damaged record. */
  readonly damagedAt: number | undefined;
}

export function encodeRecord({ hash, height, payload }: JournalRecord): Uint8Array {
  invariant(hash.length === checkedHeadBytes - hashOffset, "a hash has 32 bytes");
  const record = new Uint8Array(recordHeadBytes + payload.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint32(4, crc32(payload), true);
  view.setBigUint64(8, BigInt(height), true);
  record.set(hash, hashOffset);
  view.setUint32(checkedHeadBytes, crc32(record.subarray(0, checkedHeadBytes)), true);
  record.set(payload, recordHeadBytes);
  return record;
}

/**
 * Reads a whole journal, a record at a time. A write that was cut short leaves the beginning of a record, or zeros if
 * the file had grown before its data arrived. Everything else is damage.
 *
 * @param magic the first bytes that a journal of this kind has
 * @param isFitting whether a whole record may follow those before it; asked for each one, oldest first
 */
export async function readJournal(
  handle: FileHandle,
  magic: Uint8Array,
  isFitting: (record: JournalRecord) => boolean = () => true,
): Promise<JournalContents> {
  const { size } = await handle.stat();
  const records: { hashHex: string; place: RecordPlace }[] = [];
  const hashes = new Set<string>();
  const contents = (ending: { tornBytes?: number; damagedAt?: number }): JournalContents => ({
    records,
    tornBytes: ending.tornBytes ?? 0,
    damagedAt: ending.damagedAt,
  });

  if (Buffer.compare(await readAt(handle, 0, magic.length), magic) !== 0) return contents({ damagedAt: 0 });
  let offset = magic.length;
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
      payloadOffset: offset + recordHeadBytes,
      payloadLength: view.getUint32(0, true),
      payloadCrc: view.getUint32(4, true),
    };
    const recordEnd = place.payloadOffset + place.payloadLength;
    if (recordEnd > size) return contents({ tornBytes: size - offset });
    const hash = head.subarray(hashOffset, checkedHeadBytes);
    const hashHex = toHex(hash);
    const payload = await readAt(handle, place.payloadOffset, place.payloadLength);
    const isWhole = crc32(payload) === place.payloadCrc && !hashes.has(hashHex);
    if (!isWhole || !isFitting({ hash, height: place.height, payload })) {
      return contents({ damagedAt: offset });
    }
    hashes.add(hashHex);
    records.push({ hashHex, place });
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
