/** What the mempool takes, answers and tells. */
import type { Result } from "../base/result.ts";
import type { Entry } from "../ledger/entry.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { AdmissionFault } from "./admission.ts";

export interface MempoolEvents {
  /** It waits now, for the first time or again after a reorganization. */
  added: [DecodedTransaction];
  /** It was pending, or in a block that left the chain, and is neither any more. */
  dropped: [DecodedTransaction, AdmissionFault];
}

export type AddOutcome = Result<"added" | "replaced", AdmissionFault>;

export interface AddOptions {
  /** Whether it may take the place of one with the same sequence, for a higher fee. Default true. */
  readonly replace?: boolean;
}

export type PendingStatus =
  /** A block can take it now. */
  | { readonly status: "pending"; readonly ready: true }
  /** It waits for a transaction of its account with the sequence `missing`. */
  | {
      readonly status: "pending";
      readonly ready: false;
      readonly missing: number;
      /** What had that sequence and was dropped, if this is remembered. */
      readonly gone?: { readonly idHex: string; readonly reason: AdmissionFault };
    }
  | { readonly status: "dropped"; readonly reason: AdmissionFault };

/** What a transaction would become if it were added now. */
export interface WouldBe {
  /** A block could take it at once. */
  readonly ready: boolean;
  /** The sequence that its account's next transaction has to have: what it would wait for if it is not ready. */
  readonly nextSequence: number;
  /** Id of the one whose place it would take. */
  readonly replaces: string | undefined;
}

/** What a change of the head is for the mempool. */
export interface MempoolHeadChange {
  /** Transactions of the blocks that joined the canonical chain. */
  readonly connected: readonly DecodedTransaction[];
  /** Transactions of the blocks that left it, highest block first. */
  readonly disconnected: readonly DecodedTransaction[];
  /** Every entry of the ledger that may differ from what it was before; one that is gone, as it was. */
  readonly touched: Iterable<Entry>;
}
