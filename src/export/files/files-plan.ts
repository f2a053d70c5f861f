/** Which blocks go into which files, and which files of an earlier export can stay. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { ExportError } from "../export-error.ts";
import type { FileFormat } from "./file-format.ts";
import { blockTableNames } from "./file-tables.ts";
import type { LedgerChain } from "./ledger-rows.ts";
import { type FilesManifest, type ManifestFile, type ManifestRange, partPath } from "./manifest.ts";

export const defaultBlocksPerFile = 10_000;

export interface PlannedRange {
  readonly from: number;
  readonly to: number;
  /** What an earlier export wrote and still holds; undefined: to be written. */
  readonly kept: { readonly range: ManifestRange; readonly parts: readonly ManifestFile[] } | undefined;
}

export interface PlannedChain {
  readonly chain: LedgerChain;
  readonly from: number;
  readonly to: number;
  readonly ranges: readonly PlannedRange[];
}

export interface WantedBlocks {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly finalizedOnly: boolean;
}

/**
 * @param hashAt the hash of a block in the ledger
 * @throws ExportError if the ledger does not have the blocks that are wanted
 */
export function planChain(
  chain: LedgerChain,
  wanted: WantedBlocks,
  blocksPerFile: number,
  earlier: { readonly folder: string; readonly manifest: FilesManifest } | undefined,
  hashAt: (height: number) => string | undefined,
): PlannedChain {
  const before = earlier?.manifest.chains.find(({ chainId }) => chainId === chain.chainId);
  const { from, to } = blocksOf(chain, wanted, before?.from);
  if (before && before.from !== from) {
    throw unlike(`its blocks begin at ${before.from}, and ${from} is asked for`);
  }
  // A chain whose head has moved back is followed; blocks that are still there do not leave the folder by a slip.
  if (before && to < before.head.height && hashAt(before.head.height) === before.head.hash) {
    throw unlike(`its blocks go up to ${before.head.height}, and ${to} is asked for`);
  }
  const ranges: PlannedRange[] = [];
  for (let first = from; first <= to; ) {
    const next = (Math.floor(first / blocksPerFile) + 1) * blocksPerFile;
    const last = Math.min(next - 1, to);
    const range = before?.ranges.find((each) => each.from === first && each.to === last);
    const isSame = range !== undefined && hashAt(last) === range.hash;
    const parts = isSame && earlier ? partsOf(earlier, chain.chainId, first) : undefined;
    ranges.push({ from: first, to: last, kept: range && parts ? { range, parts } : undefined });
    first = next;
  }
  return { chain, from, to, ranges };
}

function blocksOf(
  { chainId, first, last, final }: LedgerChain,
  { from, to, finalizedOnly }: WantedBlocks,
  fromBefore: number | undefined,
): { readonly from: number; readonly to: number } {
  const what = `the blocks of chain ${chainId} cannot be written`;
  if (finalizedOnly && final === undefined) {
    throw new ExportError(
      "export/source-incomplete",
      what,
      "the ledger knows of no final block",
      "leave --finalized-only out",
    );
  }
  const end = finalizedOnly ? Math.min(final ?? 0, last) : last;
  const begin = from ?? fromBefore ?? first;
  const next = `name blocks from ${first} to ${end}`;
  if (begin < first)
    throw new ExportError("export/source-incomplete", what, `the ledger begins at block ${first}`, next);
  if ((to ?? end) > end) {
    const why = `the ledger goes up to ${finalizedOnly ? "the final " : ""}block ${end}`;
    throw new ExportError("export/source-incomplete", what, why, next);
  }
  if (begin > (to ?? end))
    throw new ExportError(
      "export/source-incomplete",
      what,
      `block ${begin} is after block ${to ?? end}`,
      next,
    );
  return { from: begin, to: to ?? end };
}

/** The files of a range, if all of them are there in full length. */
function partsOf(
  { folder, manifest }: { readonly folder: string; readonly manifest: FilesManifest },
  chainId: string,
  from: number,
): readonly ManifestFile[] | undefined {
  const parts = manifest.parts.filter((part) => part.chainId === chainId && part.from === from);
  const isWhole = parts.every(({ path, table, bytes }) => {
    // The path is made anew: one that a manifest names could lead anywhere.
    const isOurs = path === partPath(table, manifest.files, { chainId, from });
    return (
      isOurs &&
      blockTableNames.some((name) => name === table) &&
      statSync(join(folder, path), { throwIfNoEntry: false })?.size === bytes
    );
  });
  return isWhole && parts.some(({ table }) => table === "blocks") ? parts : undefined;
}

export interface FilesSettings {
  readonly format: FileFormat;
  readonly formulaEscape: "'" | null;
  readonly blocksPerFile: number | undefined;
  readonly schemaVersion: number;
}

/** @throws ExportError if the files of an earlier export are of another kind than those to come */
export function requireSameKind(manifest: FilesManifest, settings: FilesSettings): void {
  const { format, formulaEscape, blocksPerFile, schemaVersion } = settings;
  if (manifest.files !== format) throw unlike(`its files are ${manifest.files}, and ${format} is asked for`);
  if (format === "csv" && manifest.formulaEscape !== formulaEscape) {
    throw unlike(
      manifest.formulaEscape === null
        ? "its texts are exact, as by --exact-texts"
        : "its texts are safe for spreadsheets, without --exact-texts",
    );
  }
  if (blocksPerFile !== undefined && manifest.blocksPerFile !== blocksPerFile) {
    throw unlike(`it has ${manifest.blocksPerFile} blocks to a file, and ${blocksPerFile} are asked for`);
  }
  if (manifest.schemaVersion !== schemaVersion) {
    throw unlike(`its schema is version ${manifest.schemaVersion}, this program writes ${schemaVersion}`);
  }
}

export function unlike(why: string): ExportError {
  return new ExportError(
    "export/exists",
    "the folder cannot be brought up to date",
    why,
    "name another folder, or add --force to write this one anew",
  );
}
