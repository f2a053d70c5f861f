/**
 * The account index: the history of each account as a numbered list, kept in the same batches as the blocks. What
 * others see of it, and its records; account-operations.ts says how a batch changes it.
 */
import type { AccountItem, ItemDirection } from "../ledger/account-items.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";

/** An item as it is stored: at its account, under its number. */
export interface StoredItem extends Omit<AccountItem, "account" | "accountHex"> {
  /** AUR of the account after the item, whether or not the item moves any. */
  readonly aurBalance: bigint;
  /** Of the canonical block that it belongs to. */
  readonly height: number;
}

/** Reading the account index of a store. An item's number is its place in its account's history, from 0. */
export interface AccountIndex {
  /** False: the store was opened without the index, which stays as far as it is. */
  readonly isKept: boolean;
  /** How many blocks it covers, from height 0 upward; histories are complete if it covers the head. */
  readonly blockCount: number;
  /** Leftovers of an older index are being removed; until then it covers nothing. */
  readonly isClearing: boolean;
  /** How many items an account's history has, in the blocks that are covered. */
  itemCount(account: Uint8Array): number;
  /** The item of this number; undefined from `itemCount` upward. */
  item(account: Uint8Array, number: number): StoredItem | undefined;
}

/** A canonical block that was stored without the index, for adding it. */
export interface IndexedBlock {
  readonly hash: Uint8Array;
  readonly height: number;
  readonly transactions: readonly DecodedTransaction[];
}

/** How far the index goes, and on which line: a program that knows no index may have moved the head without it. */
export interface IndexProgress {
  readonly blockCount: number;
  /** Hash of block `blockCount - 1`; 32 zero bytes if there is none. */
  readonly tipHash: Uint8Array;
  readonly isClearing: boolean;
}

const hashBytes = 32;
export const emptyProgress: IndexProgress = {
  blockCount: 0,
  tipHash: new Uint8Array(hashBytes),
  isClearing: false,
};

export function encodeProgress({ blockCount, tipHash, isClearing }: IndexProgress): Uint8Array {
  const bytes = Buffer.alloc(8 + hashBytes + 1);
  bytes.writeBigUInt64LE(BigInt(blockCount));
  bytes.set(tipHash, 8);
  bytes[8 + hashBytes] = isClearing ? 1 : 0;
  return bytes;
}

export function decodeProgress(bytes: Uint8Array): IndexProgress | undefined {
  if (bytes.length !== 8 + hashBytes + 1) return undefined;
  return {
    blockCount: Number(viewOf(bytes).getBigUint64(0, true)),
    tipHash: bytes.slice(8, 8 + hashBytes),
    isClearing: bytes[8 + hashBytes] === 1,
  };
}

const directions: readonly ItemDirection[] = ["out", "in", "self", "about", "credit"];
const directionMask = 0x07;
const hasAsset = 0x08;
/** Height, position, flags, balance. */
const headBytes = 8 + 4 + 1 + 8;

/** By hand rather than in SSZ: a full block has 16 000 of them, and half of the fields are absent in most. */
export function encodeItem({
  height,
  position,
  direction,
  aurBalance,
  asset,
  credited,
}: StoredItem): Uint8Array {
  const isCredit = direction === "credit";
  const length = headBytes + (asset ? hashBytes + 8 : 0) + (isCredit ? 8 : 0);
  const bytes = Buffer.allocUnsafe(length);
  bytes.writeBigUInt64LE(BigInt(height));
  bytes.writeUInt32LE(position ?? 0, 8);
  bytes[12] = directions.indexOf(direction) | (asset ? hasAsset : 0);
  let at = bytes.writeBigUInt64LE(aurBalance, 13);
  if (asset) {
    bytes.set(asset.assetId, at);
    at = bytes.writeBigUInt64LE(asset.balance, at + hashBytes);
  }
  if (isCredit) bytes.writeBigUInt64LE(credited, at);
  return bytes;
}

/** How many bytes an item has that begins so; undefined if none begins so. */
function itemBytes(bytes: Uint8Array, at: number): number | undefined {
  const flags = bytes[at + 12];
  if (flags === undefined || at + headBytes > bytes.length) return undefined;
  const direction = directions[flags & directionMask];
  const length = headBytes + (flags & hasAsset ? hashBytes + 8 : 0) + (direction === "credit" ? 8 : 0);
  return direction && at + length <= bytes.length ? length : undefined;
}

/**
 * Where each of the items begins that stand one behind the other, and where the last one ends.
 *
 * @returns undefined if the bytes are no items
 */
export function itemOffsets(bytes: Uint8Array): number[] | undefined {
  const offsets = [0];
  for (let at = 0; at < bytes.length; offsets.push(at)) {
    const length = itemBytes(bytes, at);
    if (length === undefined) return undefined;
    at += length;
  }
  return offsets;
}

/** The item that begins at an offset of {@link itemOffsets}. */
export function decodeItem(bytes: Uint8Array, start: number): StoredItem {
  const view = viewOf(bytes);
  const flags = bytes[start + 12] as number;
  const direction = directions[flags & directionMask] as ItemDirection;
  const isCredit = direction === "credit";
  let at = start + headBytes;
  const nextUnits = () => {
    at += 8;
    return view.getBigUint64(at - 8, true);
  };
  const assetId = flags & hasAsset ? bytes.slice(at, at + hashBytes) : undefined;
  if (assetId) at += hashBytes;
  const asset = assetId && { assetId, balance: nextUnits() };
  return {
    height: Number(view.getBigUint64(start, true)),
    position: isCredit ? undefined : view.getUint32(start + 8, true),
    direction,
    aurBalance: view.getBigUint64(start + 13, true),
    asset,
    credited: isCredit ? nextUnits() : 0n,
  };
}

/** Items that stand in one record: a new item rewrites half as many on average, and a page reads a few records. */
export const itemsPerRecord = 8;

/** How long an account's history is, and the newest items of it, less than {@link itemsPerRecord}. */
export interface HistoryEnd {
  readonly count: number;
  /** The items from the last multiple of `itemsPerRecord` on, one behind the other. */
  readonly items: Uint8Array;
}

export const emptyEnd: HistoryEnd = { count: 0, items: new Uint8Array(0) };

/** @param parts the items, in one piece or several */
export function encodeEnd(count: number, parts: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + part.length, 8));
  bytes.writeBigUInt64LE(BigInt(count));
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function decodeEnd(bytes: Uint8Array): HistoryEnd | undefined {
  if (bytes.length < 8) return undefined;
  return { count: Number(viewOf(bytes).getBigUint64(0, true)), items: bytes.subarray(8) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
