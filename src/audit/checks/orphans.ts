/** Check 12: blocks that left the chain are whole and sealed, and reorganizations name blocks that there are. */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { createEngine } from "../../consensus/create-engine.ts";
import type { ConsensusEngine } from "../../consensus/engine.ts";
import { type Block, consensusRoot, decodeBlock, transactionsRoot } from "../../protocol/block.ts";
import { describeFault } from "../../protocol/faults.ts";
import { verifySignature } from "../../protocol/signing.ts";
import type { AuditedChain } from "../audited-chain.ts";
import { BranchSurroundings } from "../branch-surroundings.ts";
import type { CheckReport } from "../chain-check.ts";
import type { Row } from "../ledger-block.ts";
import type { LedgerReader } from "../ledger-reader.ts";
import { type Rebuilt, rebuiltBlock, rebuiltTotals, rebuiltTransaction } from "../rebuilt-rows.ts";
import { compareRow } from "../row-comparison.ts";

const needed = {
  reorgs: [
    "reorg_id",
    "chain_id",
    "fork_index",
    "fork_hash",
    "old_index",
    "old_hash",
    "new_index",
    "new_hash",
  ],
  orphaned_blocks: ["reorg_id", "chain_id", "index", "hash", "previous_hash", "block_bytes"],
  blocks: ["chain_id", "index", "hash"],
} as const;

/** Yields after each row, so that the thread can hear of a stop. */
export function* checkOrphans(
  chain: AuditedChain,
  reader: LedgerReader,
  report: CheckReport,
): Generator<void> {
  for (const [table, columns] of Object.entries(needed)) {
    if (reader.has(table, columns)) continue;
    report.cannotJudge(`the blocks that left the chain: ${table} cannot be read`);
    return;
  }
  const judge = new OrphanJudge(chain, reader, report);
  for (const reorg of reader.rows("reorgs", {
    ...{ where: "chain_id = ?", parameters: [chain.chainId], order: "reorg_id" },
  })) {
    report.looked(1);
    yield* judge.reorganization(reorg);
  }
  const strays = reader.rows("orphaned_blocks", {
    ...{ columns: ["reorg_id", "index", "hash"], limit: 1_000 },
    where: "chain_id = ? AND reorg_id NOT IN (SELECT reorg_id FROM main.reorgs WHERE chain_id = ?)",
    parameters: [chain.chainId, chain.chainId],
  });
  for (const stray of strays) {
    report.finding({
      ...{ table: "orphaned_blocks", row: `block ${stray.index} of reorganization ${stray.reorg_id}` },
      ...{ column: "reorg_id", expected: "a reorganization of this chain", found: stray.reorg_id },
      meaning: "the block left the chain in a reorganization that the file does not have",
    });
  }
}

class OrphanJudge {
  readonly #chain: AuditedChain;
  readonly #reader: LedgerReader;
  readonly #report: CheckReport;
  readonly #engine: ConsensusEngine;

  constructor(chain: AuditedChain, reader: LedgerReader, report: CheckReport) {
    this.#chain = chain;
    this.#reader = reader;
    this.#report = report;
    this.#engine = createEngine(chain.spec);
  }

  *reorganization(reorg: Row): Generator<void> {
    const name = `reorganization ${reorg.reorg_id}`;
    const { fork_index, old_index, new_index, fork_hash, old_hash, new_hash } = reorg;
    const find = (column: string, expected: Row[string], found: Row[string], meaning: string) =>
      this.#report.finding({ table: "reorgs", row: name, column, expected, found, meaning });
    if (!this.#isKnown(fork_index, fork_hash)) {
      find(
        "fork_hash",
        "a block of this file at fork_index",
        fork_hash,
        "the last common block of the two branches is not in the file",
      );
    }
    if (!this.#isKnown(new_index, new_hash)) {
      find(
        "new_hash",
        "a block of this file at new_index",
        new_hash,
        "the tip that replaced the old one is not in the file",
      );
    }
    const isAbove = (index: Row[string]) =>
      typeof index === "bigint" && typeof fork_index === "bigint" && index > fork_index;
    if (!isAbove(old_index)) {
      find("old_index", "a height above the fork", old_index, "a reorganization leaves at least one block");
      return;
    }
    let next = (fork_index as bigint) + 1n;
    let parent: Row[string] = fork_hash;
    const around = new BranchSurroundings(this.#chain, this.#reader, String(fork_hash), Number(fork_index));
    const rows = this.#reader.rows("orphaned_blocks", {
      ...{ where: "reorg_id = ?", parameters: [reorg.reorg_id as bigint], order: `"index"` },
    });
    for (const row of rows) {
      this.#report.looked(1);
      if (row.index !== next) {
        const meaning = "a block that left the chain in this reorganization is missing, or was added";
        this.#find(row, "index", next, row.index, meaning);
      }
      if (row.previous_hash !== parent) {
        this.#find(
          row,
          "previous_hash",
          parent,
          row.previous_hash,
          "the block does not follow the one before it on its branch",
        );
      }
      next = typeof row.index === "bigint" ? row.index + 1n : next + 1n;
      const block = this.#judge(row, around);
      parent = block ? block.hashHex : row.hash;
      yield;
    }
    if (next !== (old_index as bigint) + 1n || parent !== old_hash) {
      const meaning = "the branch that was left does not end with the tip that the reorganization names";
      const isIndex = next !== (old_index as bigint) + 1n;
      find(
        isIndex ? "old_index" : "old_hash",
        isIndex ? next - 1n : parent,
        isIndex ? old_index : old_hash,
        meaning,
      );
    }
  }

  #find(row: Row, column: string, expected: Row[string], found: Row[string], meaning: string): void {
    const name = `block ${row.index} of reorganization ${row.reorg_id}`;
    this.#report.finding({ table: "orphaned_blocks", row: name, column, expected, found, meaning });
  }

  /** In the chain, or among those that left it. */
  #isKnown(index: Row[string], hash: Row[string]): boolean {
    if (typeof index !== "bigint" || typeof hash !== "string") return false;
    const parameters = [this.#chain.chainId, index, hash];
    const where = `WHERE chain_id = ? AND "index" = ? AND hash = ? LIMIT 1`;
    return (
      this.#reader.lookUp(`SELECT 1 AS found FROM main.blocks ${where}`, parameters) !== undefined ||
      this.#reader.lookUp(`SELECT 1 AS found FROM main.orphaned_blocks ${where}`, parameters) !== undefined
    );
  }

  #judge(row: Row, around: BranchSurroundings): Block | undefined {
    const bytes = row.block_bytes;
    const decoded = bytes instanceof Uint8Array ? decodeBlock(bytes) : undefined;
    if (!decoded?.ok) {
      const found = decoded ? describeFault(decoded.fault) : bytes;
      this.#find(
        row,
        "block_bytes",
        "the SSZ bytes of a block",
        found,
        "the bytes of the block do not say what it was",
      );
      return undefined;
    }
    const block = decoded.value;
    const { header, seal, transactions, consensusSection: section } = block;
    around.enter(block);
    const summaries = transactions.map(
      (transaction, position) => rebuiltTransaction(transaction, header.height, position, around).summary,
    );
    const expected: Rebuilt = {
      ...rebuiltBlock({ header, seal, section }, around),
      ...rebuiltTotals(transactions, summaries),
    };
    const own = Object.keys(row).filter((column) => Object.hasOwn(expected, column));
    compareRow(
      row,
      Object.fromEntries(own.map((column) => [column, expected[column] ?? null])),
      {
        ...{ table: "orphaned_blocks", row: `block ${row.index} of reorganization ${row.reorg_id}` },
        meaning: (column) => `${column} does not follow from the bytes of the block that left the chain`,
      },
      this.#report,
    );
    this.#judgeBytes(row, block);
    return block;
  }

  #judgeBytes(row: Row, block: Block): void {
    const { header, seal, hash, transactions, consensusSection } = block;
    const report = (expected: string, found: string, meaning: string) =>
      this.#find(row, "block_bytes", expected, found, meaning);
    if (!bytesEqual(header.chainId, this.#chain.spec.chainId)) {
      report(this.#chain.chainId, toHex(header.chainId), "the block is one of another chain");
    }
    const fault = this.#engine.verifySeal(header, seal, hash);
    if (fault)
      report(
        "a seal of the chain's engine",
        describeFault(fault),
        "nobody sealed this block: it never was one",
      );
    const isWhole =
      header.transactionCount === transactions.length &&
      bytesEqual(transactionsRoot(transactions), header.transactionsRoot) &&
      bytesEqual(consensusRoot(consensusSection), header.consensusRoot);
    if (!isWhole) {
      report(
        "the roots of the header",
        "others",
        "the contents of the block are not those that its hash commits to",
      );
    }
    const forged = transactions.find(
      ({ id, transaction }) => !verifySignature(id, transaction.signature, transaction.sender),
    );
    if (forged)
      report(
        "signed transactions",
        forged.idHex,
        "the block holds a transaction that its sender did not sign",
      );
  }
}
