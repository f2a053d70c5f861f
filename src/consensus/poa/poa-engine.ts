/** Proof of Authority: authorities take turns by rank, any live one keeps the chain going, and a quorum makes it final. */
import { bytesEqual, concatBytes, includesBytes, toHex } from "../../base/bytes.ts";
import { ok } from "../../base/result.ts";
import type { HeaderRecord, Seal } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import { chainIdOf, type Genesis } from "../../protocol/genesis.ts";
import { sealDomain, zeroBytes32 } from "../../protocol/hashing.ts";
import { signatureBytes, verifySignature } from "../../protocol/signing.ts";
import type { AuthorityFacet, AuthorityUpdate, ConsensusEngine, EngineState } from "../engine.ts";
import type { VerifyVoteSignature } from "../finality/certify.ts";
import { EvidencePool } from "../finality/evidence-pool.ts";
import { FinalityGadget } from "../finality/finality-gadget.ts";
import { rememberingVerifier } from "../finality/verified-votes.ts";
import { advanceState, type PoaRules, poaRules } from "./advance.ts";
import { authorityChangesBetween } from "./authority-changes.ts";
import { type AuthorityState, authorityStateOf, encodeAuthorityState, indexIn } from "./authority-state.ts";
import { BallotBox } from "./ballot-box.ts";
import { recoveredAuthorityState } from "./recovered-state.ts";

const weightUnit = 1000;
/**
 * An authority that may stamp its blocks further ahead than this seals before those whose turn is earlier, again and
 * again, and takes over the chain. Honest clocks differ by less.
 */
const aheadMostMs = 500;
/** No clock of an authority that signs is off by as much. */
const aheadDoubtMs = 5_000;
/** Blocks take this long to reach all authorities: an authority out of turn need not wait for its own delay as well. */
const parentTravelMs = 300;

/** How the engine verifies the signatures of seals and votes. An audit verifies both in other threads. */
export interface PoaSignatures {
  readonly seal: VerifyVoteSignature;
  readonly vote: VerifyVoteSignature;
}

/** An engine that always has authorities. */
export interface PoaEngine extends ConsensusEngine {
  readonly authority: AuthorityFacet;
}

/** @param rules that safety rests on; only a simulation that breaks one hands in others */
export function createPoaEngine(
  genesis: Genesis,
  rules: PoaRules = poaRules,
  signatures: PoaSignatures = { seal: verifySignature, vote: rememberingVerifier() },
): PoaEngine {
  const { periodMs, stepMs, heartbeatMs } = genesis;
  const chainId = chainIdOf(genesis);
  const { vote: verify } = signatures;
  const setAt = (record: HeaderRecord) => authorityStateOf(record).authorities;

  /** How long after the first authority's turn the producer's own turn comes; undefined if it is no authority. */
  function rankDelayMs(parent: HeaderRecord, producer: Uint8Array): number | undefined {
    const set = setAt(parent);
    const index = indexIn(set, producer);
    return index < 0 ? undefined : rankAt(index, parent.header.height + 1, set.length) * stepMs;
  }

  const authority: AuthorityFacet = {
    emptyBlockAfterMs: heartbeatMs === 0 ? undefined : heartbeatMs,
    setAt,
    turns(parent) {
      const set = setAt(parent);
      const firstMs = parent.header.timestampMs + periodMs;
      return set.map((_, rank) => ({
        authority: set[(parent.header.height + 1 + rank) % set.length] as Uint8Array,
        earliestMs: firstMs + rank * stepMs,
      }));
    },
    voteCounter: (parent) => new BallotBox(authorityStateOf(parent), chainId, parent.header.height + 1),
    updates(parent, state) {
      const before = setAt(parent);
      const after = authorityStateOf(state).authorities;
      const changed = (from: readonly Uint8Array[], to: readonly Uint8Array[], removed: boolean) =>
        from
          .filter((authority) => !includesBytes(to, authority))
          .map((authority): AuthorityUpdate => ({ authority, removed }));
      return [...changed(after, before, false), ...changed(before, after, true)];
    },
    changes: (before, after, { evidence }) => authorityChangesBetween(before, after, evidence),
    finality(record) {
      const state = authorityStateOf(record);
      return { ...state, inFlight: state.inFlight[0], established: state.established === 1 };
    },
    recoveredState: (record) =>
      engineState(
        recoveredAuthorityState(authorityStateOf(record), {
          height: record.header.height,
          hash: record.hash,
        }),
      ),
    openFinality: ({ final, ancestry, head, held, isTimely, onEvidence }) => {
      const evidence = new EvidencePool({ chainId, authorities: setAt, head, onFound: onEvidence });
      const gadget = new FinalityGadget(
        { chainId, final },
        {
          ancestry,
          head,
          held: held ?? (() => undefined),
          authorities: setAt,
          finality: (record) => authority.finality(record),
          verify,
          isTimely,
          linkFinalizes: rules.linkFinalizes,
          onVerified: (vote) => evidence.noticeVote(vote),
        },
      );
      return { gadget, evidence };
    },
  };

  return {
    name: "poa",
    aheadMaxMs: Math.min(aheadMostMs, Math.floor(stepMs / 2)),
    aheadDoubtMs,
    authority,
    genesisState: ({ hash }) =>
      engineState({
        authorities: genesis.authorities,
        authoritiesSinceHeight: 0,
        sealedHeights: genesis.authorities.map(() => 0),
        justified: { height: 0, hash },
        finalized: { height: 0, hash },
        justifiedHeights: [],
        ballots: [],
        inFlight: [],
        banned: [],
        unsettledHeight: 0,
        established: genesis.authorities.length > 1 ? 1 : 0,
      }),
    verifySeal(header, seal, hash): BlockFault | undefined {
      const malformed = sealFault(seal);
      if (malformed) return malformed;
      const message = concatBytes([sealDomain, hash]);
      return signatures.seal(message, seal.signature, header.producer)
        ? undefined
        : { code: "block/seal-invalid" };
    },
    orphanFault({ producer }, near): BlockFault | undefined {
      if (near.some((record) => indexIn(setAt(record), producer) >= 0)) return undefined;
      return { code: "block/orphan-unlikely", reason: "its producer is no authority here" };
    },
    verifyHeader(header, parent): BlockFault | undefined {
      if (!bytesEqual(header.target, zeroBytes32)) {
        return { code: "block/target-wrong", expected: toHex(zeroBytes32), actual: toHex(header.target) };
      }
      const delayMs = rankDelayMs(parent, header.producer);
      if (delayMs === undefined) return { code: "block/producer-unknown", producer: toHex(header.producer) };
      const earliestMs = parent.header.timestampMs + periodMs + delayMs;
      if (header.timestampMs < earliestMs) {
        return { code: "block/timestamp-too-early", earliestMs, actualMs: header.timestampMs };
      }
      return undefined;
    },
    weight(header, parent) {
      const set = setAt(parent);
      const rank = rankAt(indexIn(set, header.producer), header.height, set.length);
      return BigInt(Math.floor((weightUnit * (set.length - rank)) / set.length));
    },
    slot(parent, producer) {
      const outOfTurnDelayMs = rankDelayMs(parent, producer);
      if (outOfTurnDelayMs === undefined) return undefined;
      const earliestMs = parent.header.timestampMs + periodMs + outOfTurnDelayMs;
      const afterParentMs =
        outOfTurnDelayMs === 0 ? 0 : Math.max(0, periodMs + outOfTurnDelayMs - parentTravelMs);
      return { earliestMs, beginMs: earliestMs, outOfTurnDelayMs, afterParentMs, target: zeroBytes32 };
    },
    advance(contents, parent, ancestry) {
      const advanced = advanceState(contents, parent, ancestry, { chainId, rules, verify });
      return advanced.ok ? ok(engineState(advanced.value)) : advanced;
    },
  };
}

function engineState(state: AuthorityState): EngineState {
  return { consensusState: encodeAuthorityState(state), justifiedHeight: state.justified.height };
}

/** 0 for the authority whose turn a height is, 1 for the next, and so on. */
export function rankAt(index: number, height: number, count: number): number {
  return (((index - height) % count) + count) % count;
}

function sealFault(seal: Seal): BlockFault | undefined {
  if (!bytesEqual(seal.nonce, zeroBytes32)) {
    return { code: "block/seal-malformed", reason: "Proof of Authority has a zero nonce" };
  }
  if (seal.signature.length !== signatureBytes) {
    return {
      code: "block/seal-malformed",
      reason: `the signature has ${seal.signature.length} bytes, not 64`,
    };
  }
  return undefined;
}
