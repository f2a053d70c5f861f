/** The formats of the files that a ledger is written as. */

export const fileFormats = ["csv", "jsonl", "parquet"] as const;

export type FileFormat = (typeof fileFormats)[number];
