/** A folder that is written beside its place and then put there whole: killed in the middle, the place is as it was. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { syncDirectory } from "../../base/durable-file.ts";

const noHardLinks: ReadonlySet<string | undefined> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
  "EXDEV",
]);

export class StagedFolder {
  readonly #target: string;
  readonly #partial: string;
  readonly #old: string;
  readonly #folders = new Set<string>();

  /** @param target absolute; its parent is made if it is not there */
  constructor(target: string) {
    this.#target = target;
    mkdirSync(dirname(target), { recursive: true });
    mendFolder(target);
    [this.#partial, this.#old] = [besides(target, "partial"), besides(target, "old")];
    mkdirSync(this.#partial);
    this.#folders.add(this.#partial);
  }

  /** Where to write the file of this path; its folders are there. */
  place(path: string): string {
    const place = join(this.#partial, path);
    const folder = dirname(place);
    if (this.#folders.has(folder)) return place;
    mkdirSync(folder, { recursive: true });
    for (let each = folder; each.startsWith(this.#partial); each = dirname(each)) this.#folders.add(each);
    return place;
  }

  /** Takes a file of the folder that stands there now. */
  keep(path: string): void {
    const [from, to] = [join(this.#target, path), this.place(path)];
    try {
      linkSync(from, to);
    } catch (thrown) {
      if (!noHardLinks.has((thrown as NodeJS.ErrnoException).code)) throw thrown;
      copyFileSync(from, to);
    }
  }

  /** Puts the folder in its place; what stood there goes. */
  async commit(): Promise<void> {
    for (const folder of this.#folders) await syncDirectory(folder);
    const isThere = existsSync(this.#target);
    if (isThere) renameSync(this.#target, this.#old);
    try {
      renameSync(this.#partial, this.#target);
    } catch (thrown) {
      if (isThere) renameSync(this.#old, this.#target);
      throw thrown;
    }
    await syncDirectory(dirname(this.#target));
    rmSync(this.#old, { recursive: true, force: true });
  }

  abandon(): void {
    rmSync(this.#partial, { recursive: true, force: true });
  }
}

function besides(target: string, what: "partial" | "old"): string {
  return join(dirname(target), `.${basename(target)}.${process.pid}.${what}`);
}

/** After a process that was killed: puts back what it had moved aside, and removes what it had begun. */
export function mendFolder(target: string): void {
  const parent = dirname(target);
  if (!existsSync(parent)) return;
  const prefix = `.${basename(target)}.`;
  const left = readdirSync(parent).flatMap((name) => {
    const [, pid, what] = name.startsWith(prefix)
      ? (/^(\d+)\.(partial|old)$/.exec(name.slice(prefix.length)) ?? [])
      : [];
    return pid !== undefined && !isRunning(Number(pid)) ? [{ path: join(parent, name), what }] : [];
  });
  const old = left.find(({ what }) => what === "old");
  if (old && !existsSync(target)) renameSync(old.path, target);
  for (const { path } of left) rmSync(path, { recursive: true, force: true });
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether anything stands there that is no folder or has something in it. */
export function isTaken(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (!found.isDirectory() || readdirSync(path).length > 0);
}

/** Whether one path lies in the folder at the other. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (!way.startsWith(`..${sep}`) && way !== ".." && way !== path);
}
