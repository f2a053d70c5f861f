/** `aurex-node export postgres`: the chain of a stopped node, or of a ledger file, as tables of a PostgreSQL database. */
import { durationText } from "../../base/duration-text.ts";
import { BacklogPace } from "../../export/backlog-pace.ts";
import type { ExportError } from "../../export/export-error.ts";
import type { CatchUpReport, ExportProgress } from "../../export/ledger-job.ts";
import type { PostgresPlace } from "../../export/postgres/postgres-url.ts";
import { type ExitCode, exitCodes } from "../../node/operator-error.ts";
import { AurexCommand } from "../command.ts";
import { usageError } from "../failure.ts";
import { addJsonFlag, addPlaceFlags, type JsonFlag, type PlaceFlags, settingsOf } from "../shared-flags.ts";
import { addStopSignals } from "../stop-signals.ts";
import { onStoppedNode } from "../stopped-node.ts";
import { type Terminal, writeJson, writeLine } from "../terminal.ts";

/** A line of progress at most so often. */
const sayEveryMs = 500;
const goesOn = "run the command again, and it goes on from there.";

interface PostgresFlags extends PlaceFlags, JsonFlag {
  readonly url?: string;
  readonly schema?: string;
  readonly ledger?: string;
  readonly chain?: string;
  readonly finalizedOnly?: boolean;
  readonly ddl?: string;
}

export function exportPostgresCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("postgres", terminal)
    .description(
      "Write the chain of a stopped node, or of a ledger file (--ledger), into a PostgreSQL database, or bring that up to date. A running node follows its chain there with: aurex-node start --export postgres://… The password comes from PGPASSWORD, from ~/.pgpass, or from a file with the URL (--url @FILE).",
    )
    .option(
      "--url <url>",
      "the database: postgres://USER@HOST/DATABASE?sslmode=verify-full without a password, or @FILE",
    )
    .option("--schema <name>", "PostgreSQL schema of the tables (default: aurex, or ?schema= of the URL)")
    .option("--ledger <file.sqlite>", "read this ledger file, also beside the node that writes it")
    .option(
      "--chain <spec.json|id>",
      "check that the node is on this chain; with --ledger: id of the chain to read",
    )
    .option("--finalized-only", "only blocks that are final, which no reorganization can take back")
    .option(
      "--ddl <layout>",
      "only print the tables' SQL, to make them beforehand: plain, partitioned, citus or yugabyte",
    )
    .examples(
      "aurex-node export postgres --ddl partitioned",
      "aurex-node export postgres --url postgres://ledger@db.example.org/chain --data-dir ./alpha",
      "aurex-node export postgres --url @/etc/aurex/ledger.url --ledger ./alpha/ledger.sqlite",
    )
    .runs((flags: PostgresFlags) => run(flags, terminal));
  return addJsonFlag(addPlaceFlags(command));
}

async function run(flags: PostgresFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.ddl !== undefined) return printTables(flags.ddl, flags.schema, terminal);
  if (flags.url === undefined) {
    throw usageError(
      "no database is named",
      "export postgres writes into one",
      "name it with --url, e.g. --url postgres://ledger@db.example.org/chain?sslmode=verify-full",
    );
  }
  const { readPostgresUrl } = await import("../../export/postgres/postgres-url.ts");
  const place = readPostgresUrl(flags.url, flags.schema);
  if (flags.ledger !== undefined) return fromLedger(flags, flags.ledger, place, terminal);
  return fromNode(flags, place, terminal);
}

async function printTables(
  layout: string,
  schema: string | undefined,
  terminal: Terminal,
): Promise<ExitCode> {
  const { layouts, tableScript } = await import("../../export/postgres/postgres-schema.ts");
  const { schemaDefault } = await import("../../export/postgres/postgres-url.ts");
  const known = layouts.find((name) => name === layout);
  if (!known) {
    throw usageError(
      `there is no layout ${layout}`,
      `the tables can be laid out as ${layouts.join(", ")}`,
      "name one of these",
    );
  }
  terminal.stdout.write(tableScript(schema ?? schemaDefault, known));
  return exitCodes.ok;
}

async function fromNode(flags: PostgresFlags, place: PostgresPlace, terminal: Terminal): Promise<ExitCode> {
  const { exportStoppedNode } = await import("../../node/export-stopped-node.ts");
  const { silentLogger } = await import("../../base/logger.ts");
  const { dataDir } = await settingsOf(flags, terminal);
  const { chain, finalizedOnly = false } = flags;
  const work = async (signal: AbortSignal) => {
    const { isAlone: _, ...report } = await exportStoppedNode(
      { dataDir, chain, file: place.text, postgres: place, finalizedOnly },
      { logger: silentLogger, ...told(terminal), signal },
    );
    show(report, place, flags, terminal);
  };
  const refusal = {
    why: "export postgres reads the chain of a node that does not run",
    next: `start the node with --export '${place.text}' to have it follow its chain there; or read the ledger file that it keeps: --ledger FILE`,
  };
  return onStoppedNode(dataDir, refusal, work, goesOn, terminal);
}

async function fromLedger(
  flags: PostgresFlags,
  ledger: string,
  postgres: PostgresPlace,
  terminal: Terminal,
): Promise<ExitCode> {
  const { exportLedgerFile } = await import("../../export/postgres/export-ledger-file.ts");
  const stop = addStopSignals();
  try {
    const { chain: chainId, finalizedOnly = false } = flags;
    const modules = { ...told(terminal), signal: stop.signal };
    const report = await exportLedgerFile({ ledger, chainId, postgres, finalizedOnly }, modules);
    show(report, postgres, flags, terminal);
    if (!stop.signal.aborted) return exitCodes.ok;
    terminal.stderr.write(`Stopped before the end: ${goesOn}\n`);
    return exitCodes.forcedStop;
  } finally {
    stop.remove();
  }
}

function show(
  report: CatchUpReport & { readonly chainId: string },
  { text }: PostgresPlace,
  { json }: PostgresFlags,
  terminal: Terminal,
): void {
  if (json) {
    writeJson(terminal, { database: text, ...report });
    return;
  }
  writeLine(terminal, `${text}: ${report.blocks} blocks and ${report.transactions} transactions written`);
  writeLine(terminal, `up to block ${report.cursor?.index ?? "none"} of chain ${report.chainId}`);
}

/** On stderr, so that what a program reads is only the result. */
function told(terminal: Terminal) {
  const pace = new BacklogPace();
  let saidMs = Number.NEGATIVE_INFINITY;
  const onProgress = ({ index, headHeight }: ExportProgress) => {
    const nowMs = performance.now();
    pace.add(nowMs, index);
    if (nowMs - saidMs < sayEveryMs && index < headHeight) return;
    saidMs = nowMs;
    const leftMs = index < headHeight ? pace.leftMs(headHeight) : undefined;
    terminal.stderr.write(
      `block ${index} of ${headHeight}${leftMs === undefined ? "" : `, ${durationText(leftMs)} left`}\n`,
    );
  };
  const onRetry = (error: ExportError, delayMs: number) =>
    void terminal.stderr.write(`${error.message}; tried again in ${durationText(delayMs)}\n`);
  return { onProgress, onRetry };
}
