/** Turns a batch of the chain into LevelDB's puts and deletes, and the totals after it; pure but for the two lookups. */
import { toHex } from "../base/bytes.ts";
import { encodeEntry, encodeStateChange } from "../ledger/entry-codec.ts";
import type { CommitBatch } from "./chain-store.ts";
import type { SideMoves } from "./side-blocks.ts";
import {
  blockKey,
  entryKeyAt,
  headerKey,
  heightKey,
  invalidKey,
  sideKey,
  totalsKey,
  transactionKey,
  undoKey,
} from "./store-keys.ts";
import { encodeHeaderRecord, encodeLocation, encodeTotals, type StoreTotals } from "./store-records.ts";

/** A put, or where `payload` is undefined a delete. */
export interface Operation {
  readonly key: Uint8Array;
  readonly payload: Uint8Array | undefined;
}

export interface StoreLookups {
  /** How many invalid marks the store keeps. */
  readonly invalidMax: number;
  hasBlock(hash: Uint8Array): boolean;
  isInvalid(hash: Uint8Array): boolean;
}

/** Deletes come before puts: a transaction that moves from one branch to the other ends up located. */
export function operationsOf(
  batch: CommitBatch,
  sides: SideMoves,
  before: StoreTotals,
  stored: StoreLookups,
): { readonly operations: readonly Operation[]; readonly totals: StoreTotals } {
  const operations: Operation[] = [];
  const put = (key: Uint8Array, payload: Uint8Array) => operations.push({ key, payload });
  const remove = (key: Uint8Array) => operations.push({ key, payload: undefined });
  let { blockCount, transactionCount, invalidCount } = before;

  const added = new Set<string>();
  for (const { record, bytes } of batch.blocks) {
    if (added.has(record.hashHex) || stored.hasBlock(record.hash)) continue;
    added.add(record.hashHex);
    blockCount += 1;
    put(headerKey(record.hash), encodeHeaderRecord(record));
    put(blockKey(record.hash), bytes);
  }
  for (const { hash } of batch.dropped ?? []) {
    blockCount -= 1;
    remove(headerKey(hash));
    remove(blockKey(hash));
  }
  for (const record of batch.restated ?? []) put(headerKey(record.hash), encodeHeaderRecord(record));
  for (const { hash, height, transactions } of batch.disconnected) {
    remove(heightKey(height));
    remove(undoKey(hash));
    for (const { id } of transactions) remove(transactionKey(id));
    transactionCount -= transactions.length;
  }
  for (const { hash, height, change, transactions } of batch.connected) {
    put(heightKey(height), hash);
    put(undoKey(hash), encodeStateChange(change));
    for (const [position, { id }] of transactions.entries()) {
      put(transactionKey(id), encodeLocation({ blockHash: hash, position }));
    }
    transactionCount += transactions.length;
  }
  for (const { height, hash } of sides.left) remove(sideKey(height, hash));
  for (const { height, hash, parentHash } of sides.joined) put(sideKey(height, hash), parentHash);
  for (const [index, entry] of batch.entries) put(entryKeyAt(index), encodeEntry(entry));
  const head = batch.head ?? before.head;
  for (let index = head?.entryCount ?? 0; index < (before.head?.entryCount ?? 0); index++) {
    remove(entryKeyAt(index));
  }
  const marked = new Set<string>();
  for (const hash of batch.invalid) {
    if (marked.has(toHex(hash)) || stored.isInvalid(hash)) continue;
    marked.add(toHex(hash));
    put(invalidKey(invalidCount % stored.invalidMax), hash);
    invalidCount += 1;
  }
  const final = batch.final ?? before.final;
  const commitCount = before.commitCount + 1;
  const totals = { commitCount, blockCount, transactionCount, invalidCount, head, final };
  put(totalsKey, encodeTotals(totals));
  return { operations, totals };
}
