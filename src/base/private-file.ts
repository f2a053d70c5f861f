/** Files with secrets: whom the system lets read them, and their one line. */
import fs, { type FileHandle } from "node:fs/promises";

/** What the system says of a file, as `stat` answers it. */
interface Permissions {
  readonly mode: number;
  readonly uid: number;
}

/**
 * The mode of a file that others can reach, in octal such as `0644`; undefined if they cannot.
 *
 * As with ssh, a file of another user is that user's business: a secret that an orchestrator mounts belongs to root, and
 * the group of this process may read it. Windows keeps permissions elsewhere.
 */
export function openMode({ mode, uid }: Permissions): string | undefined {
  if (process.platform === "win32" || (mode & 0o077) === 0) return undefined;
  const isMounted = uid !== process.getuid?.() && (mode & 0o037) === 0;
  return isMounted ? undefined : (mode & 0o777).toString(8).padStart(4, "0");
}

/**
 * The start of a file, and what the system says of it. It is asked of the open file: nobody can exchange it between the
 * question and the reading.
 *
 * @param bytesMax read at most
 * @throws the system's error
 */
export async function readWithMode(
  filePath: string,
  bytesMax: number,
): Promise<{ readonly bytes: Uint8Array; readonly openMode: string | undefined }> {
  let handle: FileHandle | undefined;
  try {
    handle = await fs.open(filePath, "r");
    const stats = await handle.stat();
    const { buffer, bytesRead } = await handle.read(new Uint8Array(bytesMax), 0, bytesMax, 0);
    return { bytes: buffer.subarray(0, bytesRead), openMode: openMode(stats) };
  } finally {
    await handle?.close();
  }
}
