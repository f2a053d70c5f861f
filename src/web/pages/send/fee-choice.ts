/** Which fee a transaction of a size should pay, by how soon it is wanted. */
import type { MempoolStats } from "../../../api/mempool.ts";

export type FeeChoice = "1" | "3" | "10" | "own";

export const feeChoices: readonly FeeChoice[] = ["1", "3", "10", "own"];

/** All of a transaction but its payload: ids, numbers, signature. */
const fixedBytes = 134;
/** Of the largest payload's own fields. */
const payloadFixedBytes = 76;

/** @param textBytes of memo, record, names and metadata, as UTF-8 */
export function expectedBytes(textBytes: number): number {
  return fixedBytes + payloadFixedBytes + textBytes;
}

/** Base units for a transaction that should be in one of the next blocks. */
export function feeFor(
  choice: Exclude<FeeChoice, "own">,
  { suggestedFees, minimumFeeUnits }: Pick<MempoolStats, "suggestedFees" | "minimumFeeUnits">,
  bytes: number,
): bigint {
  const minimum = BigInt(minimumFeeUnits);
  const suggestion = suggestedFees.find(({ blocks }) => String(blocks) === choice);
  const wanted = BigInt(Math.ceil((suggestion?.unitsPerByte ?? 0) * bytes));
  return wanted > minimum ? wanted : minimum;
}
