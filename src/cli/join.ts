/** `aurex-node join`: joins a closed network by an invitation, and runs a node on it. */
import { readFile } from "node:fs/promises";
import { plainConfig } from "../config/node-config.ts";
import { placeUnusable } from "../node/operator-error.ts";
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
  readonly invitationFile?: string;
}

/** An invitation with 16 addresses has some 1,000. */
const bytesMax = 16 * 1024;

export function joinCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("join", terminal)
    .description(
      "Join a closed network with a token from aurex-node invite, and run an authority of it until Ctrl-C. What the token says is kept in the data directory: later starts need no token. The token comes from --invitation-file, from stdin, or from a question in a terminal. On the command line other users of the machine can read it for a moment, until this program hides it; a shell also keeps it in its history.",
    )
    .argument("[token]", "the invitation, aurex1.…; better not here: see above")
    .option("--invitation-file <file>", "file with the invitation; - is stdin")
    .option(
      "--no-start",
      "only keep the invitation; start later with: aurex-node --consensus poa --authority",
    )
    .examples(
      "aurex-node join",
      "aurex-node join --invitation-file invitation.txt --name beta --data-dir ./beta",
      "aurex-node join --invitation-file invitation.txt --no-authority # follows the chain without sealing",
    )
    .runs(async (given: string | undefined, flags: JoinFlags) => {
      const { keepInvitation, openInvitation } = await import("../node/network-secret.ts");
      const { toHex } = await import("../base/bytes.ts");
      const { start, json, invitationFile, ...nodeFlags } = flags;
      const token = given ?? (await invitationFrom(invitationFile, terminal));
      const { network } = openInvitation(token);
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

async function invitationFrom(file: string | undefined, terminal: Terminal): Promise<string> {
  if (file === undefined && terminal.canAsk) return terminal.askSecret("The invitation, not shown: ");
  const isInput = file === undefined || file === "-";
  try {
    const bytes = isInput ? await terminal.readInput(bytesMax) : await readFile(file);
    return Buffer.from(bytes.subarray(0, bytesMax)).toString("utf8").trim();
  } catch (thrown) {
    const next = "name another file with --invitation-file, or check who may read it: ls -l";
    throw placeUnusable(thrown, isInput ? "stdin" : file, next);
  }
}
