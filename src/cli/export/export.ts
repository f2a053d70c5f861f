/** `aurex-node export`: the chain of a stopped node as an SQLite file, or a copy of the file that a running node keeps. */
import path from "node:path";
import { durationText } from "../../base/duration-text.ts";
import { BacklogPace } from "../../export/backlog-pace.ts";
import { fileFormats } from "../../export/files/file-format.ts";
import type { LedgerCopyProgress } from "../../export/ledger-copy.ts";
import type { ExportProgress } from "../../export/ledger-job.ts";
import type { ExitCode } from "../../node/operator-error.ts";
import { AurexCommand } from "../command.ts";
import { unknownWord, usageError } from "../failure.ts";
import { wholeNumber } from "../flag-values.ts";
import { addJsonFlag, addPlaceFlags, type JsonFlag, type PlaceFlags, settingsOf } from "../shared-flags.ts";
import { addStopSignals } from "../stop-signals.ts";
import { onStoppedNode } from "../stopped-node.ts";
import { type Terminal, writeJson, writeLine } from "../terminal.ts";
import { filesCommand } from "./files.ts";
import { ledgerOfNode } from "./ledger-of-node.ts";

/** A line of progress at most so often. */
const sayEveryMs = 500;

interface ExportFlags extends PlaceFlags, JsonFlag {
  readonly out?: string;
  readonly copy?: string;
  readonly ledger?: string;
  readonly force?: boolean;
  readonly chain?: string;
  readonly finalizedOnly?: boolean;
  readonly from?: number;
  readonly to?: number;
}

export function exportCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("export", terminal)
    .description(
      "Write the chain of a stopped node into an SQLite file (--out), or copy the file that a running node keeps up to date (--copy). The commands below write the rows of a ledger elsewhere. A node keeps one with: aurex-node start --export FILE. A plain cp of that file beside a running node can miss its newest rows or be torn.",
    )
    .option("--out <file.sqlite>", "file to write from the chain of a stopped node, or to bring up to date")
    .option("--copy <file.sqlite>", "file to write as a copy of a ledger; the node may run and go on writing")
    .option("--ledger <file.sqlite>", "with --copy: the ledger to copy (default: that of the node)")
    .option("--force", "with --copy: replace a file that is there")
    .option("--chain <spec.json>", "with --out: check that the node is on this chain")
    .option(
      "--finalized-only",
      "with --out: only blocks that are final, which no reorganization can take back",
    )
    .option("--to <height>", "with --out: the last block to write (default: the head)", wholeNumber)
    .option(
      "--from <height>",
      "with --out: the first block to write. The file is then an excerpt: its balances and totals count from there, and no audit can call it complete",
      wholeNumber,
    )
    .examples(
      "aurex-node export --out ledger.sqlite --data-dir ./alpha",
      "aurex-node export --out block-1.sqlite --from 1 --to 1 --data-dir ./alpha",
      "aurex-node export --copy monday.sqlite --data-dir ./alpha",
      "aurex-node export --copy monday.sqlite --ledger ./alpha/ledger.sqlite --force",
      "sqlite3 ledger.sqlite 'SELECT * FROM transactions LIMIT 10'",
    )
    .allowExcessArguments()
    .runs((flags: ExportFlags) => {
      const [word] = command.args;
      const names = command.commands.map((child) => child.name());
      if (word !== undefined)
        throw unknownWord(`unknown command '${word}'`, word, names, "aurex-node export --help");
      const misuse = misuseOf(flags);
      if (misuse) throw usageError(misuse.what, misuse.why, misuse.next);
      return flags.copy === undefined
        ? write(flags, flags.out ?? "", terminal)
        : copy(flags, flags.copy, terminal);
    });
  for (const format of fileFormats) command.addCommand(filesCommand(format, terminal));
  // Subcommands have flags of the same names: what stands after a subcommand's name is the subcommand's.
  return addJsonFlag(addPlaceFlags(command)).enablePositionalOptions();
}

interface Misuse {
  readonly what: string;
  readonly why: string;
  readonly next: string;
}

function misuseOf(flags: ExportFlags): Misuse | undefined {
  const { out, copy } = flags;
  if (out === undefined && copy === undefined) {
    return {
      what: "no file to write is named",
      why: "export writes the chain of a stopped node to --out, or a copy of a running node's ledger to --copy",
      next: "aurex-node export --copy copy.sqlite, or with the node stopped: aurex-node export --out ledger.sqlite",
    };
  }
  if (out !== undefined && copy !== undefined) {
    return {
      what: "--out and --copy exclude each other",
      why: "one call writes one file",
      next: "call it twice",
    };
  }
  const others = out === undefined ? flagsOfOut : flagsOfCopy;
  const found = others.find(([name]) => flags[name] !== undefined);
  if (!found) return undefined;
  const [, astray] = found;
  const [of, other] = out === undefined ? ["--out", "--copy"] : ["--copy", "--out"];
  return { what: `${astray} belongs to ${of}`, why: `${other} does not use it`, next: `leave ${astray} out` };
}

const flagsOfOut: readonly (readonly [keyof ExportFlags, string])[] = [
  ["chain", "--chain"],
  ["finalizedOnly", "--finalized-only"],
  ["from", "--from"],
  ["to", "--to"],
];
const flagsOfCopy: readonly (readonly [keyof ExportFlags, string])[] = [
  ["ledger", "--ledger"],
  ["force", "--force"],
];

/** A stop before the end is 130: what was written is whole, and lacks the newest blocks. */
async function write(flags: ExportFlags, out: string, terminal: Terminal): Promise<ExitCode> {
  const { exportStoppedNode } = await import("../../node/export-stopped-node.ts");
  const { silentLogger } = await import("../../base/logger.ts");
  const { dataDir } = await settingsOf(flags, terminal);
  const file = path.resolve(out);
  const work = async (signal: AbortSignal) => {
    const { isAlone, ...report } = await exportStoppedNode(
      {
        ...{ dataDir, chain: flags.chain, file },
        ...{ finalizedOnly: flags.finalizedOnly ?? false, from: flags.from, to: flags.to },
      },
      { logger: silentLogger, onProgress: progressLine(terminal), signal },
    );
    if (!isAlone) terminal.stderr.write(heldNote(file));
    const { blocks, transactions, cursor } = report;
    if (flags.json) writeJson(terminal, { file, ...report });
    else {
      writeLine(terminal, `${file}: ${blocks} blocks and ${transactions} transactions written`);
      const from = flags.from ? `from block ${flags.from} ` : "";
      writeLine(terminal, `${from}up to block ${cursor?.index ?? "none"} of chain ${report.chainId}`);
    }
    if (flags.from) terminal.stderr.write(excerptNote(file, flags.from));
  };
  const refusal = {
    why: "--out reads the chain of a node that does not run",
    next: `aurex-node export --copy OUT.sqlite --data-dir '${dataDir}' copies the ledger that a running node keeps; or stop the node first`,
  };
  return onStoppedNode(dataDir, refusal, work, "run the command again, and it goes on from there.", terminal);
}

function excerptNote(file: string, from: number): string {
  return `note: ${file} is an excerpt (meta.first_index is ${from}): balances and totals in it leave out what came before\n`;
}

function heldNote(file: string): string {
  return `note: another program has ${file} open: until it ends, a copy of the file needs ${file}-wal beside it\n`;
}

async function copy(flags: ExportFlags, target: string, terminal: Terminal): Promise<void> {
  const { copyLedger } = await import("../../export/ledger-copy.ts");
  const ledger = flags.ledger ?? (await ledgerOfNode(await settingsOf(flags, terminal), terminal));
  const stop = addStopSignals();
  try {
    const report = await copyLedger(
      { ledger, target, force: flags.force ?? false },
      { onProgress: copyLine(terminal), signal: stop.signal },
    );
    if (flags.json) return writeJson(terminal, report);
    writeLine(terminal, `${report.file}: a copy of ${report.ledger}, ${report.bytes} bytes`);
    for (const { name, chainId, height, finalHeight } of report.chains) {
      const final = finalHeight === null ? "" : `, final up to ${finalHeight}`;
      writeLine(terminal, `up to block ${height}${final} of chain ${chainId} (${name})`);
    }
  } finally {
    stop.remove();
  }
}

/** On stderr, so that what a program reads is only the result. */
function progressLine(terminal: Terminal): (progress: ExportProgress) => void {
  const pace = new BacklogPace();
  let saidMs = Number.NEGATIVE_INFINITY;
  return ({ index, headHeight }) => {
    const nowMs = performance.now();
    pace.add(nowMs, index);
    if (nowMs - saidMs < sayEveryMs && index < headHeight) return;
    saidMs = nowMs;
    const leftMs = index < headHeight ? pace.leftMs(headHeight) : undefined;
    const left = leftMs === undefined ? "" : `, ${durationText(leftMs)} left`;
    terminal.stderr.write(`block ${index} of ${headHeight}${left}\n`);
  };
}

function copyLine(terminal: Terminal): (progress: LedgerCopyProgress) => void {
  return ({ bytes, bytesTotal }) =>
    void terminal.stderr.write(`copied ${mebibytes(bytes)} of ${mebibytes(bytesTotal)} MiB\n`);
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
