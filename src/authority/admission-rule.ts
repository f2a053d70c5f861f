/** Whether an authority votes for a candidate by itself: the admission policies as one pure rule. */
import type { AdmissionPolicy } from "../protocol/genesis.ts";

/** open-lan admits by itself up to here; beyond, operators vote. */
export const openLanAuthoritiesMax = 7;
/** How long and how often a candidate has answered before it counts as being there. */
const answeringMs = 4_000;
const timesHeardNeeded = 3;
/** A candidate may be this many blocks behind or ahead, as blocks come while it answers. */
const headDistanceMax = 8;

export interface CandidateStanding {
  /** By the address that the connection comes from. */
  readonly isPrivate: boolean;
  /** Has a connection with this node; else it is known by what it has signed only. */
  readonly isConnected: boolean;
  readonly height: number;
  readonly timesHeard: number;
  /** From the first of them to the last. */
  readonly heardForMs: number;
  /** Evidence has put the key out for good. */
  readonly isBanned: boolean;
  /** The chain has had this key as an authority before: by vote, by its own wish or by trust recovery it is none now. */
  readonly wasAuthority: boolean;
}

export interface AdmissionSituation {
  readonly policy: AdmissionPolicy;
  readonly height: number;
  /** Authorities, and candidates that this node votes for already. */
  readonly authoritiesExpected: number;
  readonly isWindowOpen: boolean;
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
  | "there are seven authorities";

/** The waits that only an operator's vote ends; the log tells its command. */
export const operatorWaits: ReadonlySet<AdmissionWait> = new Set([
  "was an authority before: an operator has to vote",
  "an operator has to vote",
]);

/** Why an authority does not vote for a candidate by itself; undefined if it does. */
export function admissionWait(
  candidate: CandidateStanding,
  situation: AdmissionSituation,
): AdmissionWait | undefined {
  if (candidate.isBanned) return "put out for good by evidence";
  if (Math.abs(candidate.height - situation.height) > headDistanceMax) return "not near our head";
  if (candidate.timesHeard < timesHeardNeeded || candidate.heardForMs < answeringMs) {
    return "has not answered for long enough";
  }
  // The policy, an open join window included, is for newcomers. A removal was decided by people, so people undo it.
  if (candidate.wasAuthority) return "was an authority before: an operator has to vote";
  switch (situation.policy) {
    case "vote":
      return "an operator has to vote";
    case "token":
      // Whoever could connect has the secret.
      return undefined;
    case "open-lan":
      // Where packets come from shows who is on this LAN. An address in a message would only be a claim.
      if (!candidate.isConnected) return "not connected with this node";
      if (!candidate.isPrivate) return "not on a private address";
      if (!situation.isWindowOpen) return "the join window is closed";
      return situation.authoritiesExpected >= openLanAuthoritiesMax
        ? "there are seven authorities"
        : undefined;
  }
}
