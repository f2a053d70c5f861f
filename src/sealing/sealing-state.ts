/** Turns the reason why a node does not seal into a state. Being idle is no fault, and waiting for its turn counts as sealing. */
import type { NotSealingReason } from "./not-sealing.ts";

/**
 * "sealing": the node mines, signs, or waits for its turn. "idle": there is nothing to seal. "waiting": the node begins
 * by itself after a phase that passes, such as syncing. "blocked": something keeps the node from sealing.
 */
export type SealingState = "sealing" | "idle" | "waiting" | "blocked";

/** Each reason has a state: a new reason without one does not compile. */
const states: Readonly<Record<NotSealingReason, SealingState>> = {
  "nothing to seal": "idle",
  "not its turn": "sealing",
  "listening first": "waiting",
  "waiting for admission": "waiting",
  syncing: "waiting",
  "not in the authority set": "blocked",
  "no other authority heard": "blocked",
  slashed: "blocked",
  "no peers": "blocked",
  "clock off": "blocked",
  "chain ahead of this clock": "blocked",
  "key seen elsewhere": "blocked",
  "disk full": "blocked",
  "disk fails": "blocked",
  "no quorum for finality": "blocked",
  stopped: "blocked",
};

/** @param reason undefined or null: nothing keeps the node from sealing */
export function sealingStateOf(reason: NotSealingReason | undefined | null): SealingState {
  return reason ? states[reason] : "sealing";
}
