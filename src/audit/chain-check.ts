/** What a check of one chain is: it is shown the blocks in order, and says what does not follow. */
import type { ChainSpec } from "../protocol/genesis.ts";
import type { NotProved } from "./audit-result.ts";
import type { CheckName, FindingDraft } from "./finding.ts";
import type { LedgerBlock, Row } from "./ledger-block.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import type { SignatureSink } from "./replay/signature-sink.ts";

/** Where a check says what it has looked at and found; it never throws, whatever the file holds. */
export interface CheckReport {
  /** Every finding counts; only the first 1,000 of a check are kept. */
  finding(finding: FindingDraft): void;
  /** Rows that were looked at, beside the row of each block that {@link ChainCheck.block} is shown, which counts by itself. */
  looked(rows: number): void;
  /** Says once what cannot be judged any more, e.g. "the state after block 12: block 12 does not decode". */
  cannotJudge(what: string): void;
  /** Says that the check asks for nothing here, and why, e.g. "Proof of Authority has no work". */
  doesNotApply(why: string): void;
  /** Something an auditor should know that is no finding, e.g. how many rows nothing can verify. */
  note(text: string): void;
  /** Something that the file claims and cannot prove, though it may be true. At most a few for each chain. */
  notProved(open: NotProved): void;
}

export interface ChainCheckContext {
  readonly spec: ChainSpec;
  /** Hex. */
  readonly chainId: string;
  /** The chain's row in `meta`; its values are as hostile as the rest of the file. */
  readonly meta: Row;
  /** Of the first block that the file should hold: 0, unless the file says that it is an excerpt. */
  readonly firstHeight: number;
  /** Of the highest block that the file has a row of. */
  readonly headHeight: number;
  readonly reader: LedgerReader;
  readonly report: CheckReport;
  /** The auditor's own clock, in ms since 1970: no true block is of its future. Not judged unless given. */
  readonly nowMs?: number;
  /** Hashes of blocks, hex, that the auditor takes for final on the word of operators: `--trust-recovery` of their nodes. */
  readonly trustedHashes?: readonly string[];
  /** Where signatures of seals and votes are verified; at once unless given. */
  readonly signatures?: SignatureSink;
}

/** One check of one chain. It goes on after a finding. */
export interface ChainCheck {
  readonly name: CheckName;
  /** Blocks come in order, from {@link ChainCheckContext.firstHeight} on. One whose row is missing does not come at all. */
  block(block: LedgerBlock): void;
  /** After the last block. What takes longer is done in steps, so that a signal is heard in between. */
  end(): Iterable<void> | void;
}

/** Makes a check for one chain. */
export type ChainCheckFactory = (context: ChainCheckContext) => ChainCheck;
