/** A block as a ledger file has it: its rows, and the block that its bytes encode. */
import type { ConsensusSection, Header, Seal } from "../protocol/block.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";

/** A value as SQLite gives it. Every INTEGER is a bigint; a number is a REAL. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** Values by column name. A column that the file lacks, or that is none of the shipped schema, is not there. */
export type Row = Readonly<Record<string, SqlValue | undefined>>;

export interface LedgerBlock {
  readonly height: number;
  /** Of `blocks`, every column. */
  readonly row: Row;
  /**
   * Of `transactions`, in the order of `transaction_key`. In the pass that goes through the chain in order each row has
   * only `bytes` and `transaction_key`; the threads that rebuild every column have the whole rows.
   */
  readonly transactionRows: readonly Row[];
  /** Of `users` with this block in `registered_in`, in the order of the transactions; those of no transaction last. */
  readonly userRows: readonly Row[];
  /** Of `assets` with this block in `issued_in`, in the same order; AUR first. */
  readonly assetRows: readonly Row[];
  /** Of `authority_changes` with this block in `block_id`, by account. */
  readonly authorityRows: readonly Row[];
  /** Whether all parts decode, so that they are a block. */
  readonly isWhole: boolean;
  /** What decodes, of a block that does not decode as a whole, too. */
  readonly parts: BlockParts;
}

/** Each undefined if its bytes do not decode. */
export interface BlockParts {
  readonly header: Header | undefined;
  readonly seal: Seal | undefined;
  readonly section: ConsensusSection | undefined;
  /** One for each row of `transactions`. */
  readonly transactions: readonly (DecodedTransaction | undefined)[];
}
