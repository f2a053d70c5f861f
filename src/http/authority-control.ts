/** What the API asks of the node about its authorities, and the JSON of the answers. */
import type { Result } from "../base/result.ts";
import type { AdmissionPolicy } from "../protocol/genesis.ts";
import type { SubmitFault } from "./refusals.ts";

export type AuthorityAction = "add" | "remove";

export interface AuthorityAnswer {
  readonly address: string;
  /** As the node calls itself; null where it was not heard. */
  readonly name: string | null;
  /** When it last said hello to this node, by the wall clock; null where it was not heard since the start. */
  readonly lastHeardMs: number | null;
  /** Of the last block that it sealed on this chain; the height of its admission before that. */
  readonly sealedHeight: number;
  /** It is this node. */
  readonly self: boolean;
}

export interface CandidateAnswer {
  readonly address: string;
  readonly name: string;
  readonly lastHeardMs: number;
  readonly height: number;
  readonly expiresAtHeight: number;
  /** Why this node does not vote for it by itself; null where it does. */
  readonly waitingBecause: string | null;
}

export interface BallotAnswer {
  readonly voter: string;
  readonly action: AuthorityAction;
  readonly address: string;
  readonly expiresAtHeight: number;
}

export interface AuthoritiesAnswer {
  readonly authorities: readonly AuthorityAnswer[];
  readonly candidates: readonly CandidateAnswer[];
  /** Votes on the chain that have not passed so far. */
  readonly ballots: readonly BallotAnswer[];
  /** The change that has passed and waits for the finality of its block. */
  readonly inFlight: { readonly action: AuthorityAction; readonly address: string } | null;
  /** Addresses that evidence has put out for good. */
  readonly banned: readonly string[];
  /** The same with the reason, e.g. "it signed two blocks at height 12", and the height of the block with the evidence. */
  readonly slashed: readonly {
    readonly address: string;
    readonly why: string;
    readonly height: number | null;
  }[];
  /** How many authorities finality needs. */
  readonly quorum: number;
  /** How many votes a change needs. */
  readonly majority: number;
  readonly admission: AdmissionPolicy;
  /** Wall clock; null where the policy has no window. */
  readonly joinWindowEndsAtMs: number | null;
}

export interface AuthorityVoteRequest {
  readonly action: AuthorityAction;
  /** Public key. */
  readonly authority: Uint8Array;
  /** add: absent where the candidate asks this node itself. */
  readonly consent?: Uint8Array;
  /** add: goes with the consent; remove: absent for some hundred blocks. */
  readonly expiresAtHeight?: number;
}

export interface ConsentAnswer {
  readonly address: string;
  /** Hex. */
  readonly consent: string;
  readonly expiresAtHeight: number;
}

export type AuthorityControlFault =
  | { readonly code: "authority/not-an-authority" }
  | { readonly code: "authority/consent-missing"; readonly address: string }
  | { readonly code: "authority/window-not-used"; readonly admission: AdmissionPolicy }
  | { readonly code: "authority/not-started-as-one" }
  | { readonly code: "authority/already-one" }
  | { readonly code: "authority/put-out-for-good" };

/** Of a Proof of Authority node. */
export interface AuthorityControl {
  view(): AuthoritiesAnswer;
  /** Casts this node's vote. @returns the transaction's id in hex; that of the same vote where it waits already */
  vote(request: AuthorityVoteRequest): Promise<Result<string, AuthorityControlFault | SubmitFault>>;
  /** Opens the join window for a time from now. @returns when it ends */
  open(forMs: number): Result<number, AuthorityControlFault>;
  /** This node's consent, to be handed to those who vote. */
  propose(): Result<ConsentAnswer, AuthorityControlFault>;
}
