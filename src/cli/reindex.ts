/** `aurex-node reindex`: builds the account index of a stopped node anew. */
import type { ExitCode } from "../node/operator-error.ts";
import { AurexCommand } from "./command.ts";
import { addJsonFlag, addPlaceFlags, type JsonFlag, type PlaceFlags, settingsOf } from "./shared-flags.ts";
import { onStoppedNode } from "./stopped-node.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

export function reindexCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("reindex", terminal)
    .description(
      "Build the account index of a stopped node anew, from the blocks that it has. The index is what account histories are read from (GET /v1/accounts/{account}/transactions). A running node builds a missing or damaged index by itself; this command builds it at once. If it is stopped before its end, the node goes on from there.",
    )
    .examples("aurex-node reindex --data-dir ./alpha", "aurex-node reindex --data-dir ./alpha --json")
    .runs((flags: PlaceFlags & JsonFlag) => reindex(flags, terminal));
  return addJsonFlag(addPlaceFlags(command));
}

async function reindex(flags: PlaceFlags & JsonFlag, terminal: Terminal): Promise<ExitCode> {
  const { reindexStoppedNode } = await import("../node/reindex-stopped-node.ts");
  const { silentLogger } = await import("../base/logger.ts");
  const { dataDir } = await settingsOf(flags, terminal);
  const work = async (signal: AbortSignal) => {
    const report = await reindexStoppedNode(dataDir, {
      logger: silentLogger,
      onProgress: ({ blocks, of }) => void terminal.stderr.write(`block ${blocks} of ${of}\n`),
      signal,
    });
    const { blocks, of, chainId } = report;
    if (flags.json) writeJson(terminal, report);
    else writeLine(terminal, `the account index covers ${blocks} of ${of} blocks of chain ${chainId}`);
  };
  const refusal = {
    why: "reindex changes the files of a node that does not run",
    next: "stop the node first: it also builds a missing or damaged index by itself while it runs",
  };
  return onStoppedNode(dataDir, refusal, work, "the node goes on from there when it runs.", terminal);
}
