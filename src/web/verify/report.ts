/** What is asked of a verification, and what it tells while it goes on: plain values, as a page and its worker exchange them. */
import type { AccountAnswer } from "../../api/accounts.ts";
import type { BlockAnswer } from "../../api/blocks.ts";
import type { TransactionAnswer } from "../../api/transactions.ts";
import type { CheckName, VerifyFaultCode } from "../../client/index.ts";
import type { Difference } from "./differences.ts";

/** `shown` is what the page shows: it is held against what was proven. */
export type VerifyQuestion =
  | { readonly kind: "transaction"; readonly id: string; readonly shown: TransactionAnswer }
  | { readonly kind: "block"; readonly hash: string; readonly shown: BlockAnswer }
  | {
      readonly kind: "balance";
      /** An address. */
      readonly account: string;
      /** Id of an asset whose holding is to be proven, too. */
      readonly asset?: string;
      readonly shown: AccountAnswer;
    };

export interface VerifyRequest {
  /** Of the node's API. */
  readonly baseUrl: string;
  /** The chain that is trusted: everything follows from its id. */
  readonly chainId: string;
  readonly question: VerifyQuestion;
  /** Begin at the chain id, whatever this browser has kept. */
  readonly isFromStart?: boolean;
}

/** The light client's checks, and what a page adds to them. */
export type StepName =
  | CheckName
  /** What this browser verified another time and has kept. */
  | "kept"
  /** A name that the page shows belongs to the account. */
  | "name"
  /** Symbol and decimals of an asset, from the transaction that issued it. */
  | "asset"
  /** What the page shows is what was proven. */
  | "shown";

export interface VerifyStep {
  readonly name: StepName;
  /** "open": it can be neither proven nor refuted; the node alone says it. */
  readonly state: "holds" | "fails" | "open";
  /** What was computed, or why it does not hold. */
  readonly what: string;
}

/** The block under which something was proven. */
export interface ProvenPlace {
  readonly height: number;
  readonly hash: string;
  readonly timestampMs: number;
  /** Null if the block is final. */
  readonly confirmations: number | null;
}

export type FailureCode =
  | VerifyFaultCode
  /** What the page shows is not what was proven. */
  | "shown/differs";

export type VerifyOutcome =
  | {
      readonly result: "proven";
      readonly place: ProvenPlace;
      /** What of the shown values rests on the node's word. */
      readonly unproven: readonly string[];
      readonly balance?: ProvenBalance;
    }
  /** The page showed an older state than the node has now; what it has now was proven. */
  | { readonly result: "outdated"; readonly differences: readonly Difference[] }
  /** In no block so far: only its id and signature can be checked. */
  | { readonly result: "signed"; readonly unproven: readonly string[] }
  /** A lie, or a damaged answer. */
  | {
      readonly result: "refuted";
      readonly code: FailureCode;
      readonly reason: string;
      readonly differences: readonly Difference[];
    }
  /** It cannot be proven now, and nothing was refuted. */
  | { readonly result: "impossible"; readonly reason: string; readonly next: string }
  | { readonly result: "cancelled" };

export interface ProvenBalance {
  /** Base units as text. */
  readonly balanceUnits: string;
  readonly sequence: number;
  readonly assetUnits: string | null;
}

export type VerifyReport =
  | { readonly type: "step"; readonly step: VerifyStep }
  /** How far the chain has been followed, and how far the node says that it goes. */
  | { readonly type: "progress"; readonly height: number; readonly of: number }
  | { readonly type: "outcome"; readonly outcome: VerifyOutcome };

/** From the page to the worker. */
export type ToWorker =
  | { readonly number: number; readonly request: VerifyRequest }
  | { readonly number: number; readonly cancel: true };

/** From the worker to the page, about the request with that number. */
export interface FromWorker {
  readonly number: number;
  readonly report: VerifyReport;
}
