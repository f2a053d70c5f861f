/** What a block changed in the set of authorities, and why: for the ledger that people read. */
import { bytesEqual, includesBytes } from "../../base/bytes.ts";
import { decodeEvidence, offenderOf } from "../../protocol/evidence.ts";
import { authorityActions } from "../../protocol/transaction.ts";
import type { AuthorityChange, EngineState } from "../engine.ts";
import { authoritiesSinceHeightOf, authorityStateOf } from "./authority-state.ts";

/**
 * @param before the state under the parent's header; undefined for block 0
 * @param after the state under the block's own header
 * @param evidence that the block carries
 */
export function authorityChangesBetween(
  before: EngineState | undefined,
  after: EngineState,
  evidence: readonly Uint8Array[],
): readonly AuthorityChange[] {
  if (!before) {
    return authorityStateOf(after).authorities.map((authority) => ({ authority, change: "added" }));
  }
  // Only a few of a million blocks change the set. Only their states are decoded.
  if (authoritiesSinceHeightOf(before) === authoritiesSinceHeightOf(after)) return [];
  const [old, next] = [authorityStateOf(before), authorityStateOf(after)];
  const offenders = evidence.flatMap((bytes) => {
    const decoded = decodeEvidence(bytes);
    return decoded.ok ? [offenderOf(decoded.value)] : [];
  });
  const isVotedOut = (authority: Uint8Array) =>
    old.inFlight.some(
      (change) => change.action === authorityActions.remove && bytesEqual(change.authority, authority),
    );
  const reasonOf = (authority: Uint8Array): AuthorityChange["change"] => {
    if (includesBytes(offenders, authority)) return "slashed";
    return isVotedOut(authority) ? "removed" : "recovered";
  };
  const added = next.authorities.filter((authority) => !includesBytes(old.authorities, authority));
  const left = old.authorities.filter((authority) => !includesBytes(next.authorities, authority));
  return [
    ...added.map((authority): AuthorityChange => ({ authority, change: "added" })),
    ...left.map((authority): AuthorityChange => ({ authority, change: reasonOf(authority) })),
  ];
}
