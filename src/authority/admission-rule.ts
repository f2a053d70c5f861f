/** Whether an authority votes for a candidate by itself. All admission policies are in this one pure rule. */
import type { AdmissionPolicy } from "../protocol/genesis.ts";
import type { SetWait } from "./set-rule.ts";

/** With "open-lan" a set grows by itself to so many authorities. Beyond that, operators vote. */
export const openLanAuthoritiesMax = 7;
/** A candidate has to answer for so long, and so often, before it is voted for. */
const answeringMs = 4_000;
const timesHeardNeeded = 3;
/** A candidate may be this many blocks behind or ahead, since blocks come while it answers. */
const headDistanceMax = 8;

/**
 * A ballot cannot be taken back before the candidate's consent ends. A candidate that only half of the authorities see
 * would keep their ballots for ever with a consent that never ends.
 */
export const consentBlocksMax = 512;

export interface CandidateStanding {
  /** By the address that the connection comes from. */
  readonly isPrivate: boolean;
  /** It has a connection with this node. Otherwise it is known only by the notices that it has signed. */
  readonly isConnected: boolean;
  readonly height: number;
  readonly timesHeard: number;
  /** From the first of them to the last. */
  readonly heardForMs: number;
  /** Its consent ends after so many blocks. */
  readonly consentBlocks: number;
  /** The key was slashed: evidence removed it for good. */
  readonly isBanned: boolean;
  /** The key was an authority before, and was removed by votes, by its own wish or by trust recovery. */
  readonly wasAuthority: boolean;
}

export interface AdmissionSituation {
  readonly policy: AdmissionPolicy;
  readonly height: number;
  /** The number of authorities, and of candidates that this node votes for already. */
  readonly authoritiesExpected: number;
  readonly isWindowOpen: boolean;
  /** A change of the set has passed and is not in force yet. */
  readonly isChanging: boolean;
  /** Why the set may not grow now. */
  readonly setWait: SetWait | undefined;
}

export type AdmissionWait =
  | "put out for good by evidence"
  | "was an authority before: an operator has to vote"
  | "not near our head"
  | "has not answered for long enough"
  | "an operator has to vote"
  | "not on a private address"
  | "not connected with this node"
  | "the join window is closed"
  | "there are seven authorities"
  | "its consent is valid for too long"
  | "another change of the authorities is on its way"
  | SetWait
  | "another candidate is first";

/** Only an operator's vote ends these. The log tells the command for it. */
export const operatorWaits: ReadonlySet<AdmissionWait> = new Set([
  "was an authority before: an operator has to vote",
  "an operator has to vote",
]);

/** @returns why an authority does not vote for a candidate by itself; undefined if it does */
export function admissionWait(
  candidate: CandidateStanding,
  situation: AdmissionSituation,
): AdmissionWait | undefined {
  if (candidate.isBanned) return "put out for good by evidence";
  if (Math.abs(candidate.height - situation.height) > headDistanceMax) return "not near our head";
  if (candidate.timesHeard < timesHeardNeeded || candidate.heardForMs < answeringMs) {
    return "has not answered for long enough";
  }
  // The policy is for newcomers, also while the join window is open. People decided a removal, so people undo it.
  if (candidate.wasAuthority) return "was an authority before: an operator has to vote";
  if (situation.policy === "vote") return "an operator has to vote";
  // With "token" only a node with the network's secret could connect.
  const outside = situation.policy === "open-lan" ? openLanWait(candidate, situation) : undefined;
  return outside ?? oneAtATimeWait(candidate, situation);
}

function openLanWait(
  { isConnected, isPrivate }: CandidateStanding,
  { isWindowOpen, authoritiesExpected }: AdmissionSituation,
): AdmissionWait | undefined {
  // The packets' source shows that a node is in this LAN. An address in a message would only be a claim.
  if (!isConnected) return "not connected with this node";
  if (!isPrivate) return "not on a private address";
  if (!isWindowOpen) return "the join window is closed";
  return authoritiesExpected >= openLanAuthoritiesMax ? "there are seven authorities" : undefined;
}

/** Two keys that were admitted at once and then did nothing would end the finality of a set of two. */
function oneAtATimeWait(
  { consentBlocks }: CandidateStanding,
  { isChanging, setWait }: AdmissionSituation,
): AdmissionWait | undefined {
  if (consentBlocks > consentBlocksMax) return "its consent is valid for too long";
  if (isChanging) return "another change of the authorities is on its way";
  return setWait;
}
