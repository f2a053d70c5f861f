/** `aurex-node status`: what a running node says of itself. */
import { AurexCommand } from "./command.ts";
import { duration } from "./flag-values.ts";
import { addApiFlags, addJsonFlag, connect } from "./shared-flags.ts";
import { statusFields } from "./status-text.ts";
import { type Terminal, writeJson } from "./terminal.ts";
import type { WatchFlags } from "./watch.ts";

export function statusCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("status", terminal)
    .description(
      "Show what a running node does: its chain, head, peers and role. With --watch it goes on until Ctrl-C: a live screen in a terminal, else a line for each change.",
    )
    .option("--watch", "show it live, also through restarts of the node")
    .option(
      "--every <duration>",
      "with --watch: how often the node is asked",
      duration(200, 3_600_000),
      1_000,
    )
    .examples(
      "aurex-node status",
      "aurex-node status --json | jq .head.height",
      "aurex-node status --watch",
      "aurex-node status --api http://127.0.0.1:13281",
    )
    .runs(async ({ watch: isWatched, ...flags }: WatchFlags & { readonly watch?: boolean }) => {
      if (isWatched) {
        const { watch } = await import("./watch.ts");
        return watch(flags, terminal);
      }
      const client = await connect(flags, terminal);
      const node = await client.node();
      if (flags.json) writeJson(terminal, node);
      else terminal.stdout.write(statusFields(node, terminal.columns));
    });
  return addJsonFlag(addApiFlags(command));
}
