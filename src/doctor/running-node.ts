/** What the node that runs says of itself, its peers and its clock. */

import type { PeersAnswer } from "../api/node.ts";
import type { NodeAnswer } from "../api/node-status.ts";
import { stateText } from "../api/node-status.ts";
import { toError } from "../base/invariant.ts";
import type { ApiClient } from "../client/api-client.ts";
import { type Finding, failed, passed, unknown } from "./finding.ts";

export interface RunningNode {
  readonly status: NodeAnswer;
  readonly peers: PeersAnswer;
}

/** The node at the API; the reason where none answers. */
export async function askNode(client: ApiClient): Promise<RunningNode | string> {
  try {
    const [status, peers] = await Promise.all([client.node(), client.peers()]);
    return { status, peers };
  } catch (thrown) {
    return toError(thrown).message;
  }
}

export function checkNode(node: RunningNode | string): Finding {
  if (typeof node === "string") {
    return unknown("node", `no node runs: ${node}`, "start it and run this again: some checks need it");
  }
  const { name, head } = node.status;
  const state = stateText(node.status);
  return passed("node", `${name} runs, height ${head.height}${state && `, ${state}`}`);
}

/** What the node itself advises: it knows its whole situation. One finding for each; what is no fault fails nothing. */
export function adviceFindings(node: RunningNode | string): Finding[] {
  if (typeof node === "string") return [];
  return node.status.advice.map(({ code, fault, what, why, next }) => {
    const found = `${what}: ${why}`;
    return fault ? failed(code, found, next) : unknown(code, found, next);
  });
}

/** Only a running node has heard other clocks; nothing else on this machine tells whether its own is right. */
export function checkClock(node: RunningNode | string): Finding[] {
  if (typeof node === "string")
    return [unknown("clock", "no node runs that could compare it with its peers'")];
  const { clock, advice } = node.status;
  // The advice says it then, with what to do.
  if (advice.some(({ code }) => code === "clock")) return [];
  if (!clock) return [unknown("clock", "not compared: there is no chain yet")];
  const { offsetMs, measuredAgainst, needed } = clock;
  if (offsetMs === null) {
    return [unknown("clock", `${measuredAgainst} of the ${needed} other clocks that it takes were measured`)];
  }
  const direction = offsetMs < 0 ? "behind" : "ahead of";
  return [passed("clock", `${Math.abs(offsetMs)} ms ${direction} the median of ${measuredAgainst} others`)];
}

export function checkPeers(node: RunningNode | string): Finding {
  if (typeof node === "string") return unknown("peers", "no node runs that could have any");
  const { peers } = node.peers;
  const names = peers.map(({ nodeId, address, hello }) => `${hello?.name || nodeId} (${address})`);
  if (peers.length > 0) return passed("peers", `connected with ${names.join(", ")}`);
  return failed(
    "peers",
    "connected with none",
    "start another node on this LAN, see multicast-route and mdns-port, or name a peer with --bootstrap",
  );
}

/** Nodes of one network and engine that are on different chains never exchange a block. */
export function checkChainOfPeers(node: RunningNode | string): Finding {
  if (typeof node === "string") return unknown("chain-of-peers", "no node runs that could have any");
  const { status, peers } = node;
  const others = [
    ...peers.refused.map(({ nodeId, hello }) => ({ nodeId, hello })),
    ...peers.peers.filter(({ hello }) => hello?.consensus === status.consensus && hello.chainId !== null),
  ].filter(({ hello }) => hello?.chainId !== status.chainId);
  const same = peers.peers.filter(({ sameChain }) => sameChain).length;
  if (others.length === 0) {
    return passed("chain-of-peers", `${same} of ${peers.peers.length} peers are on chain ${status.chainId}`);
  }
  const list = others.map(({ nodeId, hello }) => `${hello?.name || nodeId} is on chain ${hello?.chainId}`);
  return failed(
    "chain-of-peers",
    `this node is on chain ${status.chainId}, and ${list.join(", ")}`,
    "chains that are established never merge: give one network another --network, or start the nodes that are to change with another --data-dir",
  );
}
