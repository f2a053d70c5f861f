/** Where the SQL ledger of a node lies. */
import { existsSync } from "node:fs";
import path from "node:path";
import { isDatabaseTarget } from "../../base/database-target.ts";
import type { NodeConfig } from "../../config/node-config.ts";
import { usageError } from "../failure.ts";
import { connect } from "../shared-flags.ts";
import type { Terminal } from "../terminal.ts";

type LedgerSettings = Pick<NodeConfig, "dataDir" | "export">;

/** The file that the running node writes; of a stopped node, the one that its settings name, or that it wrote last. */
export async function ledgerOfNode(
  { dataDir, export: configured }: LedgerSettings,
  terminal: Terminal,
): Promise<string> {
  const { holderOf } = await import("../place/node-place.ts");
  const holder = await holderOf(dataDir);
  if (holder?.apiUrl) {
    const { export: kept } = await (await connect({ dataDir }, terminal)).node();
    if (kept && isDatabaseTarget(kept.file)) throw keptInDatabase(kept.file);
    if (kept) return kept.file;
    throw usageError(
      `the node in ${dataDir} keeps no SQL ledger`,
      "it was started without --export",
      "start it again with --export FILE; or stop it and write one from its chain: aurex-node export --out FILE",
    );
  }
  const kept = await keptBefore({ dataDir, export: configured });
  if (kept !== undefined) return kept;
  throw usageError(
    holder ? `the node in ${dataDir} has no API` : `no node runs in ${dataDir}`,
    "so it cannot be asked where its SQL ledger is",
    `name the ledger with --ledger FILE, or write one from the chain: aurex-node export --out FILE --data-dir '${dataDir}'`,
  );
}

/**
 * As {@link ledgerOfNode}; of a stopped node that has no ledger, one is written from its chain first, into its directory.
 *
 * @param signal ends the writing between two blocks; what is written then is a ledger up to there
 */
export async function ledgerOrWritten(
  settings: LedgerSettings,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string> {
  const { dataDir } = settings;
  const { holderOf } = await import("../place/node-place.ts");
  const isRunning = (await holderOf(dataDir)) !== undefined;
  const kept = isRunning ? await ledgerOfNode(settings, terminal) : await keptBefore(settings);
  if (kept !== undefined && (isRunning || existsSync(kept))) return kept;
  const file = path.join(dataDir, "ledger.sqlite");
  terminal.stderr.write(
    `The node in ${dataDir} has no SQL ledger: writing one from its chain first, ${file}\n`,
  );
  const { exportStoppedNode } = await import("../../node/export-stopped-node.ts");
  const { silentLogger } = await import("../../base/logger.ts");
  await exportStoppedNode({ dataDir, chain: undefined, file }, { logger: silentLogger, signal });
  return file;
}

/** Of a stopped node; undefined if it kept none, or one in a database. */
async function keptBefore({ dataDir, export: configured }: LedgerSettings): Promise<string | undefined> {
  const { lastStart } = await import("../place/started-with.ts");
  const kept = configured ?? (await lastStart(dataDir))?.export;
  return typeof kept === "string" && !isDatabaseTarget(kept) ? path.resolve(kept) : undefined;
}

function keptInDatabase(url: string): Error {
  return usageError(
    "the node keeps its SQL ledger in a database",
    `${url} is no file`,
    "name a ledger file with --ledger FILE; or stop the node and write one from its chain: aurex-node export --out FILE",
  );
}
