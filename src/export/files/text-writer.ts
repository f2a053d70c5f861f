/** Files of lines: CSV and JSON lines. */
import { type CsvOptions, csvHeader, csvLine } from "./csv.ts";
import type { FileValue } from "./file-row.ts";
import type { FileTable } from "./file-tables.ts";
import { HashedFile, type WrittenFile } from "./hashed-file.ts";
import { jsonLine } from "./json-lines.ts";
import type { RowWriter } from "./row-writer.ts";

/** Characters that are collected before they are written. */
const chunkCharacters = 1_048_576;

class LineWriter implements RowWriter {
  readonly #file: HashedFile;
  readonly #line: (row: readonly FileValue[]) => string;
  #waiting: string;

  constructor(path: string, head: string, line: (row: readonly FileValue[]) => string) {
    this.#file = new HashedFile(path);
    this.#line = line;
    this.#waiting = head;
  }

  write(row: readonly FileValue[]): void {
    this.#waiting += this.#line(row);
    if (this.#waiting.length >= chunkCharacters) this.#drain();
  }

  end(): WrittenFile {
    this.#drain();
    return this.#file.end();
  }

  abandon(): void {
    this.#file.abandon();
  }

  #drain(): void {
    this.#file.write(Buffer.from(this.#waiting, "utf8"));
    this.#waiting = "";
  }
}

export function csvWriter(path: string, table: FileTable, options: CsvOptions): RowWriter {
  return new LineWriter(path, csvHeader(table), (row) => csvLine(row, options));
}

export function jsonLinesWriter(path: string, table: FileTable): RowWriter {
  return new LineWriter(path, "", (row) => jsonLine(table, row));
}
