/** What an export of a folder of files is asked for, and what it says of its work. */
import type { RowsDigester } from "./chain-digest.ts";
import type { FileFormat } from "./file-format.ts";
import type { WantedBlocks } from "./files-plan.ts";
import type { ManifestChain } from "./manifest.ts";

export interface ExportFilesOptions extends Partial<WantedBlocks> {
  /** The SQLite file to read. */
  readonly ledger: string;
  /** The folder to write. */
  readonly folder: string;
  readonly format: FileFormat;
  /** Its id in hex, the first 8 digits of it or more, or its name; every chain of the ledger unless given. */
  readonly chain?: string | undefined;
  /** Default: as the folder has it, else 10,000. */
  readonly blocksPerFile?: number | undefined;
  /** CSV: texts as they are, also those that a spreadsheet takes for a formula. */
  readonly exactTexts?: boolean | undefined;
  /** Writes the folder anew, whatever an earlier export left in it. */
  readonly force?: boolean | undefined;
}

export interface ExportFilesModules {
  readonly digester: RowsDigester;
  readonly onProgress?: ((progress: ExportFilesProgress) => void) | undefined;
  /** Gives the work up; the folder stays as it was. */
  readonly signal?: AbortSignal | undefined;
}

export interface ExportFilesProgress {
  /** Blocks read by now, of all that have to be. */
  readonly blocks: number;
  readonly blocksTotal: number;
}

export interface ExportFilesReport {
  /** Absolute. */
  readonly folder: string;
  /** Absolute. */
  readonly ledger: string;
  readonly format: FileFormat;
  readonly chains: readonly Omit<ManifestChain, "ranges">[];
  /** Files that were written now, and those that stayed from an earlier export. */
  readonly filesWritten: number;
  readonly filesKept: number;
  /** Of all files. */
  readonly rows: number;
  readonly bytes: number;
}
