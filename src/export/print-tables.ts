/** The six documented tables as text for a terminal of about 120 columns. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { documentedTables } from "./ledger-tables.ts";
import { quoted } from "./table.ts";

export interface LedgerTextOptions {
  /** Rows of each table and chain; of longer ones the last are shown. */
  readonly rowsMax: number;
}

interface ShownColumn {
  readonly name: string;
  readonly widthMax: number;
  /** Where a value too long is cut: ids keep both ends, text its beginning. */
  readonly cut: "middle" | "end";
}

interface ShownTable {
  readonly name: string;
  readonly columns: readonly ShownColumn[];
  readonly order: string;
}

function shown(name: string, widthMax: number, cut: "middle" | "end" = "end"): ShownColumn {
  return { name, widthMax, cut };
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
      shown("data", 18),
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
      shown("timestamp", 24),
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
      shown("shares_rejected", 15),
      shown("hash_rate", 9),
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
    const table = { name, ...columns };
    // Nodes may follow chains that this file does not hold.
    if (name === "nodes") return [sectionText(db, table, "nodes", undefined, options.rowsMax)];
    return chains.map((chain) => {
      const title = `${name} · ${printable(String(chain.name))} (${chain.consensus})`;
      return sectionText(db, table, title, String(chain.chain_id), options.rowsMax);
    });
  });
  return sections.join("\n");
}

function sectionText(
  db: DatabaseSync,
  table: ShownTable,
  title: string,
  chainId: string | undefined,
  rowsMax: number,
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
  return `${title} (${count})\n${alignedText([table.columns.map(heading), ...rows])}`;
}

/** An amount's exact text stands under the documented name. */
function heading(column: ShownColumn): string {
  return column.name.replace(/_text$/, "");
}

function cell(value: SQLOutputValue | undefined, column: ShownColumn): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "number" ? value.toFixed(column.name === "timestamp" ? 3 : 0) : String(value);
  return shortened(printable(text), column);
}

/** Names and memos come from strangers: none of them may move the cursor or colour the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "·");
}

function shortened(text: string, { widthMax, cut }: ShownColumn): string {
  const points = Array.from(text);
  if (points.length <= widthMax) return text;
  const tail = cut === "middle" ? Math.floor((widthMax - 1) / 2) : 0;
  const head = widthMax - 1 - tail;
  return `${points.slice(0, head).join("")}…${tail === 0 ? "" : points.slice(-tail).join("")}`;
}

function alignedText(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => Array.from(line[column] ?? "").length)),
  );
  return lines
    .map((line) => `  ${line.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .map((line) => `${line}\n`)
    .join("");
}
