/** What tells two snapshots of one file apart: several threads must have the same one, beside a node that writes. */
import { createHash } from "node:crypto";
import type { LedgerReader } from "./ledger-reader.ts";

/** Every commit of an export moves a cursor, a clock or a count that is in here. */
export function snapshotMark(reader: LedgerReader): string {
  const hash = createHash("sha256");
  for (const table of ["meta", "nodes", "mining_pool"]) {
    for (const row of reader.rows(table, { limit: markRowsMax })) {
      hash.update(`${Object.values(row).map(String).join("\n")}\n`);
    }
  }
  const pages = reader
    .query(
      "SELECT page_count, (SELECT freelist_count FROM pragma_freelist_count) AS free FROM pragma_page_count",
    )
    .next().value;
  return hash.update(`${pages?.page_count} ${pages?.free}`).digest("hex");
}

const markRowsMax = 1_000;
