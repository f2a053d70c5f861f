/** Which pending transactions a block takes: the best fee per byte first, each account in sequence. */
import type { DecodedTransaction } from "../protocol/transaction.ts";
import { BinaryHeap } from "./binary-heap.ts";
import { comparePending, type PendingTransaction } from "./pending-transaction.ts";

export interface SelectionLimits {
  readonly transactionsMax: number;
  /** Of the block's transaction list, with the offset of each. */
  readonly bytesMax: number;
}

/** SSZ puts a 4-byte offset before each transaction of the list. */
const offsetBytes = 4;

/**
 * Takes the best among each account's next one, over and over; an account whose next one does not fit waits for
 * another block. O(n log n) in the transactions that are ready.
 *
 * @param runs for each account its transactions that can be executed one after the other
 */
export function selectTransactions(
  runs: Iterable<readonly PendingTransaction[]>,
  { transactionsMax, bytesMax }: SelectionLimits,
): DecodedTransaction[] {
  const heads = new BinaryHeap<{ next: PendingTransaction; rest: Iterator<PendingTransaction> }>(
    (left, right) => comparePending(left.next, right.next),
  );
  const offer = (rest: Iterator<PendingTransaction>) => {
    const { value: next, done } = rest.next();
    if (!done) heads.push({ next, rest });
  };
  for (const run of runs) offer(run.values());
  const selected: DecodedTransaction[] = [];
  let bytes = 0;
  while (selected.length < transactionsMax) {
    const head = heads.pop();
    if (!head) break;
    const bytesWithIt = bytes + head.next.bytes + offsetBytes;
    if (bytesWithIt > bytesMax) continue;
    bytes = bytesWithIt;
    selected.push(head.next.decoded);
    offer(head.rest);
  }
  return selected;
}
