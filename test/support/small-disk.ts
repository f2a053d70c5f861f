/** A disk of a test's own: a small tmpfs, which only root may mount. */
import { spawnSync } from "node:child_process";
import { statfsSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export class SmallDisk {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Undefined if this user may not mount; the disk goes with the test. */
  static async mount(context: TestContext, mebibytes: number): Promise<SmallDisk | undefined> {
    const directory = await mkdtemp(join(tmpdir(), "aurex-small-disk-"));
    context.after(async () => {
      spawnSync("umount", ["-l", directory]);
      await rm(directory, { recursive: true });
    });
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", directory]);
    return mounted.status === 0 ? new SmallDisk(directory) : undefined;
  }

  static readonly skipReason = "a disk of its own takes the right to mount a tmpfs, which only root has";

  /** Leaves no byte free. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.directory);
    writeFileSync(join(this.directory, "filler"), new Uint8Array(bavail * bsize));
  }

  async empty(): Promise<void> {
    await rm(join(this.directory, "filler"), { force: true });
  }

  remount(mode: "ro" | "rw"): void {
    const { status, stderr } = spawnSync("mount", ["-o", `remount,${mode}`, this.directory]);
    if (status !== 0) throw new Error(String(stderr));
  }
}
