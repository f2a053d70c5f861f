/** Executes a chain's blocks again, one after the other, and holds the root of the ledger after each against its header. */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import type { AuthorityUpdate } from "../../consensus/engine.ts";
import { BlockExecution } from "../../ledger/apply-block.ts";
import type { StateChange } from "../../ledger/entry.ts";
import { genesisEntries } from "../../ledger/genesis-state.ts";
import { ledgerContext } from "../../ledger/ledger-context.ts";
import { LedgerState } from "../../ledger/ledger-state.ts";
import type { TransactionFault } from "../../protocol/faults.ts";
import type { ChainSpec } from "../../protocol/genesis.ts";
import type { ReadBlock } from "./read-block.ts";

export interface RefusedTransaction {
  readonly position: number;
  readonly idHex: string;
  readonly fault: TransactionFault;
}

export interface ExecutedBlock {
  /**
   * Whether the ledger after the block before it is known. If not, what follows here rests on the ledger that the
   * transactions so far make.
   */
  readonly isJudged: boolean;
  /** Transactions that may not stand in the block: they were left out. */
  readonly refused: readonly RefusedTransaction[];
  /** Hex. */
  readonly stateRoot: string;
  readonly isRootCommitted: boolean;
}

export class LedgerReplay {
  readonly #spec: ChainSpec;
  readonly #state: LedgerState;
  /** Undefined once a block was missing. */
  #ledger: LedgerState | undefined;
  #isKnown = true;

  constructor(spec: ChainSpec) {
    this.#spec = spec;
    this.#state = LedgerState.fromEntries(genesisEntries(spec.genesis));
    this.#ledger = this.#state;
  }

  /** The ledger after the last block, if every header up to there (or the last one) has committed to it. */
  get known(): LedgerState | undefined {
    return this.#isKnown ? this.#ledger : undefined;
  }

  /** Of the ledger as it is now, hex. */
  get stateRoot(): string {
    return toHex(this.#state.stateRoot());
  }

  /** A block is missing: nothing above it can be executed. */
  skip(): void {
    this.#ledger = undefined;
    this.#isKnown = false;
  }

  /** Undefined if a block below is missing. */
  execute(parts: ReadBlock, updates: readonly AuthorityUpdate[]): ExecutedBlock | undefined {
    const ledger = this.#ledger;
    if (!ledger) return undefined;
    const { header, height, transactions } = parts;
    const context = ledgerContext({ height, producer: header.producer }, this.#spec.genesis);
    const execution = new BlockExecution(ledger, context);
    const refused: RefusedTransaction[] = [];
    for (const [position, transaction] of transactions.entries()) {
      const fault = execution.apply(transaction);
      if (fault) refused.push({ position, idHex: transaction.idHex, fault });
    }
    const root = commit(ledger, execution.finish(updates));
    const isJudged = this.#isKnown;
    const isRootCommitted = bytesEqual(root, header.stateRoot);
    this.#isKnown = isRootCommitted;
    return { isJudged, refused, stateRoot: toHex(root), isRootCommitted };
  }
}

function commit(ledger: LedgerState, change: StateChange): Uint8Array {
  const draft = ledger.draft();
  draft.apply(change);
  const root = draft.stateRoot();
  ledger.commit(draft);
  return root;
}
