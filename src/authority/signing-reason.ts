/** Why a node must not sign now: one pure rule for blocks, votes and votes on candidates. */
import type { NotSealingReason } from "../sealing/not-sealing.ts";

/** A key's place in the authority set: "candidate" asks to be admitted, "slashed" was removed by evidence for good. */
export type OwnPlace = "member" | "candidate" | "outsider" | "slashed";

/** What counts on a chain that has authorities only. */
export interface AuthoritySigning {
  /** Doppelganger protection: another process signs with this node's key. */
  readonly isKeySeenElsewhere: boolean;
  /** The other authorities' clocks say that this machine's clock is wrong. */
  readonly isClockOff: boolean;
  readonly place: OwnPlace;
  /** This node has reached the blocks of another authority that was heard after this node's start (decision 018). */
  readonly isAnotherReached: boolean;
}

export interface SigningSituation {
  /** Absent in Proof of Work. */
  readonly authority: AuthoritySigning | undefined;
  /** The head is further ahead of this clock than a block may be. */
  readonly isChainAhead: boolean;
  /** The time after the start is not over in which an authority only listens. */
  readonly isListening: boolean;
  /** Peers have blocks that this node is fetching. */
  readonly isSyncing: boolean;
}

/** @returns undefined if the node may sign; else the most serious reason */
export function notSigningReason(situation: SigningSituation): NotSealingReason | undefined {
  const { authority, isChainAhead, isListening, isSyncing } = situation;
  const serious = authority && authorityReason(authority);
  if (serious) return serious;
  if (isChainAhead) return "chain ahead of this clock";
  if (isListening) return "listening first";
  if (authority?.place === "outsider") return "not in the authority set";
  return isSyncing ? "syncing" : undefined;
}

function authorityReason(authority: AuthoritySigning): NotSealingReason | undefined {
  const { isKeySeenElsewhere, isClockOff, place, isAnotherReached } = authority;
  if (isKeySeenElsewhere) return "key seen elsewhere";
  if (isClockOff) return "clock off";
  if (place === "slashed") return "slashed";
  if (place === "candidate") return "waiting for admission";
  return place === "member" && !isAnotherReached ? "no other authority heard" : undefined;
}
