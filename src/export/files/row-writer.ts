/** What writes rows into a file of one format. */
import type { FileValue } from "./file-row.ts";
import type { WrittenFile } from "./hashed-file.ts";

export interface RowWriter {
  /** @param row values in the order of the table's columns */
  write(row: readonly FileValue[]): void;
  /** Returns once the file is whole and on the disk. */
  end(): WrittenFile;
  /** Closes the file if its end has not come; else does nothing. */
  abandon(): void;
}
