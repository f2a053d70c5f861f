/** Why a node that should seal does not: the one list that status, log and page show. */

export type NotSealingReason =
  | "not in the authority set"
  | "waiting for admission"
  | "not its turn"
  | "no other authority heard"
  | "slashed"
  | "no peers"
  | "syncing"
  | "clock off"
  | "chain ahead of this clock"
  | "key seen elsewhere"
  | "disk full"
  | "disk fails"
  | "nothing to seal"
  | "no quorum for finality"
  | "listening first"
  | "stopped";
