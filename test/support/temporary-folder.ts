/** Folders for tests. They are removed when all tests of the file have ended, and so has everything that writes to them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";

const folders: string[] = [];

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

/**
 * Makes a folder that lasts as long as the test file.
 *
 * A test's own `after` hooks run in the order in which they were set: a folder that is removed by one of them goes before
 * the node that was started later, which may still write to it.
 *
 * @param prefix - begins the folder's name
 */
export async function folderUntilEnd(prefix: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), prefix));
  folders.push(folder);
  return folder;
}
