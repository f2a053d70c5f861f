/** Is the data directory there, whose is it, is there room, and are its files whole? Nothing of it is changed. */
import { constants } from "node:fs";
import { access, open, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { toHex } from "../base/bytes.ts";
import { toError } from "../base/invariant.ts";
import { dataDirectory, isThere, pinnedChainSpec } from "../node/data-directory.ts";
import { toOperatorError } from "../node/operator-error.ts";
import { sealFile } from "../sealing/poa/file-seal-journal.ts";
import { voteFile } from "../sealing/poa/file-vote-journal.ts";
import { readJournal } from "../sealing/poa/journal-records.ts";
import type { RecordFileKind } from "../sealing/poa/record-file.ts";
import type { LockHolder } from "../store/directory-lock.ts";
import { damageOfLevelFiles } from "../store/level-files.ts";
import { freeBytesMinDefault } from "../store/store-limits.ts";
import { type Finding, failed, passed, unknown } from "./finding.ts";

const mib = 2 ** 20;

export async function checkDataDirectory(dataDir: string, holder: LockHolder | undefined): Promise<Finding> {
  const existing = await nearestThere(dataDir);
  const refusal = await refusalOf(existing);
  if (refusal !== undefined) {
    return failed(
      "data-directory",
      `${existing} cannot be used: ${refusal}`,
      "name a directory that this user may write to with --data-dir",
    );
  }
  if (existing !== path.resolve(dataDir)) {
    return passed("data-directory", `${dataDir} is not there yet: the node makes it at its first start`);
  }
  try {
    const spec = await pinnedChainSpec(dataDir);
    const chain = spec ? `chain ${toHex(spec.chainId)} (${spec.name}, ${spec.consensus})` : "no chain yet";
    const use = holder ? `in use by ${holder.name} (process ${holder.pid})` : "no node runs on it";
    return passed("data-directory", `${dataDir}: ${chain}, ${use}`);
  } catch (thrown) {
    const known = toOperatorError(thrown);
    if (known) return failed("data-directory", `${known.message}: ${known.why}`, known.next);
    return failed("data-directory", `${dataDir}: ${toError(thrown).message}`, "name another with --data-dir");
  }
}

export async function checkDiskSpace(dataDir: string): Promise<Finding> {
  const place = await nearestThere(dataDir);
  const { bavail, bsize } = await statfs(place);
  const found = `${Math.floor((bavail * bsize) / mib)} MiB are free in ${place}, ${freeBytesMinDefault / mib} MiB are needed`;
  return bavail * bsize >= freeBytesMinDefault
    ? passed("disk-space", found)
    : failed("disk-space", found, `free some space (df -h '${place}'), or name another --data-dir`);
}

/** A node checks them when it starts, and changes them while it runs. */
export async function checkChainFiles(dataDir: string, holder: LockHolder | undefined): Promise<Finding> {
  const { chain } = dataDirectory(dataDir);
  if (holder) return unknown("chain-files", "the running node has checked them at its start");
  if (!(await isThere(chain))) return passed("chain-files", "there are none yet");
  const damage = await damageOfLevelFiles(chain).catch((thrown: unknown) => toError(thrown).message);
  if (damage === undefined) return passed("chain-files", `every checksum in ${chain} is right`);
  return failed(
    "chain-files",
    `${chain} is damaged: ${damage}`,
    `mv '${chain}' '${chain}.damaged' and start the node, so that it fetches the chain from its peers`,
  );
}

/** What an authority has signed: without it, it must not sign again. */
export async function checkJournals(dataDir: string): Promise<Finding> {
  const places = dataDirectory(dataDir);
  const found: string[] = [];
  for (const [file, kind] of [
    [places.sealJournal, sealFile],
    [places.voteJournal, voteFile],
  ] as const) {
    if (!(await isThere(file))) continue;
    const state = await stateOfJournal(file, kind);
    if (state.damage !== undefined) {
      return failed(
        "journals",
        `the ${kind.name} ${file} ${state.damage}`,
        `wait until the chain's final block is above all that this node may have signed, then: mv '${file}' '${file}.damaged'`,
      );
    }
    found.push(`the ${kind.name} is whole (${state.records} records)`);
  }
  return passed(
    "journals",
    found.length > 0 ? found.join(", ") : "there are none: this node has signed nothing",
  );
}

async function stateOfJournal(
  file: string,
  { magic }: RecordFileKind,
): Promise<{ readonly records: number; readonly damage: string | undefined }> {
  try {
    await using handle = await open(file, "r");
    const { records, damagedAt } = await readJournal(handle, magic);
    const damage = damagedAt === undefined ? undefined : `is damaged at byte ${damagedAt}`;
    return { records: records.length, damage };
  } catch (thrown) {
    return { records: 0, damage: `cannot be read: ${toError(thrown).message}` };
  }
}

async function refusalOf(place: string): Promise<string | undefined> {
  try {
    if (!(await stat(place)).isDirectory()) return "it is no directory";
    await access(place, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (thrown) {
    return toError(thrown).message;
  }
}

/** The directory itself, or the nearest above it that there is. */
async function nearestThere(place: string): Promise<string> {
  for (let at = path.resolve(place); ; at = path.dirname(at)) {
    if ((await isInTheWay(at)) || path.dirname(at) === at) return at;
  }
}

/** What cannot be looked at counts as there: why it cannot is said by whoever uses it. */
async function isInTheWay(place: string): Promise<boolean> {
  return access(place).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
}
