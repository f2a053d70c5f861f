/** Computes the authority state of a child from its parent's: certificate, evidence, votes, then what comes into force. */
import { bytesEqual, compareBytes, includesBytes, toHex } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { HeaderRecord } from "../../protocol/block.ts";
import type { Certificate } from "../../protocol/certificate.ts";
import { decodeEvidence, evidenceFault, offenderOf } from "../../protocol/evidence.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import { authorityActions } from "../../protocol/transaction.ts";
import type { Ancestry } from "../ancestry.ts";
import type { BlockContents } from "../engine.ts";
import { certificateFault, type VerifyVoteSignature } from "../finality/certify.ts";
import { linkFinalizes } from "../finality/vote-rule.ts";
import {
  type AuthorityState,
  authorityStateOf,
  type Change,
  indexIn,
  justifiedHeightsMax,
} from "./authority-state.ts";
import { BallotBox, changeFault, isFor, passingChange } from "./ballot-box.ts";

/** A certificate may be late by this many blocks. Certificates for higher targets have replaced an older one by then. */
export const certificateDepthMax = 64;

/** The rules that finality and changes of the authorities rest on. Simulations break one of them, to see that it is needed. */
export interface PoaRules {
  readonly linkFinalizes: typeof linkFinalizes;
  /** Whether a change that has passed is in force. Only the finality that the chain itself shows counts. */
  readonly isInForce: (change: Change, finalizedHeight: number) => boolean;
}

export const poaRules: PoaRules = {
  linkFinalizes,
  isInForce: ({ passedAtHeight }, finalizedHeight) => finalizedHeight >= passedAtHeight,
};

export interface AdvanceModules {
  readonly chainId: Uint8Array;
  readonly rules: PoaRules;
  readonly verify: VerifyVoteSignature;
}

/** Judges what a block says about authorities and finality, and returns the state after the block. */
export function advanceState(
  contents: BlockContents,
  parent: HeaderRecord,
  ancestry: Ancestry,
  modules: AdvanceModules,
): Result<AuthorityState, BlockFault> {
  const { height, producer, transactions, consensusSection } = contents;
  const before = authorityStateOf(parent);
  const certified = certify(before, consensusSection.certificates[0], height, parent, ancestry, modules);
  if (!certified.ok) return certified;
  const purged = convict(certified.value, consensusSection.evidence, modules.chainId);
  if (!purged.ok) return purged;
  const box = new BallotBox(before, modules.chainId, height);
  for (const [position, transaction] of transactions.entries()) {
    const fault = box.cast(transaction);
    if (fault) return fail({ code: "block/transaction-invalid", position, id: transaction.idHex, fault });
  }
  const state = enforce(purged.value, height, modules.rules);
  const passed = state.inFlight[0] ?? passingChange(state, box.ballots, height);
  const isSettled = transactions.length === 0 && consensusSection.evidence.length === 0;
  const isUsed = transactions.some(({ payload }) => payload.kind !== "authorityVote");
  const producerIndex = indexIn(state.authorities, producer);
  return ok({
    ...state,
    authoritiesSinceHeight: state.authorities === before.authorities ? before.authoritiesSinceHeight : height,
    sealedHeights: state.sealedHeights.map((sealed, index) => (index === producerIndex ? height : sealed)),
    ballots: box.ballots.filter(
      (ballot) => includesBytes(state.authorities, ballot.voter) && !(passed && isFor(ballot, passed)),
    ),
    inFlight: passed ? [passed] : [],
    unsettledHeight: isSettled ? before.unsettledHeight : height,
    established: before.established === 1 || state.authorities.length > 1 || isUsed ? 1 : 0,
  });
}

function certify(
  state: AuthorityState,
  certificate: Certificate | undefined,
  height: number,
  parent: HeaderRecord,
  ancestry: Ancestry,
  { chainId, rules, verify }: AdvanceModules,
): Result<AuthorityState, BlockFault> {
  if (!certificate) return ok(state);
  const invalid = (reason: string) => fail({ code: "block/certificate-invalid" as const, reason });
  const { targetHeight, targetHash } = certificate;
  if (targetHeight <= state.justified.height) {
    return invalid(
      `height ${targetHeight} is not above ${state.justified.height}, which is certified already`,
    );
  }
  if (targetHeight < height - certificateDepthMax) return invalid(`height ${targetHeight} is too far below`);
  const target = ancestry.ancestorAt(parent, targetHeight);
  if (!target || !bytesEqual(target.hash, targetHash)) {
    return invalid(`${toHex(targetHash)} is not the ancestor at height ${targetHeight}`);
  }
  const { authorities, justified: source } = authorityStateOf(target);
  const checkpoint = { height: targetHeight, hash: target.hash };
  const fault = certificateFault(certificate, { checkpoint, authorities, source }, chainId, verify);
  if (fault) return invalid(fault);
  const isFinal =
    source.height > state.finalized.height &&
    rules.linkFinalizes(source.height, targetHeight, (between) => state.justifiedHeights.includes(between));
  const finalized = isFinal ? source : state.finalized;
  const justifiedHeights = [...state.justifiedHeights, targetHeight]
    .filter((justified) => justified > finalized.height)
    .slice(-justifiedHeightsMax);
  return ok({ ...state, justified: checkpoint, finalized, justifiedHeights });
}

/** Removes at once each authority that the evidence convicts. */
function convict(
  before: AuthorityState,
  evidence: readonly Uint8Array[],
  chainId: Uint8Array,
): Result<AuthorityState, BlockFault> {
  let state = before;
  for (const bytes of evidence) {
    const invalid = (reason: string) => fail({ code: "block/evidence-invalid" as const, reason });
    const decoded = decodeEvidence(bytes);
    if (!decoded.ok) return invalid(decoded.fault.reason);
    const offender = offenderOf(decoded.value);
    const useless = changeFault(state, { action: authorityActions.remove, authority: offender });
    if (useless) return invalid(`${toHex(offender)} cannot be put out: ${useless}`);
    const fault = evidenceFault(decoded.value, chainId);
    if (fault) return invalid(fault.code === "evidence/invalid" ? fault.reason : fault.code);
    state = { ...without(state, offender), banned: [...state.banned, offender] };
  }
  return ok(state);
}

/** Brings the passed change into force if its time has come. A change that has become void is dropped. */
function enforce(state: AuthorityState, height: number, rules: PoaRules): AuthorityState {
  const change = state.inFlight[0];
  if (!change) return state;
  const isVoid = changeFault(state, change) !== undefined;
  if (!isVoid && !rules.isInForce(change, state.finalized.height)) return state;
  const landed = { ...state, inFlight: [] };
  if (isVoid) return landed;
  return change.action === authorityActions.add
    ? withAuthority(landed, change.authority, height)
    : without(landed, change.authority);
}

function withAuthority(state: AuthorityState, authority: Uint8Array, height: number): AuthorityState {
  const after = state.authorities.findIndex((key) => compareBytes(key, authority) > 0);
  const index = after < 0 ? state.authorities.length : after;
  return {
    ...state,
    authorities: state.authorities.toSpliced(index, 0, authority),
    sealedHeights: state.sealedHeights.toSpliced(index, 0, height),
  };
}

function without(state: AuthorityState, authority: Uint8Array): AuthorityState {
  const index = indexIn(state.authorities, authority);
  return {
    ...state,
    authorities: state.authorities.toSpliced(index, 1),
    sealedHeights: state.sealedHeights.toSpliced(index, 1),
  };
}
