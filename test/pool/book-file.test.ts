/** The books on a real disk: killed at any moment they keep what was acknowledged; what is not theirs they refuse. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { bookFileName } from "../../src/payouts/book-file.ts";
import { bookLimits } from "../../src/payouts/book-records.ts";
import { imbalance, prepareConnection } from "../../src/payouts/book-schema.ts";
import { PoolBook } from "../../src/payouts/pool-book.ts";
import { PoolError, type PoolErrorCode } from "../../src/payouts/pool-error.ts";
import { BookRows } from "./memory-books.ts";
import { booksOfFormat2, oldEntriesIn, oldValue, writeOldBooks } from "./old-books.ts";
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

/** What a program finds in the file that opens it next. */
async function rowsIn(directory: string): Promise<BookRows> {
  const book = await PoolBook.open(bookOptions(directory), modules);
  await book.close();
  const db = new DatabaseSync(join(directory, bookFileName), { readOnly: true });
  prepareConnection(db);
  return new BookRows(db);
}

/**
 * Runs the process until it has said `lines` lines, kills it, and tells the shares that it had acknowledged.
 *
 * @param sharesMax it writes so many and no more
 */
async function killAfter(
  directory: string,
  lines: number,
  sharesMax = Number.POSITIVE_INFINITY,
): Promise<number[]> {
  const argv = [shareProcess, directory, `${sharesMax}`];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
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
      const rows = await rowsIn(directory);
      assert.equal(imbalance(rows.db, bookLimits.sharesMax), undefined);
      const shares = new Map(rows.shares().map((one) => [BigInt(one.work), one]));
      const blocks = new Map(rows.blocks().map((one) => [one.height, one]));
      rows.db.close();
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
    const draft = join(directory, `${bookFileName}.new`);
    await writeFile(draft, "half of a fi");
    const book = await PoolBook.open(bookOptions(directory), modules);
    await book.recordShare({ account: memberOf(1), work: 1n });
    await book.close();
    await assert.rejects(stat(draft));
    const again = await PoolBook.open(bookOptions(directory), modules);
    assert.equal(again.status().shares, 1);
    await again.close();
  });

  it("is refused where it is of another chain, another account or a newer program", async () => {
    const directory = await written();
    const other = new Uint8Array(32).fill(9);
    await refused(directory, "pool/wrong-chain", /belong to chain 0101.*, not to 0909/, { chainId: other });
    await refused(directory, "pool/wrong-account", /account 0202.*, not of 0909/, { poolAccount: other });
    inFile(directory, "UPDATE books SET version = 4");
    await refused(directory, "pool/newer-version", /version 4, written by a newer Aurex/);
  });

  it("is refused where a value is not what was written, or stands under another's key", async () => {
    const directory = await written();
    inFile(directory, "UPDATE share SET work = '6' WHERE number = 4");
    await refused(directory, "pool/damaged", /record share\/4 does not match its checksum/);
    inFile(
      directory,
      "UPDATE share SET (account, work, checksum) = (SELECT account, work, checksum FROM share WHERE number = 3) WHERE number = 4",
    );
    await refused(directory, "pool/damaged", /record share\/4 does not match its checksum/);
  });

  it("is refused where any byte of what is in use is damaged, and nothing in it is changed by the attempt", async () => {
    const directory = await written();
    const whole = new BookRows(new DatabaseSync(join(directory, bookFileName), { readOnly: true })).text();
    const bytes = await readFile(join(directory, bookFileName));
    const copy = newDirectory();
    await mkdir(copy, { recursive: true });
    const path = join(copy, bookFileName);
    let refusals = 0;
    // Every page has bytes that nobody uses: where the damage is in those, the books are what they were.
    for (let flip = 0; flip < 150; flip += 1) {
      const damaged = Buffer.from(bytes);
      const offset = Math.floor(((flip + 0.5) * bytes.length) / 150);
      damaged[offset] = damaged[offset]! ^ 1;
      await writeFile(path, damaged);
      try {
        const book = await PoolBook.open(bookOptions(copy), modules);
        await book.close();
        const rows = new BookRows(new DatabaseSync(path, { readOnly: true }));
        assert.ok(rows.text() === whole, `byte ${offset}`);
        rows.db.close();
      } catch (thrown) {
        assert.ok(thrown instanceof PoolError, `byte ${offset}: ${thrown}`);
        assert.equal(thrown.code, "pool/damaged", `byte ${offset}: ${thrown.message}`);
        assert.deepEqual(await readFile(path), damaged);
        refusals += 1;
      }
    }
    assert.ok(refusals > 0);
  });
});

describe("the log of a pool that was killed", () => {
  it("is refused where it is damaged in front of what came later, and a half-written end of it is not", async () => {
    const directory = newDirectory();
    // All of them are whole in one log: a kill amid a write would leave half of it, and a long log is begun anew.
    const shares = 59;
    const acknowledged = await killAfter(directory, 1 + shares, shares);
    const log = await readFile(join(directory, `${bookFileName}-wal`));
    const opened = async (bytes: Buffer) => {
      const copy = newDirectory();
      await cp(directory, copy, { recursive: true });
      await writeFile(join(copy, `${bookFileName}-wal`), bytes);
      try {
        const book = await PoolBook.open(bookOptions(copy), modules);
        const { shares: found } = book.status();
        await book.close();
        return found;
      } catch (thrown) {
        assert.ok(thrown instanceof PoolError, `${thrown}`);
        assert.deepEqual(await readFile(join(copy, `${bookFileName}-wal`)), bytes);
        return `${thrown.code}: ${thrown.message}`;
      }
    };
    assert.equal(acknowledged.length, shares);
    assert.equal(await opened(log), shares);
    for (const part of [0.1, 0.3, 0.5, 0.7]) {
      const damaged = Buffer.from(log);
      const offset = Math.floor(log.length * part);
      damaged[offset] = damaged[offset]! ^ 1;
      assert.match(`${await opened(damaged)}`, /^pool\/damaged: .*its log is damaged at byte/);
    }
    const head = Buffer.from(log);
    head[17] = head[17]! ^ 1;
    assert.match(`${await opened(head)}`, /^pool\/damaged: .*the head of its log/);
    assert.ok(Number(await opened(log.subarray(0, -100))) < shares, "the last write was cut short");
  });
});

describe("books that an older program wrote into LevelDB", () => {
  const open = async (directory: string) => {
    const poolAccount = fromHex(JSON.parse((await booksOfFormat2()).entries.format!.slice(8)).poolAccount)!;
    return PoolBook.open({ ...bookOptions(directory), poolAccount }, modules);
  };
  const asText = (value: unknown) =>
    JSON.parse(JSON.stringify(value, (_name, one) => (typeof one === "bigint" ? `${one}n` : one)));
  const byMember = (rows: readonly { readonly member: string }[]) =>
    [...rows].sort((left, right) => (left.member < right.member ? -1 : 1));

  /** Everything that the old program showed. */
  async function shownBy(book: PoolBook) {
    const members = book.members().map(({ hashesPerSecond: _, poolAccount: __, ...row }) => row);
    const blocks: string[] = [];
    const payments: string[] = [];
    for await (const piece of book.archivedBlocks()) {
      blocks.push(...piece.map(({ hash, state }) => `${state} ${hash}`));
    }
    for await (const piece of book.archivedPayments()) {
      payments.push(...piece.map(({ sequence, state }) => `${state} ${sequence}`));
    }
    return asText({
      members: byMember(members.map((row) => ({ ...row, member: toHex(row.member) }))),
      status: { ...book.status(), hashesPerSecond: 0 },
      openBlocks: book
        .openBlocks()
        .map(({ hash }) => hash)
        .sort(),
      openPayments: book.openPayments().map(({ sequence }) => sequence),
      payable: book.payable(1n),
      overpaid: book.overpaid(),
      tip: { kind: "tip", ...book.tip() },
      blocks,
      payments,
    });
  }

  it("are taken over whole, once, and the old files are kept aside", async () => {
    const directory = newDirectory();
    const { entries, shown } = await booksOfFormat2();
    await writeOldBooks(directory, entries);
    const expected = { ...shown, members: byMember(shown.members), openBlocks: shown.openBlocks.sort() };
    const book = await open(directory);
    assert.deepEqual(await shownBy(book), expected);
    await book.recordShare({ account: fromHex(shown.members[0].member)!, work: 1n });
    await book.close();
    assert.deepEqual((await readdir(directory)).sort(), ["before-sqlite", bookFileName]);
    assert.deepEqual(await oldEntriesIn(join(directory, "before-sqlite")), entries);
    const again = await open(directory);
    assert.equal(again.status().shares, shown.status.shares + 1, "not from the old files again");
    await again.close();
  });

  it("are taken over again if the program was killed before the new file was whole, or moved nothing aside yet", async () => {
    const { entries, shown } = await booksOfFormat2();
    const killed = newDirectory();
    await writeOldBooks(killed, entries);
    await writeFile(join(killed, `${bookFileName}.new`), "half of a fi");
    const book = await open(killed);
    assert.equal(book.status().shares, shown.status.shares);
    await book.close();
    // Killed between the new file's name and the move.
    await cp(join(killed, "before-sqlite"), killed, { recursive: true });
    await rm(join(killed, "before-sqlite"), { recursive: true });
    const again = await open(killed);
    assert.equal(again.status().shares, shown.status.shares);
    await again.close();
    assert.deepEqual((await readdir(killed)).sort(), ["before-sqlite", bookFileName]);
  });

  it("are refused where they are damaged, and stay as they are", async () => {
    const { entries } = await booksOfFormat2();
    const directory = newDirectory();
    const key = Object.keys(entries).find((name) => name.startsWith("member/"))!;
    const { [key]: _, ...others } = entries;
    await writeOldBooks(directory, others);
    await assert.rejects(open(directory), /are damaged: 4 members are there, 5 should be/);
    const changed = newDirectory();
    await writeOldBooks(changed, { ...entries, [key]: entries[key]!.replace(/.$/, "]") });
    await assert.rejects(open(changed), new RegExp(`are damaged: the record ${key} does not match`));
    const log = (await readdir(changed)).find((name) => name.endsWith(".log"))!;
    const file = await stat(join(changed, log));
    await appendFile(join(changed, "CURRENT"), "x");
    await assert.rejects(open(changed), /are damaged: the file CURRENT names no manifest/);
    assert.equal((await stat(join(changed, log))).size, file.size);
    await assert.rejects(stat(join(changed, bookFileName)));
  });

  it("may be of format 1, which knew only open blocks and payments", async () => {
    const directory = newDirectory();
    const account = toHex(memberOf(1));
    const records: Record<string, object> = {
      format: { version: 1, chainId: "01".repeat(32), poolAccount: "02".repeat(32) },
      [`member/${account}`]: {
        ...{ kind: "member", account, sharesAccepted: 1, sharesRejected: 0, blocksFound: 2 },
        ...{ maturedUnits: "9n", paidUnits: "5n", payoutTransaction: "1c", dueSince: 3 },
      },
      "share/0": { kind: "share", number: 0, account, work: "2n" },
      "block/ab": {
        ...{ kind: "block", hash: "ab", height: 7, finder: account, earnedUnits: "10n", keptUnits: "0n" },
        parts: [[account, "10n"]],
      },
      "settled/0": { kind: "settled", number: 0, hash: "cd", outcome: "matured" },
      "payment/3": {
        ...{ kind: "payment", sequence: 3, account, units: "4n", transactionId: "1d", transaction: "" },
        ...{ dueSince: 0, includedIn: null },
      },
      totals: {
        ...{ kind: "totals", nextShare: 1, sharesRejected: 0, membersJoined: 1, membersForgotten: 0 },
        ...{ blocksFound: 2, blocksMatured: 1, blocksOrphaned: 0, maturedUnits: "9n", keptUnits: "1n" },
        ...{ paymentsSigned: 2, paymentsSettled: 1, paymentsVoided: 0, paidUnits: "5n" },
      },
    };
    const texts = Object.entries(records).map(([key, one]) => [key, oldValue(key, JSON.stringify(one))]);
    await writeOldBooks(directory, Object.fromEntries(texts));
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
    assert.deepEqual([book.status().blocks, book.status().dueUnits], [1, 9n]);
    await book.close();
  });
});

/** Changes a file as no pool does: without its checksums. */
function inFile(directory: string, sql: string): void {
  const db = new DatabaseSync(join(directory, bookFileName));
  db.exec(sql);
  db.close();
}
