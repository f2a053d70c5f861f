/** `aurex-node export`: the chain of a stopped node as an SQLite file. */
import path from "node:path";
import type { ExportProgress } from "../export/export-job.ts";
import { AurexCommand } from "./command.ts";
import { addJsonFlag, addPlaceFlags, type JsonFlag, type PlaceFlags, settingsOf } from "./shared-flags.ts";
import { addStopSignals } from "./stop-signals.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

interface ExportFlags extends PlaceFlags, JsonFlag {
  readonly out: string;
  readonly chain?: string;
}

export function exportCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("export", terminal)
    .description(
      "Write the chain of a stopped node into an SQLite file. A file that is there is brought up to date. A running node keeps one up to date by itself: aurex-node start --export FILE.",
    )
    .requiredOption("--out <file.sqlite>", "file to write")
    .option("--chain <spec.json>", "check that the node is on this chain")
    .examples(
      "aurex-node export --out ledger.sqlite --data-dir ./alpha",
      "sqlite3 ledger.sqlite 'SELECT * FROM transactions LIMIT 10'",
    )
    .runs(async (flags: ExportFlags) => {
      const { exportStoppedNode } = await import("../node/export-stopped-node.ts");
      const { silentLogger } = await import("../base/logger.ts");
      const { dataDir } = await settingsOf(flags, terminal);
      const file = path.resolve(flags.out);
      const stop = addStopSignals();
      try {
        const report = await exportStoppedNode(
          { dataDir, chain: flags.chain, file },
          { logger: silentLogger, onProgress: progressLine(terminal), signal: stop.signal },
        );
        if (flags.json) return writeJson(terminal, { file, ...report });
        const { blocks, transactions, cursor } = report;
        writeLine(terminal, `${file}: ${blocks} blocks and ${transactions} transactions written`);
        writeLine(terminal, `up to block ${cursor?.index ?? "none"} of chain ${report.chainId}`);
      } finally {
        stop.remove();
      }
    });
  return addJsonFlag(addPlaceFlags(command));
}

/** On stderr, so that what a program reads is only the result. */
function progressLine(terminal: Terminal): (progress: ExportProgress) => void {
  return ({ index, headHeight }) => void terminal.stderr.write(`block ${index} of ${headHeight}\n`);
}
