/** What the page about peers says of one: its name, its chain, its clock. */
import type { PeerAnswer } from "../../../api/node.ts";
import { visibleText } from "../../../base/visible-text.ts";
import { spanText } from "../../parts/quantity-text.ts";
import { shortHash } from "../../parts/short-hash.ts";

/** How a peer's chain stands to this node's. */
export type PeerRelation = "same" | "other-engine" | "no-chain" | "other" | "unknown";

export function relationOf(
  { sameChain, hello }: Pick<PeerAnswer, "sameChain" | "hello">,
  engine: "pow" | "poa" | undefined,
): PeerRelation {
  if (sameChain) return "same";
  if (hello === null) return "unknown";
  if (hello.chainId === null) return "no-chain";
  return hello.consensus !== null && hello.consensus !== engine ? "other-engine" : "other";
}

/** @param consensus of the peer */
export function relationText(relation: PeerRelation, consensus: "pow" | "poa" | null | undefined): string {
  switch (relation) {
    case "same":
      return "this chain";
    case "other-engine":
      return consensus === "pow" ? "Proof of Work" : "Proof of Authority";
    case "no-chain":
      return "no chain yet";
    case "other":
      return "another chain";
    case "unknown":
      return "has not said";
  }
}

/** As it calls itself, else its id; nothing in it is hidden. */
export function peerName({ nodeId, hello }: Pick<PeerAnswer, "nodeId" | "hello">): string {
  return visibleText(hello?.name ?? "") || shortHash(nodeId);
}

const nameInPictureMax = 14;

/** For a place beside a mark. */
export function pictureName(peer: Pick<PeerAnswer, "nodeId" | "hello">): string {
  const name = peerName(peer);
  const letters = [...name];
  return letters.length <= nameInPictureMax ? name : `${letters.slice(0, nameInPictureMax - 1).join("")}…`;
}

/** E.g. "12 ms ahead", "4.2 s behind", "the same". */
export function offsetText(aheadMs: number): string {
  if (aheadMs === 0) return "the same";
  return `${spanText(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead" : "behind"}`;
}

/** The drawing in one sentence. */
export function graphText(peers: readonly PeerAnswer[], engine: "pow" | "poa" | undefined): string {
  if (peers.length === 0) return "This node has no peers.";
  const each = peers.map((peer) => {
    const latency = peer.latencyMs === null ? "latency not measured" : spanText(peer.latencyMs);
    const relation = relationText(relationOf(peer, engine), peer.hello?.consensus);
    return `${peerName(peer)}, ${relation}, ${latency}`;
  });
  return `This node in the middle, and ${peers.length} peers around it: ${each.join("; ")}.`;
}
