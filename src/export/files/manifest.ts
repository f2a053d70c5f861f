/** `manifest.json`: what a folder of exported files holds, so that whoever gets the folder can check that it is whole. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { ExportError } from "../export-error.ts";
import { type FileFormat, fileFormats } from "./file-format.ts";

export const manifestName = "manifest.json";
export const manifestFormat = "aurex-ledger-files/1";

const Hash = Type.String({ pattern: "^[0-9a-f]{64}$" });
const Height = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Place = Type.Object({ height: Height, hash: Hash });

const Range = Type.Object({
  from: Height,
  to: Height,
  /** Of the last block: what it names, all blocks before it follow from. */
  hash: Hash,
  /** Up to the last block; null if the ledger did not begin at block 0. */
  contentDigest: Type.Union([Hash, Type.Null()]),
});

const ChainEntry = Type.Object({
  chainId: Hash,
  name: Type.String(),
  consensus: Type.String(),
  genesisHash: Hash,
  from: Height,
  head: Place,
  final: Type.Union([Place, Type.Null()]),
  contentDigest: Type.Union([Hash, Type.Null()]),
  ranges: Type.Array(Range),
});

const FileEntry = Type.Object({
  path: Type.String(),
  table: Type.String(),
  chainId: Type.Union([Hash, Type.Null()]),
  from: Type.Union([Height, Type.Null()]),
  to: Type.Union([Height, Type.Null()]),
  rows: Height,
  bytes: Height,
  sha256: Hash,
});

const Manifest = Type.Object({
  format: Type.Literal(manifestFormat),
  files: Type.Enum([...fileFormats]),
  schemaVersion: Height,
  blocksPerFile: Type.Integer({ minimum: 1 }),
  /** Of CSV: what stands before a text that a spreadsheet could take for a formula; null: nothing. */
  formulaEscape: Type.Union([Type.Literal("'"), Type.Null()]),
  chains: Type.Array(ChainEntry),
  tables: Type.Array(
    Type.Object({
      name: Type.String(),
      meaning: Type.String(),
      columns: Type.Array(
        Type.Object({
          name: Type.String(),
          type: Type.String(),
          meaning: Type.String(),
          unit: Type.String(),
        }),
      ),
    }),
  ),
  parts: Type.Array(FileEntry),
});

export type FilesManifest = Static<typeof Manifest>;
export type ManifestChain = Static<typeof ChainEntry>;
export type ManifestRange = Static<typeof Range>;
export type ManifestFile = Static<typeof FileEntry>;

const checker = Compile(Manifest);
const manifestBytesMax = 256 * 1024 * 1024;

/** Undefined if the folder has none. */
export function readManifest(folder: string): FilesManifest | undefined {
  const path = join(folder, manifestName);
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  const read = found.size > manifestBytesMax ? undefined : parsed(path);
  if (checker.Check(read)) return read;
  throw new ExportError(
    "export/exists",
    `${folder} cannot be brought up to date`,
    `its ${manifestName} is not one that this program writes`,
    "name another folder, or remove this one",
  );
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

/**
 * The path of a file in the folder, in the way of Hive: DuckDB and Spark read the chain and the first block from it. Both
 * names are those of no column, as pyarrow refuses a folder that is named as a column of its files.
 */
export function partPath(
  table: string,
  format: FileFormat,
  range?: { readonly chainId: string; readonly from: number },
): string {
  const places = range ? [`chain=${range.chainId}`, `from_block=${String(range.from).padStart(9, "0")}`] : [];
  return [table, ...places, `part.${format}`].join("/");
}
