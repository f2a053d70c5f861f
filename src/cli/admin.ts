/** `aurex-node admin`: what an operator changes in a running node, until it stops. */
import {
  banMsMax,
  LogLevel,
  postBan,
  postBootstrap,
  postLogLevel,
  postStop,
  postUnban,
} from "../api/admin.ts";
import { AurexCommand } from "./command.ts";
import { duration, oneOf } from "./flag-values.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";
import { localTime } from "./time-text.ts";

type Flags = ApiFlags & JsonFlag;

export function adminCommand(terminal: Terminal): AurexCommand {
  const admin = new AurexCommand("admin", terminal)
    .description(
      "Change a running node: its log, the peers that it dials, the peers that it refuses. A restart undoes every change; each command says how to keep it. The commands need the node's token and read it in the node's data directory: run them as the node's user, or with --api-token-file.",
    )
    .examples(
      "aurex-node admin log-level debug",
      "aurex-node admin bootstrap add /ip4/192.0.2.1/tcp/13245",
      "aurex-node admin ban 12D3Koo… --for 1d",
      "aurex-node admin stop",
    );
  for (const command of [
    logLevelCommand(terminal),
    bootstrapCommand(terminal),
    banCommand(terminal),
    unbanCommand(terminal),
    stopCommand(terminal),
  ])
    admin.addCommand(addJsonFlag(addApiFlags(command)));
  return admin;
}

function logLevelCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("log-level", terminal)
    .summary("log more or less")
    .description("Set the least important lines that the node logs.")
    .argument("<level>", "debug, info, warn, error or silent", oneOf(...LogLevel.enum))
    .examples("aurex-node admin log-level debug", "aurex-node admin log-level info")
    .runs(async (level: LogLevel, flags: Flags) => {
      const answer = await (await connect(flags, terminal)).call(postLogLevel, { body: { level } });
      show(answer, flags, terminal, [`log level ${level}, before ${answer.before}`, untilStop(answer)]);
    });
}

function bootstrapCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("bootstrap", terminal)
    .summary("dial another peer, or one less")
    .description(
      "Add an address to the addresses that the node dials, or remove one. Open connections stay open. aurex-node peers shows the last error of each address.",
    )
    .argument("<action>", "add or remove", oneOf("add", "remove"))
    .argument("<multiaddr>", "address of the peer")
    .examples(
      "aurex-node admin bootstrap add /ip4/192.0.2.1/tcp/13245",
      "aurex-node admin bootstrap remove /ip4/192.0.2.1/tcp/13245",
    )
    .runs(async (action: "add" | "remove", address: string, flags: Flags) => {
      const answer = await (await connect(flags, terminal)).call(postBootstrap, {
        body: { action, address },
      });
      const already = action === "add" ? "is dialled already" : "was not dialled";
      const done = action === "add" ? "is dialled from now on" : "is dialled no more";
      show(answer, flags, terminal, [
        `${address} ${answer.changed ? done : already}`,
        ...(answer.changed ? [untilStop(answer)] : []),
      ]);
    });
}

function banCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("ban", terminal)
    .summary("refuse a peer for a time")
    .description(
      "Hang up on a peer, and refuse it in both directions for a time. The node forgets bans when it stops.",
    )
    .argument("<node-id>", "node id of the peer, from aurex-node peers --wide")
    .option("--for <duration>", "such as 90s, 10m, 2h or 1d (default: 1h)", duration(1, banMsMax))
    .option("--reason <text>", "text for the log")
    .examples("aurex-node admin ban 12D3Koo…", "aurex-node admin ban 12D3Koo… --for 1d")
    .runs(async (nodeId: string, flags: Flags & { readonly for?: number; readonly reason?: string }) => {
      const body = {
        nodeId,
        ...(flags.for === undefined ? {} : { forMs: flags.for }),
        ...(flags.reason === undefined ? {} : { reason: flags.reason }),
      };
      const answer = await (await connect(flags, terminal)).call(postBan, { body });
      const until = `until ${localTime(answer.untilMs)}`;
      show(answer, flags, terminal, [
        `${nodeId} is banned ${until}${answer.wasConnected ? "" : "; it was not connected"}`,
        untilStop(answer),
      ]);
    });
}

function unbanCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("unban", terminal)
    .summary("end a ban")
    .description("End the ban of a peer, whether its operator or the node itself has banned it.")
    .argument("<node-id>", "node id of the peer")
    .examples("aurex-node admin unban 12D3Koo…")
    .runs(async (nodeId: string, flags: Flags) => {
      const answer = await (await connect(flags, terminal)).call(postUnban, { body: { nodeId } });
      show(answer, flags, terminal, [
        `${nodeId} ${answer.wasBanned ? "is banned no more" : "was not banned"}`,
      ]);
    });
}

function stopCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("stop", terminal)
    .summary("stop the node")
    .description(
      "Stop the node as Ctrl-C does. A supervisor such as systemd with Restart=always then starts it again.",
    )
    .examples("aurex-node admin stop")
    .runs(async (flags: Flags) => {
      const answer = await (await connect(flags, terminal)).call(postStop, { body: {} });
      show(answer, flags, terminal, ["the node stops"]);
    });
}

function untilStop({ toKeep }: { readonly toKeep: string }): string {
  return `this holds until the node stops; to keep it: ${toKeep}`;
}

function show(answer: object, { json }: Flags, terminal: Terminal, lines: readonly string[]): void {
  if (json) writeJson(terminal, answer);
  else for (const line of lines) writeLine(terminal, line);
}
