/** What becomes of the authorities when operators declare a block final after a lost quorum. */
import { type Checkpoint, isSameCheckpoint } from "../../protocol/checkpoint.ts";
import type { AuthorityState } from "./authority-state.ts";

/** @param here the block, whose state this is; those remain that sealed one of the last 2n blocks up to it */
export function recoveredAuthorityState(state: AuthorityState, here: Checkpoint): AuthorityState {
  // A block is never final by its own certificate: this one has been recovered before.
  if (isSameCheckpoint(state.finalized, here)) return state;
  const isLate = (sealed: number) => sealed > here.height - 2 * state.authorities.length;
  // Evidence may have put out in this very block whoever sealed lately; a set is never empty.
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
