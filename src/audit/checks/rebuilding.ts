/** Checks 3, 6 and 7: every column of blocks and transactions rebuilt from their bytes, signatures, and the roots. */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { ConsensusSectionType, consensusRoot, HeaderType, transactionsRoot } from "../../protocol/block.ts";
import { verifySignature } from "../../protocol/signing.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";
import type { CheckReport } from "../chain-check.ts";
import type { BlockParts, LedgerBlock } from "../ledger-block.ts";
import type { LedgerReader } from "../ledger-reader.ts";
import { type RebuiltTransaction, rebuiltBlock, rebuiltTotals, rebuiltTransaction } from "../rebuilt-rows.ts";
import { compareRow } from "../row-comparison.ts";
import type { LedgerSurroundings } from "../surroundings.ts";

export interface RebuildingReports {
  readonly headers: CheckReport;
  readonly transactions: CheckReport;
  readonly blocks: CheckReport;
}

const followsFromBytes = (column: string) =>
  `${column} does not follow from the block's own bytes, which its hash covers: the row was changed`;
const followsFromTransactions = (column: string) =>
  `${column} does not follow from the transactions of the block: the row was changed`;
const followsFromSigned = (column: string) =>
  `${column} does not follow from the bytes that the sender signed: the row was changed`;

/** Judges one block after the other, in any order, each by itself. */
export class Rebuilding {
  readonly #around: LedgerSurroundings;
  readonly #reader: LedgerReader;
  readonly #reports: RebuildingReports;

  constructor(around: LedgerSurroundings, reader: LedgerReader, reports: RebuildingReports) {
    this.#around = around;
    this.#reader = reader;
    this.#reports = reports;
  }

  transactions(ledgerBlock: LedgerBlock): readonly (RebuiltTransaction | undefined)[] {
    const { height, transactionRows, parts } = ledgerBlock;
    const report = this.#reports.transactions;
    report.looked(transactionRows.length);
    this.#around.enter(parts.transactions, height);
    return parts.transactions.map((decoded, position) => {
      if (!decoded) return undefined;
      const row = transactionRows[position] ?? {};
      const rebuilt = rebuiltTransaction(decoded, height, position, this.#around);
      const name = `block ${height}, transaction ${position} (${decoded.idHex.slice(0, 16)}…)`;
      const key = row.transaction_key ?? null;
      compareRow(
        row,
        rebuilt.row,
        {
          ...{ table: "transactions", row: name, meaning: followsFromSigned },
          bytesOf: (column) =>
            this.#textBytes("transactions", column, "transaction_key = ?", [key as bigint]),
        },
        report,
      );
      if (rebuilt.unknownAsset !== undefined) unknownAsset(rebuilt.unknownAsset, name, report);
      checkSignature(decoded, name, report);
      return rebuilt;
    });
  }

  header(ledgerBlock: LedgerBlock, rebuilt: readonly (RebuiltTransaction | undefined)[]): void {
    const { height, row, parts } = ledgerBlock;
    const { header, seal, section, transactions } = parts;
    const report = this.#reports.headers;
    report.looked(1);
    const about = {
      ...{ table: "blocks", row: `block ${height}` },
      bytesOf: (column: string) =>
        this.#textBytes("blocks", column, `chain_id = ? AND "index" = ?`, [String(row.chain_id), height]),
    };
    if (header && seal && section) {
      const expected = rebuiltBlock({ header, seal, section }, this.#around);
      compareRow(row, expected, { ...about, meaning: followsFromBytes }, report);
    } else report.cannotJudge(`the columns of block ${height}: its bytes do not decode`);
    const whole = transactions.filter((transaction) => transaction !== undefined);
    if (whole.length < transactions.length) return;
    const summaries = rebuilt.map((transaction) => transaction?.summary ?? {});
    const totals = rebuiltTotals(whole, summaries);
    compareRow(row, totals, { ...about, meaning: followsFromTransactions }, report);
  }

  body({ height, row, parts }: LedgerBlock): void {
    const { header, section, transactions } = parts;
    const report = this.#reports.blocks;
    report.looked(1 + transactions.length);
    if (!header) {
      report.cannotJudge(`the roots of block ${height}: its header does not decode`);
      return;
    }
    const found = (column: string, expected: string | bigint, value: string | bigint, meaning: string) =>
      report.finding({ table: "blocks", row: `block ${height}`, column, expected, found: value, meaning });
    if (header.transactionCount !== transactions.length) {
      const meaning = "transactions of this block are missing in the file, or were added to it";
      found("transaction_count", BigInt(header.transactionCount), BigInt(transactions.length), meaning);
    }
    const whole = transactions.filter((transaction) => transaction !== undefined);
    if (whole.length < transactions.length) {
      report.cannotJudge(`the transactions root of block ${height}: a transaction does not decode`);
    } else {
      const root = transactionsRoot(whole);
      if (!bytesEqual(root, header.transactionsRoot)) {
        const meaning = "the transactions in the file are not those that the block's hash commits to";
        found("transactions_root", toHex(header.transactionsRoot), toHex(root), meaning);
      }
    }
    if (section) {
      const root = consensusRoot(section);
      if (!bytesEqual(root, header.consensusRoot)) {
        const meaning =
          "the certificates and evidence in the file are not those that the block's hash commits to";
        found("consensus_root", toHex(header.consensusRoot), toHex(root), meaning);
      }
    }
    const { blockBytesMax, blockTransactionsMax } = this.#around.spec.genesis;
    const size = encodedBytes(parts);
    if (size > blockBytesMax) {
      const meaning = "the block is larger than the chain's spec allows: no node would have taken it";
      found("header_bytes", `at most ${blockBytesMax} bytes`, `${size} bytes`, meaning);
    }
    if (transactions.length > blockTransactionsMax) {
      const meaning =
        "the block has more transactions than the chain's spec allows: no node would have taken it";
      found("transaction_count", `at most ${blockTransactionsMax}`, String(row.transaction_count), meaning);
    }
  }

  #textBytes(table: string, column: string, where: string, parameters: (string | number | bigint)[]) {
    const sql = `SELECT CAST("${column}" AS BLOB) AS bytes FROM main.${table} WHERE ${where}`;
    const bytes = this.#reader.lookUp(sql, parameters)?.bytes;
    return bytes instanceof Uint8Array ? bytes : undefined;
  }
}

const [offsetBytes, nonceBytes] = [4, 32];

/** Of the whole block as SSZ: every part of variable length has an offset. */
function encodedBytes({ seal, section, transactions }: BlockParts): number {
  const sealBytes = nonceBytes + offsetBytes + (seal?.signature.length ?? 0);
  const sectionBytes = section ? ConsensusSectionType.value_serializedSize(section) : 0;
  const transactionBytes = transactions.reduce(
    (sum, each) => sum + offsetBytes + (each?.bytes.length ?? 0),
    0,
  );
  return (HeaderType.fixedSize as number) + 3 * offsetBytes + sealBytes + sectionBytes + transactionBytes;
}

function checkSignature({ id, transaction }: DecodedTransaction, row: string, report: CheckReport): void {
  if (verifySignature(id, transaction.signature, transaction.sender)) return;
  report.finding({
    ...{ table: "transactions", row, column: "signature" },
    ...{ expected: "the sender's Ed25519 signature over the id", found: transaction.signature },
    meaning: "the sender did not sign this transaction: it is forged, or a byte of it was changed",
  });
}

function unknownAsset(assetId: string, row: string, report: CheckReport): void {
  report.finding({
    ...{ table: "transactions", row, column: "asset_id" },
    ...{ expected: "an asset that a transaction of this file issued", found: assetId },
    meaning: "the transaction moves an asset that nobody issued, so its decimal places cannot be judged",
  });
}
