/** The keys of transactions in a ledger file: rows in the order of the chains, their blocks, and the places in these. */
import { transactionListDepth } from "../protocol/block.ts";

const heightFactor = 2n ** BigInt(transactionListDepth);
const chainFactor = 2n ** 49n;
/** Above these SQLite's INTEGER has no room for the keys. */
export const chainNumberMax = 2n ** 14n - 1n;
export const heightMax = 2 ** 36 - 1;

/** The key of the first transaction of a block; all keys of the block before are lower. */
export function firstKeyOf(chainNumber: bigint, height: number): bigint {
  return chainNumber * chainFactor + BigInt(height) * heightFactor;
}
