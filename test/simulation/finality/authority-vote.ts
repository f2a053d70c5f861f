/** Authority votes of a campaign, with the candidate's consent where one is to be added. */
import { signConsent } from "../../../src/protocol/authority-consent.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import {
  authorityActions,
  type DecodedTransaction,
  signTransaction,
} from "../../../src/protocol/transaction.ts";
import { startMs } from "./founding.ts";
import type { Campaign } from "./plan.ts";

export interface CampaignTerms {
  readonly action: Campaign["action"];
  readonly subject: KeyPair;
  readonly expiresAtHeight: number;
}

export function authorityVoteOf(
  { action, subject, expiresAtHeight }: CampaignTerms,
  voter: KeyPair,
  chainId: Uint8Array,
): DecodedTransaction {
  const isAdmission = action === "add";
  const consent = isAdmission ? signConsent(chainId, expiresAtHeight, subject) : new Uint8Array(64);
  return signTransaction(
    {
      payload: {
        kind: "authorityVote",
        action: isAdmission ? authorityActions.add : authorityActions.remove,
        authority: subject.publicKey,
        expiresAtHeight,
        consent,
      },
      sequence: 0,
      fee: 0n,
      validUntil: 0,
      timestampMs: startMs,
    },
    voter,
    chainId,
  );
}
