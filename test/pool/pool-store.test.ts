/** The books on a real disk: killed at any moment they keep what was acknowledged; what is not theirs they refuse. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { Level } from "level";
import { toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { BlockRecord, ShareRecord } from "../../src/pool/book-records.ts";
import { BookState } from "../../src/pool/book-state.ts";
import { PoolBook } from "../../src/pool/pool-book.ts";
import { PoolError, type PoolErrorCode } from "../../src/pool/pool-error.ts";
import { openPoolStore } from "../../src/pool/pool-store.ts";
import { bookOptions, memberOf } from "./share-terms.ts";

const modules = { clock: systemClock, logger: silentLogger };
const shareProcess = fileURLToPath(new URL("share-process.ts", import.meta.url));

let root: string;
let directories = 0;
const newDirectory = () => join(root, `${directories++}`, "pool");
before(async () => {
  root = await mkdtemp(join(tmpdir(), "aurex-pool-"));
});
after(() => rm(root, { recursive: true }));

async function recordsIn(directory: string) {
  const { chainId, poolAccount } = bookOptions(directory);
  const store = await openPoolStore({
    directory,
    chainId: toHex(chainId),
    poolAccount: toHex(poolAccount),
  });
  try {
    return await store.load();
  } finally {
    await store.close();
  }
}

/** Runs the process until it has said `lines` lines, kills it, and tells the shares that it had acknowledged. */
async function killAfter(directory: string, lines: number): Promise<number[]> {
  const child = spawn(process.execPath, [shareProcess, directory], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const acknowledged: number[] = [];
  let left = lines;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== "opening") acknowledged.push(Number(line));
    left -= 1;
    if (left === 0) child.kill("SIGKILL");
  }
  const [, signal] = await exited;
  assert.equal(signal, "SIGKILL");
  return acknowledged;
}

describe("a pool that is killed", () => {
  it("loses no acknowledged share and no split of a block, whenever it happens", async () => {
    const directory = newDirectory();
    const acknowledged = new Set<number>();
    // The first kill comes while the books are being created.
    for (const lines of [1, 2, 1, 40, 3, 90, 1, 17, 60, 5]) {
      for (const share of await killAfter(directory, lines)) acknowledged.add(share);
      if (acknowledged.size === 0) continue;
      const records = await recordsIn(directory);
      assert.equal(BookState.fromRecords(records).imbalance(), undefined);
      const shares = new Map(
        records
          .filter((record): record is ShareRecord => record.kind === "share")
          .map((one) => [one.work, one]),
      );
      const blocks = new Map(
        records
          .filter((record): record is BlockRecord => record.kind === "block")
          .map((one) => [one.height, one]),
      );
      for (const share of acknowledged) {
        assert.equal(shares.get(BigInt(share + 1))?.account, toHex(memberOf(share)));
        if (share % 5 !== 0) continue;
        const parts = blocks.get(share)?.parts ?? [];
        assert.equal(
          parts.reduce((sum, [, units]) => sum + units, 0n),
          1_000n,
        );
      }
    }
    assert.ok(acknowledged.size > 100);
  });

  it("keeps others out while it lives, and says which process it is", async () => {
    const directory = newDirectory();
    const book = await PoolBook.open(bookOptions(directory), modules);
    const child = spawn(process.execPath, [shareProcess, directory], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => {
      said += chunk;
    });
    const [code] = await once(child, "close");
    assert.notEqual(code, 0);
    assert.match(said, /pool\/in-use/);
    assert.match(said, new RegExp(`process ${process.pid}`));
    await book.close();
  });
});

describe("the books' directory", () => {
  const refused = async (directory: string, code: PoolErrorCode, message: RegExp, options = {}) =>
    assert.rejects(PoolBook.open({ ...bookOptions(directory), ...options }, modules), (error: PoolError) => {
      assert.ok(error instanceof PoolError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok(error.message.includes(directory) && error.next.length > 0);
      return true;
    });
  const written = async () => {
    const directory = newDirectory();
    const book = await PoolBook.open(bookOptions(directory), modules);
    for (let share = 0; share < 20; share += 1) {
      await book.recordShare({ account: memberOf(share), work: BigInt(share + 1) });
    }
    await book.close();
    return directory;
  };

  it("may be missing or empty at first, and what a creation left half done is cleared away", async () => {
    const directory = newDirectory();
    await mkdir(directory, { recursive: true });
    await mkdir(`${directory}.new`);
    const file = await open(join(`${directory}.new`, "CURRENT"), "w");
    await file.close();
    const book = await PoolBook.open(bookOptions(directory), modules);
    await book.recordShare({ account: memberOf(1), work: 1n });
    await book.close();
    await assert.rejects(stat(`${directory}.new`));
    const again = await PoolBook.open(bookOptions(directory), modules);
    assert.equal(again.status().shares, 1);
    await again.close();
  });

  it("is refused where it is of another chain, another account or a newer program", async () => {
    const directory = await written();
    const other = new Uint8Array(32).fill(9);
    await refused(directory, "pool/wrong-chain", /belong to chain 0101.*, not to 0909/, { chainId: other });
    await refused(directory, "pool/wrong-account", /account 0202.*, not of 0909/, { poolAccount: other });
    const level = new Level(directory, { compression: false });
    const value = (await level.get("format"))!;
    const newer = value.slice(8).replace('"version":2', '"version":3');
    await level.put("format", crc32(newer, crc32("format")).toString(16).padStart(8, "0") + newer);
    await level.close();
    await refused(directory, "pool/newer-version", /version 3, written by a newer Aurex/);
  });

  it("is brought to this program's version if an older one wrote it, and the older one is refused then", async () => {
    const directory = await written();
    const level = new Level(directory, { compression: false });
    const put = (key: string, text: string) =>
      level.put(key, crc32(text, crc32(key)).toString(16).padStart(8, "0") + text);
    await put("format", (await level.get("format"))!.slice(8).replace('"version":2', '"version":1'));
    // As version 1 had them: a block and a payment that are open, and what became of another block.
    const account = toHex(memberOf(1));
    await put(
      "block/ab",
      JSON.stringify({
        ...{ kind: "block", hash: "ab", height: 7, finder: account, earnedUnits: "10n", keptUnits: "0n" },
        parts: [[account, "10n"]],
      }),
    );
    await put("settled/0", JSON.stringify({ kind: "settled", number: 0, hash: "cd", outcome: "matured" }));
    await put(
      "payment/3",
      JSON.stringify({
        ...{ kind: "payment", sequence: 3, account, units: "4n", transactionId: "1d", transaction: "" },
        ...{ dueSince: 0, includedIn: null },
      }),
    );
    const totals = JSON.parse((await level.get("totals"))!.slice(8));
    await put("totals", JSON.stringify({ ...totals, blocksFound: 1, paymentsSigned: 1 }));
    await level.close();
    const book = await PoolBook.open(bookOptions(directory), modules);
    assert.deepEqual(
      book.openBlocks().map(({ hash, state }) => [hash, state]),
      [["ab", "found"]],
    );
    assert.deepEqual(
      book.openPayments().map(({ sequence, state, withdrawnBy }) => [sequence, state, withdrawnBy]),
      [[3, "open", null]],
    );
    await book.record([{ kind: "blockMoved", block: book.openBlocks()[0]!, to: "orphaned" }]);
    await book.close();
    const again = new Level(directory, { compression: false });
    assert.match((await again.get("format"))!, /"version":2/);
    await again.close();
  });

  it("is refused where a value is not what was written, or stands under another's key", async () => {
    const directory = await written();
    const level = new Level(directory, { compression: false });
    const [one, two] = [(await level.get("share/3"))!, (await level.get("share/4"))!];
    await level.put("share/4", two.replace(/"work":"5n"/, '"work":"6n"'));
    await level.close();
    await refused(directory, "pool/damaged", /record share\/4 does not match its checksum/);
    const again = new Level(directory, { compression: false });
    await again.put("share/4", one);
    await again.close();
    await refused(directory, "pool/damaged", /record share\/4 does not match its checksum/);
  });

  it("is refused where any byte of what is in use is damaged, and nothing in it is changed by the attempt", async () => {
    const directory = await written();
    const names = (await readdir(directory)).filter((name) =>
      /^(?:\d+\.(?:log|ldb)|MANIFEST-\d+)$/.test(name),
    );
    assert.ok(names.length >= 2);
    for (const name of names) {
      const { size } = await stat(join(directory, name));
      const copy = newDirectory();
      await cp(directory, copy, { recursive: true });
      const file = await open(join(copy, name), "r+");
      const byte = Buffer.alloc(1);
      const offset = Math.floor(size / 3);
      await file.read(byte, 0, 1, offset);
      await file.write(Buffer.of(byte[0]! ^ 1), 0, 1, offset);
      await file.close();
      const sizes = async () =>
        Promise.all(
          (await readdir(copy)).sort().map(async (one) => [one, (await stat(join(copy, one))).size]),
        );
      const found = await sizes();
      await refused(copy, "pool/damaged", new RegExp(name));
      assert.deepEqual(await sizes(), found);
    }
  });
});
