/** The six documented tables as text that fits a terminal. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { columnsDefault, shortened, textTable } from "../base/text-table.ts";
import { visibleText } from "../base/visible-text.ts";
import { documentedTables } from "./ledger-tables.ts";
import { quoted } from "./table.ts";

export interface LedgerTextOptions {
  /** Rows of each table and chain; of longer ones the last are shown. */
  readonly rowsMax: number;
  /** Columns of the terminal; 80 if it is not given. */
  readonly width?: number;
}

interface ShownColumn {
  readonly name: string;
  readonly widthMax: number;
  /** Where a value too long is cut: ids keep both ends, text its beginning. */
  readonly cut: "middle" | "end";
  /** Left out of a terminal with fewer columns than {@link wideColumns}. */
  readonly isWide?: boolean;
}

interface ShownTable {
  readonly name: string;
  readonly columns: readonly ShownColumn[];
  readonly order: string;
}

/** A terminal of which all columns of the tables fit. */
const wideColumns = 110;

function shown(name: string, widthMax: number, cut: "middle" | "end" = "end"): ShownColumn {
  return { name, widthMax, cut };
}

function shownIfWide(name: string, widthMax: number): ShownColumn {
  return { ...shown(name, widthMax), isWide: true };
}

const shownTables: Readonly<Record<string, Omit<ShownTable, "name">>> = {
  users: {
    columns: [
      shown("name", 32),
      shown("account", 24, "middle"),
      shown("registered_in", 13),
      shown("transaction_id", 24, "middle"),
    ],
    order: "registered_in, name",
  },
  nodes: {
    columns: [
      shown("name", 16),
      shown("node_id", 20, "middle"),
      shown("host", 16),
      shown("port", 5),
      shown("engine", 6),
      shown("role", 9),
      shown("height", 8),
      shown("version", 16),
    ],
    order: "name, node_id",
  },
  blocks: {
    columns: [
      shown("index", 7),
      shown("timestamp", 14),
      shownIfWide("data", 18),
      shown("previous_hash", 13, "middle"),
      shown("nonce", 8),
      shown("hash", 13, "middle"),
      shown("miner", 12, "middle"),
      shown("signer_id", 11, "middle"),
      shown("signature", 11, "middle"),
    ],
    order: `"index"`,
  },
  transactions: {
    columns: [
      shown("id", 9, "middle"),
      shown("from_user", 17, "middle"),
      shown("to_user", 17, "middle"),
      shown("amount_text", 16),
      shown("asset_id", 9, "middle"),
      shownIfWide("timestamp", 24),
      shown("block_id", 8),
      shown("status", 9),
    ],
    order: "transaction_key",
  },
  assets: {
    columns: [
      shown("asset_id", 16, "middle"),
      shown("symbol", 12),
      shown("name", 24),
      shown("decimals", 8),
      shown("supply_text", 24),
      shown("issuer", 24, "middle"),
    ],
    order: "issued_in, asset_id",
  },
  mining_pool: {
    columns: [
      shown("member", 14, "middle"),
      shown("pool", 12, "middle"),
      shown("blocks_found", 12),
      shown("shares_accepted", 15),
      shownIfWide("shares_rejected", 15),
      shownIfWide("hash_rate", 9),
      shown("rewards_due_text", 17),
      shown("rewards_paid_text", 17),
    ],
    order: "pool = 'solo' DESC, pool, member",
  },
};

/** A heading for each table and chain, its column names and its rows, aligned; ends with a newline. */
export function ledgerTablesText(db: DatabaseSync, options: LedgerTextOptions): string {
  const chains = db.prepare("SELECT chain_id, name, consensus FROM meta ORDER BY chain_number").all();
  const sections = documentedTables.flatMap(({ name }) => {
    const columns = shownTables[name];
    if (!columns) return [];
    const { rowsMax, width = columnsDefault } = options;
    const fitting = columns.columns.filter(({ isWide }) => !isWide || width >= wideColumns);
    const table = { name, ...columns, columns: fitting };
    // Nodes may follow chains that this file does not hold.
    if (name === "nodes") return [sectionText(db, table, "nodes", undefined, { rowsMax, width })];
    return chains.map((chain) => {
      const title = `${name} · ${visibleText(String(chain.name))} (${chain.consensus})`;
      return sectionText(db, table, title, String(chain.chain_id), { rowsMax, width });
    });
  });
  return sections.join("\n");
}

function sectionText(
  db: DatabaseSync,
  table: ShownTable,
  title: string,
  chainId: string | undefined,
  { rowsMax, width }: Required<LedgerTextOptions>,
): string {
  const where = chainId === undefined ? "" : " WHERE chain_id = ?";
  const bound = chainId === undefined ? [] : [chainId];
  const total = Number(
    db.prepare(`SELECT COUNT(*) AS total FROM ${table.name}${where}`).get(...bound)?.total,
  );
  const names = table.columns.map((column) => quoted(column.name)).join(", ");
  const skipped = Math.max(0, total - rowsMax);
  const query = db.prepare(
    `SELECT ${names} FROM ${table.name}${where} ORDER BY ${table.order} LIMIT ? OFFSET ?`,
  );
  query.setReadBigInts(true);
  const rows = query
    .all(...bound, rowsMax, skipped)
    .map((row) => table.columns.map((column) => cell(row[column.name], column)));
  const count = `${total} ${total === 1 ? "row" : "rows"}${skipped > 0 ? `, the last ${rows.length}` : ""}`;
  const columns = table.columns.map((column) => ({ title: heading(column), cut: column.cut }));
  return `${title} (${count})\n${textTable(columns, rows, width)}`;
}

/** An amount's exact text stands under the documented name. */
function heading(column: ShownColumn): string {
  return column.name.replace(/_text$/, "");
}

function cell(value: SQLOutputValue | undefined, column: ShownColumn): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "number" ? value.toFixed(column.name === "timestamp" ? 3 : 0) : String(value);
  return shortened(visibleText(text), column.widthMax, column.cut);
}
