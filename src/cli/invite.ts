/** `aurex-node invite`: prints what another machine needs to join a closed network. */

import type { NodeAnswer } from "../api/node-status.ts";
import { fromHex } from "../base/bytes.ts";
import { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, type JsonFlag } from "./shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

interface InviteFlags extends ApiFlags, JsonFlag {
  readonly address?: readonly string[];
}

const columnsDefault = 80;

export function inviteCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("invite", terminal)
    .description(
      "Print an invitation to the closed network of a running node (admission policy token). It is a token with the chain's id, the node's addresses and the network's secret; a terminal also shows it as a QR code. Anybody who has the token can join: send it as you would send a password.",
    )
    .option(
      "--address <multiaddr...>",
      "address that the invited machine is to dial, instead of those that the node listens on",
    )
    .examples(
      "aurex-node invite",
      "aurex-node invite --address /dns4/node.example.com/tcp/13246",
      "aurex-node invite --json | jq -r .token",
    )
    .runs(async (flags: InviteFlags) => {
      const { encodeInvitation } = await import("../protocol/invitation.ts");
      const { loadNetworkSecret } = await import("../node/network-secret.ts");
      const { connectWithFiles } = await import("./place/answering-node.ts");
      const { dataDir, status: node } = await connectWithFiles(flags, terminal);
      const secret = await loadNetworkSecret(dataDir);
      if (!secret) throw noSecret(dataDir, node);
      const { chainId, network } = node;
      const addresses = flags.address ?? reachable(node.addresses);
      const token = encodeInvitation({ chainId: chainOf(node), secret, network, addresses });
      if (flags.json) return writeJson(terminal, { token, chainId, network, addresses });
      if (terminal.isTerminal) terminal.stdout.write(await picture(token));
      writeLine(terminal, token);
      terminal.stderr.write(
        `On the other machine: aurex-node join, which asks for the token. The token is as good as a password: anybody who has it can join network ${network}.\n`,
      );
    });
  return addJsonFlag(addApiFlags(command));
}

/** A token is to be short, and who has the secret may be dialled whoever they are: so addresses go without their id. */
function reachable(addresses: readonly string[]): string[] {
  const bare = [...new Set(addresses.map((address) => address.replace(/\/p2p\/[^/]+$/, "")))];
  const outside = bare.filter((address) => !/^\/(?:ip4\/127\.|ip6\/::1\/)/.test(address));
  return outside.length > 0 ? outside : bare;
}

function chainOf({ chainId }: NodeAnswer): Uint8Array {
  const bytes = fromHex(chainId, 32);
  if (bytes) return bytes;
  throw usageError(
    "the node has no chain yet",
    "an invitation names the chain that it is to",
    "wait until aurex-node status shows one",
    "cli/no-chain",
  );
}

function noSecret(dataDir: string, { network, consensus }: NodeAnswer): Error {
  const role = consensus === "poa" ? "--authority" : "--mine";
  return usageError(
    "this network is open: there is no secret to invite with",
    `${dataDir} holds no network secret; only a network that was founded with --admission token has one`,
    `on the other machine: aurex-node --consensus ${consensus} --network ${network} ${role}`,
    "cli/no-network-secret",
  );
}

async function picture(token: string): Promise<string> {
  const { qrCodeText } = await import("./qr-code.ts");
  return qrCodeText(token, process.stdout.columns ?? columnsDefault) ?? "";
}
