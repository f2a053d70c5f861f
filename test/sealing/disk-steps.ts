/** Counts what a process asks of the disk, so that a test can end or fail it before any step, or halfway through a write. */
import fs from "node:fs";
import fsPromises, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import path from "node:path";

export type DiskStep =
  | { readonly kind: "write"; readonly writeHalf: () => Promise<void> }
  | { readonly kind: "other"; readonly name: string };

type AnyMethod = (this: unknown, ...parameters: unknown[]) => Promise<unknown>;

async function fileHandlePrototype(): Promise<Record<string, AnyMethod>> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "aurex-handle-"));
  const handle = await fsPromises.open(path.join(directory, "file"), "w");
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  fs.rmSync(directory, { recursive: true });
  return prototype;
}

/**
 * Calls `before` ahead of every write, sync, rename, link, truncation and removal; what it throws is the step's error.
 *
 * @returns a function that puts everything back
 */
export async function interceptDisk(before: (step: DiskStep) => Promise<void> | void): Promise<() => void> {
  const restore: (() => void)[] = [];
  const intercept = (target: Record<string, AnyMethod>, name: string, isWrite: boolean) => {
    const original = target[name] as AnyMethod;
    target[name] = async function (this: unknown, ...parameters) {
      if (isWrite) {
        const content = parameters[0] as Uint8Array;
        const writeHalf = async () => {
          await (this as FileHandle).write(content, 0, Math.floor(content.length / 2));
        };
        await before({ kind: "write", writeHalf });
      } else {
        await before({ kind: "other", name });
      }
      return original.apply(this, parameters);
    };
    restore.push(() => {
      target[name] = original;
    });
  };
  const handles = await fileHandlePrototype();
  for (const name of ["appendFile", "writeFile"]) intercept(handles, name, true);
  for (const name of ["datasync", "sync", "truncate"]) intercept(handles, name, false);
  const files = fsPromises as unknown as Record<string, AnyMethod>;
  for (const name of ["rename", "link", "rm"]) intercept(files, name, false);
  syncBuiltinESMExports();
  return () => {
    for (const put of restore) put();
    syncBuiltinESMExports();
  };
}

/** Runs something on a disk that has room for the first half of each write. */
export function onFullDisk(work: () => Promise<void>): Promise<void> {
  return onDisk(async (step) => {
    if (step.kind === "other") return;
    await step.writeHalf();
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  }, work);
}

/** Runs something on a disk where every step of one name, such as `datasync`, fails. */
export function onDiskFailing(name: string, work: () => Promise<void>): Promise<void> {
  return onDisk((step) => {
    if (step.kind === "other" && step.name === name) throw new Error("input/output error");
  }, work);
}

async function onDisk(before: (step: DiskStep) => Promise<void> | void, work: () => Promise<void>) {
  const restore = await interceptDisk(before);
  try {
    await work();
  } finally {
    restore();
  }
}

/** Kills this process before step `killAt`, counted from 0, where a write counts twice: before it, and halfway. */
export async function killAtStep(killAt: number): Promise<void> {
  let step = 0;
  const die = () => process.kill(process.pid, "SIGKILL");
  await interceptDisk(async (each) => {
    if (step === killAt) die();
    step += 1;
    if (each.kind === "other") return;
    if (step === killAt) {
      await each.writeHalf();
      die();
    }
    step += 1;
  });
}
