/** The authorities after operators have declared a block final because its quorum was lost. */
import { type Checkpoint, isSameCheckpoint } from "../../protocol/checkpoint.ts";
import type { AuthorityState } from "./authority-state.ts";

/** @param here the block of this state; the authorities that sealed one of the last 2n blocks up to it remain */
export function recoveredAuthorityState(state: AuthorityState, here: Checkpoint): AuthorityState {
  // No block is final by its own certificate, so this block has been recovered before.
  if (isSameCheckpoint(state.finalized, here)) return state;
  const isLate = (sealed: number) => sealed > here.height - 2 * state.authorities.length;
  // Evidence in this very block may have removed all that sealed lately. A set is never empty.
  const remaining = state.sealedHeights.map(state.sealedHeights.some(isLate) ? isLate : () => true);
  return {
    ...state,
    authorities: state.authorities.filter((_, index) => remaining[index]),
    authoritiesSinceHeight: remaining.every(Boolean) ? state.authoritiesSinceHeight : here.height,
    sealedHeights: state.sealedHeights.filter((_, index) => remaining[index]),
    justified: here,
    finalized: here,
    justifiedHeights: [],
    ballots: [],
    inFlight: [],
  };
}
