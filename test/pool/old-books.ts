/** Books as the program of format 2 had written them into LevelDB, and what it showed of them. */
import { readFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { Level } from "level";

export interface OldBooks {
  /** What the old program's books showed: amounts as decimal text and an `n`. */
  // biome-ignore lint/suspicious/noExplicitAny: compared as it is.
  readonly shown: Record<string, any>;
  /** Every key and value. */
  readonly entries: Readonly<Record<string, string>>;
}

export async function booksOfFormat2(): Promise<OldBooks> {
  const path = new URL("../vectors/pool/books-of-format-2.json", import.meta.url);
  return JSON.parse(await readFile(path, "utf8")) as OldBooks;
}

/** A value as the old program stored it: eight digits of a CRC-32 of key and text, then the text. */
export function oldValue(key: string, text: string): string {
  return crc32(text, crc32(key)).toString(16).padStart(8, "0") + text;
}

export async function writeOldBooks(
  directory: string,
  entries: Readonly<Record<string, string>>,
): Promise<void> {
  const level = new Level(directory, { compression: false });
  await level.batch(Object.entries(entries).map(([key, value]) => ({ type: "put", key, value })));
  await level.close();
}

export async function oldEntriesIn(directory: string): Promise<Record<string, string>> {
  const level = new Level(directory, { createIfMissing: false, compression: false });
  const entries = Object.fromEntries(await level.iterator().all());
  await level.close();
  return entries;
}
