/** Makes the HTML report of an audit: opens the file again for the figures, as hostile as it was before. */
import type { AuditResult, ChainResult } from "../audit-result.ts";
import { openLedger } from "../ledger-opening.ts";
import { LedgerReader } from "../ledger-reader.ts";
import { type ChainFigures, chainFigures } from "./chain-figures.ts";
import { reportPage } from "./report-page.ts";

/**
 * One self-contained HTML page in UTF-8. Figures reach up to the block that the audit reached, so that a node may go on
 * writing to the file meanwhile; a file that can give none leaves them out.
 */
export function auditReport(result: AuditResult): string {
  let reader: LedgerReader | undefined;
  try {
    reader = new LedgerReader(openLedger(result.file));
  } catch {
    // The result stands; what the file cannot tell any more is said in the report.
  }
  try {
    return reportPage(result, (chain) => reader && figuresOrNone(reader, chain));
  } finally {
    reader?.close();
  }
}

function figuresOrNone(
  reader: LedgerReader,
  { chainId, head, final }: ChainResult,
): ChainFigures | undefined {
  if (!head) return undefined;
  try {
    return chainFigures(reader, chainId, head.height, final?.height ?? -1);
  } catch {
    // Wrong types or missing columns in a file that was tampered with: a finding of the audit already.
    return undefined;
  }
}
