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
import { addPassphraseFlag } from "../passphrase.ts";
import { addJsonFlag, addPlaceFlags, type JsonFlag, type PlaceFlags, settingsOf } from "../shared-flags.ts";
import { addStopSignals } from "../stop-signals.ts";
import { onStoppedNode } from "../stopped-node.ts";
import { type Terminal, writeJson, writeLine } from "../terminal.ts";
import { filesCommand } from "./files.ts";
import { ledgerOfNode } from "./ledger-of-node.ts";
import { exportPostgresCommand } from "./postgres.ts";

/** A line of progress at most so often. */
const sayEveryMs = 500;

interface ExportFlags extends PlaceFlags, JsonFlag {
  readonly out?: string;
  readonly copy?: string;
  readonly ledger?: string;
  readonly force?: boolean;
  readonly chain?: string;
  readonly bundle?: string;
  readonly sign?: boolean;
  readonly key?: string;
  readonly passphraseFile?: string;
  readonly finalizedOnly?: boolean;
  readonly from?: number;
  readonly to?: number;
}

export function exportCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("export", terminal)
    .description(
      "Write the chain of a stopped node into an SQLite file (--out), or copy the file that a running node keeps up to date (--copy), or pack such a copy for an auditor (--bundle). The commands below write the rows of a ledger elsewhere. A node keeps one with: aurex-node start --export FILE. A plain cp of that file beside a running node can miss its newest rows or be torn.",
    )
    .option("--out <file.sqlite>", "file to write from the chain of a stopped node, or to bring up to date")
    .option("--copy <file.sqlite>", "file to write as a copy of a ledger; the node may run and go on writing")
    .option(
      "--bundle <file.tar.gz>",
      "archive to write: a copy of a ledger, its digest, the chain spec, the audit's report, and a verifier in Python",
    )
    .option("--ledger <file.sqlite>", "with --copy and --bundle: the ledger (default: that of the node)")
    .option("--force", "with --copy and --bundle: replace a file that is there")
    .option("--sign", "with --bundle: sign the digest with a key of the data directory")
    .option("--key <name>", 'with --sign: the key (default: "node", the node\'s own)')
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
      "aurex-node export --bundle audit.tar.gz --ledger ledger.sqlite",
      "aurex-node export --bundle monday.tar.gz --sign --data-dir ./alpha",
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
      if (flags.bundle !== undefined) return bundle(flags, flags.bundle, terminal);
      return flags.copy === undefined
        ? write(flags, flags.out ?? "", terminal)
        : copy(flags, flags.copy, terminal);
    });
  for (const format of fileFormats) command.addCommand(filesCommand(format, terminal));
  command.addCommand(exportPostgresCommand(terminal));
  // Subcommands have flags of the same names: what stands after a subcommand's name is the subcommand's.
  return addJsonFlag(addPlaceFlags(addPassphraseFlag(command))).enablePositionalOptions();
}

interface Misuse {
  readonly what: string;
  readonly why: string;
  readonly next: string;
}

const targets = ["out", "copy", "bundle"] as const;

function misuseOf(flags: ExportFlags): Misuse | undefined {
  const [target, other] = targets.filter((name) => flags[name] !== undefined);
  if (target === undefined) {
    return {
      what: "no file to write is named",
      why: "export writes the chain of a stopped node to --out, a copy of a running node's ledger to --copy, or a bundle for an auditor to --bundle",
      next: "aurex-node export --copy copy.sqlite, or with the node stopped: aurex-node export --out ledger.sqlite",
    };
  }
  if (other !== undefined) {
    return {
      what: `--${target} and --${other} exclude each other`,
      why: "one call writes one file",
      next: "call it twice",
    };
  }
  const astray = flagsOf.find(([name, , of]) => flags[name] !== undefined && !of.includes(target));
  if (astray) {
    const [, flag, of] = astray;
    return {
      what: `${flag} belongs to ${of.map((name) => `--${name}`).join(" and ")}`,
      why: `--${target} does not use it`,
      next: `leave ${flag} out`,
    };
  }
  if (flags.key === undefined || flags.sign) return undefined;
  return {
    what: "--key belongs to --sign",
    why: "nothing else is signed",
    next: "add --sign, or leave --key out",
  };
}

/** Flags with the targets that they belong to. */
const flagsOf: readonly (readonly [keyof ExportFlags, string, readonly (typeof targets)[number][]])[] = [
  ["chain", "--chain", ["out"]],
  ["finalizedOnly", "--finalized-only", ["out"]],
  ["from", "--from", ["out"]],
  ["to", "--to", ["out"]],
  ["ledger", "--ledger", ["copy", "bundle"]],
  ["force", "--force", ["copy", "bundle"]],
  ["sign", "--sign", ["bundle"]],
  ["key", "--key", ["bundle"]],
];

async function bundle(flags: ExportFlags, target: string, terminal: Terminal): Promise<ExitCode> {
  const { bundleLedger } = await import("./bundle.ts");
  const ledger = flags.ledger ?? (await ledgerOfNode(await settingsOf(flags, terminal), terminal));
  return bundleLedger(target, ledger, flags, terminal);
}

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
  return `note: ${file} is an excerpt (meta.first_index is ${from}): its balances and totals leave out the blocks before it\n`;
}

function heldNote(file: string): string {
  return `note: another program has ${file} open: until that program ends, copy ${file}-wal together with the file\n`;
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
