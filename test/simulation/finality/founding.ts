/** What all runs with as many authorities share: keys, chain spec, block 0 and the real engine. */
import { compareBytes, fromUtf8, toHex } from "../../../src/base/bytes.ts";
import type { SealingSlot } from "../../../src/consensus/engine.ts";
import { voteOn } from "../../../src/consensus/finality/vote-rule.ts";
import { type PoaRules, poaRules } from "../../../src/consensus/poa/advance.ts";
import { createPoaEngine, type PoaEngine } from "../../../src/consensus/poa/poa-engine.ts";
import type { Block, HeaderRecord } from "../../../src/protocol/block.ts";
import {
  admissionNumbers,
  type ChainSpec,
  chainSpecOf,
  engineNumbers,
  genesisBlock,
  genesisVersion,
} from "../../../src/protocol/genesis.ts";
import { sha256, zeroBytes32 } from "../../../src/protocol/hashing.ts";
import { type KeyPair, keyPairFromSeed } from "../../../src/protocol/signing.ts";
import { outOfTurnVoteDelayMs } from "../../../src/sealing/poa/voter.ts";
import { signaturesKnown } from "./made-signatures.ts";

export const authoritiesMin = 1;
export const authoritiesMax = 25;
export const candidatesMax = 3;
export const periodMs = 2_000;
export const stepMs = 1_000;
export const startMs: number = Date.UTC(2026, 0, 1);

/** What honest authorities and nodes go by; a control switches one of them off. */
export interface SimulationRules {
  readonly poa: PoaRules;
  readonly voteOn: typeof voteOn;
  /** What an authority has signed is known to it after a restart. */
  readonly keepsJournals: boolean;
  /** How far a block may be ahead of the clock of the one that takes it; undefined: what the engine says. */
  readonly aheadMaxMs: number | undefined;
  /** How long a head that was sealed out of turn must stay the head before it is voted for. */
  readonly outOfTurnVoteDelayMs: number;
  /** Who is out of turn waits from its parent's arrival on. */
  readonly isCourteous: boolean;
  /** Which certificates that are known by votes guard the head: those that were complete in time, none, or every one. */
  readonly guard: "timely" | "none" | "every";
  /** What a proven offender sealed weighs nothing. */
  readonly weighsOffenders: boolean;
}

export const trueRules: SimulationRules = {
  poa: poaRules,
  voteOn,
  keepsJournals: true,
  aheadMaxMs: undefined,
  outOfTurnVoteDelayMs,
  isCourteous: true,
  guard: "timely",
  weighsOffenders: true,
};

export interface Founding {
  readonly spec: ChainSpec;
  readonly engine: PoaEngine;
  readonly block: Block;
  readonly record: HeaderRecord;
  /** The authorities of block 0 in the order of the set, then the candidates. */
  readonly keyPairs: readonly KeyPair[];
}

const keyPairs = Array.from({ length: authoritiesMax + candidatesMax }, (_, index) =>
  keyPairFromSeed(sha256(Uint8Array.of(0xf1, index))),
);
const foundings = new WeakMap<SimulationRules, Map<number, Founding>>();

/** The same object for the same rules and number: runs differ by their schedules alone. */
export function foundingOf(authorityCount: number, rules: SimulationRules): Founding {
  const known = foundings.get(rules) ?? new Map<number, Founding>();
  foundings.set(rules, known);
  const founding = known.get(authorityCount) ?? found(authorityCount, rules);
  known.set(authorityCount, founding);
  return founding;
}

function found(authorityCount: number, rules: SimulationRules): Founding {
  const authorities = keyPairs
    .slice(0, authorityCount)
    .sort((a, b) => compareBytes(a.publicKey, b.publicKey));
  const candidates = keyPairs.slice(authorityCount, authorityCount + candidatesMax);
  const spec = chainSpecOf({
    version: genesisVersion,
    name: fromUtf8("simulated-finality"),
    engine: engineNumbers.poa,
    timestampMs: startMs,
    easiestTarget: zeroBytes32,
    targetBlockTimeMs: 0,
    minimumIntervalMs: 0,
    retargetHalfLifeMs: 0,
    periodMs,
    stepMs,
    heartbeatMs: 0,
    admission: admissionNumbers.vote,
    joinWindowMs: 0,
    authorities: authorities.map(({ publicKey }) => publicKey),
    allocations: [],
    minimumFee: 0n,
    blockReward: 0n,
    halvingIntervalBlocks: 0,
    rewardMaturityBlocks: 0,
    blockBytesMax: 1024 * 1024,
    blockTransactionsMax: 64,
    salt: sha256(Uint8Array.of(authorityCount)),
  });
  if (!spec.ok) throw new Error(`a simulated genesis is invalid: ${spec.fault.field} ${spec.fault.reason}`);
  const engine = engineBy(rules, createPoaEngine(spec.value.genesis, rules.poa, signaturesKnown()));
  const block = genesisBlock(spec.value, zeroBytes32);
  const record: HeaderRecord = {
    hash: block.hash,
    hashHex: toHex(block.hash),
    header: block.header,
    seal: block.seal,
    cumulativeWeight: 0n,
    ...engine.genesisState(block),
  };
  return { spec: spec.value, engine, block, record, keyPairs: [...authorities, ...candidates] };
}

/** The real engine, or one with a rule switched off. */
function engineBy({ aheadMaxMs, isCourteous }: SimulationRules, engine: PoaEngine): PoaEngine {
  return {
    ...engine,
    ...(aheadMaxMs === undefined ? {} : { aheadMaxMs }),
    ...(isCourteous ? {} : { slot: (parent, producer) => hurried(engine.slot(parent, producer)) }),
  };
}

function hurried(slot: SealingSlot | undefined): SealingSlot | undefined {
  return slot && { ...slot, afterParentMs: 0 };
}
