/** Reads a pool's books of formats 1 and 2, which were LevelDB folders, into the tables of today, once. */
import { mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { crc32 } from "node:zlib";
import { Level } from "level";
import { syncDirectory } from "../base/durable-file.ts";
import { damageOfLevelFiles } from "../store/level-files.ts";
import { imbalance } from "./book-schema.ts";
import { partsText } from "./book-tables.ts";
import { damagedBooks } from "./pool-error.ts";

/** Folder for the files of the old books, in the directory of the new ones. */
const asideName = "before-sqlite";
const checksumDigits = 8;

// biome-ignore lint/suspicious/noExplicitAny: records of a program that is gone; each value has a checksum.
type OldRecord = Record<string, any>;

export interface OldBooks {
  readonly owner: { readonly chainId: string; readonly poolAccount: string };
  readonly records: readonly OldRecord[];
}

/** @throws PoolError if the books are damaged, or the directory holds something else */
export async function oldBooksIn(directory: string): Promise<OldBooks> {
  if (!(await readdir(directory)).includes("CURRENT"))
    throw damagedBooks(directory, "the file books.sqlite is missing");
  const damage = await damageOfLevelFiles(directory);
  if (damage) throw damagedBooks(directory, damage);
  // The check of the files reads tables as they are, without compression.
  const level = new Level(directory, { createIfMissing: false, compression: false });
  await level.open();
  try {
    const records: OldRecord[] = [];
    let owner: OldBooks["owner"] | undefined;
    for await (const [key, value] of level.iterator()) {
      const record = JSON.parse(textOf(key, value, directory), (_name, one) =>
        typeof one === "string" && /^-?\d+n$/.test(one) ? BigInt(one.slice(0, -1)) : one,
      );
      if (key === "format") owner = record;
      // Format 1 had a list of decided blocks under settled/; it is of no use any more.
      else if (!key.startsWith("settled/")) records.push(record);
    }
    if (!owner)
      throw damagedBooks(directory, "the record that says which chain the books belong to is missing");
    return { owner: { chainId: owner.chainId, poolAccount: owner.poolAccount }, records };
  } finally {
    await level.close();
  }
}

function textOf(key: string, value: string, directory: string): string {
  const text = value.slice(checksumDigits);
  const checksum = crc32(text, crc32(key)).toString(16).padStart(checksumDigits, "0");
  if (value.slice(0, checksumDigits) === checksum) return text;
  throw damagedBooks(directory, `the record ${key} does not match its checksum`);
}

/** Writes the old records into empty tables. Format 1 kept only blocks and payments that were open, and did not say so. */
export function fillFromOldBooks(
  db: DatabaseSync,
  { records }: OldBooks,
  { directory, sharesMax }: { directory: string; sharesMax: number },
): void {
  for (const record of records) {
    const [table, values] = rowOf(record);
    const texts = Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "bigint" ? `${value}` : value,
    ]);
    const row = Object.fromEntries(texts) as Record<string, SQLInputValue>;
    const names = Object.keys(row);
    if (table === "books")
      db.prepare(`UPDATE books SET ${names.map((name) => `${name} = :${name}`)}`).run(row);
    else db.prepare(`INSERT INTO ${table} (${names}) VALUES (${names.map((name) => `:${name}`)})`).run(row);
  }
  // A member that was forgotten while a block was worth nothing to it was not taken in again before the block matured.
  const openParts =
    "SELECT value ->> 0 AS account FROM block, json_each(parts) WHERE state IN ('found', 'immature')";
  const { changes } = db
    .prepare(`INSERT OR IGNORE INTO member (account) SELECT DISTINCT account FROM (${openParts})`)
    .run();
  db.prepare("UPDATE books SET members_joined = members_joined + ?").run(changes);
  db.exec(`UPDATE member SET ties = tied.count FROM (SELECT account, count(*) AS count FROM (
      SELECT account FROM share UNION ALL ${openParts} UNION ALL SELECT account FROM payment WHERE state = 'open'
    ) GROUP BY account) AS tied WHERE tied.account = member.account`);
  const wrong = imbalance(db, sharesMax);
  if (wrong) throw damagedBooks(directory, wrong);
}

function rowOf(record: OldRecord): readonly [table: string, values: OldRecord] {
  const { kind, state, hash, height, account, units, sequence } = record;
  switch (kind) {
    case "totals":
      return ["books", snakeCased(record)];
    case "tip":
      return ["books", { tip_height: height, tip_hash: hash, tip_is_complete: Number(record.isComplete) }];
    case "block": {
      const { finder, earnedUnits: earned_units, keptUnits: kept_units, parts } = record;
      const split = { finder, earned_units, kept_units, parts: partsText(parts) };
      return ["block", { hash, height, state: state ?? "found", ...split }];
    }
    case "payment": {
      const { transactionId, transaction, dueSince, includedIn, settledAfter, withdrawnBy } = record;
      return [
        "payment",
        {
          ...{ sequence, state: state ?? "open", account, units, due_since: dueSince },
          ...{ transaction_id: transactionId, transaction_bytes: transaction },
          ...{ included_height: includedIn?.height ?? null, included_hash: includedIn?.hash ?? null },
          ...{ settled_after: settledAfter ?? null, withdrawn_id: withdrawnBy?.transactionId ?? null },
          withdrawn_bytes: withdrawnBy?.transaction ?? null,
        },
      ];
    }
    default:
      return [kind, snakeCased(record)];
  }
}

/** Members, shares and sums have the same names in both formats. */
function snakeCased({ kind: _kind, ...record }: OldRecord): OldRecord {
  const named = Object.entries(record).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(named);
}

/** Called when the new file has its name: moves the old files into a folder, so that they are kept and not read again. */
export async function moveOldBooksAside(directory: string): Promise<void> {
  const old = (await readdir(directory)).filter((name) =>
    /^(?:CURRENT|LOCK|LOG(?:\.old)?|MANIFEST-\d+|\d+\.\w+)$/.test(name),
  );
  if (old.length === 0) return;
  await mkdir(join(directory, asideName), { recursive: true });
  for (const name of old) await rename(join(directory, name), join(directory, asideName, name));
  await syncDirectory(directory);
}
