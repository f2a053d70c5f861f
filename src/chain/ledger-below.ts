/** The ledger as it was a few blocks ago: the head's ledger, with the latest blocks undone in a draft. */
import type { LedgerDraft, LedgerState } from "../ledger/ledger-state.ts";
import type { ChainStore } from "../store/chain-store.ts";

/** Undoing a full block takes some milliseconds, and callers ask often. */
export const ledgerDepthMax = 8;

/**
 * @param height of a canonical block
 * @returns a draft, valid until the next block; undefined for a block more than {@link ledgerDepthMax} below the head
 */
export function ledgerBelow(
  ledger: LedgerState,
  store: ChainStore,
  headHeight: number,
  height: number,
): LedgerDraft | undefined {
  if (height > headHeight || headHeight - height > ledgerDepthMax) return undefined;
  const draft = ledger.draft();
  for (let at = headHeight; at > height; at -= 1) {
    const hash = store.hashAtHeight(at);
    const change = hash && store.stateChange(hash);
    if (!change) return undefined;
    draft.revert(change);
  }
  return draft;
}
