/** What the store on disk does when its files are damaged, another's, newer, or cannot be written. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cp,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { Level } from "level";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { type ChainStore, StoreError, type StoreErrorCode } from "../../src/store/chain-store.ts";
import { LevelDatabase } from "../../src/store/level-database.ts";
import { type LevelStoreOptions, openLevelStore } from "../../src/store/level-store.ts";
import { totalsKey } from "../../src/store/store-keys.ts";
import { schemaVersion } from "../../src/store/store-marker.ts";
import { decodeTotals, encodeTotals } from "../../src/store/store-records.ts";
import {
  blockAfter,
  chainOf,
  emptyBatch,
  type FixtureBlock,
  moveBatch,
  testChainId,
} from "./chain-fixture.ts";
import { assertLine } from "./store-contract.ts";

const modules = { logger: silentLogger, clock: systemClock };

function openAt(directory: string, options: Partial<LevelStoreOptions> = {}): Promise<ChainStore> {
  return openLevelStore({ directory, chainId: testChainId, ...options }, modules);
}

async function temporaryDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "aurex-faults-"));
  context.after(() => rm(directory, { recursive: true }));
  return directory;
}

async function writeStore(directory: string, batches: readonly (readonly FixtureBlock[])[]): Promise<void> {
  const store = await openAt(directory);
  for (const blocks of batches) await store.commit(moveBatch(blocks));
  await store.close();
}

function storeError(code: StoreErrorCode, ...texts: readonly string[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, code, error.message);
    for (const text of texts) assert.ok(error.message.includes(text), `${error.message} says ${text}`);
    assert.ok(error.next.length > 0);
    return true;
  };
}

/** Every file of a directory, so that "untouched" can be told. */
async function contentsOf(directory: string): Promise<Map<string, string>> {
  const names = (await readdir(directory)).sort();
  const digests = names.map(async (name) => {
    const digest = sha256(await readFile(join(directory, name)));
    return [name, Buffer.from(digest).toString("hex")] as const;
  });
  return new Map(await Promise.all(digests));
}

async function assertRefusedUntouched(
  directory: string,
  matches: (error: unknown) => true,
  options?: Partial<LevelStoreOptions>,
): Promise<void> {
  const before = await contentsOf(directory);
  await assert.rejects(openAt(directory, options), matches);
  assert.deepEqual(await contentsOf(directory), before);
}

it("belongs to one chain and names both when asked for another", async (context) => {
  const directory = await temporaryDirectory(context);
  await writeStore(directory, [chainOf(2)]);
  const chainId = sha256(Buffer.from("another chain"));
  const ids = [testChainId, chainId].map((id) => Buffer.from(id).toString("hex"));
  await assertRefusedUntouched(directory, storeError("store/wrong-chain", ...ids), { chainId });
});

it("refuses what a newer or an older program wrote, and says which version that is", async (context) => {
  const directory = await temporaryDirectory(context);
  await writeStore(directory, [chainOf(2)]);
  const path = join(directory, "aurex-store.json");
  const marker = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...marker, schemaVersion: schemaVersion + 1 }));
  await assertRefusedUntouched(
    directory,
    storeError("store/newer-version", `version ${schemaVersion + 1}`, `version ${schemaVersion}`),
  );
  await writeFile(path, JSON.stringify({ ...marker, schemaVersion: 2 }));
  await assertRefusedUntouched(
    directory,
    storeError("store/older-version", "version 2", `version ${schemaVersion}`),
  );
  await writeFile(path, JSON.stringify({ ...marker, schemaVersion: 0 }));
  await assertRefusedUntouched(directory, storeError("store/corrupt", "version 0 never was"));
});

it("creates nothing where files are missing: CURRENT, the manifest, a table, the marker", async (context) => {
  const directory = await temporaryDirectory(context);
  const original = join(directory, "original");
  const line = chainOf(5);
  await writeStore(original, [line.slice(0, 3)]);
  // Opening it again turns the log into a table.
  await writeStore(original, [line.slice(3)]);
  const names = await readdir(original);
  const table = names.find((name) => name.endsWith(".ldb"));
  const manifest = names.find((name) => name.startsWith("MANIFEST-"));
  assert.ok(table && manifest);
  for (const [position, name] of ["CURRENT", manifest, table, "aurex-store.json"].entries()) {
    const copy = join(directory, `copy-${position}`);
    await cp(original, copy, { recursive: true });
    await unlink(join(copy, name));
    await assertRefusedUntouched(copy, storeError("store/corrupt", copy));
  }
  for (const [position, name] of [manifest, table, "aurex-store.json"].entries()) {
    const copy = join(directory, `half-${position}`);
    await cp(original, copy, { recursive: true });
    const { length } = await readFile(join(copy, name));
    await truncate(join(copy, name), Math.floor(length / 2));
    await assertRefusedUntouched(copy, storeError("store/corrupt", copy));
  }
  const whole = await openAt(original);
  assertLine(whole, line);
  await whole.close();
});

it("begins anew where a crash left only the marker, and takes an empty directory", async (context) => {
  const directory = await temporaryDirectory(context);
  const marker = { schemaVersion, chainId: Buffer.from(testChainId).toString("hex"), state: "creating" };
  await writeFile(join(directory, "aurex-store.json"), JSON.stringify(marker));
  const line = chainOf(3);
  await writeStore(directory, [line]);
  const store = await openAt(directory);
  assertLine(store, line);
  await store.close();
});

it("notices that acknowledged commits are gone, in the last ones and in the middle of the log", async (context) => {
  const directory = await temporaryDirectory(context);
  await writeStore(directory, [chainOf(1)]);
  const line = chainOf(200);
  await writeStore(
    directory,
    line.slice(1).map((block) => [block]),
  );
  const log = (await readdir(directory)).find((name) => name.endsWith(".log"));
  assert.ok(log);
  const bytes = await readFile(join(directory, log));
  assert.ok(bytes.length > 3 * 32_768);

  const damaged = Buffer.from(bytes);
  damaged.fill(0xaa, 40_000, 40_016);
  await writeFile(join(directory, log), damaged);
  await assertRefusedUntouched(directory, storeError("store/corrupt", log));

  await writeFile(join(directory, log), bytes.subarray(0, bytes.length - 500));
  await assert.rejects(openAt(directory), storeError("store/corrupt", "of 200 commits"));
});

it("takes a log that ends in a write which a crash cut short, at its end or with a page missing", async (context) => {
  const directory = await temporaryDirectory(context);
  const original = join(directory, "original");
  const line = chainOf(3);
  await writeStore(original, [line]);
  const marks = await readFile(join(original, "aurex-commits"));
  // Opening it again begins a new log, which then holds this batch only, over several of the log's blocks.
  await writeStore(original, [[blockAfter(line[2], { newEntries: 1200 })]]);
  // As it would be had the batch never been acknowledged.
  await writeFile(join(original, "aurex-commits"), marks);
  const log = (await readdir(original)).find((name) => name.endsWith(".log"));
  assert.ok(log);
  const bytes = await readFile(join(original, log));
  assert.ok(bytes.length > 3 * 32_768);
  const cuts = [
    bytes.subarray(0, bytes.length - 100),
    bytes.subarray(0, 3),
    Buffer.from(bytes).fill(0, 0, 4096),
    Buffer.from(bytes).fill(0, 32_768, 32_768 + 4096),
    Buffer.from(bytes).fill(0, bytes.length - 4096),
  ];
  for (const [position, cut] of cuts.entries()) {
    const copy = join(directory, `copy-${position}`);
    await cp(original, copy, { recursive: true });
    await writeFile(join(copy, log), cut);
    const store = await openAt(copy);
    assertLine(store, line);
    await store.close();
  }
});

/** On Node `level` is classic-level, whose types have this; those of `level` have only what browsers share. */
interface Compacting {
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
}

/** Leaves no work for later: a compaction that a close cuts short leaves tables behind that nobody reads any more. */
async function compact(directory: string): Promise<void> {
  const views = { keyEncoding: "view", valueEncoding: "view" } as const;
  const database = new Level<Uint8Array, Uint8Array>(directory, { ...views, compression: false });
  await database.open();
  await (database as unknown as Compacting).compactRange(Uint8Array.of(0), Uint8Array.of(255));
  await database.close();
}

it("serves no wrong value from files with one flipped bit: 120 flips, each noticed or without effect", async (context) => {
  const directory = await temporaryDirectory(context);
  const original = join(directory, "original");
  const line = chainOf(60, undefined, { newEntries: 20 });
  const invalid = sha256(Buffer.from("an invalid block"));
  const side = blockAfter(line[10], { branch: 1 });
  await writeStore(original, [line.slice(0, 40)]);
  await writeStore(
    original,
    line.slice(40).map((block) => [block]),
  );
  await compact(original);
  const last = await openAt(original);
  await last.commit({ ...emptyBatch, blocks: [side.stored], invalid: [invalid] });
  await last.close();

  const files = (await readdir(original)).filter((name) => !["LOCK", "LOG", "LOG.old"].includes(name));
  assert.ok(files.some((name) => name.endsWith(".ldb")) && files.some((name) => name.endsWith(".log")));
  const weighted = files.flatMap((name) => (/\.(ldb|log)$/.test(name) ? [name, name, name, name] : [name]));
  let noticed = 0;
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let flip = 0; flip < 120; flip++) {
    const name = weighted[random(weighted.length)] as string;
    const bytes = await readFile(join(original, name));
    const at = random(bytes.length);
    const bit = random(8);
    bytes[at] = (bytes[at] as number) ^ (1 << bit);
    const copy = join(directory, "copy");
    await cp(original, copy, { recursive: true });
    await writeFile(join(copy, name), bytes);
    let store: ChainStore | undefined;
    try {
      store = await openAt(copy);
      assertLine(store, line);
      assert.deepEqual(store.blockBytes(side.block.hash), side.block.bytes);
      assert.deepEqual(store.headerRecord(side.block.hash), side.stored.record);
      assert.ok(store.isInvalid(invalid));
    } catch (error) {
      assert.ok(error instanceof StoreError, `${name} at ${at} bit ${bit}: ${error}`);
      noticed += 1;
    } finally {
      await store?.close();
      await rm(copy, { recursive: true });
    }
  }
  assert.ok(noticed >= 100, `${noticed} of 120 noticed`);
});

it("notices a final block that is not on the line of its head", async (context) => {
  const directory = await temporaryDirectory(context);
  const line = chainOf(3);
  await writeStore(directory, [line]);
  const freeBytes = async () => Number.MAX_SAFE_INTEGER;
  const options = { directory, createIfMissing: false, freeBytesMin: 0 };
  const database = await LevelDatabase.open(options, { logger: silentLogger, freeBytes });
  const totals = decodeTotals(database.get(totalsKey) ?? new Uint8Array(0));
  assert.ok(totals);
  const final = { height: 1, hash: (line[2] as FixtureBlock).block.hash };
  await database.write([{ key: totalsKey, payload: encodeTotals({ ...totals, final }) }]);
  await database.close();
  await assert.rejects(openAt(directory), storeError("store/corrupt", "its final block 1"));
});

it("notices a value that changes under a running store", async (context) => {
  const directory = await temporaryDirectory(context);
  const line = chainOf(3);
  await writeStore(directory, [line]);
  await writeStore(directory, []);
  const store = await openAt(directory);
  const name = (await readdir(directory)).find((candidate) => candidate.endsWith(".ldb"));
  assert.ok(name);
  const bytes = await readFile(join(directory, name));
  const [first] = line as [FixtureBlock];
  // Inside the body of the first block.
  const at = bytes.indexOf(first.block.bytes.subarray(0, 64));
  assert.ok(at > 0);
  bytes[at + 200] = (bytes[at + 200] as number) ^ 1;
  await writeFile(join(directory, name), bytes);
  await assert.rejects(
    async () => store.blockBytes(first.block.hash),
    storeError("store/corrupt", `block ${first.block.hashHex}`, directory),
  );
  await store.close();
});

it("writes nothing while space is short, reads on, and writes again once there is room", async (context) => {
  const directory = await temporaryDirectory(context);
  let freeBytes = 10_000;
  const line = chainOf(3);
  const store = await openLevelStore(
    { directory, chainId: testChainId, freeBytesMin: 10_000 },
    { ...modules, freeBytes: async () => freeBytes },
  );
  await store.commit(moveBatch(line.slice(0, 2)));
  freeBytes = 9_999;
  for (let attempt = 0; attempt < 3; attempt++) {
    await assert.rejects(store.commit(moveBatch(line.slice(2))), storeError("store/disk-full", directory));
    assertLine(store, line.slice(0, 2));
  }
  freeBytes = 10_000;
  await store.commit(moveBatch(line.slice(2)));
  assertLine(store, line);
  await store.close();
});

it("writes nothing once its files were deleted, moved or replaced, and writes again once they are back", async (context) => {
  const parent = await temporaryDirectory(context);
  const [directory, aside] = [join(parent, "chain"), join(parent, "aside")];
  const line = chainOf(4);
  const store = await openAt(directory);
  await store.commit(moveBatch(line.slice(0, 2)));
  await rename(directory, aside);
  await assert.rejects(store.commit(moveBatch(line.slice(2, 3))), storeError("store/io", directory));
  assertLine(store, line.slice(0, 2));
  await cp(aside, directory, { recursive: true });
  await assert.rejects(store.commit(moveBatch(line.slice(2, 3))), storeError("store/io", directory));
  await rm(directory, { recursive: true });
  await rename(aside, directory);
  await store.commit(moveBatch(line.slice(2, 3)));
  await store.close();
  const reopened = await openAt(directory);
  assertLine(reopened, line.slice(0, 3));
  await reopened.close();
});

it("asks the file system how much space there is", async (context) => {
  const directory = await temporaryDirectory(context);
  await assert.rejects(
    openAt(join(directory, "chain"), { freeBytesMin: Number.MAX_SAFE_INTEGER }),
    storeError("store/disk-full", directory),
  );
  const store = await openAt(join(directory, "chain"), { freeBytesMin: 0 });
  assert.equal(store.head, undefined);
  await store.close();
});

/** Runs a test on a file system of 64 MiB, where this process may mount one. */
async function onSmallDisk(context: TestContext, test: (disk: string) => Promise<void>): Promise<void> {
  const disk = await temporaryDirectory(context);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], { stdio: "pipe" });
  } catch {
    return context.skip("needs the right to mount a small file system");
  }
  try {
    await test(disk);
  } finally {
    execFileSync("umount", [disk]);
  }
}

it("survives a file system that is really full, ten times over", (context) =>
  onSmallDisk(context, async (disk) => {
    const directory = join(disk, "chain");
    const ballast = join(disk, "ballast");
    const line = chainOf(200);
    let store = await openAt(directory, { freeBytesMin: 0 });
    try {
      let stored = 0;
      const commitNext = async () => {
        await store.commit(moveBatch(line.slice(stored, stored + 1)));
        stored += 1;
      };
      await commitNext();
      for (let cycle = 0; cycle < 10; cycle++) {
        await fill(ballast);
        // What the log's last page still holds goes through.
        storeError("store/disk-full")(await firstError(commitNext, 10));
        await assert.rejects(commitNext(), storeError("store/disk-full"));
        assertLine(store, line.slice(0, stored));
        await unlink(ballast);
        await commitNext();
        assertLine(store, line.slice(0, stored));
      }
      await store.close();
      store = await openAt(directory, { freeBytesMin: 0 });
      assertLine(store, line.slice(0, stored));
    } finally {
      await store.close();
    }
  }));

it("undoes a batch that LevelDB reported as failed and yet had logged", (context) =>
  onSmallDisk(context, async (disk) => {
    const twinDirectory = await temporaryDirectory(context);
    const directory = join(disk, "chain");
    const ballast = join(disk, "ballast");
    // The block that fails is larger than any page that the log has left.
    const line = chainOf(2);
    const large = blockAfter(line[1], { branch: 1, newEntries: 200 });
    const other = blockAfter(line[1], { branch: 2 });
    const store = await openAt(directory, { freeBytesMin: 0 });
    const twin = await openAt(twinDirectory);
    try {
      for (const each of [store, twin]) for (const block of line) await each.commit(moveBatch([block]));
      await fill(ballast);
      await assert.rejects(store.commit(moveBatch([large])), storeError("store/disk-full"));
      await unlink(ballast);
      // The twin's log is the same but for the batch, which stands whole at its end.
      await twin.commit(moveBatch([large]));
      const log = (await readdir(directory)).find((name) => name.endsWith(".log"));
      assert.ok(log);
      await cp(join(twinDirectory, log), join(directory, log));

      await store.commit(moveBatch([other]));
      assertLine(store, [...line, other]);
      assert.equal(store.headerRecord(large.block.hash), undefined);
      assert.equal(store.stateChange(large.block.hash), undefined);
    } finally {
      await store.close();
      await twin.close();
    }
    const again = await openAt(directory, { freeBytesMin: 0 });
    assertLine(again, [...line, other]);
    await again.close();
  }));

/** Writes a file until not one byte more fits. */
async function fill(path: string): Promise<void> {
  const file = await open(path, "w");
  try {
    for (let chunk = 1024 * 1024; chunk >= 1; chunk = Math.floor(chunk / 2)) {
      while ((await firstError(() => file.write(Buffer.alloc(chunk)), 1)) === undefined);
    }
  } finally {
    await file.close();
  }
}

async function firstError(task: () => Promise<unknown>, attempts: number): Promise<unknown> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      await task();
    } catch (error) {
      return error;
    }
  }
  return undefined;
}
