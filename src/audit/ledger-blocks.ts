/** The blocks of a ledger file in order: the rows about each, and the block that its bytes encode. */
import { fromHex } from "../base/bytes.ts";
import {
  blockTransactionsMax,
  ConsensusSectionType,
  HeaderType,
  nonceBytes,
  sealSignatureBytesMax,
} from "../protocol/block.ts";
import { decode } from "../protocol/codec.ts";
import { type DecodedTransaction, decodeTransaction, transactionBytesMax } from "../protocol/transaction.ts";
import type { CheckReport } from "./chain-check.ts";
import { shownValue } from "./finding.ts";
import type { BlockParts, LedgerBlock, Row } from "./ledger-block.ts";
import { firstKeyOf } from "./ledger-keys.ts";
import type { LedgerReader } from "./ledger-reader.ts";

export interface BlockRange {
  /** Hex. */
  readonly chainId: string;
  readonly chainNumber: bigint;
  /** Heights, from the first to below the last. */
  readonly from: number;
  readonly to: number;
}

export interface BlocksOptions {
  /** Of `transactions`: every column, or the bytes alone. */
  readonly columns: "all" | "bytes";
}

/** Text and bytes of one block that are kept while it is judged; a real one has at most a few MiB. */
const retainedMax = 64 * 1024 * 1024;

/**
 * @param report where findings go of rows that no block can be made of: under the check `blocks`
 */
export function* ledgerBlocks(
  reader: LedgerReader,
  range: BlockRange,
  options: BlocksOptions,
  report: CheckReport,
): Generator<LedgerBlock> {
  const transactions = new TransactionRows(reader, range, options, report);
  const sides = sideTables.map(([table, column, tail]) => new SideRows(reader, range, table, column, tail));
  const [users, assets, authorities] = sides as [SideRows, SideRows, SideRows];
  const chainKey = fromHex(range.chainId, 32) ?? none;
  let previous = range.from - 1;
  for (const row of blockRows(reader, range)) {
    const { index } = row;
    if (typeof index !== "bigint") continue;
    const height = Number(index);
    if (height === previous) {
      report.finding({
        ...{ check: "chain", table: "blocks", row: `block ${height}`, column: "index" },
        ...{ expected: "one row", found: "more than one", meaning: "the file has two blocks at one height" },
      });
      continue;
    }
    previous = height;
    const transactionRows = transactions.take(height);
    const parts = partsOf(row, transactionRows, { height, chainId: chainKey }, report);
    yield {
      height,
      row,
      transactionRows,
      userRows: inOrder(users.take(height), "transaction_id", parts),
      assetRows: inOrder(assets.take(height), "asset_id", parts),
      authorityRows: authorities.take(height),
      isWhole: isWhole(parts),
      parts,
    };
  }
  transactions.finish();
}

function blockRows(reader: LedgerReader, { chainId, from, to }: BlockRange): Iterable<Row> {
  if (!reader.has("blocks", ["chain_id", "index"])) return [];
  return reader.rows("blocks", {
    where: `chain_id = ? AND "index" >= ? AND "index" < ?`,
    parameters: [chainId, from, to],
    order: `"index"`,
  });
}

/** Each with its column of the height, and what orders rows of one height. */
const sideTables: readonly (readonly [table: string, column: string, tail: string])[] = [
  ["users", "registered_in", "name"],
  ["assets", "issued_in", "asset_id"],
  ["authority_changes", "block_id", "account"],
];

/** The rows of a smaller table, as the blocks that they belong to come by. */
class SideRows {
  readonly #rows: Iterator<Row>;
  readonly #column: string;
  #next: Row | undefined;

  constructor(
    reader: LedgerReader,
    { chainId, from, to }: BlockRange,
    table: string,
    column: string,
    tail: string,
  ) {
    this.#column = column;
    this.#rows = reader.has(table, ["chain_id", column, tail])
      ? reader.rows(table, {
          where: `chain_id = ? AND ${column} >= ? AND ${column} < ?`,
          parameters: [chainId, from, to],
          order: `${column}, ${tail}`,
        })
      : [].values();
    this.#next = this.#rows.next().value;
  }

  take(height: number): Row[] {
    const taken: Row[] = [];
    let retained = 0;
    while (this.#next && Number(this.#next[this.#column]) <= height) {
      const row = this.#next;
      retained += sizeOf(row);
      const fits = taken.length < blockTransactionsMax && retained <= retainedMax;
      // Rows of a height between two blocks are no block's: the check of the chain finds them.
      if (row[this.#column] === BigInt(height) && fits) taken.push(row);
      this.#next = this.#rows.next().value;
    }
    return taken;
  }
}

/** In the order of the transactions that made them; AUR, which none made, first, and rows of none last. */
function inOrder(rows: Row[], column: string, { transactions }: BlockParts): Row[] {
  if (rows.length < 2) return rows;
  const positions = new Map(transactions.map((transaction, position) => [transaction?.idHex, position]));
  const placeOf = (row: Row) => {
    const id = String(row[column]);
    return id === "AUR" ? -1 : (positions.get(id) ?? Number.MAX_SAFE_INTEGER);
  };
  return rows.sort((a, b) => placeOf(a) - placeOf(b));
}

/** The transactions of a range by their keys, block after block. */
class TransactionRows {
  readonly #rows: Iterator<Row>;
  readonly #report: CheckReport;
  readonly #range: BlockRange;
  #next: Row | undefined;

  constructor(reader: LedgerReader, range: BlockRange, { columns }: BlocksOptions, report: CheckReport) {
    this.#range = range;
    this.#report = report;
    const { chainNumber, from, to } = range;
    this.#rows = reader.has("transactions", ["transaction_key", "bytes"])
      ? reader.rows("transactions", {
          where: "transaction_key >= ? AND transaction_key < ?",
          parameters: [firstKeyOf(chainNumber, from), firstKeyOf(chainNumber, to)],
          order: "transaction_key",
          ...(columns === "bytes" ? { columns: ["transaction_key", "bytes"] } : {}),
        })
      : [].values();
    this.#next = this.#rows.next().value;
  }

  take(height: number): Row[] {
    const [first, end] = [
      firstKeyOf(this.#range.chainNumber, height),
      firstKeyOf(this.#range.chainNumber, height + 1),
    ];
    const taken: Row[] = [];
    let retained = 0;
    while (this.#next && keyOf(this.#next) < end) {
      const row = this.#next;
      this.#next = this.#rows.next().value;
      if (keyOf(row) < first) {
        this.#ofNoBlock(row);
        continue;
      }
      retained += sizeOf(row);
      if (retained > retainedMax) {
        this.#report.finding({
          ...{ check: "blocks", table: "transactions", row: `block ${height}`, column: null },
          ...{ expected: "at most 1 MiB of transactions", found: "more than 64 MiB" },
          meaning: "no block holds that much: rows were added, and the audit does not read all of them",
        });
        this.#skipTo(end);
        break;
      }
      taken.push(row);
    }
    return taken;
  }

  finish(): void {
    while (this.#next) {
      this.#ofNoBlock(this.#next);
      this.#next = this.#rows.next().value;
    }
  }

  #skipTo(end: bigint): void {
    while (this.#next && keyOf(this.#next) < end) this.#next = this.#rows.next().value;
  }

  #ofNoBlock(row: Row): void {
    this.#report.finding({
      ...{
        check: "transactions",
        table: "transactions",
        row: `transaction_key ${keyOf(row)}`,
        column: "transaction_key",
      },
      ...{ expected: "the key of a transaction in a block of this file", found: keyOf(row) },
      meaning: "the transaction stands in no block of this file",
    });
  }
}

function keyOf(row: Row): bigint {
  return row.transaction_key as bigint;
}

function sizeOf(row: Row): number {
  let size = 0;
  for (const name in row) {
    const value = row[name];
    if (typeof value === "string" || value instanceof Uint8Array) size += value.length;
  }
  return size;
}

/** What the bytes of the rows encode; every part that does not decode is a finding. */
function partsOf(
  row: Row,
  transactionRows: readonly Row[],
  place: { readonly height: number; readonly chainId: Uint8Array },
  report: CheckReport,
): BlockParts {
  const { height } = place;
  const damaged = (column: string, expected: string, found: string) => {
    report.finding({
      ...{ check: "headers", table: "blocks", row: `block ${height}`, column, expected, found },
      meaning: "the block's own bytes do not say what the block is",
    });
    return undefined;
  };
  const header = decode(HeaderType, bytesOf(row.header_bytes), "header");
  const section = decode(ConsensusSectionType, bytesOf(row.consensus_bytes), "consensus section");
  if (!header.ok) damaged("header_bytes", "the SSZ bytes of a header", header.fault.reason);
  if (!section.ok) damaged("consensus_bytes", "the SSZ bytes of a consensus section", section.fault.reason);
  const [nonce, signature] = [bytesOf(row.nonce_bytes), bytesOf(row.seal_signature)];
  const isNonce = nonce.length === nonceBytes;
  const isSignature = row.seal_signature instanceof Uint8Array && signature.length <= sealSignatureBytesMax;
  if (!isNonce) damaged("nonce_bytes", `a BLOB of ${nonceBytes} bytes`, shownValue(row.nonce_bytes));
  if (!isSignature) {
    damaged(
      "seal_signature",
      `a BLOB of at most ${sealSignatureBytesMax} bytes`,
      shownValue(row.seal_signature),
    );
  }
  return {
    header: header.ok ? header.value : undefined,
    seal: isNonce && isSignature ? { nonce, signature } : undefined,
    section: section.ok ? section.value : undefined,
    transactions: transactionRows.map((transactionRow, position) =>
      transactionOf(transactionRow, position, place, report),
    ),
  };
}

function transactionOf(
  row: Row,
  position: number,
  { height, chainId }: { readonly height: number; readonly chainId: Uint8Array },
  report: CheckReport,
): DecodedTransaction | undefined {
  const bytes = bytesOf(row.bytes);
  const decoded = bytes.length <= transactionBytesMax ? decodeTransaction(bytes, chainId) : undefined;
  if (decoded?.ok) return decoded.value;
  report.finding({
    ...{ check: "transactions", table: "transactions", row: `block ${height}, transaction ${position}` },
    ...{ column: "bytes", expected: "the SSZ bytes of a transaction" },
    found: decoded ? decoded.fault.code : `${bytes.length} bytes`,
    meaning: "the transaction's own bytes do not say what the transaction is",
  });
  return undefined;
}

function isWhole({ header, seal, section, transactions }: BlockParts): boolean {
  return (
    header !== undefined && seal !== undefined && section !== undefined && !transactions.includes(undefined)
  );
}

const none = new Uint8Array(0);

function bytesOf(value: Row[string]): Uint8Array {
  return value instanceof Uint8Array ? value : none;
}
