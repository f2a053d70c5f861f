/** What an audit came to: as JSON for programs, and the source of the table and of the report for people. */
import type { CheckName, Finding } from "./finding.ts";

/**
 * holds: it looked, and all is as it should be. fails: it found something. not-judged: it found nothing, and could not
 * look at everything. does-not-apply: there is nothing to look at.
 */
export type CheckStatus = "holds" | "fails" | "not-judged" | "does-not-apply";

export interface CheckResult {
  readonly name: CheckName;
  /** What the check asks, for people. */
  readonly title: string;
  readonly status: CheckStatus;
  /** Rows that were looked at. */
  readonly rows: number;
  /** All of them; the first 1,000 are in `findings` of the result. */
  readonly findings: number;
  /** Of all threads together. */
  readonly seconds: number;
  readonly notJudged: readonly string[];
  readonly notes: readonly string[];
}

/** From weak to strong; "failed" if any check of the file or the chain fails or could not judge. */
export type Verdict = "failed" | "consistent" | "authentic" | "complete";

export interface BlockName {
  readonly height: number;
  /** Hex. */
  readonly hash: string;
}

export interface NotProved {
  /** One sentence. */
  readonly what: string;
  /** The command or step that would prove it. */
  readonly next: string;
}

export interface ChainResult {
  /** Hex. */
  readonly chainId: string;
  readonly name: string;
  readonly consensus: string;
  readonly genesisHash: string;
  /** The last block in the file; null if it has none. */
  readonly head: BlockName | null;
  readonly final: BlockName | null;
  readonly blocks: number;
  readonly transactions: number;
  readonly verdict: Verdict;
  /** The height that the verdict reaches up to; null if it failed. */
  readonly upTo: number | null;
  /** The verdict in words. */
  readonly words: string;
  readonly proved: readonly string[];
  readonly notProved: readonly NotProved[];
  /** In the order of the checks, without `schema`, which is the file's. */
  readonly checks: readonly CheckResult[];
  /** The kept ones, by check. */
  readonly findings: readonly Finding[];
}

export interface AuditResult {
  readonly format: "aurex-audit/1";
  /** Absolute. */
  readonly file: string;
  readonly fileBytes: number;
  readonly startedAtMs: number;
  readonly seconds: number;
  readonly jobs: number;
  /** True if every check of the file and of each chain holds. */
  readonly holds: boolean;
  /** The weakest verdict of the chains. */
  readonly verdict: Verdict;
  /** The check of the file as a whole. */
  readonly schema: CheckResult;
  /** Other checks that found something about the file as a whole, e.g. that a chain is missing. */
  readonly others: readonly CheckResult[];
  /** Of the file as a whole. */
  readonly findings: readonly Finding[];
  readonly chains: readonly ChainResult[];
}

export const checkTitles: Readonly<Record<CheckName, string>> = {
  schema: "the schema is the shipped one, and the file is sound",
  chain: "the blocks are a chain without gaps, from the genesis block to the cursor",
  headers: "every column of every block follows from its bytes, and the hash from them",
  work: "every block of Proof of Work has done the work that the rules ask for",
  authority:
    "every block of Proof of Authority is sealed by whose turn it was, and final blocks are certified",
  transactions: "every column of every transaction follows from its bytes, and its sender has signed it",
  blocks: "each block has the transactions that its header commits to",
  state: "the ledger replayed gives the state root of every block",
  tables: "users, assets, balances and the other tables are what the replay gives",
  observed: "what nodes said of themselves is signed by them",
  append: "the audited digest is a prefix of this file: nothing in it was changed",
  orphans: "the blocks that left the chain are whole, and belong to their reorganizations",
};
