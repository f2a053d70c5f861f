/** A disk of a test's own: a small tmpfs, which only root may mount. */
import { spawnSync } from "node:child_process";
import { appendFileSync, closeSync, openSync, statfsSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** How often a disk that is kept full is looked at. */
const topUpEveryMs = 10;

export class SmallDisk {
  readonly directory: string;
  #toppingUp: NodeJS.Timeout | undefined;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Undefined if this user may not mount; the disk goes with the test. */
  static async mount(context: TestContext, mebibytes: number): Promise<SmallDisk | undefined> {
    const directory = await mkdtemp(join(tmpdir(), "aurex-small-disk-"));
    let disk: SmallDisk | undefined;
    context.after(async () => {
      if (disk) clearInterval(disk.#toppingUp);
      spawnSync("umount", ["-l", directory]);
      await rm(directory, { recursive: true });
    });
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", directory]);
    if (mounted.status === 0) disk = new SmallDisk(directory);
    return disk;
  }

  static readonly skipReason = "a disk of its own takes the right to mount a tmpfs, which only root has";

  /**
   * Leaves this many bytes free, and no more until {@link empty}: a program that has filled a disk takes what others
   * delete, too. SQLite deletes a log of 200 kB when its last reader closes; what was refused before would fit then.
   */
  fill(freeBytes = 0): void {
    clearInterval(this.#toppingUp);
    const filler = join(this.directory, "filler");
    const length = this.#freeBytes() - freeBytes;
    if (length > 0) {
      // A node writes at the same time: what was free a moment ago may not be any more.
      appendFileSync(filler, "");
      spawnSync("fallocate", ["-l", String(length), filler]);
    }
    const topUp = () => {
      const more = this.#freeBytes() - freeBytes;
      if (more > 0) appendUntilFull(filler, more);
    };
    topUp();
    this.#toppingUp = setInterval(topUp, topUpEveryMs).unref();
  }

  async empty(): Promise<void> {
    clearInterval(this.#toppingUp);
    await rm(join(this.directory, "filler"), { force: true });
  }

  #freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** A disk that was kept full stays as it is from here on: nobody can write to one that is read-only. */
  remount(mode: "ro" | "rw"): void {
    clearInterval(this.#toppingUp);
    const { status, stderr } = spawnSync("mount", ["-o", `remount,${mode}`, this.directory]);
    if (status !== 0) throw new Error(String(stderr));
  }
}

function appendUntilFull(file: string, bytes: number): void {
  const fd = openSync(file, "a");
  const zeros = new Uint8Array(Math.min(bytes, 2 ** 20));
  try {
    for (let left = bytes; left > 0; left -= zeros.length)
      writeSync(fd, zeros, 0, Math.min(left, zeros.length));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOSPC") throw thrown;
  } finally {
    closeSync(fd);
  }
}
