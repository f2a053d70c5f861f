/** Stage 2: a block on its parent: header, clock, final block, and what becomes of the engine's state. Executes nothing. Pure. */
import { bytesEqual } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Ancestry } from "../../consensus/ancestry.ts";
import { type ConsensusEngine, contentsOf } from "../../consensus/engine.ts";
import type { Block, ConsensusSection, Header, HeaderRecord, SealedHeader } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import type { CommittedStates } from "../committed-states.ts";
import type { FinalityKeeper } from "../finality-keeper.ts";
import type { SaneBlock } from "./sanity.ts";

declare const isPlaced: unique symbol;
declare const isJudged: unique symbol;

/** A block whose header is right on its parent. */
export interface PlacedBlock {
  readonly block: SaneBlock;
  readonly parent: HeaderRecord;
  readonly [isPlaced]: true;
}

/** A block that may be imported. Only {@link judge} makes one. Signatures and effect are still to be verified. */
export interface JudgedBlock {
  readonly block: SaneBlock;
  /** What the store keeps of the block. */
  readonly record: HeaderRecord;
  readonly [isJudged]: true;
}

export interface JudgeRules {
  readonly engine: Pick<ConsensusEngine, "advance" | "weight" | "authority">;
  readonly ancestry: Ancestry;
  readonly committedStates: Pick<CommittedStates, "faultOf">;
  /** Undefined if the engine has no finality. */
  readonly finality: Pick<FinalityKeeper, "conflictOn"> | undefined;
  /** The hash of a block that the operator declares final (weak-subjectivity checkpoint). */
  readonly trusted: Uint8Array | undefined;
}

/** Holds the header against its parent. */
export function placeBlock(
  block: SaneBlock,
  parent: HeaderRecord,
  engine: Pick<ConsensusEngine, "verifyHeader">,
): Result<PlacedBlock, BlockFault> {
  const fault = headerFault(block.header, parent, engine);
  return fault ? fail(fault) : ok({ block, parent } as PlacedBlock);
}

export function headerFault(
  header: Header,
  parent: HeaderRecord,
  engine: Pick<ConsensusEngine, "verifyHeader">,
): BlockFault | undefined {
  const expected = parent.header.height + 1;
  if (header.height !== expected) return { code: "block/height-wrong", expected, actual: header.height };
  return engine.verifyHeader(header, parent);
}

/**
 * The best that a block can become, from what stands before its transactions: what its certificate claims counts as true,
 * and the engine's state is its parent's. A block that loses even so loses.
 */
export function bestCase(
  sealed: SealedHeader,
  section: ConsensusSection,
  parent: HeaderRecord,
  engine: Pick<ConsensusEngine, "verifyHeader" | "weight">,
): Result<HeaderRecord, BlockFault> {
  const fault = headerFault(sealed.header, parent, engine);
  if (fault) return fail(fault);
  const claimed = section.certificates[0]?.targetHeight ?? 0;
  return ok({
    ...sealed,
    cumulativeWeight: parent.cumulativeWeight + engine.weight(sealed.header, parent),
    justifiedHeight: Math.max(parent.justifiedHeight, claimed),
    consensusState: parent.consensusState,
  });
}

/** `block/timestamp-ahead` for a future block: it is held, and judged again at its time. */
export function futureFault(
  { block: { header } }: PlacedBlock,
  { aheadMaxMs }: Pick<ConsensusEngine, "aheadMaxMs">,
  nowMs: number,
): BlockFault | undefined {
  const latestMs = nowMs + aheadMaxMs;
  if (header.timestampMs <= latestMs) return undefined;
  return { code: "block/timestamp-ahead", latestMs, actualMs: header.timestampMs };
}

/** Judges what a block says to the engine, and makes its record with its weight. */
export function judge(
  { block, parent }: PlacedBlock,
  { engine, ancestry, committedStates, finality, trusted }: JudgeRules,
): Result<JudgedBlock, BlockFault> {
  const conflict = finality?.conflictOn(parent);
  if (conflict) return fail(conflict);
  const state = engine.advance(contentsOf(block), parent, ancestry);
  if (!state.ok) return state;
  const untrue = committedStates.faultOf(block, parent, state.value);
  if (untrue) return fail(untrue);
  const { hash, hashHex, header, seal } = block;
  const cumulativeWeight = parent.cumulativeWeight + engine.weight(header, parent);
  const record = { hash, hashHex, header, seal, cumulativeWeight, ...state.value };
  const recovered =
    trusted && bytesEqual(hash, trusted) ? engine.authority?.recoveredState(record) : undefined;
  return ok({ block, record: { ...record, ...recovered } } as JudgedBlock);
}

/** The first transaction whose signature does not hold, as a fault of its block. */
export function signatureFault(block: Block, verdicts: readonly boolean[]): BlockFault | undefined {
  const position = verdicts.indexOf(false);
  if (position < 0) return undefined;
  return {
    code: "block/transaction-invalid",
    position,
    id: block.transactions[position]?.idHex ?? "",
    fault: { code: "transaction/signature-invalid" },
  };
}
