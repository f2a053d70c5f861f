/** The journal of submitted transactions: nothing acknowledged is lost, whatever is killed, full, damaged or of another chain. */
import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { type Logger, silentLogger } from "../../../src/base/logger.ts";
import type { TransactionJournalOptions } from "../../../src/node/own-transactions/transaction-journal.ts";
import { TransactionJournal } from "../../../src/node/own-transactions/transaction-journal.ts";
import { chainId, signed } from "../../mempool/test-ledger.ts";
import { interceptDisk, onDiskFailing, onFullDisk } from "../../sealing/disk-steps.ts";
import { killAtEveryStep } from "../../sealing/kill-at-every-step.ts";

let folder = "";
let files = 0;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "aurex-own-"));
});
after(() => rm(folder, { recursive: true, force: true }));
const newFilePath = () => path.join(folder, `own-${files++}`);

const transactions = Array.from({ length: 40 }, (_, sequence) => signed({ from: 0, sequence }));
const [first, second, third] = transactions as [
  (typeof transactions)[0],
  (typeof transactions)[0],
  (typeof transactions)[0],
];

function open(
  filePath: string,
  options: Partial<TransactionJournalOptions> = {},
  logger: Logger = silentLogger,
): Promise<TransactionJournal> {
  return TransactionJournal.open({ filePath, chainId, ...options }, { logger });
}

function idsOf(journal: TransactionJournal): string[] {
  return journal.unsettled().map(({ idHex }) => idHex);
}

function listening(): { readonly logger: Logger; readonly texts: string[] } {
  const texts: string[] = [];
  const note = (_fields: unknown, text?: string) => void texts.push(text ?? "");
  return { logger: { ...silentLogger, warn: note, error: note, info: note }, texts };
}

describe("a restart", () => {
  test("finds what was sent and not settled, in its order, and the reason of what was dropped", async () => {
    const filePath = newFilePath();
    const journal = await open(filePath);
    for (const transaction of [first, second, third])
      assert.equal(await journal.sent(transaction), undefined);
    const reason = {
      code: "transaction/balance-too-low",
      asset: "AUR",
      balance: 2n ** 63n,
      needed: 2n ** 64n - 1n,
    } as const;
    journal.dropped(second.idHex, reason);
    journal.settled(third.idHex);
    await journal.close();
    const reopened = await open(filePath);
    assert.deepEqual(idsOf(reopened), [first.idHex]);
    assert.deepEqual(reopened.unsettled()[0]?.bytes, first.bytes);
    assert.deepEqual(reopened.droppedBecause(second.idHex), reason);
    assert.equal(reopened.droppedBecause(third.idHex), undefined);
    // Sent again, it is dropped no more.
    assert.equal(await reopened.sent(second), undefined);
    assert.equal(reopened.droppedBecause(second.idHex), undefined);
    await reopened.close();
    const again = await open(filePath);
    assert.deepEqual(idsOf(again), [first.idHex, second.idHex]);
    await again.close();
  });

  test("after a kill at any step of its disk work finds all that was acknowledged", async () => {
    const kills = await killAtEveryStep(
      "../node/own-transactions/journal-process.ts",
      { heightsKept: 0, heightMax: 0 },
      newFilePath,
      async ({ filePath, acknowledged }) => {
        const journal = await open(filePath);
        const kept = new Set(idsOf(journal));
        // The first two pairs are never settled.
        const lasting = transactions.slice(0, Math.min(2 * acknowledged, 4));
        for (const { idHex } of lasting) assert.ok(kept.has(idHex), `lost after ${acknowledged} pairs`);
        const known = new Set(transactions.map(({ idHex }) => idHex));
        assert.ok([...kept].every((idHex) => known.has(idHex)));
        const late = transactions[30] as typeof first;
        assert.equal(await journal.sent(late), undefined);
        await journal.close();
        const reopened = await open(filePath);
        assert.deepEqual(new Set(idsOf(reopened)), kept.add(late.idHex));
        await reopened.close();
      },
    );
    assert.ok(kills > 20, `${kills} kills`);
  });

  test("skips a line that is damaged and one that was never finished, says so, and goes on", async () => {
    const filePath = newFilePath();
    const journal = await open(filePath);
    for (const transaction of [first, second, third]) await journal.sent(transaction);
    await journal.close();
    const lines = (await readFile(filePath, "utf8")).split("\n");
    lines[2] = (lines[2] ?? "").replace(/[0-9a-f]"}$/, (end) => `${end[0] === "0" ? "1" : "0"}"}`);
    await writeFile(filePath, lines.join("\n"));
    await appendFile(filePath, lines[1]?.slice(0, 90) ?? "");
    const { logger, texts } = listening();
    const reopened = await open(filePath, {}, logger);
    assert.deepEqual(idsOf(reopened), [first.idHex, third.idHex]);
    assert.match(texts.join(), /damaged or were never finished/);
    assert.equal(await reopened.sent(second), undefined);
    await reopened.close();
    const again = await open(filePath);
    assert.deepEqual(idsOf(again), [first.idHex, third.idHex, second.idHex]);
    await again.close();
  });

  test("of whatever bytes the file holds, it opens", async () => {
    for (const content of ["", "\n", "junk", "junk\n\n\0\n", "00000000 {}\n", "x".repeat(100_000)]) {
      const filePath = newFilePath();
      await writeFile(filePath, content);
      const journal = await open(filePath);
      assert.deepEqual(idsOf(journal), []);
      assert.equal(await journal.sent(first), undefined);
      await journal.close();
    }
  });

  test("on another chain sets the file aside and begins a new one", async () => {
    const filePath = newFilePath();
    const journal = await open(filePath);
    await journal.sent(first);
    await journal.close();
    const { logger, texts } = listening();
    const other = await open(filePath, { chainId: new Uint8Array(32).fill(9) }, logger);
    assert.deepEqual(idsOf(other), []);
    await other.close();
    assert.match(texts.join(), /another chain, and are set aside/);
    const names = (await readdir(folder)).filter((name) => name.startsWith(`${path.basename(filePath)}.`));
    assert.deepEqual(names, [`${path.basename(filePath)}.03030303`]);
  });
});

describe("bounds", () => {
  test("submissions that come together share a sync", async () => {
    const journal = await open(newFilePath());
    let syncs = 0;
    const restore = await interceptDisk((step) => {
      if (step.kind === "other" && step.name === "datasync") syncs += 1;
    });
    const faults = await Promise.all(transactions.map((transaction) => journal.sent(transaction)));
    restore();
    assert.ok(faults.every((fault) => fault === undefined));
    assert.ok(syncs <= 3, `${syncs} syncs for ${transactions.length} submissions`);
    await journal.close();
  });

  test("a batch is written with one sync; of it what the journal has no room for is refused, and the others are kept", async () => {
    const filePath = newFilePath();
    const journal = await open(filePath, { countMax: 10 });
    let syncs = 0;
    const restore = await interceptDisk((step) => {
      if (step.kind === "other" && step.name === "datasync") syncs += 1;
    });
    const batch = [first, ...transactions.slice(0, 12)];
    const faults = await journal.sentMany(batch);
    restore();
    assert.equal(syncs, 1);
    assert.deepEqual(
      faults.map((fault) => fault?.code),
      [...Array.from({ length: 11 }, () => undefined), "mempool/full", "mempool/full"],
    );
    await journal.close();
    const reopened = await open(filePath);
    assert.deepEqual(
      idsOf(reopened),
      transactions.slice(0, 10).map(({ idHex }) => idHex),
    );
    await reopened.close();
  });

  test("the same transaction twice at once is acknowledged once it is on disk", async () => {
    const filePath = newFilePath();
    const journal = await open(filePath);
    await Promise.all([journal.sent(first), journal.sent(first)]);
    await journal.close();
    const lines = (await readFile(filePath, "utf8")).split("\n");
    assert.equal(lines.filter((line) => line.includes('"sent"')).length, 1);
  });

  test("a full journal refuses with the reason, and takes others when some are settled", async () => {
    const journal = await open(newFilePath(), { countMax: 2 });
    for (const transaction of [first, second]) assert.equal(await journal.sent(transaction), undefined);
    const fault = await journal.sent(third);
    assert.equal(fault?.code, "mempool/full");
    journal.settled(first.idHex);
    assert.equal(await journal.sent(third), undefined);
    await journal.close();
  });

  test("the file stays small however much is settled", async () => {
    const filePath = newFilePath();
    const journal = await open(filePath, { compactAboveBytes: 5_000 });
    for (let round = 0; round < 10; round += 1) {
      for (const transaction of transactions) {
        assert.equal(await journal.sent(transaction), undefined);
        journal.settled(transaction.idHex);
      }
    }
    await journal.close();
    const { size } = await stat(filePath);
    assert.ok(size < 12_000, `${size} bytes`);
  });
});

describe("a disk that takes nothing", () => {
  test("acknowledges nothing of a batch, and keeps nothing of it", async () => {
    const filePath = newFilePath();
    const journal = await open(filePath);
    await onFullDisk(async () => {
      const faults = await journal.sentMany(transactions.slice(0, 5));
      assert.ok(faults.every((fault) => fault?.code === "mempool/not-stored"));
    });
    assert.deepEqual(idsOf(journal), []);
    assert.deepEqual(await journal.sentMany([third, first]), [undefined, undefined]);
    await journal.close();
    const reopened = await open(filePath);
    assert.deepEqual(idsOf(reopened), [third.idHex, first.idHex]);
    await reopened.close();
  });

  test("refuses with the reason, keeps what was acknowledged, and takes more when there is room again", async () => {
    const filePath = newFilePath();
    const { logger, texts } = listening();
    const journal = await open(filePath, {}, logger);
    assert.equal(await journal.sent(first), undefined);
    await onFullDisk(async () => {
      for (const transaction of [second, third]) {
        assert.deepEqual(await journal.sent(transaction), {
          code: "mempool/not-stored",
          reason: "no space left on device",
        });
        assert.equal(journal.has(transaction.idHex), false);
      }
    });
    assert.equal(texts.filter((text) => /cannot be written/.test(text)).length, 1);
    assert.equal(await journal.sent(third), undefined);
    assert.match(texts.join(), /written to disk again/);
    await journal.close();
    const reopened = await open(filePath);
    assert.deepEqual(idsOf(reopened), [first.idHex, third.idHex]);
    await reopened.close();
  });

  test("a failed sync is no acknowledgement, and the file is written anew before the next one", async () => {
    const filePath = newFilePath();
    const journal = await open(filePath);
    assert.equal(await journal.sent(first), undefined);
    await onDiskFailing("datasync", async () => {
      assert.equal((await journal.sent(second))?.code, "mempool/not-stored");
    });
    await onDiskFailing("rename", async () => {
      assert.equal((await journal.sent(second))?.code, "mempool/not-stored");
    });
    assert.equal(await journal.sent(third), undefined);
    await journal.close();
    const reopened = await open(filePath);
    assert.deepEqual(idsOf(reopened), [first.idHex, third.idHex]);
    await reopened.close();
  });
});
