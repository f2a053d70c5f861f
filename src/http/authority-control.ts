/** What the API asks of the node about its authorities. */

import type { AuthoritiesAnswer, AuthorityAction, ConsentAnswer } from "../api/consensus.ts";
import type { Result } from "../base/result.ts";
import type { AdmissionFault } from "../mempool/admission.ts";
import type { AdmissionPolicy } from "../protocol/genesis.ts";

export interface AuthorityVoteRequest {
  readonly action: AuthorityAction;
  /** Public key. */
  readonly authority: Uint8Array;
  /** add: absent where the candidate asks this node itself. */
  readonly consent?: Uint8Array;
  /** add: goes with the consent; remove: absent for some hundred blocks. */
  readonly expiresAtHeight?: number;
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
  vote(request: AuthorityVoteRequest): Promise<Result<string, AuthorityControlFault | AdmissionFault>>;
  /** Opens the join window for a time from now. @returns when it ends */
  open(forMs: number): Result<number, AuthorityControlFault>;
  /** This node's consent, to be handed to those who vote. */
  propose(): Result<ConsentAnswer, AuthorityControlFault>;
}
