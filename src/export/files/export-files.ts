/** Writes a ledger as a folder of CSV, JSON lines or Parquet files, or brings such a folder up to date. */
import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { ExportError, toExportError } from "../export-error.ts";
import { openToRead } from "../ledger-copy.ts";
import { ledgerSchemaVersion } from "../schema.ts";
import { FilesJob } from "./files-job.ts";
import { defaultBlocksPerFile, planChain, requireSameKind, unlike } from "./files-plan.ts";
import type { ExportFilesModules, ExportFilesOptions, ExportFilesReport } from "./files-request.ts";
import { chainsOf, guardReading, hashOf, type LedgerChain } from "./ledger-rows.ts";
import { type FilesManifest, manifestName, readManifest } from "./manifest.ts";
import { isTaken, isWithin, mendFolder } from "./staged-folder.ts";

/**
 * Everything is read in one transaction, while a node may go on writing. Until the last moment `folder` is as it was.
 *
 * @throws ExportError if the ledger cannot be read, the folder holds something else, or a disk fails; ExportFilesStopped
 */
export async function exportFiles(
  options: ExportFilesOptions,
  modules: ExportFilesModules,
): Promise<ExportFilesReport> {
  const [ledger, folder] = [resolve(options.ledger), placeOf(options.folder)];
  const db = openToRead(ledger);
  try {
    guardReading(db, ledger);
    db.exec("BEGIN");
    const earlier = earlierExport(folder, ledger, options);
    const chains = chosenChains(db, options, earlier?.manifest);
    const blocksPerFile = options.blocksPerFile ?? earlier?.manifest.blocksPerFile ?? defaultBlocksPerFile;
    const wanted = { from: options.from, to: options.to, finalizedOnly: options.finalizedOnly ?? false };
    const plans = chains.map((chain) =>
      planChain(chain, wanted, blocksPerFile, earlier, (height) => hashOf(db, chain, height)),
    );
    const job = new FilesJob(
      db,
      { ...options, folder, ledger, blocksPerFile },
      plans,
      earlier?.manifest,
      modules,
    );
    return await job.run();
  } catch (thrown) {
    throw failure(thrown, folder, ledger);
  } finally {
    db.close();
  }
}

/** Where a link leads: what the link is called stays a link. */
function placeOf(folder: string): string {
  const path = resolve(folder);
  return existsSync(path) ? realpathSync(path) : path;
}

function earlierExport(
  folder: string,
  ledger: string,
  { format, exactTexts, blocksPerFile, force }: ExportFilesOptions,
): { readonly folder: string; readonly manifest: FilesManifest } | undefined {
  mendFolder(folder);
  if (isWithin(folder, ledger)) {
    const next = "name a folder of its own for the files";
    throw new ExportError(
      "export/exists",
      `no files are written to ${folder}`,
      "the ledger itself lies in it",
      next,
    );
  }
  if (!isTaken(folder)) return undefined;
  const manifest = readManifest(folder);
  if (!manifest) {
    throw new ExportError(
      "export/exists",
      `no files are written to ${folder}`,
      `something else is there: it has no ${manifestName} of an earlier export`,
      "name a folder that is not there yet",
    );
  }
  if (force) return undefined;
  const formulaEscape = format === "csv" && !exactTexts ? "'" : null;
  requireSameKind(manifest, { format, formulaEscape, blocksPerFile, schemaVersion: ledgerSchemaVersion });
  return { folder, manifest };
}

function chosenChains(
  db: DatabaseSync,
  { chain: wanted, ledger }: ExportFilesOptions,
  manifest: FilesManifest | undefined,
): readonly LedgerChain[] {
  const all = chainsOf(db);
  const chosen = wanted === undefined ? all : all.filter((chain) => isNamed(chain, wanted));
  if (chosen.length === 0 || (wanted !== undefined && chosen.length > 1)) {
    const names = all.map(({ chainId, meta }) => `${chainId} (${meta.name})`).join(", ");
    const why = all.length === 0 ? "no block has been written to it yet" : `its chains are ${names}`;
    const count = chosen.length === 0 ? "no" : "more than one";
    const what =
      wanted === undefined
        ? `the ledger ${ledger} is empty`
        : `the ledger ${ledger} has ${count} chain ${wanted}`;
    const next = all.length === 0 ? "name a ledger that a node has written" : "name one of them by its id";
    throw new ExportError("export/source-incomplete", what, why, next);
  }
  const gone = manifest?.chains.find((before) => !all.some((chain) => chain.chainId === before.chainId));
  if (gone) throw unlike(`it holds chain ${gone.chainId}, and this ledger does not`);
  return chosen;
}

/** A prefix of fewer digits would name another chain one day. */
const idDigitsMin = 8;

function isNamed({ chainId, meta }: LedgerChain, wanted: string): boolean {
  return meta.name === wanted || (wanted.length >= idDigitsMin && chainId.startsWith(wanted.toLowerCase()));
}

const diskCauses: Readonly<Record<string, readonly [ExportError["code"], string, string]>> = {
  ENOSPC: [
    "export/disk-full",
    "there is no space left",
    "free some space, then run the command again; nothing of it is left behind",
  ],
  EDQUOT: [
    "export/disk-full",
    "this user's quota is used up",
    "free some space, then run the command again; nothing of it is left behind",
  ],
  EROFS: ["export/read-only", "the disk is mounted read-only", "name a folder that this user may write to"],
  EACCES: ["export/read-only", "this user may not write there", "name a folder that this user may write to"],
  EPERM: ["export/read-only", "this user may not write there", "name a folder that this user may write to"],
  EBUSY: ["export/io", "it is the root of a mounted disk, which cannot be replaced", "name a folder in it"],
  EXDEV: ["export/io", "it is the root of a mounted disk, which cannot be replaced", "name a folder in it"],
  ENOTDIR: ["export/cannot-open", "a part of its path is a file", "name another folder"],
};

function failure(thrown: unknown, folder: string, ledger: string): Error {
  const { code = "", syscall } = thrown as NodeJS.ErrnoException;
  if (syscall === undefined) return toExportError(thrown, ledger);
  const [exportCode, why, next] = diskCauses[code] ?? [
    "export/io",
    String((thrown as Error).message),
    "check the disk that holds it",
  ];
  return new ExportError(
    exportCode as ExportError["code"],
    `the files in ${folder} cannot be written`,
    why,
    next,
    { cause: thrown },
  );
}
