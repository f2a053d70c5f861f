/** From why a node does not seal to how it is: being idle is no fault, and waiting for one's turn is work. */
import type { NotSealingReason } from "./not-sealing.ts";

/**
 * "sealing": it mines, signs, or waits for its turn. "idle": there is nothing to seal. "waiting": it begins by itself
 * once something that goes on now is over. "blocked": something keeps it from sealing.
 */
export type SealingState = "sealing" | "idle" | "waiting" | "blocked";

/** A new reason does not compile until somebody has decided what it means. */
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

/** @param reason undefined or null: nothing keeps it from sealing */
export function sealingStateOf(reason: NotSealingReason | undefined | null): SealingState {
  return reason ? states[reason] : "sealing";
}
