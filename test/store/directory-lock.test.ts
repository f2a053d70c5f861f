/** The lock of a data directory: it names its holder, and a dead holder's is taken over. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { StoreError } from "../../src/store/chain-store.ts";
import { acquireDirectoryLock, type LockHolder, readDirectoryLock } from "../../src/store/directory-lock.ts";
import { until } from "../support/patience.ts";

const modules = { clock: systemClock };

async function temporaryDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "aurex-lock-"));
  context.after(() => rm(directory, { recursive: true }));
  return directory;
}

function lockProgram(directory: string): string {
  const lockModule = new URL("../../src/store/directory-lock.ts", import.meta.url).href;
  return `
    const { acquireDirectoryLock } = await import(${JSON.stringify(lockModule)});
    const clock = { nowMs: () => 1700000000000 };
    await acquireDirectoryLock({ directory: ${JSON.stringify(directory)}, name: "PoA_1" }, { clock });
    process.stdout.write("locked");
    setInterval(() => {}, 1000);`;
}

/** Takes the lock in another process, which then waits to be killed. */
async function lockElsewhere(directory: string): Promise<{ pid: number; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", lockProgram(directory)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  await once(child.stdout, "data");
  return {
    pid: child.pid as number,
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

it("says who holds it and where its API is, and is gone once released", async (context) => {
  const directory = join(await temporaryDirectory(context), "new");
  const lock = await acquireDirectoryLock({ directory, name: "PoW_1" }, modules);
  await lock.setApi({ apiUrl: "http://127.0.0.1:13280" });
  const holder = await readDirectoryLock(directory);
  assert.equal(holder?.pid, process.pid);
  assert.equal(holder.name, "PoW_1");
  assert.equal(holder.apiUrl, "http://127.0.0.1:13280");
  await assert.rejects(acquireDirectoryLock({ directory, name: "PoW_2" }, modules), (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, "store/in-use");
    assert.ok(error.message.includes(`process ${process.pid} (PoW_1)`));
    return true;
  });
  await lock.release();
  await lock.release();
  assert.equal(await readDirectoryLock(directory), undefined);
  assert.deepEqual(await readdir(directory), []);
  await (await acquireDirectoryLock({ directory, name: "PoW_2" }, modules)).release();
});

it("keeps out a second process, naming the first and since when; its death frees it", async (context) => {
  const directory = await temporaryDirectory(context);
  const other = await lockElsewhere(directory);
  try {
    await assert.rejects(acquireDirectoryLock({ directory, name: "mine" }, modules), (error) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.code, "store/in-use");
      assert.ok(error.message.includes(`process ${other.pid} (PoA_1) since 2023-11-14T22:13:20.000Z`));
      return true;
    });
  } finally {
    await other.kill();
  }
  assert.equal(await readDirectoryLock(directory), undefined);
  const lock = await acquireDirectoryLock({ directory, name: "mine" }, modules);
  assert.equal((await readDirectoryLock(directory))?.name, "mine");
  await lock.release();
});

it("is not kept by a process that has ended and that its parent does not ask after", async (context) => {
  if (process.platform !== "linux") return context.skip("only Linux tells the state of a process");
  const directory = await temporaryDirectory(context);
  // As in a container whose first process is a program that never waits for its children.
  const parent = spawn(
    "sh",
    [
      "-c",
      '"$@" & echo $!; exec sleep 600',
      "sh",
      process.execPath,
      "--input-type=module",
      "--eval",
      lockProgram(directory),
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  context.after(() => parent.kill("SIGKILL"));
  let said = "";
  parent.stdout.on("data", (chunk) => (said += chunk));
  await until("the lock is held", () => said.includes("locked"));
  const pid = Number(/\d+/.exec(said)?.[0]);
  assert.equal((await readDirectoryLock(directory))?.pid, pid);
  process.kill(pid, "SIGKILL");
  await until("it has ended", async () => / [ZX] /.test(await readFile(`/proc/${pid}/stat`, "utf8")));
  assert.equal(await readDirectoryLock(directory), undefined);
  await (await acquireDirectoryLock({ directory, name: "next" }, modules)).release();
});

it("is not kept by another process that happens to have the pid now", async (context) => {
  const directory = await temporaryDirectory(context);
  const lock = await acquireDirectoryLock({ directory, name: "first" }, modules);
  const path = join(directory, "lock");
  const holder = JSON.parse(await readFile(path, "utf8")) as LockHolder;
  if (holder.processStart === null) return context.skip("this system does not tell when a process began");
  await writeFile(path, JSON.stringify({ ...holder, name: "old", processStart: "an earlier boot/1" }));
  const next = await acquireDirectoryLock({ directory, name: "next" }, modules);
  assert.equal((await readDirectoryLock(directory))?.name, "next");
  await next.release();
  await lock.release();
});

it("is taken over where a crash left half of it", async (context) => {
  const directory = await temporaryDirectory(context);
  for (const half of ["", '{"pid":', "null", '{"pid":1}']) {
    await writeFile(join(directory, "lock"), half);
    const lock = await acquireDirectoryLock({ directory, name: "next" }, modules);
    assert.equal((await readDirectoryLock(directory))?.pid, process.pid);
    await lock.release();
  }
});

it("goes to one of several that ask at once", async (context) => {
  const directory = await temporaryDirectory(context);
  const asked = Array.from({ length: 8 }, (_, index) =>
    acquireDirectoryLock({ directory, name: `node ${index}` }, modules),
  );
  const settled = await Promise.allSettled(asked);
  const taken = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  assert.equal(taken.length, 1);
  for (const each of settled) if (each.status === "rejected") assert.ok(each.reason instanceof StoreError);
  await taken[0]?.release();
  assert.deepEqual(await readdir(directory), []);
});
