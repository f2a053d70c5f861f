/** The tables of a ledger as files have them: which rows go into which file, and what each column is there. */
import { ledgerTables } from "../ledger-tables.ts";
import type { Table } from "../table.ts";

/**
 * What a column is in a file. `units` are amounts in base units, which no file splits in two as SQLite has to: there is
 * no column `…_units_large`.
 */
export type FileColumnKind = "integer" | "units" | "real" | "text" | "blob";

export interface FileColumn {
  readonly name: string;
  readonly kind: FileColumnKind;
  readonly required: boolean;
  readonly meaning: string;
  readonly unit: string;
}

export interface FileTable {
  readonly name: string;
  readonly meaning: string;
  readonly columns: readonly FileColumn[];
  /** Decimal digits of its amounts: 20 hold any amount, sums take more. */
  readonly unitsDigits: number;
}

/** Rows that belong to blocks: a file holds those of one chain and a range of blocks. */
export interface BlockTable extends FileTable {
  /** The column that names the block. */
  readonly blockColumn: string;
}

/** In the order in which a block's rows are read. */
const blockColumns = {
  blocks: "index",
  transactions: "block_id",
  users: "registered_in",
  assets: "issued_in",
  authority_changes: "block_id",
} as const;

export type BlockTableName = keyof typeof blockColumns;

export const blockTables = Object.fromEntries(
  Object.entries(blockColumns).map(([name, blockColumn]) => [name, { ...fileTable(name), blockColumn }]),
) as unknown as Readonly<Record<BlockTableName, BlockTable>>;

export const blockTableNames = Object.keys(blockColumns) as readonly BlockTableName[];

/** Small tables, written whole into one file each; README is about the SQLite file. */
export const wholeTables: readonly FileTable[] = ledgerTables
  .map(({ name }) => name)
  .filter((name) => !Object.hasOwn(blockColumns, name) && name !== "README")
  .map(fileTable);

function fileTable(name: string): FileTable {
  const table = ledgerTables.find((each) => each.name === name) as Table;
  const columns = table.columns.map(({ name, type, required, meaning, unit }) => ({
    name,
    kind: kindOf(name, type),
    required,
    meaning: name.endsWith("_units")
      ? meaning.replace(/; NULL where there is none or .*/, "; NULL where there is none")
      : meaning,
    unit,
  }));
  return {
    name,
    meaning: table.meaning,
    columns: columns.filter((column) => !column.name.endsWith("_units_large")),
    unitsDigits: name === "mining_pool" ? 38 : 20,
  };
}

function kindOf(name: string, type: Table["columns"][number]["type"]): FileColumnKind {
  if (name.endsWith("_units")) return "units";
  return type.toLowerCase() as FileColumnKind;
}
