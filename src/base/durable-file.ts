/** Files that are there whole or not at all, whatever is killed or loses power meanwhile. */
import { randomUUID } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";

/** Makes the names in a directory durable: a file that was just created, renamed or removed. */
export async function syncDirectory(directoryPath: string): Promise<void> {
  const handle = await fs.open(directoryPath, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates a file with its content in one step, durable when it resolves. Rejects with `EEXIST` where the name is
 * taken: a hard link, unlike a rename, never replaces.
 *
 * @param mode permission bits, e.g. 0o600
 */
export async function createDurableFile(filePath: string, content: Uint8Array, mode: number): Promise<void> {
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
    await fs.link(temporaryPath, filePath);
  } finally {
    await fs.rm(temporaryPath, { force: true });
  }
  await syncDirectory(path.dirname(filePath));
}
