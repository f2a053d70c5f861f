/** The content digest of a chain along its ranges of blocks, whether they are written now or were before. */
import type { DatabaseSync } from "node:sqlite";
import type { Row } from "../rows.ts";
import { type LedgerChain, type RowsOfBlock, rowsOfBlocks } from "./ledger-rows.ts";

/** What a chain's rows come to, block by block; `ContentDigest` of the audit is one. */
export interface RowsDigest {
  readonly current: Uint8Array;
  append(rows: {
    readonly block: Row;
    readonly transactions: readonly Row[];
    readonly users: readonly Row[];
    readonly assets: readonly Row[];
    readonly authorityChanges: readonly Row[];
  }): void;
}

/** Makes the content digest of a chain from its rows. */
export interface RowsDigester {
  begin(meta: Row, allocations: readonly Row[]): RowsDigest;
  /** Goes on from the digest of a block. */
  after(digest: Uint8Array): RowsDigest;
}

/** The content digest along the ranges of a chain, whether they are read or kept. */
export class ChainDigest {
  readonly #chain: LedgerChain;
  readonly #digester: RowsDigester;
  /** Undefined in a ledger that does not begin at block 0: there is none. */
  #digest: RowsDigest | undefined;
  /** The block that comes next into it. */
  #next = 0;
  readonly #from: number;

  constructor(chain: LedgerChain, from: number, digester: RowsDigester) {
    this.#chain = chain;
    this.#from = from;
    this.#digester = digester;
    if (chain.first === 0) this.#digest = digester.begin(chain.meta, chain.allocations);
  }

  get hex(): string | null {
    return this.#digest ? Buffer.from(this.#digest.current).toString("hex") : null;
  }

  skipTo({ to, contentDigest }: { readonly to: number; readonly contentDigest: string | null }): void {
    if (!this.#digest || contentDigest === null) return;
    this.#digest = this.#digester.after(Buffer.from(contentDigest, "hex"));
    this.#next = to + 1;
  }

  /** The blocks before the first one that is written, if they are not in it yet. */
  missing(db: DatabaseSync): Iterable<RowsOfBlock> {
    if (!this.#digest || this.#next >= this.#from) return [];
    return rowsOfBlocks(db, this.#chain, { from: this.#next, to: this.#from - 1 });
  }

  append({ height, block, authority_changes: authorityChanges, ...rows }: RowsOfBlock): void {
    this.#digest?.append({ block, authorityChanges, ...rows });
    this.#next = height + 1;
  }
}
