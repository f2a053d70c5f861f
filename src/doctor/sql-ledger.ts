/** Whether the SQL ledger beside a running node is written, and whether anybody keeps its log from being emptied. */
import { type Finding, failed, passed, unknown } from "./finding.ts";
import type { RunningNode } from "./running-node.ts";

/** A program that is told from one that only reads for a while. */
const readerMaxMs = 60_000;

/** @param node what the node says of itself, or why none answers */
export function checkSqlLedger(node: RunningNode | string): Finding {
  if (typeof node === "string") return unknown("sql-ledger", "no node runs that could write one");
  const ledger = node.status.export;
  if (!ledger) return passed("sql-ledger", "this node keeps none: start it with --export FILE to have one");
  const { file, height, lagBlocks, logBytes, reader, fault } = ledger;
  if (fault)
    return failed("sql-ledger", `not written since ${timeText(fault.sinceMs)}: ${fault.message}`, fault.next);
  if (reader && Date.now() - reader.sinceMs > readerMaxMs) {
    const program = reader.process ?? "another program";
    return failed(
      "sql-ledger",
      `${program} holds a transaction on ${file} open since ${timeText(reader.sinceMs)}: the log beside it has ${logBytes} bytes and grows`,
      "end that transaction or that program; for long queries use a copy: aurex-node export --copy OUT.sqlite",
    );
  }
  const lag = lagBlocks > 0 ? `, ${lagBlocks} behind` : "";
  return passed("sql-ledger", `${file} is written, up to block ${height ?? "none"}${lag}`);
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
