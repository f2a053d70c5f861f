/** `aurex-node found-anew`: has a node leave a chain that nobody uses yet, and begin another. */
import { AurexCommand } from "./command.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

export function foundAnewCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("found-anew", terminal)
    .description(
      "Have a running node leave its chain and begin anew, for instance if the chain was founded with a clock that was ahead. Only for a chain that nobody has used yet (provisional), or for a Proof of Work chain that is ahead of this machine's clock. The old chain is set aside in the data directory, and nothing is deleted. Nodes that joined the old chain follow by themselves.",
    )
    .examples("aurex-node found-anew", "aurex-node found-anew --data-dir ./alpha")
    .runs(async (flags: ApiFlags & JsonFlag) => {
      const client = await connect(flags, terminal);
      const { chainId, network } = await client.node();
      await client.foundAnew();
      if (flags.json) return writeJson(terminal, { left: chainId });
      writeLine(terminal, `the node leaves chain ${chainId}`);
      writeLine(
        terminal,
        "its blocks are set aside in the data directory, in a folder aside-…; nothing is deleted",
      );
      writeLine(
        terminal,
        `it begins anew in network ${network}: aurex-node status shows the new chain in some seconds`,
      );
    });
  return addJsonFlag(addApiFlags(command));
}
