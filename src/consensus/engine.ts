/** What a consensus engine decides. The chain knows no engine by name, so a third engine is one more implementation. */
import { compareBytes } from "../base/bytes.ts";
import type { Result } from "../base/result.ts";
import type { Block, ConsensusSection, Header, HeaderRecord, Seal } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { Evidence } from "../protocol/evidence.ts";
import type { BlockFault, TransactionFault } from "../protocol/faults.ts";
import type { ConsensusName } from "../protocol/genesis.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { Ancestry } from "./ancestry.ts";
import type { ChainFinality } from "./finality/chain-finality.ts";
import type { EvidencePool } from "./finality/evidence-pool.ts";
import type { FinalityGadget } from "./finality/finality-gadget.ts";

/** When a producer may seal on a parent. */
export interface SealingSlot {
  /** The lowest timestamp that the header may carry. */
  readonly earliestMs: number;
  /**
   * When the producer may start. In Proof of Work this is earlier than `earliestMs`: a miner that delayed its search
   * would lose blocks to miners that did not. A block found early is kept until `earliestMs`.
   */
  readonly beginMs: number;
  /**
   * How long the producer waits after work has come, so that the authorities whose turn is earlier can seal first. No
   * rule of the chain asks for this delay.
   */
  readonly outOfTurnDelayMs: number;
  /**
   * The producer also waits this long after the parent has come, by its monotonic clock; zero for the authority whose
   * turn it is. An authority whose clock is ahead would otherwise seal before those whose turn is earlier.
   */
  readonly afterParentMs: number;
  /** The header's target; zero if the engine has none. */
  readonly target: Uint8Array;
}

/** An authority's place in the order of a height. */
export interface Turn {
  readonly authority: Uint8Array;
  /** The lowest timestamp that its block may carry. */
  readonly earliestMs: number;
}

/** The parts of a block that the engine judges. A producer has them before there is a block. */
export interface BlockContents {
  readonly height: number;
  readonly timestampMs: number;
  readonly producer: Uint8Array;
  readonly transactions: readonly DecodedTransaction[];
  readonly consensusSection: ConsensusSection;
}

export function contentsOf({ header, transactions, consensusSection }: Block): BlockContents {
  const { height, timestampMs, producer } = header;
  return { height, timestampMs, producer, transactions, consensusSection };
}

/** What the engine keeps with a block's record. */
export type EngineState = Pick<HeaderRecord, "consensusState" | "justifiedHeight">;

/** Counts the authority votes of one block in order. */
export interface VoteCounter {
  /** Returns a fault if the transaction may not stand in the block; the counter has not changed then. */
  cast(transaction: DecodedTransaction): TransactionFault | undefined;
}

/** A change of the authorities that comes into force with a block. */
export interface AuthorityUpdate {
  readonly authority: Uint8Array;
  readonly removed: boolean;
}

/** Why an authority joined or left the set. "recovered": operators declared a block final without its quorum. */
export type AuthorityChangeKind = "added" | "removed" | "slashed" | "recovered";

export interface AuthorityChange {
  readonly authority: Uint8Array;
  readonly change: AuthorityChangeKind;
}

export interface ConsensusEngine {
  readonly name: ConsensusName;
  /** A block whose timestamp is further ahead of this node's clock is a future block, and has to wait. */
  readonly aheadMaxMs: number;
  /** A head whose timestamp is further ahead of a clock shows that a clock is wrong. At least {@link aheadMaxMs}. */
  readonly aheadDoubtMs: number;
  /** All about authorities; undefined if anyone may seal. Such a chain has no finality either. */
  readonly authority?: AuthorityFacet;
  /** The state that goes with block 0. */
  genesisState(genesis: Block): EngineState;
  /** The seal by itself: work was done, or the producer signed. Needs no parent, since orphans are judged too. */
  verifySeal(header: Header, seal: Seal, hash: Uint8Array): BlockFault | undefined;
  /**
   * Why a block whose parent is unknown is no reason to fetch the parent: anybody could have made it. Asked before the
   * seal is verified.
   *
   * @param near blocks of the chain where it stands now: the head, and the final block
   */
  orphanFault(header: Header, near: readonly HeaderRecord[]): BlockFault | undefined;
  /** The header on its parent: producer, time, target. Reads no clock. */
  verifyHeader(header: Header, parent: HeaderRecord): BlockFault | undefined;
  /** What a block adds to its chain's weight. */
  weight(header: Header, parent: HeaderRecord): bigint;
  /** The slot of `producer` on `parent`; undefined if it may not seal there. */
  slot(parent: HeaderRecord, producer: Uint8Array): SealingSlot | undefined;
  /**
   * Judges what a block says to the engine (certificate, evidence, authority votes) and returns the state after it.
   *
   * @param ancestry of the block
   */
  advance(contents: BlockContents, parent: HeaderRecord, ancestry: Ancestry): Result<EngineState, BlockFault>;
}

/** What only an engine with a set of authorities has: who is in it, how it changes, and what its quorum makes final. */
export interface AuthorityFacet {
  /** If no transaction waits, an empty block is due this long after its parent; undefined: never. */
  readonly emptyBlockAfterMs: number | undefined;
  /** The authorities that may seal on a block and vote for it, sorted by key. */
  setAt(record: HeaderRecord): readonly Uint8Array[];
  /** The order in which the authorities may seal on `parent`, the one whose turn it is first. */
  turns(parent: HeaderRecord): readonly Turn[];
  /** A counter for the authority votes of a block on `parent`. */
  voteCounter(parent: HeaderRecord): VoteCounter;
  /** What changes in the set from `parent` to its child whose state this is. */
  updates(parent: HeaderRecord, state: EngineState): readonly AuthorityUpdate[];
  /**
   * What a block changed in the set, and why, from the states under its parent's header and its own.
   *
   * @param before undefined for block 0
   */
  changes(
    before: EngineState | undefined,
    after: EngineState,
    section: ConsensusSection,
  ): readonly AuthorityChange[];
  /** What the block's own chain shows of finality. */
  finality(record: HeaderRecord): ChainFinality;
  /** The state of a block that an operator declares final after a lost quorum: the authorities that sealed lately remain. */
  recoveredState(record: HeaderRecord): EngineState;
  /** Begins to follow votes and evidence beyond what blocks show. */
  openFinality(options: FinalityOptions): Finality;
}

export interface FinalityOptions {
  /** The first final block: the stored one, or the genesis block. */
  readonly final: Checkpoint;
  readonly ancestry: Ancestry;
  readonly head: () => HeaderRecord;
  /** The record of a block that waits for its time. Default: none waits. */
  readonly held?: (hash: Uint8Array) => HeaderRecord | undefined;
  /** Whether a quorum that is complete now was complete soon enough after its block had come ({@link timelyMaxMs}). */
  readonly isTimely: (record: HeaderRecord) => boolean;
  readonly onEvidence: (evidence: Evidence) => void;
}

/** Certificates that are complete this long after their block has come guard any chain that contains the block. */
export const timelyMaxMs = 1_500;

export interface Finality {
  readonly gadget: FinalityGadget;
  readonly evidence: EvidencePool;
}

/** The authorities that may seal on a block and vote for it, sorted by key; empty if anyone may seal. */
export function authoritiesOf(
  { authority }: Pick<ConsensusEngine, "authority">,
  record: HeaderRecord,
): readonly Uint8Array[] {
  return authority?.setAt(record) ?? [];
}

/** Refuses every authority vote: the chain has no authorities to vote on. */
export const refusesVotes: VoteCounter = {
  cast: ({ payload }) =>
    payload.kind === "authorityVote" ? { code: "transaction/kind-not-open", kind: payload.kind } : undefined,
};

/** The counter for the authority votes of a block on `parent`. */
export function voteCounterOn(
  { authority }: Pick<ConsensusEngine, "authority">,
  parent: HeaderRecord,
): VoteCounter {
  return authority?.voteCounter(parent) ?? refusesVotes;
}

/**
 * An order of chains that contain the final block, by what their blocks alone show: the higher certified block, then the
 * heavier chain, then the lower hash. The fork choice of a node that knows more is `ForkChoice`.
 *
 * @returns below zero if `a` is the better head, above zero if `b` is
 */
export function compareHeads(a: HeaderRecord, b: HeaderRecord): number {
  if (a.justifiedHeight !== b.justifiedHeight) return b.justifiedHeight - a.justifiedHeight;
  if (a.cumulativeWeight !== b.cumulativeWeight) return a.cumulativeWeight > b.cumulativeWeight ? -1 : 1;
  return compareBytes(a.hash, b.hash);
}
