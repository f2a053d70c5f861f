/** All that bears on whether a node does its work: taken from the running node, and read by the advice as plain values. */

import type { AdmissionWait } from "../../authority/admission-rule.ts";
import type { AdmissionPolicy, ConsensusName } from "../../protocol/genesis.ts";
import type { NotSealingReason } from "../../sealing/not-sealing.ts";

export interface MemberSituation {
  readonly address: string;
  /** As it calls itself; empty if it was not heard. */
  readonly name: string;
  /** This node, or one that gave a sign of life lately. */
  readonly isHeard: boolean;
  readonly isSelf: boolean;
  /** Of the last block that it sealed. */
  readonly sealedHeight: number;
}

export interface CandidateSituation {
  readonly address: string;
  readonly name: string;
  /** Undefined: this node votes for it by itself. */
  readonly waitsFor: AdmissionWait | undefined;
}

/** About the authorities of a Proof of Authority chain, as of the head. */
export interface AuthoritySituation {
  readonly members: readonly MemberSituation[];
  /** How many finality needs, and how many votes a change needs. */
  readonly quorum: number;
  readonly majority: number;
  readonly candidates: readonly CandidateSituation[];
  readonly slashed: readonly { readonly address: string; readonly why: string; readonly isSelf: boolean }[];
  readonly policy: AdmissionPolicy;
  /** Wall clock. */
  readonly windowEndsAtMs: number;
  /** This node asks to become an authority. */
  readonly isAsking: boolean;
  /** This node's key has been an authority before, and is none now. */
  readonly wasAuthority: boolean;
  /** This node has the blocks of another authority that was heard since its start, or needs none. */
  readonly isAnotherReached: boolean;
  readonly finalHeight: number;
  /** Somebody waits for finality. */
  readonly awaitsFinality: boolean;
  /** Who would be authorities if the operator declared the head final (--trust-recovery); addresses. */
  readonly leftByRecovery: readonly string[];
}

export interface ClockSituation {
  readonly nowMs: number;
  /** Whose clock is off, in words; undefined if none is known to be. */
  readonly note: string | undefined;
  /** The others say that this machine's clock is off. */
  readonly isOff: boolean;
  /** Enough others were measured to say that it is not. */
  readonly isConfirmed: boolean;
  /** Names of those that are off from this one; if this one is right, it is theirs that are wrong. */
  readonly apart: readonly string[];
}

export interface Situation {
  readonly consensus: ConsensusName;
  /** Started with --authority or --mine. */
  readonly isMeantToSeal: boolean;
  readonly notSealingBecause: NotSealingReason | undefined;
  readonly address: string;
  /** For commands. */
  readonly dataDir: string;
  /** The command line that starts this node as it was started. */
  readonly startCommand: string;
  readonly peers: number;
  readonly head: { readonly height: number; readonly hash: string; readonly timestampMs: number };
  /** A head further ahead of the clock than this shows that a clock is wrong. */
  readonly aheadDoubtMs: number;
  /** The chain can be set aside by aurex-node found-anew: nobody loses anything with it. */
  readonly mayFoundAnew: boolean;
  readonly clock: ClockSituation;
  /** Blocks on disk that are damaged, and heights of those that were and are whole again, since the start. */
  readonly damagedBlocks: number;
  readonly mendedHeights: readonly number[];
  /** Undefined on a Proof of Work chain. */
  readonly authorities: AuthoritySituation | undefined;
}
