/** Writing a chain into PostgreSQL: a backlog against `COPY` alone of the same rows, and block by block. */
import { setTimeout as pause } from "node:timers/promises";
import { silentLogger } from "../src/base/logger.ts";
import { ExportThread } from "../src/export/export-thread.ts";
import { tables } from "../src/export/ledger-tables.ts";
import { CopyEncoder } from "../src/export/postgres/copy-encoder.ts";
import { PostgresConnection } from "../src/export/postgres/postgres-connection.ts";
import { createIndex, lateIndexes, tableStatements } from "../src/export/postgres/postgres-schema.ts";
import { readPostgresUrl } from "../src/export/postgres/postgres-url.ts";
import { quoted, type Table } from "../src/export/table.ts";
import { noPostgres, PostgresServer, removeServers } from "../test/support/postgres-cluster.ts";
import { type EncodedChain, encodedChain } from "./encoded-chain.ts";
import { elapsedMs, median, quantile, type Section } from "./measure.ts";

const transfersPerBlock = 500;
const blocks = 120;
const liveBlocks = 20;
const liveEveryMs = 60;
const copied = [tables.blocks, tables.transactions];

export const measurePostgres: Section = async ({ quick, progress }) => {
  if (noPostgres) {
    progress(`skipped: ${noPostgres}`);
    return [];
  }
  const rounds = quick ? 1 : 4;
  progress(`signing ${blocks} blocks of ${transfersPerBlock} transfers`);
  const source = encodedChain(blocks, transfersPerBlock);
  const server = await PostgresServer.start(["max_wal_size = 4GB"]);
  try {
    const transactions = blocks * transfersPerBlock;
    const [exported, alone]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      const from = `exported_${round}`;
      const job = jobTo(server, from, source);
      await job.open();
      const exportMs = await elapsedMs(() => job.catchUp());
      await job.close();
      exported.push((transactions * 1_000) / exportMs);
      alone.push((transactions * 1_000) / (await copyAgain(server, from, `alone_${round}`)));
      progress(`round ${round + 1} of ${rounds}: ${Math.round(exported.at(-1) ?? 0)} transactions/s`);
    }
    const lagsMs = await follow(server, source);
    return [
      {
        name: "export to PostgreSQL, transactions of a backlog",
        value: median(exported),
        unit: "transactions/s",
        limit: {
          value: median(alone),
          meaning: "COPY alone of the same rows, with the same keys and indexes",
        },
        aim: { above: 0.7 },
      },
      { name: "block of 500 until it is in PostgreSQL, median", value: median(lagsMs), unit: "ms" },
      { name: "the same, 99th", value: quantile(lagsMs, 0.99), unit: "ms" },
    ];
  } finally {
    await removeServers();
  }
};

function placeOf(server: PostgresServer, schema: string) {
  return readPostgresUrl(server.url("postgres", `?schema=${schema}`));
}

function jobTo(server: PostgresServer, schema: string, source: EncodedChain): ExportThread {
  const postgres = placeOf(server, schema);
  return new ExportThread({ file: postgres.text, postgres }, { source, logger: silentLogger });
}

/** Milliseconds that COPY takes for the rows that an export wrote, made ready beforehand, and the indexes after them. */
async function copyAgain(server: PostgresServer, from: string, to: string): Promise<number> {
  const connection = await PostgresConnection.open(placeOf(server, to));
  try {
    await connection.query(`CREATE SCHEMA ${quoted(to)}`);
    for (const statement of tableStatements(to)) await connection.query(statement);
    const ready: { readonly table: Table; readonly chunks: readonly Uint8Array[] }[] = [];
    for (const table of copied) {
      const encoder = new CopyEncoder(table);
      const rows = await connection.query(`SELECT * FROM ${quoted(from)}.${quoted(table.name)}`, [], true);
      for (const row of rows) encoder.add(row);
      ready.push({ table, chunks: encoder.take() });
    }
    return await elapsedMs(async () => {
      await connection.transaction(async () => {
        for (const { table, chunks } of ready) {
          const target = `${quoted(to)}.${quoted(table.name)}`;
          await connection.copy(`COPY ${target} FROM STDIN WITH (FORMAT binary)`, chunks);
        }
      });
      for (const [name, [table, columns]] of Object.entries(lateIndexes)) {
        await connection.query(createIndex(to, name, table, columns), [], true);
      }
    });
  } finally {
    connection.close();
  }
}

/** The head moves by a block at a time, and the export follows, as beside a running node. */
async function follow(server: PostgresServer, source: EncodedChain): Promise<number[]> {
  source.height = blocks - liveBlocks;
  const job = jobTo(server, "live", source);
  await job.catchUp();
  const lagsMs: number[] = [];
  while (source.height < blocks) {
    source.height += 1;
    lagsMs.push(await elapsedMs(() => job.catchUp()));
    await pause(liveEveryMs);
  }
  await job.close();
  return lagsMs;
}
