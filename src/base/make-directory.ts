/** Makes a directory with all that lead to it, and always ends: Node's own way tries for ever in /proc, or below a directory that was removed. */
import { mkdirSync, statSync } from "node:fs";
import path from "node:path";

/**
 * Makes a directory and those above it that are missing; one that is there is left as it is. It is synchronous, since
 * it happens a few times in the life of a process.
 *
 * @param directoryPath absolute, or counted from the working directory
 * @param mode permission bits of what is made, e.g. 0o700
 * @throws the system's error if no directory can be there
 */
export function makeDirectory(directoryPath: string, mode = 0o700): void {
  try {
    mkdirSync(directoryPath, { mode });
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const parent = path.dirname(directoryPath);
    if (code === "ENOENT" && parent !== directoryPath) {
      makeDirectory(parent, mode);
      // Once more, and no further time: a place where it is refused with ENOENT takes no directory at all.
      mkdirSync(directoryPath, { mode });
    } else if (!isDirectory(directoryPath)) throw thrown;
  }
}

/** Also asked after EROFS or EACCES, which some systems answer for a directory that is there. */
function isDirectory(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
}
