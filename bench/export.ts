/** Writing a chain into the SQL ledger, against SQLite inserting the very same rows and nothing else. */
import path from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { bytesEqual, toHex } from "../src/base/bytes.ts";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import type { AuthorityChange } from "../src/consensus/engine.ts";
import { createExportJob } from "../src/export/export-job.ts";
import type { LedgerSource } from "../src/export/ledger-source.ts";
import { genesisBlockOf } from "../src/ledger/genesis-state.ts";
import { type Block, decodeBlock } from "../src/protocol/block.ts";
import type { ChainSpec } from "../src/protocol/genesis.ts";
import { elapsedMs, median, type Section } from "./measure.ts";
import { BlockBuilder, keyOf, keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";

const transfersPerBlock = 500;
const blocks = 40;

export const measureExport: Section = async ({ quick, progress, directory }) => {
  const rounds = quick ? 1 : 4;
  const authority = keyOf(0);
  const senders = keysFrom(1, transfersPerBlock);
  const spec = poaSpec([authority], senders);
  const builder = new BlockBuilder(spec, authority);
  progress(`signing ${blocks} blocks of ${transfersPerBlock} transfers`);
  const chain = [genesisBlockOf(spec)];
  while (chain.length <= blocks) {
    chain.push(
      builder.next(
        senders.map((sender, index) => {
          const receiver = senders[(index + chain.length) % senders.length] as typeof sender;
          return signedTransfer(sender, receiver, builder.sequenceOf(sender), spec);
        }),
      ),
    );
  }
  const source = new EncodedChain(spec, chain);
  const folder = await directory();
  const exported: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const file = path.join(folder, `ledger-${round}.sqlite`);
    const job = createExportJob({ file }, { source, clock: systemClock, logger: silentLogger });
    const exportMs = await elapsedMs(() => job.catchUp());
    job.close();
    const { rows, insertMs } = insertAgain(file);
    exported.push((rows * 1_000) / exportMs);
    limits.push((rows * 1_000) / insertMs);
    progress(`round ${round + 1} of ${rounds}: ${Math.round(exported.at(-1) ?? 0)} rows/s`);
  }
  return [
    {
      name: "export, rows of blocks and transactions",
      value: median(exported),
      unit: "rows/s",
      limit: { value: median(limits), meaning: "bare prepared inserts of the same rows" },
    },
  ];
};

/** A chain whose blocks are decoded when they are read, as from the store. */
class EncodedChain implements LedgerSource {
  readonly spec: ChainSpec;
  readonly #hashes: readonly Uint8Array[];
  readonly #bytes: ReadonlyMap<string, Uint8Array>;
  readonly head: LedgerSource["head"];
  readonly final = undefined;
  readonly finalCertificate = undefined;

  constructor(spec: ChainSpec, blocks: readonly Block[]) {
    this.spec = spec;
    this.#hashes = blocks.map(({ hash }) => hash);
    this.#bytes = new Map(blocks.map(({ hashHex, bytes }) => [hashHex, bytes]));
    this.head = { header: (blocks.at(-1) as Block).header };
  }

  hashAtHeight(height: number): Uint8Array | undefined {
    return this.#hashes[height];
  }

  block(hash: Uint8Array): Block | undefined {
    const bytes = this.#bytes.get(toHex(hash));
    const decoded = bytes && decodeBlock(bytes);
    return decoded?.ok ? decoded.value : undefined;
  }

  authorityChanges({ header }: Block): readonly AuthorityChange[] {
    const founders = header.height === 0 ? this.spec.genesis.authorities : [];
    return founders.map((authority) => ({ authority, change: "added" }));
  }

  headerOf(hash: Uint8Array): { cumulativeWeight: bigint } | undefined {
    const height = this.#hashes.findIndex((known) => bytesEqual(known, hash));
    return height < 0 ? undefined : { cumulativeWeight: BigInt(height) };
  }
}

/** Reads every row of both tables, then inserts them into tables of the same definition, and builds the indexes. */
function insertAgain(file: string): { rows: number; insertMs: number } {
  using read = new DatabaseSync(file, { readOnly: true });
  using write = new DatabaseSync(`${file}.bare`, { enableForeignKeyConstraints: false });
  write.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  let rows = 0;
  let insertMs = 0;
  for (const table of ["blocks", "transactions"]) {
    for (const sql of definitions(read, table, "table")) write.exec(sql);
    const query = read.prepare(`SELECT * FROM ${table}`);
    query.setReadBigInts(true);
    const found = query.all();
    const stored = Object.keys(found[0] ?? {});
    const names = stored.map((column) => `"${column}"`).join(", ");
    const values = found.map((row) => stored.map((column) => row[column] as SQLInputValue));
    const startMs = performance.now();
    write.exec("BEGIN");
    const insert = write.prepare(
      `INSERT INTO ${table} (${names}) VALUES (${stored.map(() => "?").join(", ")})`,
    );
    for (const row of values) insert.run(...row);
    for (const sql of definitions(read, table, "index")) write.exec(sql);
    write.exec("COMMIT");
    insertMs += performance.now() - startMs;
    rows += values.length;
  }
  return { rows, insertMs };
}

function definitions(db: DatabaseSync, table: string, type: "table" | "index"): string[] {
  const found = db
    .prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND type = ? AND sql NOT NULL")
    .all(table, type);
  return found.map(({ sql }) => String(sql));
}
