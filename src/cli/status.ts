/** `aurex-node status`: what a running node says of itself. */
import { AurexCommand } from "./command.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { statusFields } from "./status-text.ts";
import { type Terminal, writeJson } from "./terminal.ts";

export function statusCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("status", terminal)
    .description("Show what a running node does: its chain, head, peers and role.")
    .examples(
      "aurex-node status",
      "aurex-node status --json | jq .head.height",
      "aurex-node status --api http://127.0.0.1:13281",
    )
    .runs(async (flags: ApiFlags & JsonFlag) => {
      const client = await connect(flags, terminal);
      const node = await client.node();
      if (flags.json) writeJson(terminal, node);
      else terminal.stdout.write(statusFields(node, terminal.columns));
    });
  return addJsonFlag(addApiFlags(command));
}
