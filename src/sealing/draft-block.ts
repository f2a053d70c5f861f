/** Puts the next block together, all but its seal, from what waits in the mempool. */
import type { Clock } from "../base/clock.ts";
import { invariant } from "../base/invariant.ts";
import type { Chain } from "../chain/chain.ts";
import { type SealingSlot, voteCounterOn } from "../consensus/engine.ts";
import { BlockExecution } from "../ledger/apply-block.ts";
import { ledgerContext } from "../ledger/ledger-context.ts";
import type { Mempool } from "../mempool/mempool.ts";
import {
  blockVersion,
  ConsensusSectionType,
  consensusRoot,
  type HeaderRecord,
  transactionsRoot,
} from "../protocol/block.ts";
import type { TransactionFault } from "../protocol/faults.ts";
import { sha256 } from "../protocol/hashing.ts";
import { roomInBlock } from "./block-room.ts";
import type { BlockDraft } from "./block-sealer.ts";

export interface DraftOptions {
  /** The public key that the block names and its reward goes to. */
  readonly producer: Uint8Array;
  /** A UTF-8 note of at most 32 bytes. */
  readonly extraData: Uint8Array;
}

export interface DraftModules {
  readonly chain: Pick<Chain, "advance" | "engine" | "ledger" | "sectionOn" | "spec" | "stateRootAfter">;
  readonly mempool: Pick<Mempool, "drop" | "select">;
  readonly clock: Pick<Clock, "nowMs">;
}

/**
 * Drafts a block that every node takes once it is sealed: each transaction has been executed on the ledger of the head,
 * each authority vote has been counted, and both fit into the block beside its certificate and evidence.
 *
 * @param parent the head of the chain
 */
export function draftBlock(
  parent: HeaderRecord,
  slot: SealingSlot,
  { producer, extraData }: DraftOptions,
  { chain, mempool, clock }: DraftModules,
): BlockDraft {
  const { genesis, chainId } = chain.spec;
  const height = parent.header.height + 1;
  const execution = new BlockExecution(chain.ledger, ledgerContext({ height, producer }, genesis));
  const voteCounter = voteCounterOn(chain.engine, parent);
  const consensusSection = chain.sectionOn(parent);
  const bytesMax = roomInBlock(genesis, ConsensusSectionType.value_serializedSize(consensusSection));
  let refused: { readonly idHex: string; readonly fault: TransactionFault } | undefined;
  const limits = { transactionsMax: genesis.blockTransactionsMax, bytesMax };
  // Each waiting transaction can be executed on the head, but not always all of them. If two register the same name, the
  // second one stays in the mempool. At the next head the mempool drops it with a reason that every node sees.
  const transactions = mempool.select(limits, (transaction) => {
    const fault = voteCounter.cast(transaction) ?? execution.apply(transaction);
    if (fault) refused ??= { idHex: transaction.idHex, fault };
    return !fault;
  });
  // The first refused transaction was executed on the head itself. The mempool was wrong about it, and would be again.
  if (refused && transactions.length === 0) mempool.drop(refused.idHex, refused.fault);
  const timestampMs = Math.max(slot.earliestMs, clock.nowMs());
  const state = chain.advance({ height, timestampMs, producer, transactions, consensusSection }, parent);
  invariant(state.ok, "what was chosen for a block may stand in it");
  const updates = chain.engine.authority?.updates(parent, state.value) ?? [];
  const header = {
    version: blockVersion,
    chainId,
    height,
    parentHash: parent.hash,
    timestampMs,
    producer,
    transactionsRoot: transactionsRoot(transactions),
    transactionCount: transactions.length,
    stateRoot: chain.stateRootAfter(execution.finish(updates)),
    consensusRoot: consensusRoot(consensusSection),
    consensusStateHash: sha256(state.value.consensusState),
    target: slot.target,
    extraData,
  };
  return { header, transactions, consensusSection };
}

/** Whether a block of this draft would be empty. A certificate alone is no reason for a block: the next block can carry it. */
export function isEmptyDraft({ transactions, consensusSection }: BlockDraft): boolean {
  return transactions.length === 0 && consensusSection.evidence.length === 0;
}
