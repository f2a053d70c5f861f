/** What the node that runs says of itself, its peers and its clock. */
import { toError } from "../../base/invariant.ts";
import type { NodeAnswer } from "../../http/answers.ts";
import type { ApiClient } from "../../http/api-client.ts";
import type { PeersAnswer } from "../../http/peers-answer.ts";
import { clockOffMaxMs, clocksNeeded } from "../../network/clock-comparison.ts";
import type { NotSealingReason } from "../../sealing/not-sealing.ts";
import { type Finding, failed, passed, unknown } from "./finding.ts";

const setClock = "set the clock of this machine, e.g. sudo timedatectl set-ntp true";

/** What to do about each reason; undefined where it passes by itself. */
const advice: Record<NotSealingReason, string | undefined> = {
  "not in the authority set":
    "on a node that is an authority: aurex-node authority propose ADDRESS (aurex-node status shows this node's address)",
  "waiting for admission":
    "on a node that is an authority: aurex-node authority open --for 10m, or aurex-node authority vote",
  "not its turn": undefined,
  "no peers": "see multicast-route and mdns-port, or name a peer with --bootstrap",
  "no other authority heard":
    "start the other authorities again; if they are gone for good, start this node with --sign-alone",
  slashed: "start with a new key: another --data-dir or --name",
  syncing: undefined,
  "clock off": setClock,
  "chain ahead of this clock": undefined,
  "key seen elsewhere":
    "stop the other node with this key; for a second node use another --data-dir, never a copy of this one",
  "disk full": "see disk-space",
  "nothing to seal": undefined,
  "no quorum for finality": "start the other authorities again (aurex-node authority list shows them)",
  "listening first": undefined,
  stopped: "look into blockchain.log of the data directory",
};

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
  const { name, head, notSealingBecause: reason } = node.status;
  const found = `${name} runs, height ${head.height}`;
  if (reason === null) return passed("node", found);
  const next = advice[reason as NotSealingReason];
  const because = `${found}, not sealing: ${reason}`;
  return next === undefined ? passed("node", because) : failed("node", because, next);
}

/** Only a running node has heard other clocks; nothing else on this machine tells whether its own is right. */
export function checkClock(node: RunningNode | string): Finding {
  if (typeof node === "string") return unknown("clock", "no node runs that could compare it with its peers'");
  const { clock } = node.status;
  const { clockNote } = node.peers;
  if (!clock) return unknown("clock", "not compared: this chain has no authorities");
  if (clock.offsetMs === null) {
    const measured = `${clock.measuredAgainst} of the ${clocksNeeded} clocks of other authorities that it takes were measured`;
    return unknown("clock", clockNote ?? measured);
  }
  const direction = clock.offsetMs < 0 ? "behind" : "ahead of";
  const found = `${Math.abs(clock.offsetMs)} ms ${direction} the median of ${clock.measuredAgainst} other authorities`;
  if (Math.abs(clock.offsetMs) > clockOffMaxMs) return failed("clock", clockNote ?? found, setClock);
  return passed("clock", clockNote === null ? found : `${found}; ${clockNote}`);
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
