/** Files that are there whole or not at all, whatever is killed or loses power meanwhile, on any file system. */
import { randomUUID } from "node:crypto";
import fs, { type FileHandle } from "node:fs/promises";
import path from "node:path";

/** What systems answer where directories cannot be synchronized (SMB, FUSE, Windows): there names are durable by themselves or not at all. */
const noDirectorySync = ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EPERM", "EISDIR", "EBADF"];
/** What file systems without hard links answer: exFAT, FAT, SMB, some FUSE. */
const noHardLinks = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];
/** Many times what the few steps under a claim take. An older claim is that of a process that was killed. */
const claimAgeMaxMs = 10_000;

/** Makes the names in a directory durable: a file that was just created, renamed or removed. */
export async function syncDirectory(directoryPath: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await fs.open(directoryPath, "r");
    await handle.sync();
  } catch (thrown) {
    const isOpened = handle !== undefined || process.platform === "win32";
    if (!isOpened || !noDirectorySync.includes(codeOf(thrown))) throw thrown;
  } finally {
    await handle?.close();
  }
}

/**
 * Creates a file with its content in one step, durable when it resolves. Rejects with `EEXIST` where the name is
 * taken: a hard link, unlike a rename, never replaces.
 *
 * @param mode permission bits, e.g. 0o600
 */
export async function createDurableFile(filePath: string, content: Uint8Array, mode: number): Promise<void> {
  await withTemporaryFile(filePath, content, mode, (temporaryPath) => giveName(temporaryPath, filePath));
}

/**
 * Replaces a file by another content in one step, durable when it resolves: at every moment one of both is there,
 * whole. A link is followed, and stays.
 *
 * @param mode permission bits, e.g. 0o600
 */
export async function replaceDurableFile(filePath: string, content: Uint8Array, mode: number): Promise<void> {
  const target = await fs.realpath(filePath);
  await withTemporaryFile(target, content, mode, (temporaryPath) => fs.rename(temporaryPath, target));
}

async function withTemporaryFile(
  filePath: string,
  content: Uint8Array,
  mode: number,
  use: (temporaryPath: string) => Promise<void>,
): Promise<void> {
  // Its own for each call: two that create the same file must not write into one.
  const temporaryPath = `${filePath}.${randomUUID()}.tmp`;
  try {
    const handle = await fs.open(temporaryPath, "wx", mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await use(temporaryPath);
  } finally {
    await fs.rm(temporaryPath, { force: true });
  }
  await syncDirectory(path.dirname(filePath));
}

/**
 * Gives a file a further name, which must not be taken; the file's first name may be gone then.
 *
 * @throws EEXIST if the name is taken
 */
export async function giveName(from: string, to: string): Promise<void> {
  try {
    await fs.link(from, to);
  } catch (thrown) {
    if (!noHardLinks.includes(codeOf(thrown))) throw thrown;
    await renameClaimed(from, to);
  }
}

/** Without hard links: a rename would replace, so that it is done only by the one process that holds the claim. */
async function renameClaimed(from: string, to: string): Promise<void> {
  const claim = `${to}.claim`;
  const { mtimeMs } = await fs.stat(claim).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  if ((await fs.stat(from)).mtimeMs - mtimeMs > claimAgeMaxMs) await fs.rm(claim, { force: true });
  const handle = await fs.open(claim, "wx", 0o600);
  try {
    await handle.close();
    const isTaken = await fs.lstat(to).then(
      () => true,
      () => false,
    );
    if (isTaken) throw Object.assign(new Error(`${to} is there already`), { code: "EEXIST" });
    await fs.rename(from, to);
  } finally {
    await fs.rm(claim, { force: true });
  }
}

function codeOf(thrown: unknown): string {
  return String((thrown as NodeJS.ErrnoException | undefined)?.code);
}
