/** Where the SQL ledger of a node lies. */
import path from "node:path";
import type { NodeConfig } from "../../config/node-config.ts";
import { usageError } from "../failure.ts";
import { connect } from "../shared-flags.ts";
import type { Terminal } from "../terminal.ts";

/** The file that the running node writes; of a stopped node, the one that its settings name, or that it wrote last. */
export async function ledgerOfNode(
  { dataDir, export: configured }: NodeConfig,
  terminal: Terminal,
): Promise<string> {
  const { holderOf } = await import("../place/node-place.ts");
  const holder = await holderOf(dataDir);
  if (holder?.apiUrl) {
    const { export: kept } = await (await connect({ dataDir }, terminal)).node();
    if (kept) return kept.file;
    throw usageError(
      `the node in ${dataDir} keeps no SQL ledger`,
      "it was started without --export",
      "start it again with --export FILE; or stop it and write one from its chain: aurex-node export --out FILE",
    );
  }
  const { lastStart } = await import("../place/started-with.ts");
  const kept = configured ?? (await lastStart(dataDir))?.export;
  if (typeof kept === "string") return path.resolve(kept);
  throw usageError(
    holder ? `the node in ${dataDir} has no API` : `no node runs in ${dataDir}`,
    "so it cannot be asked where its SQL ledger is",
    `name the ledger with --ledger FILE, or write one from the chain: aurex-node export --out FILE --data-dir '${dataDir}'`,
  );
}
