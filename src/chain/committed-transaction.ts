/** A transaction in the canonical chain, read without decoding the rest of its block. */
import type { HeaderRecord } from "../protocol/block.ts";
import { transactionAt } from "../protocol/block-parts.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { Chain } from "./chain.ts";

export interface CommittedTransaction {
  readonly transaction: DecodedTransaction;
  /** In its block, from 0. */
  readonly position: number;
  readonly record: Pick<HeaderRecord, "header" | "hash" | "hashHex">;
}

type Read = Pick<Chain, "locationOf" | "headerOf" | "blockBytes" | "transaction" | "spec">;

/** Undefined if it does not stand in the canonical chain. */
export function committedTransaction(chain: Read, id: Uint8Array): CommittedTransaction | undefined {
  const location = chain.locationOf(id);
  if (!location) return undefined;
  const { blockHash, position } = location;
  const record = chain.headerOf(blockHash);
  const bytes = record && chain.blockBytes(blockHash);
  if (bytes) return { transaction: transactionAt(bytes, position, chain.spec.chainId), position, record };
  // A header that trust recovery has put out of use is in its block still.
  const block = chain.transaction(id)?.block;
  const transaction = block?.transactions[position];
  return block && transaction && { transaction, position, record: block };
}
