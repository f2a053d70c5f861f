/** Files in Parquet, by row groups, so that no more than one is in memory. */
import { zstdCompressSync } from "node:zlib";
import { ByteWriter, ParquetWriter, type SchemaElement } from "hyparquet-writer";
import type { FileValue } from "./file-row.ts";
import type { FileColumn, FileTable } from "./file-tables.ts";
import { HashedFile, type WrittenFile } from "./hashed-file.ts";
import type { RowWriter } from "./row-writer.ts";

/** Of a row group: whichever is reached first. */
const groupRowsMax = 20_000;
const groupBytesMax = 24 * 1024 * 1024;
/** Of pages within it. */
const pageBytes = 1024 * 1024;

class ParquetRows implements RowWriter {
  readonly #table: FileTable;
  readonly #file: HashedFile;
  readonly #bytes = new ByteWriter(pageBytes);
  readonly #parquet: ParquetWriter;
  /** Of the row group at hand. */
  #columns: FileValue[][];
  #groupBytes = 0;

  constructor(path: string, table: FileTable, description: Readonly<Record<string, string>>) {
    this.#table = table;
    this.#columns = emptyColumns(table);
    this.#file = new HashedFile(path);
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      schema: schemaOf(table),
      codec: "ZSTD",
      compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
      kvMetadata: Object.entries(description).map(([key, value]) => ({ key, value })),
      createdBy: "aurex-node (hyparquet-writer)",
    });
  }

  write(row: readonly FileValue[]): void {
    for (const [index, value] of row.entries()) {
      this.#columns[index]?.push(value);
      if (typeof value === "string" || value instanceof Uint8Array) this.#groupBytes += value.length;
    }
    const rows = this.#columns[0]?.length ?? 0;
    if (rows >= groupRowsMax || this.#groupBytes >= groupBytesMax) this.#endGroup();
  }

  end(): WrittenFile {
    this.#endGroup();
    this.#parquet.finish();
    this.#drain();
    return this.#file.end();
  }

  abandon(): void {
    this.#file.abandon();
  }

  #endGroup(): void {
    const rows = this.#columns[0]?.length ?? 0;
    if (rows === 0) return;
    const columnData = this.#table.columns.map(({ name }, index) => ({
      name,
      data: this.#columns[index] ?? [],
    }));
    this.#parquet.write({ columnData, rowGroupSize: rows, pageSize: pageBytes });
    this.#drain();
    this.#columns = emptyColumns(this.#table);
    this.#groupBytes = 0;
  }

  #drain(): void {
    this.#file.write(this.#bytes.getBytes());
    this.#bytes.index = 0;
  }
}

function emptyColumns(table: FileTable): FileValue[][] {
  return table.columns.map(() => []);
}

function schemaOf(table: FileTable): SchemaElement[] {
  const root = { name: "schema", num_children: table.columns.length };
  return [root, ...table.columns.map((column) => elementOf(column, table))];
}

function elementOf({ name, kind, required }: FileColumn, { unitsDigits }: FileTable): SchemaElement {
  const repetition_type = required ? "REQUIRED" : "OPTIONAL";
  switch (kind) {
    case "integer":
      return { name, type: "INT64", repetition_type };
    case "real":
      return { name, type: "DOUBLE", repetition_type };
    case "text":
      return {
        name,
        type: "BYTE_ARRAY",
        converted_type: "UTF8",
        logical_type: { type: "STRING" },
        repetition_type,
      };
    case "blob":
      return { name, type: "BYTE_ARRAY", repetition_type };
    case "units":
      return {
        ...{ name, type: "FIXED_LEN_BYTE_ARRAY", type_length: bytesOfDigits(unitsDigits) },
        ...{ converted_type: "DECIMAL", scale: 0, precision: unitsDigits, repetition_type },
      };
  }
}

/** Of a signed integer with so many decimal digits. */
function bytesOfDigits(digits: number): number {
  return Math.ceil(((10n ** BigInt(digits)).toString(2).length + 1) / 8);
}

/** @param description key and value pairs that the file's own metadata carries */
export function parquetWriter(
  path: string,
  table: FileTable,
  description: Readonly<Record<string, string>>,
): RowWriter {
  return new ParquetRows(path, table, description);
}
