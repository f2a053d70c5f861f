/** The SQL ledger as a download. */
import { Octets, route } from "./route.ts";

/** SQLite's own media type (RFC-registered as `application/vnd.sqlite3`). */
export const sqliteMedia = "application/vnd.sqlite3";

export const getExport = route({
  method: "GET",
  path: "/v1/export",
  topic: "export",
  summary: "A consistent copy of the SQL ledger, as one SQLite file",
  description:
    "Of a node that writes one (`--export`). The headers `aurex-ledger-height` and `aurex-ledger-hash` name its last block. One download at a time for each caller. Answers 409 `export/not-configured` without a ledger, 429 `export/running` during another download, 503 `export/disk-full` if the copy would fill the node's disk.",
  answers: { 200: Octets },
  media: sqliteMedia,
  stream: true,
});
