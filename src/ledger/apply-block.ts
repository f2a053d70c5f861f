/** Executes a block's transactions in order over a ledger, and says what they change. */
import { toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { uint64Max } from "../protocol/codec.ts";
import type { BlockFault, TransactionFault } from "../protocol/faults.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import { accountOrNew, applyTransaction, type BlockContext } from "./apply-transaction.ts";
import { type EntryChange, entryKeys, type LedgerView, type RewardEntry, type StateChange } from "./entry.ts";
import { EntryScope } from "./entry-scope.ts";

/** A change of the authorities that comes into force with the block; the consensus engine says which. */
export interface AuthorityUpdate {
  /** Public key. */
  readonly authority: Uint8Array;
  readonly removed: boolean;
}

/**
 * One block under way. A producer offers transactions and leaves out those that fault; an importer gives up at the
 * first fault. The view is only read.
 */
export class BlockExecution {
  readonly #view: LedgerView;
  readonly #context: BlockContext;
  readonly #scope: EntryScope;
  #feesUnits = 0n;
  #isFinished = false;

  constructor(view: LedgerView, context: BlockContext) {
    this.#view = view;
    this.#context = context;
    this.#scope = new EntryScope(view);
  }

  /** Executes one transaction; where it returns a fault, nothing has changed. The signature is the caller's matter. */
  apply(transaction: DecodedTransaction): TransactionFault | undefined {
    invariant(!this.#isFinished, "a finished block takes no transaction");
    const scope = new EntryScope(this.#scope);
    const fault = applyTransaction(scope, transaction, this.#context);
    if (fault !== undefined) return fault;
    for (const entry of scope.writes.values()) this.#scope.put(entry);
    this.#feesUnits += transaction.transaction.fee;
    return undefined;
  }

  /** Pays what is due with this block, writes down who is an authority from now on, and ends the block. */
  finish(updates: readonly AuthorityUpdate[]): StateChange {
    invariant(!this.#isFinished, "a block is finished once");
    this.#isFinished = true;
    this.#payRewards();
    for (const { authority, removed } of updates) {
      const sinceHeight = this.#context.height;
      this.#scope.put({ type: "authority", account: toHex(authority), sinceHeight, removed });
    }
    const entryCountBefore = this.#view.entryCount;
    let entryCountAfter = entryCountBefore;
    const changes: EntryChange[] = [];
    for (const [key, after] of this.#scope.writes) {
      const located = this.#view.locate(key);
      changes.push({ index: located?.index ?? entryCountAfter, before: located?.entry, after });
      if (located === undefined) entryCountAfter += 1;
    }
    changes.sort((left, right) => left.index - right.index);
    return { entryCountBefore, entryCountAfter, changes };
  }

  /** The order of the writes is a rule, since new entries take their indexes in it: the account paid, then the slot. */
  #payRewards(): void {
    const { height, producerHex, rewardUnits, rewardMaturityBlocks } = this.#context;
    const earned = atMostUint64(this.#feesUnits + rewardUnits);
    if (rewardMaturityBlocks === 0) {
      this.#credit(producerHex, earned);
      return;
    }
    const slot = height % rewardMaturityBlocks;
    const waiting = this.#view.locate(entryKeys.reward(slot))?.entry as RewardEntry | undefined;
    const due = waiting?.amount ?? 0n;
    if (due === 0n && earned === 0n) return;
    if (waiting && due > 0n) {
      invariant(waiting.height === height - rewardMaturityBlocks, "every block empties the slot it comes to");
      this.#credit(waiting.account, due);
    }
    this.#scope.put({ type: "reward", slot, account: producerHex, amount: earned, height });
  }

  #credit(accountHex: string, units: bigint): void {
    if (units === 0n) return;
    const account = accountOrNew(this.#scope, accountHex);
    this.#scope.put({ ...account, balance: atMostUint64(account.balance + units) });
  }
}

/** A full account stops no block: what does not fit any more is not created. */
function atMostUint64(units: bigint): bigint {
  return units > uint64Max ? uint64Max : units;
}

/**
 * The change that a block's transactions make, or the fault of the first that may not stand in it.
 *
 * @param view the ledger after the block's parent
 */
export function applyBlock(
  view: LedgerView,
  context: BlockContext,
  transactions: readonly DecodedTransaction[],
  updates: readonly AuthorityUpdate[],
): Result<StateChange, BlockFault> {
  const execution = new BlockExecution(view, context);
  for (const [position, transaction] of transactions.entries()) {
    const fault = execution.apply(transaction);
    if (fault !== undefined) {
      return fail({ code: "block/transaction-invalid", position, id: transaction.idHex, fault });
    }
  }
  return ok(execution.finish(updates));
}
