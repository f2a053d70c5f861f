/** `aurex-node join`: joins a closed network by an invitation, and runs a node on it. */
import { plainConfig } from "../config/node-config.ts";
import { AurexCommand } from "./command.ts";
import { fieldList } from "./field-list.ts";
import { addNodeFlags } from "./node-flags.ts";
import { givenIn, startCommandWith } from "./place/started-with.ts";
import { addJsonFlag, loadConfig } from "./shared-flags.ts";
import { runNode } from "./start.ts";
import { type Terminal, writeJson } from "./terminal.ts";

interface JoinFlags extends Record<string, unknown> {
  /** Commander's form of --no-start. */
  readonly start: boolean;
  readonly json?: boolean;
}

export function joinCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("join", terminal)
    .description(
      "Join a closed network with a token from aurex-node invite, and run an authority of it until Ctrl-C. What the token says is kept in the data directory: later starts need no token.",
    )
    .argument("<token>", "the invitation, aurex1.…")
    .option(
      "--no-start",
      "only keep the invitation; start later with: aurex-node --consensus poa --authority",
    )
    .examples(
      "aurex-node join aurex1.…",
      "aurex-node join aurex1.… --name beta --data-dir ./beta",
      "aurex-node join aurex1.… --no-authority # follows the chain without sealing",
    )
    .runs(async (token: string, flags: JoinFlags) => {
      const { keepInvitation, openInvitation } = await import("../node/network-secret.ts");
      const { toHex } = await import("../base/bytes.ts");
      const { network } = openInvitation(token);
      const { start, json, ...nodeFlags } = flags;
      const invited = { authority: true, ...nodeFlags, consensus: "poa", network };
      const config = plainConfig(await loadConfig(invited, terminal));
      const { dataDir } = config;
      const { chainId, addresses } = await keepInvitation(dataDir, token);
      if (start) return runNode(config, terminal);
      const kept = { dataDir, network, chainId: toHex(chainId), addresses };
      const next = startCommandWith({ ...givenIn(config, terminal), dataDir });
      if (json) writeJson(terminal, kept);
      else terminal.stdout.write(fieldList({ ...kept, addresses: addresses.join(" "), next }));
      return 0;
    });
  return addJsonFlag(addNodeFlags(command));
}
