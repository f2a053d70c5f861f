/** A transaction in the canonical chain, read without decoding the rest of its block. */
import type { HeaderRecord } from "../protocol/block.ts";
import { transactionAt } from "../protocol/block-parts.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { Chain } from "./chain.ts";

export interface CommittedTransaction {
  readonly transaction: DecodedTransaction;
  /** In its block, from 0. */
  readonly position: number;
  readonly record: HeaderRecord;
}

type Read = Pick<Chain, "locationOf" | "headerOf" | "blockBytes" | "spec">;

/** Undefined if the transaction is not in the canonical chain. */
export function committedTransaction(chain: Read, id: Uint8Array): CommittedTransaction | undefined {
  const location = chain.locationOf(id);
  if (!location) return undefined;
  const { blockHash, position } = location;
  const record = chain.headerOf(blockHash);
  const bytes = record && chain.blockBytes(blockHash);
  return bytes && { transaction: transactionAt(bytes, position, chain.spec.chainId), position, record };
}
