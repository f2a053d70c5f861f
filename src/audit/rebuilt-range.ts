/** One piece of the rebuilding: the blocks of a range of heights, on whichever thread. */

import type { AuditedChain } from "./audited-chain.ts";
import type { CheckTally } from "./check-report.ts";
import { TallyBook } from "./check-report.ts";
import { Rebuilding } from "./checks/rebuilding.ts";
import { type DigestRow, RowHash } from "./content-digest.ts";
import type { LedgerBlock } from "./ledger-block.ts";
import { type BlockRange, ledgerBlocks } from "./ledger-blocks.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import { LedgerSurroundings } from "./surroundings.ts";

export interface RebuiltRange {
  readonly tallies: readonly CheckTally[];
  readonly blocks: number;
  readonly transactions: number;
  /** Of each block's rows, for the content digest, 32 bytes each; empty unless asked for, or if a row lacks a column. */
  readonly rowHashes: Uint8Array;
}

/** Rebuilds the ranges of one chain, with what it has looked up for one of them kept for the next. */
export class RangeRebuilder {
  readonly #chain: AuditedChain;
  readonly #reader: LedgerReader;
  readonly #around: LedgerSurroundings;

  constructor(chain: AuditedChain, reader: LedgerReader) {
    this.#chain = chain;
    this.#reader = reader;
    this.#around = new LedgerSurroundings(chain.spec, chain.chainNumber, reader);
  }

  /** @param hashesBelow row hashes are wanted of blocks below this height */
  rebuild(range: BlockRange, hashesBelow = 0): RebuiltRange {
    const book = new TallyBook(this.#chain.chainId);
    const [headers, transactions, blocks] = (["headers", "transactions", "blocks"] as const).map((name) =>
      book.reportOf(name),
    ) as [
      ReturnType<TallyBook["reportOf"]>,
      ReturnType<TallyBook["reportOf"]>,
      ReturnType<TallyBook["reportOf"]>,
    ];
    const rebuilding = new Rebuilding(this.#around, this.#reader, { headers, transactions, blocks });
    const counted = { blocks: 0, transactions: 0 };
    const hashes: Uint8Array[] = [];
    for (const block of ledgerBlocks(this.#reader, range, { columns: "all" }, blocks)) {
      const began = performance.now();
      const rebuilt = rebuilding.transactions(block);
      const afterTransactions = performance.now();
      rebuilding.header(block, rebuilt);
      const afterHeader = performance.now();
      rebuilding.body(block);
      book.of("transactions").milliseconds += afterTransactions - began;
      book.of("headers").milliseconds += afterHeader - afterTransactions;
      book.of("blocks").milliseconds += performance.now() - afterHeader;
      counted.blocks += 1;
      counted.transactions += block.transactionRows.length;
      if (block.height < hashesBelow) hashes.push(rowHashOf(block));
    }
    return { ...counted, tallies: [...book.tallies.values()], rowHashes: joined(hashes) };
  }
}

function rowHashOf(block: LedgerBlock): Uint8Array {
  const hash = new RowHash();
  try {
    hash.row("blocks", block.row as DigestRow);
    hash.rows("transactions", block.transactionRows as readonly DigestRow[]);
    hash.rows("users", block.userRows as readonly DigestRow[]);
    hash.rows("assets", block.assetRows as readonly DigestRow[]);
    hash.rows("authority_changes", block.authorityRows as readonly DigestRow[]);
  } catch {
    // A column is missing: no digest is that of such rows.
    return new Uint8Array(32);
  }
  return hash.end();
}

function joined(hashes: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(hashes.length * 32);
  for (const [index, hash] of hashes.entries()) all.set(hash, index * 32);
  return all;
}
