/**
 * The account index: the history of each account as a numbered list, kept in the same batches as the blocks. What
 * others see of it, and its records; account-operations.ts says how a batch changes it.
 */
import type { AccountItem, ItemDirection } from "../ledger/account-items.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";

/** An item as it is stored: at its account, under its number. */
export interface StoredItem extends Omit<AccountItem, "accountHex"> {
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

/** Undefined if the bytes are no item's. */
export function decodeItem(bytes: Uint8Array): StoredItem | undefined {
  if (bytes.length < headBytes) return undefined;
  const view = viewOf(bytes);
  const flags = bytes[12] as number;
  const direction = directions[flags & directionMask];
  const isCredit = direction === "credit";
  const length = headBytes + (flags & hasAsset ? hashBytes + 8 : 0) + (isCredit ? 8 : 0);
  if (!direction || bytes.length !== length) return undefined;
  let at = headBytes;
  const nextUnits = () => {
    at += 8;
    return view.getBigUint64(at - 8, true);
  };
  const assetId = flags & hasAsset ? bytes.slice(at, at + hashBytes) : undefined;
  if (assetId) at += hashBytes;
  const asset = assetId && { assetId, balance: nextUnits() };
  return {
    height: Number(view.getBigUint64(0, true)),
    position: isCredit ? undefined : view.getUint32(8, true),
    direction,
    aurBalance: view.getBigUint64(13, true),
    asset,
    credited: isCredit ? nextUnits() : 0n,
  };
}

export function encodeCount(count: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(count));
  return bytes;
}

export function decodeCount(bytes: Uint8Array): number | undefined {
  return bytes.length === 8 ? Number(viewOf(bytes).getBigUint64(0, true)) : undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
