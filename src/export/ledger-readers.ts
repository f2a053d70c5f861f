/** Names the program that reads a ledger in a transaction, if the system tells: Linux lists who holds which lock. */
import { readFileSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";

/** In the shared memory of a write-ahead log, the bytes that a reader locks (sqlite.org/walformat.html, section 2.3.1). */
const readLockFirst = 123;
const readLockLast = 127;

/**
 * E.g. "process 4711 (python3)": another process that has a read transaction open on the file.
 *
 * @param file path of the ledger
 * @returns undefined if there is none, or if the system does not tell
 */
export function readerOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(`${file}-shm`);
    const device = [(dev >> 8) & 0xfff, dev & 0xff].map((part) => part.toString(16).padStart(2, "0"));
    const wanted = `${device.join(":")}:${ino}`;
    for (const line of readFileSync("/proc/locks", "utf8").split("\n")) {
      const [, , , , pid = "0", held, first, last] = line.split(/\s+/);
      // The pid is 0 if the holder is in another container.
      if (held !== wanted || Number(pid) <= 0 || Number(pid) === process.pid) continue;
      if (Number(last) < readLockFirst || Number(first) > readLockLast) continue;
      return `process ${pid} (${programOf(pid)})`;
    }
  } catch {
    // No /proc here, no shared memory yet, or the process has just ended.
  }
  return undefined;
}

function programOf(pid: string): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    // Another user's: only its short name is shown.
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  }
}
