/** Moving the head: first which blocks leave and join, then their effect, computed whole before anything is written. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { AuthorityUpdate } from "../consensus/engine.ts";
import { applyBlock } from "../ledger/apply-block.ts";
import type { BlockContext } from "../ledger/apply-transaction.ts";
import type { LedgerDraft, LedgerState } from "../ledger/ledger-state.ts";
import type { Block, Header, HeaderRecord } from "../protocol/block.ts";
import type { BlockFault } from "../protocol/faults.ts";
import { blockRewardAt, type Genesis } from "../protocol/genesis.ts";
import type { ChainStore, ConnectedBlock } from "../store/chain-store.ts";

export interface ReorganizationPlan {
  /** Canonical blocks that leave, highest first; empty where the new head extends the old one. */
  readonly disconnect: readonly HeaderRecord[];
  /** Blocks that join, lowest first; the last is the new head. */
  readonly connect: readonly HeaderRecord[];
}

type RecordOf = (hash: Uint8Array) => HeaderRecord | undefined;

/** The way from the head to a new one over their common ancestor. */
export function planReorganization(
  head: HeaderRecord,
  target: HeaderRecord,
  recordOf: RecordOf,
): ReorganizationPlan {
  const disconnect: HeaderRecord[] = [];
  const connect: HeaderRecord[] = [];
  const parentOf = (record: HeaderRecord): HeaderRecord => {
    const parent = recordOf(record.header.parentHash);
    invariant(parent, `the parent of the stored block ${record.hashHex} is not stored`);
    return parent;
  };
  let old = head;
  let next = target;
  while (!bytesEqual(old.hash, next.hash)) {
    if (next.header.height >= old.header.height) {
      connect.push(next);
      next = parentOf(next);
    } else {
      disconnect.push(old);
      old = parentOf(old);
    }
  }
  return { disconnect, connect: connect.reverse() };
}

export interface ExecutedPlan {
  readonly draft: LedgerDraft;
  readonly connected: readonly ConnectedBlock[];
  readonly connectedBlocks: readonly Block[];
  readonly disconnectedBlocks: readonly Block[];
}

export interface PlanFault {
  /** The block that cannot be executed; everything above it is worthless too. */
  readonly hash: Uint8Array;
  readonly fault: BlockFault;
}

/**
 * Undoes and applies the plan's blocks in a draft of the ledger, and holds every state root against its header.
 * Changes nothing: the draft is committed by the caller once the store has the batch.
 */
export function executePlan(
  plan: ReorganizationPlan,
  ledger: LedgerState,
  genesis: Genesis,
  store: ChainStore,
  blockOf: (record: HeaderRecord) => Block,
  updatesOf: (record: HeaderRecord) => readonly AuthorityUpdate[],
): Result<ExecutedPlan, PlanFault> {
  const draft = ledger.draft();
  for (const record of plan.disconnect) {
    const change = store.stateChange(record.hash);
    invariant(change, `the canonical block ${record.hashHex} has no undo record`);
    draft.revert(change);
  }
  const connected: ConnectedBlock[] = [];
  const connectedBlocks: Block[] = [];
  for (const record of plan.connect) {
    if (store.isInvalid(record.hash)) {
      return fail({ hash: record.hash, fault: { code: "block/known-invalid", hash: record.hashHex } });
    }
    const block = blockOf(record);
    const executed = executeBlock(draft, block, genesis, updatesOf(record));
    if (!executed.ok) return fail({ hash: record.hash, fault: executed.fault });
    connected.push(executed.value);
    connectedBlocks.push(block);
  }
  return ok({ draft, connected, connectedBlocks, disconnectedBlocks: plan.disconnect.map(blockOf) });
}

function executeBlock(
  draft: LedgerDraft,
  block: Block,
  genesis: Genesis,
  updates: readonly AuthorityUpdate[],
): Result<ConnectedBlock, BlockFault> {
  const { header } = block;
  const applied = applyBlock(draft, ledgerContext(header, genesis), block.transactions, updates);
  if (!applied.ok) return applied;
  draft.apply(applied.value);
  const stateRoot = draft.stateRoot();
  if (!bytesEqual(stateRoot, header.stateRoot)) {
    return fail({
      code: "block/state-root-wrong",
      expected: toHex(stateRoot),
      actual: toHex(header.stateRoot),
    });
  }
  return ok({
    hash: block.hash,
    height: header.height,
    change: applied.value,
    transactions: block.transactions,
  });
}

/** What the ledger needs to know of the block that it executes. */
export function ledgerContext(
  { height, producer }: Pick<Header, "height" | "producer">,
  genesis: Genesis,
): BlockContext {
  return {
    height,
    producerHex: toHex(producer),
    rewardUnits: blockRewardAt(genesis, height),
    rewardMaturityBlocks: genesis.rewardMaturityBlocks,
    minimumFee: genesis.minimumFee,
  };
}
