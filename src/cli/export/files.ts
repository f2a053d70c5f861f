/** `aurex-node export csv|jsonl|parquet`: an SQL ledger as a folder of files for spreadsheets, DuckDB and Spark. */
import path from "node:path";
import { durationText } from "../../base/duration-text.ts";
import type { FileFormat } from "../../export/files/file-format.ts";
import type { ExportFilesProgress, ExportFilesReport } from "../../export/files/files-request.ts";
import { type ExitCode, exitCodes } from "../../node/operator-error.ts";
import { AurexCommand } from "../command.ts";
import { wholeNumber } from "../flag-values.ts";
import { addJsonFlag, addPlaceFlags, type JsonFlag, type PlaceFlags, settingsOf } from "../shared-flags.ts";
import { addStopSignals } from "../stop-signals.ts";
import { type Terminal, writeJson, writeLine } from "../terminal.ts";
import { ledgerOrWritten } from "./ledger-of-node.ts";

interface FilesFlags extends PlaceFlags, JsonFlag {
  readonly out: string;
  readonly ledger?: string;
  readonly chain?: string;
  readonly from?: number;
  readonly to?: number;
  readonly finalizedOnly?: boolean;
  readonly blocksPerFile?: number;
  readonly exactTexts?: boolean;
  readonly force?: boolean;
}

const kinds: Readonly<Record<FileFormat, { readonly summary: string; readonly about: string }>> = {
  csv: {
    summary: "write an SQL ledger as CSV files",
    about:
      'CSV files (RFC 4180, UTF-8). NULL is an empty field, an empty text is "". A text that a spreadsheet could take for a formula gets an apostrophe in front.',
  },
  jsonl: {
    summary: "write an SQL ledger as files of JSON lines",
    about: "files of JSON lines: one object for each row. Amounts are texts with all their digits.",
  },
  parquet: {
    summary: "write an SQL ledger as Parquet files",
    about: "Parquet files, which DuckDB and Apache Spark open as they are. Amounts are exact: DECIMAL(20,0).",
  },
};

export function filesCommand(format: FileFormat, terminal: Terminal): AurexCommand {
  const { summary, about } = kinds[format];
  const command = new AurexCommand(format, terminal)
    .summary(summary)
    .description(
      `Write an SQL ledger as ${about} The folder has every table, by chain and range of blocks, and manifest.json with checksums and the content digest. If you run the command again, it writes only new rows. The node may run meanwhile: everything is read in one transaction.`,
    )
    .requiredOption("--out <directory>", "folder to write, or to bring up to date")
    .option("--ledger <file.sqlite>", "the ledger to read (default: that of the node)")
    .option(
      "--chain <id>",
      "the chain, if the ledger holds several: its id, the first 8 digits of it, or its name (default: every chain)",
    )
    .option("--from <height>", "first block (default: that of the ledger)", wholeNumber)
    .option("--to <height>", "last block (default: that of the ledger)", wholeNumber)
    .option("--finalized-only", "stop at the last final block: later blocks can still be replaced")
    .option("--blocks-per-file <number>", "blocks to a file (default: 10000)", wholeNumber);
  if (format === "csv") {
    command.option(
      "--exact-texts",
      "write texts unchanged, also texts that a spreadsheet would run as a formula",
    );
  }
  command
    .option("--force", "write the folder anew, whatever an earlier export left in it")
    .examples(
      `aurex-node export ${format} --out ledger-${format} --data-dir ./alpha`,
      `aurex-node export ${format} --out monday-${format} --ledger monday.sqlite --json`,
    )
    .runs((flags: FilesFlags) => write(format, flags, terminal));
  return addJsonFlag(addPlaceFlags(command));
}

async function write(format: FileFormat, flags: FilesFlags, terminal: Terminal): Promise<ExitCode> {
  const { exportFiles } = await import("../../export/files/export-files.ts");
  const { ExportFilesStopped } = await import("../../export/files/files-job.ts");
  const { ContentDigest } = await import("../../audit/content-digest.ts");
  const stop = addStopSignals();
  try {
    const ledger =
      flags.ledger ?? (await ledgerOrWritten(await settingsOf(flags, terminal), terminal, stop.signal));
    const { out, chain, force, from, to, finalizedOnly, blocksPerFile, exactTexts } = flags;
    const report = await exportFiles(
      {
        ...{ ledger, folder: path.resolve(out), format, chain, from, to },
        ...{ finalizedOnly: finalizedOnly ?? false, blocksPerFile, exactTexts, force },
      },
      {
        digester: {
          begin: (meta, allocations) => new ContentDigest(meta, allocations),
          after: (digest) => new ContentDigest(digest),
        },
        onProgress: progressLine(terminal),
        signal: stop.signal,
      },
    );
    if (flags.json) writeJson(terminal, report);
    else writeReport(report, terminal);
    return exitCodes.ok;
  } catch (thrown) {
    if (!(thrown instanceof ExportFilesStopped)) throw thrown;
    terminal.stderr.write(
      `Stopped before the end: ${path.resolve(flags.out)} is as it was. Run the command again.\n`,
    );
    return exitCodes.forcedStop;
  } finally {
    stop.remove();
  }
}

function writeReport(report: ExportFilesReport, terminal: Terminal): void {
  const { folder, filesWritten, filesKept, rows, bytes, chains } = report;
  const kept = filesKept > 0 ? `, ${filesKept} kept from before` : "";
  writeLine(terminal, `${folder}: ${filesWritten} files written${kept}; ${rows} rows, ${bytes} bytes in all`);
  for (const { chainId, name, from, head, final, contentDigest } of chains) {
    const finality = final === null ? "" : `, final up to ${final.height}`;
    writeLine(terminal, `blocks ${from} to ${head.height}${finality} of chain ${chainId} (${name})`);
    if (contentDigest !== null) writeLine(terminal, `content digest ${contentDigest}`);
  }
}

const linesApartMs = 1_000;

/** On stderr, so that what a program reads is only the result. */
function progressLine(terminal: Terminal): (progress: ExportFilesProgress) => void {
  const startMs = performance.now();
  let saidMs = startMs;
  return ({ blocks, blocksTotal }) => {
    const nowMs = performance.now();
    if (nowMs - saidMs < linesApartMs || blocks === 0) return;
    saidMs = nowMs;
    const leftMs = ((nowMs - startMs) * (blocksTotal - blocks)) / blocks;
    terminal.stderr.write(`${blocks} of ${blocksTotal} blocks, about ${durationText(leftMs)} left\n`);
  };
}
