/** Which fee a transaction should pay: from what waits at which fee, and from what blocks have room for. */
import type { SuggestedFee } from "../api/mempool.ts";
import type { FeeRange } from "../mempool/fee-histogram.ts";
import { formatAmount } from "../protocol/amount.ts";
import type { Genesis } from "../protocol/genesis.ts";

/** Of a transfer with a short memo, rounded up. */
const exampleBytes = 256;
const targetBlocks = [1, 3, 10];

type Room = Pick<Genesis, "blockTransactionsMax" | "blockBytesMax" | "minimumFee">;

/**
 * The fee for one of the next 1, 3 and 10 blocks, if nothing better comes meanwhile.
 *
 * @param ranges what waits, the highest fee first
 */
export function suggestedFees(ranges: readonly FeeRange[], room: Room): SuggestedFee[] {
  return targetBlocks.map((blocks) => {
    const unitsPerByte = rateFor(ranges, blocks, room);
    const wanted = BigInt(Math.ceil(unitsPerByte * exampleBytes));
    const units = wanted > room.minimumFee ? wanted : room.minimumFee;
    return { blocks, unitsPerByte, fee: formatAmount(units), feeUnits: units.toString() };
  });
}

/** How many blocks take what is ahead before they have room for one more. */
export function blocksBefore(
  ahead: { readonly count: number; readonly bytes: number },
  { blockTransactionsMax, blockBytesMax }: Room,
): number {
  return Math.max(Math.floor(ahead.count / blockTransactionsMax), Math.floor(ahead.bytes / blockBytesMax));
}

/** Base units a byte with which a transaction comes before all that the blocks have no room for; 0 if they have room for all. */
function rateFor(ranges: readonly FeeRange[], blocks: number, room: Room): number {
  let [count, bytes] = [1, exampleBytes];
  for (const range of ranges) {
    count += range.count;
    bytes += range.bytes;
    if (count > blocks * room.blockTransactionsMax || bytes > blocks * room.blockBytesMax) return range.below;
  }
  return 0;
}
