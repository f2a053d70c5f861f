/** Who verifies transaction signatures: handed to mempool and chain, so that each is verified once per node. */
import type { DecodedTransaction } from "./transaction.ts";

export interface TransactionVerifier {
  /**
   * Whether each transaction's signature is valid, in order. What was found valid before (the same bytes, by leaf) is
   * answered from memory.
   */
  verify(transactions: readonly DecodedTransaction[]): Promise<readonly boolean[]>;
  close(): Promise<void>;
}
