/** `aurex-node peers`: who a running node is connected with, and who it refused. */

import type { PeerAnswer, PeersAnswer } from "../api/node.ts";
import type { NodeStatus } from "../api/node-status.ts";
import type { TableColumn } from "../base/text-table.ts";
import { AurexCommand } from "./command.ts";
import { wrapped } from "./field-list.ts";
import { withPlace } from "./place/follow-up.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { bootstrapText } from "./status-text.ts";
import { type Terminal, tableFor, writeJson } from "./terminal.ts";
import { agoText } from "./time-text.ts";
import { addWideFlag, type WideFlag } from "./wide-flag.ts";

type Flags = ApiFlags & JsonFlag & WideFlag;

export function peersCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("peers", terminal)
    .description(
      "Show the peers of a running node: each one's name, node id, address, height and chain. Below them are the peers that were refused because of another chain, and the bootstrap addresses with their last error.",
    )
    .examples(
      "aurex-node peers",
      "aurex-node peers --wide",
      "aurex-node peers --json | jq -r '.peers[].nodeId'",
    )
    .runs(async (flags: Flags) => {
      const client = await connect(flags, terminal);
      const [answer, { bootstrap }] = await Promise.all([client.peers(), client.node()]);
      if (flags.json) writeJson(terminal, { ...answer, bootstrap });
      else terminal.stdout.write(peersText(answer, terminal, flags) + bootstrapSection(bootstrap, terminal));
    });
  return addJsonFlag(addWideFlag(addApiFlags(command)));
}

/** Each address that the operator wrote: a peer behind it is one of those above, or the reason stands here. */
function bootstrapSection(bootstrap: NodeStatus["bootstrap"], terminal: Terminal): string {
  if (bootstrap.length === 0) return "";
  const lines = bootstrap.flatMap((address) => wrapped(bootstrapText(address), terminal.columns - 4));
  return `\nBootstrap addresses\n${lines.map((line, index) => `${index === 0 || line.startsWith("/") ? "  " : "    "}${line}\n`).join("")}`;
}

const columns: readonly TableColumn[] = [
  { title: "name", cut: "end", widthMin: 8 },
  { title: "node id", cut: "middle", widthMin: 9 },
  { title: "address", cut: "middle", widthMin: 18 },
  { title: "way" },
  { title: "height", right: true },
  { title: "chain" },
];

const offenceColumns: readonly TableColumn[] = [
  { title: "score", right: true },
  { title: "last offence", cut: "end", widthMin: 16 },
];

function peersText(
  { peers, refused, clockNote }: PeersAnswer,
  terminal: Terminal,
  { wide = false, ...place }: Flags,
): string {
  const nowMs = Date.now();
  // Most nodes have met no offender: the two columns come with the first one.
  const hasOffences = peers.some(({ lastOffence }) => lastOffence !== null);
  const rows = peers.map((peer) => [
    peer.hello?.name ?? "",
    peer.nodeId,
    peer.address.replace(/\/p2p\/[^/]+$/, ""),
    peer.direction === "inbound" ? "in" : "out",
    peer.hello === null ? "" : String(peer.hello.height),
    chainText(peer),
    ...(hasOffences ? [String(peer.score), offenceText(peer, nowMs)] : []),
  ]);
  const refusedRows = refused.map(({ nodeId, atMs, hello }) => [
    hello.name,
    nodeId,
    hello.chainId ?? "no chain",
    agoText(atMs, nowMs),
  ]);
  return [
    peers.length === 0
      ? `No peers. ${withPlace("aurex-node doctor says what may keep them away.", place)}\n`
      : tableFor(terminal, hasOffences ? [...columns, ...offenceColumns] : columns, rows, wide),
    refused.length === 0
      ? ""
      : `\nRefused, as their chain is another one\n${tableFor(
          terminal,
          [
            { title: "name", cut: "end", widthMin: 8 },
            { title: "node id", cut: "middle", widthMin: 9 },
            { title: "chain", cut: "end", widthMin: 16 },
            { title: "when" },
          ],
          refusedRows,
          wide,
        )}`,
    clockNote === null ? "" : `\nClocks: ${clockNote}\n`,
  ].join("");
}

function offenceText({ lastOffence }: PeerAnswer, nowMs: number): string {
  return lastOffence === null ? "" : `${lastOffence.offence}, ${agoText(lastOffence.atMs, nowMs)}`;
}

function chainText({ sameChain, hello }: PeerAnswer): string {
  if (sameChain) return "same";
  if (hello === null) return "";
  if (hello.chainId === null) return "none yet";
  return hello.consensus ?? "other";
}
