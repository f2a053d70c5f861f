/** Which pending transactions a block takes: the best fee per byte first, each account in sequence. */
import TinyQueue from "tinyqueue";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import { comparePending, type PendingTransaction } from "./pending-transaction.ts";

export interface SelectionLimits {
  readonly transactionsMax: number;
  /** Of the block's transaction list, with the offset of each. */
  readonly bytesMax: number;
}

/**
 * Whether the block takes a transaction that is offered; if not, the account's others wait for another block. Two
 * accounts may have waiting what only one of them can do, such as registering one name.
 */
export type Take = (transaction: DecodedTransaction) => boolean;

/** So many may be refused: a crowd that wants one name must not keep a producer busy for long. */
const refusedMax = 4_096;

/** SSZ puts a 4-byte offset before each transaction of the list. */
export const offsetBytes = 4;

/**
 * Takes the best among each account's next one, over and over; an account whose next one does not fit waits for
 * another block. O(n log n) in the transactions that are ready.
 *
 * @param runs for each account its transactions that can be executed one after the other
 */
export function selectTransactions(
  runs: Iterable<readonly PendingTransaction[]>,
  { transactionsMax, bytesMax }: SelectionLimits,
  take: Take = () => true,
): DecodedTransaction[] {
  const heads = new TinyQueue<{ next: PendingTransaction; rest: Iterator<PendingTransaction> }>(
    [],
    (left, right) => comparePending(left.next, right.next),
  );
  const offer = (rest: Iterator<PendingTransaction>) => {
    const { value: next, done } = rest.next();
    if (!done) heads.push({ next, rest });
  };
  for (const run of runs) offer(run.values());
  const selected: DecodedTransaction[] = [];
  let bytes = 0;
  let refused = 0;
  while (selected.length < transactionsMax && refused < refusedMax) {
    const head = heads.pop();
    if (!head) break;
    const bytesWithIt = bytes + head.next.bytes + offsetBytes;
    if (bytesWithIt > bytesMax) continue;
    if (!take(head.next.decoded)) {
      refused += 1;
      continue;
    }
    bytes = bytesWithIt;
    selected.push(head.next.decoded);
    offer(head.rest);
  }
  return selected;
}
