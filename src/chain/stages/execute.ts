/** Stage 3: the blocks on the way to a new head, executed in a draft of the ledger. Nothing is written. */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { AuthorityUpdate } from "../../consensus/engine.ts";
import { applyBlock } from "../../ledger/apply-block.ts";
import type { StateChange } from "../../ledger/entry.ts";
import { ledgerContext } from "../../ledger/ledger-context.ts";
import type { LedgerDraft, LedgerState } from "../../ledger/ledger-state.ts";
import type { Block, HeaderRecord } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import type { ChainStore } from "../../store/chain-store.ts";
import type { BlockPath } from "../block-tree.ts";

declare const isExecuted: unique symbol;

/** A block whose transactions lead to the state root of its header. Only {@link executePath} makes one. */
export interface ExecutedBlock {
  readonly block: Block;
  /** What the block changes in the ledger, and how to undo it. */
  readonly change: StateChange;
  readonly [isExecuted]: true;
}

export interface ExecutedPath {
  /** The ledger at the new head; to be committed once the store has the blocks. */
  readonly draft: LedgerDraft;
  /** Blocks that join, lowest first; the last is the new head. */
  readonly connected: readonly ExecutedBlock[];
  /** Blocks that leave, highest first. */
  readonly disconnected: readonly Block[];
}

export interface PathFault {
  /** The block that cannot be executed; all blocks above it are worthless, too. */
  readonly hash: Uint8Array;
  readonly fault: BlockFault;
}

export interface ExecutionModules {
  readonly ledger: LedgerState;
  readonly genesis: Genesis;
  readonly store: Pick<ChainStore, "isInvalid" | "stateChange">;
  readonly blockOf: (record: HeaderRecord) => Block;
  /** How a block changes the set of authorities. */
  readonly updatesOf: (record: HeaderRecord) => readonly AuthorityUpdate[];
}

/** Undoes and executes the blocks of a plan in a draft, and holds every state root against its header. */
export function executePath(
  { disconnect, connect }: BlockPath,
  { ledger, genesis, store, blockOf, updatesOf }: ExecutionModules,
): Result<ExecutedPath, PathFault> {
  const draft = ledger.draft();
  for (const { hash, hashHex } of disconnect) {
    const change = store.stateChange(hash);
    invariant(change, `the canonical block ${hashHex} has no undo record`);
    draft.revert(change);
  }
  const connected: ExecutedBlock[] = [];
  for (const record of connect) {
    const { hash, hashHex } = record;
    if (store.isInvalid(hash)) return fail({ hash, fault: { code: "block/known-invalid", hash: hashHex } });
    const executed = executeBlock(draft, blockOf(record), genesis, updatesOf(record));
    if (!executed.ok) return fail({ hash, fault: executed.fault });
    connected.push(executed.value);
  }
  return ok({ draft, connected, disconnected: disconnect.map(blockOf) });
}

function executeBlock(
  draft: LedgerDraft,
  block: Block,
  genesis: Genesis,
  updates: readonly AuthorityUpdate[],
): Result<ExecutedBlock, BlockFault> {
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
  return ok({ block, change: applied.value } as ExecutedBlock);
}
