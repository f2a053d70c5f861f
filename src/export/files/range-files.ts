/** The files of one range of blocks, one for each table, and the files of whole tables. */
import type { Row } from "../rows.ts";
import type { FileFormat } from "./file-format.ts";
import { fileRow } from "./file-row.ts";
import { type BlockTableName, blockTableNames, blockTables, type FileTable } from "./file-tables.ts";
import type { RowsOfBlock } from "./ledger-rows.ts";
import { type ManifestFile, partPath } from "./manifest.ts";
import { parquetWriter } from "./parquet-writer.ts";
import type { RowWriter } from "./row-writer.ts";
import type { StagedFolder } from "./staged-folder.ts";
import { csvWriter, jsonLinesWriter } from "./text-writer.ts";

export interface FilesTarget {
  readonly format: FileFormat;
  readonly exactTexts: boolean;
}

interface OpenFile {
  readonly path: string;
  readonly writer: RowWriter;
  rows: number;
}

export class RangeFiles {
  readonly #staged: StagedFolder;
  readonly #target: FilesTarget;
  readonly #chainId: string;
  readonly #range: { readonly from: number; readonly to: number };
  readonly #open = new Map<BlockTableName, OpenFile>();

  constructor(
    staged: StagedFolder,
    target: FilesTarget,
    chainId: string,
    range: { readonly from: number; readonly to: number },
  ) {
    this.#staged = staged;
    this.#target = target;
    this.#chainId = chainId;
    this.#range = range;
  }

  /** Gives every table a file, also one without rows: readers find its columns there. */
  openAll(): void {
    for (const name of blockTableNames) this.#fileOf(name);
  }

  write({ block, transactions, users, assets, authority_changes }: RowsOfBlock): void {
    this.#add("blocks", [block]);
    this.#add("transactions", transactions);
    this.#add("users", users);
    this.#add("assets", assets);
    this.#add("authority_changes", authority_changes);
  }

  end(): ManifestFile[] {
    const { from, to } = this.#range;
    return [...this.#open].map(([table, { path, writer, rows }]) => ({
      ...{ path, table, chainId: this.#chainId, from, to, rows },
      ...writer.end(),
    }));
  }

  /** Closes what is still open; after the end that is nothing. */
  abandon(): void {
    for (const { writer } of this.#open.values()) writer.abandon();
  }

  #add(name: BlockTableName, rows: readonly Row[]): void {
    if (rows.length === 0) return;
    const file = this.#fileOf(name);
    for (const row of rows) file.writer.write(fileRow(blockTables[name], row));
    file.rows += rows.length;
  }

  #fileOf(name: BlockTableName): OpenFile {
    const known = this.#open.get(name);
    if (known) return known;
    const { from } = this.#range;
    const path = partPath(name, this.#target.format, { chainId: this.#chainId, from });
    const file = {
      path,
      writer: rowWriter(this.#staged.place(path), blockTables[name], this.#target),
      rows: 0,
    };
    this.#open.set(name, file);
    return file;
  }
}

/** Writes a table into one file. */
export function writeTable(
  staged: StagedFolder,
  target: FilesTarget,
  table: FileTable,
  rows: Iterable<Row>,
): ManifestFile {
  const path = partPath(table.name, target.format);
  const writer = rowWriter(staged.place(path), table, target);
  let count = 0;
  try {
    for (const row of rows) {
      writer.write(fileRow(table, row));
      count += 1;
    }
    return { path, table: table.name, chainId: null, from: null, to: null, rows: count, ...writer.end() };
  } finally {
    writer.abandon();
  }
}

function rowWriter(place: string, table: FileTable, { format, exactTexts }: FilesTarget): RowWriter {
  switch (format) {
    case "csv":
      return csvWriter(place, table, { exactTexts });
    case "jsonl":
      return jsonLinesWriter(place, table);
    case "parquet":
      return parquetWriter(place, table, { "aurex.table": table.name });
  }
}
