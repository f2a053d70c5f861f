/** The bytes of entries and of undo records: SSZ, so that one value has one encoding. */
import { BooleanType, ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { fromHex, fromUtf8, toHex, toUtf8 } from "../base/bytes.ts";
import { hexTarget, writeHex } from "../base/hex/native.ts";
import { invariant } from "../base/invariant.ts";
import { fail, ok, type Result } from "../base/result.ts";
import {
  Bytes32,
  byteList,
  decode,
  SafeUint64,
  Uint8,
  Uint32,
  Uint64,
  uint64Max,
} from "../protocol/codec.ts";
import type { CodecFault } from "../protocol/faults.ts";
import { sha256 } from "../protocol/hashing.ts";
import {
  assetMetadataBytesMax,
  assetNameBytesMax,
  nameBytesMax,
  symbolBytesMax,
} from "../protocol/transaction.ts";
import { type AccountEntry, type Entry, type EntryChange, entryKey, type StateChange } from "./entry.ts";

/** The first byte of an entry; numbers are never used again. */
export const entryTags = { account: 1, asset: 2, assetBalance: 3, user: 4, authority: 5, reward: 6 } as const;

const AccountType = new ContainerType({
  tag: Uint8,
  account: Bytes32,
  sequence: SafeUint64,
  balance: Uint64,
});
const AssetType = new ContainerType({
  tag: Uint8,
  assetId: Bytes32,
  issuer: Bytes32,
  symbol: byteList(symbolBytesMax),
  name: byteList(assetNameBytesMax),
  decimals: Uint8,
  supply: Uint64,
  metadata: byteList(assetMetadataBytesMax),
});
const AssetBalanceType = new ContainerType({
  tag: Uint8,
  account: Bytes32,
  assetId: Bytes32,
  balance: Uint64,
});
const UserType = new ContainerType({ tag: Uint8, account: Bytes32, name: byteList(nameBytesMax) });
const AuthorityType = new ContainerType({
  tag: Uint8,
  account: Bytes32,
  sinceHeight: SafeUint64,
  removed: new BooleanType(),
});
const RewardType = new ContainerType({
  tag: Uint8,
  slot: Uint32,
  account: Bytes32,
  amount: Uint64,
  height: SafeUint64,
});

export function encodeEntry(entry: Entry): Uint8Array {
  const tag = entryTags[entry.type];
  switch (entry.type) {
    case "account":
      return new Uint8Array(accountScratch(entry));
    case "asset":
      return AssetType.serialize({
        tag,
        assetId: key(entry.assetId),
        issuer: key(entry.issuer),
        symbol: fromUtf8(entry.symbol),
        name: fromUtf8(entry.name),
        decimals: entry.decimals,
        supply: amount(entry.supply),
        metadata: fromUtf8(entry.metadata),
      });
    case "assetBalance":
      return AssetBalanceType.serialize({
        tag,
        account: key(entry.account),
        assetId: key(entry.assetId),
        balance: amount(entry.balance),
      });
    case "user":
      return UserType.serialize({ tag, account: key(entry.account), name: fromUtf8(entry.name) });
    case "authority":
      return AuthorityType.serialize({
        tag,
        account: key(entry.account),
        sinceHeight: entry.sinceHeight,
        removed: entry.removed,
      });
    case "reward":
      return RewardType.serialize({
        tag,
        slot: entry.slot,
        account: key(entry.account),
        amount: amount(entry.amount),
        height: entry.height,
      });
  }
}

const accountSize = 1 + 32 + 8 + 8;
const accountBytes = hexTarget(accountSize);
accountBytes[0] = entryTags.account;
const accountView = new DataView(accountBytes.buffer, accountBytes.byteOffset);

/**
 * {@link AccountType}'s bytes, written straight: nearly every change is an account's, and its entry is encoded for leaf,
 * store and undo record.
 *
 * @returns the same buffer each time: to be used or copied before the next call
 */
function accountScratch({ account, sequence, balance }: AccountEntry): Uint8Array {
  invariant(account.length === 64 && writeHex(accountBytes, account, 1) === 32, hexInvariant);
  accountView.setBigUint64(33, BigInt(sequence), true);
  accountView.setBigUint64(41, amount(balance), true);
  return accountBytes;
}

/** Decodes exactly one entry; what it returns encodes to the same bytes. */
export function decodeEntry(bytes: Uint8Array): Result<Entry, CodecFault> {
  switch (bytes[0]) {
    case entryTags.account: {
      const decoded = decode(AccountType, bytes, "account entry");
      if (!decoded.ok) return decoded;
      const { account, sequence, balance } = decoded.value;
      return ok({ type: "account", account: toHex(account), sequence, balance });
    }
    case entryTags.asset: {
      const decoded = decode(AssetType, bytes, "asset entry");
      if (!decoded.ok) return decoded;
      const { assetId, issuer, decimals, supply } = decoded.value;
      const symbol = toUtf8(decoded.value.symbol);
      const name = toUtf8(decoded.value.name);
      const metadata = toUtf8(decoded.value.metadata);
      if (symbol === undefined || name === undefined || metadata === undefined) {
        return malformed("asset entry", "a text is not UTF-8");
      }
      const texts = { symbol, name, decimals, supply, metadata };
      return ok({ type: "asset", assetId: toHex(assetId), issuer: toHex(issuer), ...texts });
    }
    case entryTags.assetBalance: {
      const decoded = decode(AssetBalanceType, bytes, "asset balance entry");
      if (!decoded.ok) return decoded;
      const { account, assetId, balance } = decoded.value;
      return ok({ type: "assetBalance", account: toHex(account), assetId: toHex(assetId), balance });
    }
    case entryTags.user: {
      const decoded = decode(UserType, bytes, "user entry");
      if (!decoded.ok) return decoded;
      const name = toUtf8(decoded.value.name);
      if (name === undefined) return malformed("user entry", "the name is not UTF-8");
      return ok({ type: "user", account: toHex(decoded.value.account), name });
    }
    case entryTags.authority: {
      const decoded = decode(AuthorityType, bytes, "authority entry");
      if (!decoded.ok) return decoded;
      const { account, sinceHeight, removed } = decoded.value;
      return ok({ type: "authority", account: toHex(account), sinceHeight, removed });
    }
    case entryTags.reward: {
      const decoded = decode(RewardType, bytes, "reward entry");
      if (!decoded.ok) return decoded;
      const { slot, account, amount, height } = decoded.value;
      return ok({ type: "reward", slot, account: toHex(account), amount, height });
    }
    default:
      return malformed("entry", bytes.length === 0 ? "it is empty" : `type ${bytes[0]} is not known`);
  }
}

/** The entry's leaf under the state root: SHA256 of its bytes. */
export function entryLeaf(entry: Entry): Uint8Array {
  return sha256(encoded(entry));
}

/** More than any entry needs: an asset with full texts has 1,186 bytes. */
const entryBytesMax = 2048;
/** More than a full block or genesis changes: three entries a transaction, the account that is paid, and the reward that waits. */
const changesMax = 131_072;

/** Exported for its test: the encoder below writes the same bytes by hand. */
export const StateChangeType = new ContainerType({
  entryCountBefore: SafeUint64,
  entryCountAfter: SafeUint64,
  changes: new ListCompositeType(
    new ContainerType({
      index: SafeUint64,
      /** Empty: the entry first appeared. */
      before: byteList(entryBytesMax),
      after: byteList(entryBytesMax),
    }),
    changesMax,
  ),
});

const uint64Bytes = 8;
const offsetBytes = 4;
/** Both counts and the list's offset. */
const changeHeadBytes = 2 * uint64Bytes + offsetBytes;
/** The index and the offsets of both entries. */
const changeFixedBytes = uint64Bytes + 2 * offsetBytes;

/**
 * {@link StateChangeType}'s bytes, laid out straight: a full block changes thousands of entries, and describing each as
 * an SSZ object first took most of the time of writing a block.
 */
export function encodeStateChange({ entryCountBefore, entryCountAfter, changes }: StateChange): Uint8Array {
  const sizes = changes.map(({ before, after }) => changeFixedBytes + sizeOf(before) + sizeOf(after));
  const listStart = changeHeadBytes + offsetBytes * changes.length;
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, listStart));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(entryCountBefore), true);
  view.setBigUint64(uint64Bytes, BigInt(entryCountAfter), true);
  view.setUint32(2 * uint64Bytes, changeHeadBytes, true);
  let at = listStart;
  for (const [position, { index, before, after }] of changes.entries()) {
    const afterOffset = changeFixedBytes + sizeOf(before);
    view.setUint32(changeHeadBytes + offsetBytes * position, at - changeHeadBytes, true);
    view.setBigUint64(at, BigInt(index), true);
    view.setUint32(at + uint64Bytes, changeFixedBytes, true);
    view.setUint32(at + uint64Bytes + offsetBytes, afterOffset, true);
    if (before !== undefined) bytes.set(encoded(before), at + changeFixedBytes);
    bytes.set(encoded(after), at + afterOffset);
    at += sizes[position] as number;
  }
  return bytes;
}

function sizeOf(entry: Entry | undefined): number {
  if (entry === undefined) return 0;
  return entry.type === "account" ? accountSize : encodeEntry(entry).length;
}

/** To be copied before the next call. */
function encoded(entry: Entry): Uint8Array {
  return entry.type === "account" ? accountScratch(entry) : encodeEntry(entry);
}

/** Decodes an undo record and checks that it can be one: ascending indexes, every new entry there once. */
export function decodeStateChange(bytes: Uint8Array): Result<StateChange, CodecFault> {
  const what = "state change";
  const decoded = decode(StateChangeType, bytes, what);
  if (!decoded.ok) return decoded;
  const { entryCountBefore, entryCountAfter } = decoded.value;
  const changes: EntryChange[] = [];
  let indexBefore = -1;
  for (const change of decoded.value.changes) {
    if (change.index <= indexBefore) return malformed(what, "indexes do not ascend");
    indexBefore = change.index;
    const after = decodeEntry(change.after);
    if (!after.ok) return after;
    const isNew = change.index >= entryCountBefore;
    if (isNew !== (change.before.length === 0)) return malformed(what, "a new entry has a past, or none");
    if (isNew) {
      changes.push({ index: change.index, before: undefined, after: after.value });
      continue;
    }
    const before = decodeEntry(change.before);
    if (!before.ok) return before;
    if (entryKey(before.value) !== entryKey(after.value)) return malformed(what, "one entry became another");
    changes.push({ index: change.index, before: before.value, after: after.value });
  }
  const newEntries = changes.filter((change) => change.before === undefined).length;
  if (entryCountAfter !== entryCountBefore + newEntries || indexBefore >= entryCountAfter) {
    return malformed(what, "the counts do not fit the new entries");
  }
  return ok({ entryCountBefore, entryCountAfter, changes });
}

const hexInvariant = "an entry's keys are 32 bytes in hex";

function key(hex: string): Uint8Array {
  const bytes = fromHex(hex, 32);
  invariant(bytes, hexInvariant);
  return bytes;
}

/** SSZ would wrap a number that is out of range; here it would be the ledger's own broken arithmetic. */
function amount(units: bigint): bigint {
  invariant(units >= 0n && units <= uint64Max, "an amount is a uint64");
  return units;
}

function malformed(what: string, reason: string): Result<never, CodecFault> {
  return fail({ code: "codec/malformed", what, reason });
}
