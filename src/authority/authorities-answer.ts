/** What the API says of a chain's authorities and candidates, from plain values. */
import type { AuthoritiesAnswer, AuthorityAction } from "../api/consensus.ts";
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { ChainFinality } from "../consensus/finality/chain-finality.ts";
import { quorumOf } from "../protocol/certificate.ts";
import type { AdmissionPolicy } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import { authorityActions } from "../protocol/transaction.ts";
import type { AdmissionWait } from "./admission-rule.ts";
import type { Candidate } from "./candidate-list.ts";
import type { Slashed } from "./slashed.ts";

/** Name, and wall clock of the last status or notice. */
export interface HeardKey {
  readonly name: string;
  readonly atMs: number;
}

export interface AuthoritiesFacts {
  /** Wall clock. */
  readonly nowMs: number;
  /** Of the head. */
  readonly height: number;
  readonly authorities: readonly Uint8Array[];
  readonly finality: Pick<ChainFinality, "sealedHeights" | "inFlight" | "banned" | "ballots">;
  /** This node's public key. */
  readonly ownKey: Uint8Array;
  /** By key in hex. */
  readonly heard: { get(keyHex: string): HeardKey | undefined };
  readonly candidates: readonly (Candidate & { readonly waitsFor: AdmissionWait | undefined })[];
  readonly slashed: readonly Slashed[];
  readonly policy: AdmissionPolicy;
  /** Wall clock. */
  readonly windowEndsAtMs: number;
}

export function authoritiesAnswer(facts: AuthoritiesFacts): AuthoritiesAnswer {
  const { nowMs, authorities, finality, heard, candidates, slashed, policy, windowEndsAtMs } = facts;
  const { inFlight, banned } = finality;
  return {
    authorities: membersOf(facts),
    candidates: candidates.map(({ publicKey, name, height, candidacy, waitsFor }) => ({
      address: addressOf(publicKey),
      name,
      lastHeardMs: heard.get(toHex(publicKey))?.atMs ?? nowMs,
      height,
      expiresAtHeight: candidacy.expiresAtHeight,
      waitingBecause: waitsFor ?? null,
    })),
    ballots: ballotsOf(facts),
    inFlight: inFlight
      ? { action: actionName(inFlight.action), address: addressOf(inFlight.authority) }
      : null,
    banned: banned.map(addressOf),
    slashed: slashed.map(({ publicKey, why, height }) => ({ address: addressOf(publicKey), why, height })),
    quorum: quorumOf(authorities.length),
    majority: Math.floor(authorities.length / 2) + 1,
    admission: policy,
    joinWindowEndsAtMs: policy === "open-lan" ? windowEndsAtMs : null,
  };
}

function membersOf({ authorities, finality, ownKey, heard, nowMs }: AuthoritiesFacts) {
  return authorities.map((key, index) => {
    const self = bytesEqual(key, ownKey);
    const said = heard.get(toHex(key));
    return {
      address: addressOf(key),
      name: said?.name ?? null,
      lastHeardMs: self ? nowMs : (said?.atMs ?? null),
      sealedHeight: finality.sealedHeights[index] ?? 0,
      self,
    };
  });
}

/** Those that would still count in the next block. */
function ballotsOf({ finality, height }: AuthoritiesFacts) {
  return finality.ballots
    .filter(({ expiresAtHeight }) => expiresAtHeight > height)
    .map(({ voter, action, authority, expiresAtHeight }) => ({
      voter: addressOf(voter),
      action: actionName(action),
      address: addressOf(authority),
      expiresAtHeight,
    }));
}

function actionName(action: number): AuthorityAction {
  return action === authorityActions.add ? "add" : "remove";
}
