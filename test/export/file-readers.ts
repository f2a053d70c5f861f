/** Reads exported files back as others would: CSV by RFC 4180, JSON lines, Parquet by hyparquet; and what a folder's rows come to. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { zstdDecompressSync } from "node:zlib";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { ContentDigest, type DigestRow, type DigestValue } from "../../src/audit/content-digest.ts";
import { ledgerDigests } from "../../src/audit/ledger-digest.ts";
import { toHex } from "../../src/base/bytes.ts";
import { exportFiles } from "../../src/export/files/export-files.ts";
import type { ExportFilesOptions } from "../../src/export/files/files-request.ts";
import type { FilesManifest, ManifestFile } from "../../src/export/files/manifest.ts";
import type { Row } from "../../src/export/rows.ts";

const digester = {
  begin: (meta: Row, allocations: readonly Row[]) => new ContentDigest(meta, allocations),
  after: (digest: Uint8Array) => new ContentDigest(digest),
};

export function writeFiles(
  ledger: string,
  folder: string,
  options: Partial<ExportFilesOptions> = {},
  signal?: AbortSignal,
) {
  return exportFiles({ ledger, folder, format: "csv", ...options }, { digester, signal });
}

export function digestOfLedger(file: string, chainId: string, at?: number): string {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const all = [...ledgerDigests(db, chainId)];
    return toHex((all.find(({ height }) => height === at) ?? all.at(-1))?.digest ?? new Uint8Array());
  } finally {
    db.close();
  }
}

export function manifestOf(folder: string): FilesManifest {
  return JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as FilesManifest;
}

/** A field of CSV as it stands there; `undefined` is an empty field without quotes. */
export function parseCsv(text: string): (string | undefined)[][] {
  const rows: (string | undefined)[][] = [];
  let row: (string | undefined)[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/y;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    assert.ok(match, `CSV at ${text.slice(field.lastIndex, 80)}`);
    const [, quoted, plain, end] = match;
    row.push(quoted === undefined ? plain || undefined : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

/** The rows of one file as SQLite would give them. */
export async function rowsOfFile(
  folder: string,
  manifest: FilesManifest,
  part: ManifestFile,
): Promise<DigestRow[]> {
  const bytes = readFileSync(join(folder, part.path));
  assert.equal(bytes.length, part.bytes, part.path);
  assert.equal(createHash("sha256").update(bytes).digest("hex"), part.sha256, part.path);
  const columns = manifest.tables.find(({ name }) => name === part.table)?.columns;
  assert.ok(columns, part.table);
  const read = await readers[manifest.files](
    bytes,
    columns.map(({ name }) => name),
    manifest,
  );
  assert.equal(read.length, part.rows, part.path);
  return read.map((values) => {
    const row: Record<string, DigestValue> = {};
    for (const [index, { name, type }] of columns.entries()) {
      const value = values[index] ?? null;
      if (type !== "units")
        row[name] = value === null ? null : (typesOf[type] as (value: unknown) => DigestValue)(value);
      else {
        const units = value === null ? null : BigInt(value as bigint);
        const fits = units === null || (units < 2n ** 63n && units >= -(2n ** 63n));
        row[name] = fits ? units : null;
        row[`${name}_large`] = fits ? null : String(units);
      }
    }
    return row;
  });
}

const typesOf: Record<string, (value: never) => DigestValue> = {
  integer: (value: string | number | bigint) => BigInt(value),
  real: (value: string | number) => Number(value),
  text: (value: string) => value,
  blob: (value: string | Uint8Array) => (typeof value === "string" ? Buffer.from(value, "hex") : value),
};

type Reader = (bytes: Buffer, names: readonly string[], manifest: FilesManifest) => Promise<unknown[][]>;

const readers: Record<FilesManifest["files"], Reader> = {
  async csv(bytes, names, { formulaEscape, tables }) {
    const [head, ...rows] = parseCsv(bytes.toString("utf8"));
    assert.deepEqual(head, names);
    const kinds = new Map(tables.flatMap(({ columns }) => columns.map(({ name, type }) => [name, type])));
    return rows.map((row) =>
      row.map((field, index) => {
        const isText = kinds.get(names[index] as string) === "text";
        return isText && formulaEscape !== null && field?.startsWith(formulaEscape) ? field.slice(1) : field;
      }),
    );
  },
  async jsonl(bytes, names) {
    const lines = bytes.toString("utf8").split("\n");
    assert.equal(lines.pop(), "");
    return lines.map((line) => {
      const row = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual(Object.keys(row), names);
      return names.map((name) => row[name]);
    });
  },
  async parquet(bytes, names) {
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const metadata = parquetMetadata(file);
    const decimals = new Set<string>();
    for (const element of metadata.schema) {
      if (element.converted_type !== "DECIMAL") continue;
      decimals.add(element.name);
      // hyparquet makes floating-point numbers of decimals: take the bytes.
      delete element.converted_type;
      delete element.logical_type;
    }
    const rows = await parquetReadObjects({
      file,
      metadata,
      utf8: false,
      compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    });
    return rows.map((row) => {
      assert.deepEqual(Object.keys(row), names);
      return names.map((name) =>
        decimals.has(name) && row[name] ? signedOf(row[name] as Uint8Array) : row[name],
      );
    });
  },
};

function signedOf(bytes: Uint8Array): bigint {
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${toHex(bytes)}`));
}

/** The content digest of a chain from nothing but the files of a folder. */
export async function digestOfFiles(folder: string, chainId: string): Promise<string> {
  const manifest = manifestOf(folder);
  const read = async (table: string, wanted = chainId): Promise<DigestRow[]> => {
    const rows: DigestRow[] = [];
    for (const part of manifest.parts) {
      if (part.table === table) rows.push(...(await rowsOfFile(folder, manifest, part)));
    }
    return rows.filter((row) => row.chain_id === wanted);
  };
  const [meta] = await read("meta");
  assert.ok(meta);
  const digest = new ContentDigest(meta, await read("allocations"));
  const [transactions, users, assets, changes] = await Promise.all(
    ["transactions", "users", "assets", "authority_changes"].map((table) => read(table)),
  );
  const byHeight = (rows: readonly DigestRow[] | undefined, column: string) =>
    Map.groupBy(rows ?? [], (row) => row[column]);
  const tables = {
    transactions: byHeight(transactions, "block_id"),
    users: byHeight(users, "registered_in"),
    assets: byHeight(assets, "issued_in"),
    authorityChanges: byHeight(changes, "block_id"),
  };
  for (const block of await read("blocks")) {
    const of = (rows: Map<DigestValue | undefined, DigestRow[]>) => rows.get(block.index ?? null) ?? [];
    digest.append({
      block,
      transactions: of(tables.transactions),
      users: of(tables.users),
      assets: of(tables.assets),
      authorityChanges: of(tables.authorityChanges),
    });
  }
  return toHex(digest.current);
}
