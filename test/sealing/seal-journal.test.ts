/** The sign-once journal: one contract for both twins, then what only a file can suffer. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import { InvariantError } from "../../src/base/invariant.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { blockBytesMax } from "../../src/protocol/block.ts";
import { openFileSealJournal } from "../../src/sealing/poa/file-seal-journal.ts";
import { JournalError } from "../../src/sealing/poa/journal.ts";
import type { SealJournal } from "../../src/sealing/poa/seal-journal.ts";
import { createMemorySealJournal } from "../support/memory-seal-journal.ts";
import { onDiskFailing, onFullDisk } from "./disk-steps.ts";
import { entryOf } from "./journal-entries.ts";
import { assertFlipsRefused, journalFiles, journalTwins, warnings } from "./journal-rig.ts";
import { type KilledRun, killAtEveryStep } from "./kill-at-every-step.ts";

const newFilePath = journalFiles();
const openFile = (filePath: string, heightsKept?: number, logger: Logger = silentLogger) =>
  openFileSealJournal(filePath, { logger }, heightsKept);

const twins = journalTwins(createMemorySealJournal, openFile, newFilePath);

async function assertSigned(journal: SealJournal, entry: ReturnType<typeof entryOf>): Promise<void> {
  assert.deepEqual(journal.sealedOn(entry.parentHash), entry.blockBytes);
  await journal.record(entry);
  const other = { ...entry, blockBytes: Uint8Array.of(1, 2, 3) };
  await assert.rejects(journal.record(other), InvariantError);
  assert.deepEqual(journal.sealedOn(entry.parentHash), entry.blockBytes);
}

for (const [name, twin] of Object.entries(twins)) {
  describe(name, () => {
    test("gives back what was recorded, and nothing for another parent, across a restart", async () => {
      const reopen = twin();
      const first = await reopen();
      assert.equal(first.sealedOn(entryOf(1).parentHash), undefined);
      await first.record(entryOf(1));
      await first.record(entryOf(2, { bytes: 0 }));
      await first.record(entryOf(3, { bytes: blockBytesMax }));
      await first.close();
      const second = await reopen();
      await assertSigned(second, entryOf(1));
      await assertSigned(second, entryOf(2, { bytes: 0 }));
      await assertSigned(second, entryOf(3, { bytes: blockBytesMax }));
      assert.equal(second.sealedOn(entryOf(4).parentHash), undefined);
      await second.close();
    });

    test("two blocks on one parent are refused even while the first is being written", async () => {
      const journal = await twin()();
      const outcomes = await Promise.allSettled([
        journal.record(entryOf(1)),
        journal.record(entryOf(1, { variant: 1 })),
        journal.record(entryOf(1)),
        journal.record(entryOf(1, { branch: 1 })),
      ]);
      assert.deepEqual(
        outcomes.map((outcome) => outcome.status),
        ["fulfilled", "rejected", "fulfilled", "fulfilled"],
      );
      await assertSigned(journal, entryOf(1));
      await journal.close();
    });

    test("keeps what it recorded, whatever the caller does with its arrays", async () => {
      const journal = await twin()();
      const entry = entryOf(1);
      const recording = journal.record(entry);
      entry.blockBytes.fill(0);
      await recording;
      assert.deepEqual(journal.sealedOn(entry.parentHash), entryOf(1).blockBytes);
      await journal.close();
    });

    test("forgets the oldest heights, and never signs where it has forgotten", async () => {
      const reopen = twin(10);
      const journal = await reopen();
      for (let height = 1; height <= 45; height += 1) await journal.record(entryOf(height));
      await journal.close();
      const reopened = await reopen();
      for (let height = 36; height <= 45; height += 1) await assertSigned(reopened, entryOf(height));
      for (const height of [1, 20, 35]) {
        assert.equal(reopened.sealedOn(entryOf(height).parentHash), undefined);
        for (const variant of [0, 1]) {
          const forgotten = reopened.record(entryOf(height, { variant }));
          await assert.rejects(forgotten, { code: "journal/height-forgotten" });
        }
      }
      // A side branch within what is remembered.
      await reopened.record(entryOf(36, { branch: 1 }));
      await assertSigned(reopened, entryOf(36, { branch: 1 }));
      await reopened.close();
    });

    test("any sequence of records and restarts equals a map", async () => {
      const heightsKept = 4;
      const action = fc.oneof(
        {
          weight: 5,
          arbitrary: fc.record({ height: fc.nat(12), branch: fc.nat(1), variant: fc.nat(1) }),
        },
        { weight: 1, arbitrary: fc.constant("restart" as const) },
      );
      const property = fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const reopen = twin(heightsKept);
        const model = new Map<string, Uint8Array>();
        let highest = 0;
        let journal = await reopen();
        for (const each of actions) {
          if (each === "restart") {
            await journal.close();
            journal = await reopen();
            continue;
          }
          const entry = entryOf(each.height, each);
          const parentHex = toHex(entry.parentHash);
          const before = model.get(parentHex);
          const isForgotten = each.height <= highest - heightsKept;
          assert.deepEqual(journal.sealedOn(entry.parentHash), isForgotten ? undefined : before);
          const isRefused = isForgotten || (before && toHex(before) !== toHex(entry.blockBytes));
          const outcome = await journal.record(entry).then(
            () => "recorded",
            (error) => (error instanceof JournalError ? "forgotten" : "second block"),
          );
          assert.equal(outcome, isForgotten ? "forgotten" : isRefused ? "second block" : "recorded");
          if (isRefused) continue;
          model.set(parentHex, entry.blockBytes);
          highest = Math.max(highest, each.height);
        }
        await journal.close();
      });
      await fc.assert(property, { numRuns: 30 });
    });
  });
}

test("compaction bounds the file", async () => {
  const filePath = newFilePath();
  const journal = await openFile(filePath, 10);
  for (let height = 1; height <= 100; height += 1) await journal.record(entryOf(height));
  await journal.close();
  const recordBytes = 52 + 90;
  assert.ok(fs.statSync(filePath).size <= 8 + 20 * recordBytes);
  assert.deepEqual(fs.existsSync(`${filePath}.tmp`), false);
  assert.equal(fs.statSync(filePath).mode & 0o777, 0o600);
});

async function threeRecords(): Promise<Uint8Array> {
  const filePath = newFilePath();
  const journal = await openFile(filePath);
  for (const height of [1, 2, 3]) await journal.record(entryOf(height));
  await journal.close();
  return new Uint8Array(fs.readFileSync(filePath));
}

test("a last record cut anywhere is cut off, logged, and can be sealed again", async () => {
  const whole = await threeRecords();
  const lastBegins = whole.length - (52 + 90);
  for (let cut = lastBegins; cut < whole.length; cut += 1) {
    const filePath = newFilePath();
    fs.writeFileSync(filePath, whole.subarray(0, cut));
    const { logger, messages } = warnings();
    const journal = await openFile(filePath, undefined, logger);
    assert.equal(messages.length, cut === lastBegins ? 0 : 1);
    assert.deepEqual(journal.sealedOn(entryOf(2).parentHash), entryOf(2).blockBytes);
    assert.equal(journal.sealedOn(entryOf(3).parentHash), undefined);
    await journal.record(entryOf(3, { variant: 1 }));
    await journal.close();
    const reopened = await openFile(filePath);
    await assertSigned(reopened, entryOf(3, { variant: 1 }));
    await reopened.close();
  }
});

test("zeros behind the last record, where a file grew before its data came, are cut off", async () => {
  const whole = await threeRecords();
  for (const zeros of [1, 51, 52, 4096, 100_000]) {
    const filePath = newFilePath();
    fs.writeFileSync(filePath, Buffer.concat([whole, new Uint8Array(zeros)]));
    const { logger, messages } = warnings();
    const journal = await openFile(filePath, undefined, logger);
    assert.equal(messages.length, 1);
    await assertSigned(journal, entryOf(3));
    await journal.close();
    assert.equal(fs.statSync(filePath).size, whole.length);
  }
});

test("a flipped bit anywhere is refused: no record is lost quietly", async () => {
  const whole = await threeRecords();
  await assertFlipsRefused(whole, newFilePath(), openFile, ({ message, next }) => {
    assert.match(message, /must not sign/);
    assert.match(next, /mv/);
  });
});

test("a file of another kind, an empty one and a missing directory are refused", async () => {
  const filePath = newFilePath();
  fs.writeFileSync(filePath, "");
  await assert.rejects(openFile(filePath), { code: "journal/corrupt" });
  fs.writeFileSync(filePath, "something else altogether");
  await assert.rejects(openFile(filePath), { code: "journal/corrupt" });
  await assert.rejects(openFile(path.join(newFilePath(), "seal.journal")), { code: "journal/io" });
});

test("damage that comes while the journal is open is noticed at the read", async () => {
  const filePath = newFilePath();
  const journal = await openFile(filePath);
  await journal.record(entryOf(1));
  const handle = fs.openSync(filePath, "r+");
  fs.writeSync(handle, Uint8Array.of(0xff, 0xff), 0, 2, 8 + 52 + 10);
  fs.closeSync(handle);
  assert.throws(() => journal.sealedOn(entryOf(1).parentHash), { code: "journal/corrupt" });
  await journal.close();
});

test("a disk that fills up halfway through a write: nothing is signed, and later it goes on", async () => {
  const filePath = newFilePath();
  const journal = await openFile(filePath);
  await journal.record(entryOf(1));
  await onFullDisk(async () => {
    await assert.rejects(journal.record(entryOf(2)), { code: "journal/io" });
    assert.equal(journal.sealedOn(entryOf(2).parentHash), undefined);
  });
  await journal.record(entryOf(2, { variant: 1 }));
  await journal.record(entryOf(3));
  await journal.close();
  const reopened = await openFile(filePath);
  await assertSigned(reopened, entryOf(1));
  await assertSigned(reopened, entryOf(2, { variant: 1 }));
  await assertSigned(reopened, entryOf(3));
  await reopened.close();
});

test("after a sync that failed nothing is recorded but in a new file, which has all from before", async () => {
  const filePath = newFilePath();
  const journal = await openFile(filePath);
  await journal.record(entryOf(1));
  const { ino } = fs.statSync(filePath);
  await onDiskFailing("datasync", async () => {
    await assert.rejects(journal.record(entryOf(2)), { code: "journal/io" });
  });
  await onDiskFailing("sync", async () => {
    await assert.rejects(journal.record(entryOf(2)), { code: "journal/io" });
  });
  assert.equal(journal.sealedOn(entryOf(2).parentHash), undefined);
  await journal.record(entryOf(2, { variant: 1 }));
  assert.notEqual(fs.statSync(filePath).ino, ino);
  await assertSigned(journal, entryOf(1));
  await journal.close();
  const reopened = await openFile(filePath);
  await assertSigned(reopened, entryOf(1));
  await assertSigned(reopened, entryOf(2, { variant: 1 }));
  await reopened.close();
});

test("a journal that is deleted or moved while it is open is written anew, and one that was replaced is left alone", async () => {
  const filePath = newFilePath();
  const journal = await openFile(filePath);
  await journal.record(entryOf(1));
  fs.rmSync(filePath);
  await journal.record(entryOf(2));
  const directory = path.dirname(filePath);
  fs.renameSync(directory, `${directory}.away`);
  await assert.rejects(journal.record(entryOf(3)), { code: "journal/io" });
  fs.renameSync(`${directory}.away`, directory);
  await journal.record(entryOf(3));
  fs.renameSync(filePath, `${filePath}.aside`);
  fs.writeFileSync(filePath, "somebody else's");
  await assert.rejects(journal.record(entryOf(4)), { code: "journal/io" });
  assert.equal(fs.readFileSync(filePath, "utf8"), "somebody else's");
  fs.rmSync(filePath);
  await journal.record(entryOf(4));
  await journal.close();
  const reopened = await openFile(filePath);
  for (const height of [1, 2, 3, 4]) await assertSigned(reopened, entryOf(height));
  await reopened.close();
});

test("a compaction that fails loses nothing and is tried again", async () => {
  const filePath = newFilePath();
  const { logger, messages } = warnings();
  const journal = await openFile(filePath, 3, logger);
  await onDiskFailing("rename", async () => {
    for (let height = 1; height <= 8; height += 1) await journal.record(entryOf(height));
    await journal.close();
  });
  assert.ok(messages.length > 0);
  const reopened = await openFile(filePath, 3);
  for (const height of [6, 7, 8]) await assertSigned(reopened, entryOf(height));
  await reopened.close();
  assert.equal(fs.statSync(filePath).size, 8 + 3 * (52 + 90));
});

test("killed before and in the middle of every disk step: all that was acknowledged is there, whole", async () => {
  const heightsKept = 2;
  const heightMax = 5;
  const check = async ({ filePath, acknowledged }: KilledRun) => {
    const journal = await openFile(filePath, heightsKept);
    const found = Array.from({ length: heightMax }, (_, index) => entryOf(index + 1)).filter((entry) =>
      journal.sealedOn(entry.parentHash),
    );
    for (const entry of found) await assertSigned(journal, entry);
    // The one being recorded may be there or not; the newest before it must be.
    const highest = found.at(-1)?.height ?? 0;
    assert.ok(highest === acknowledged || highest === acknowledged + 1, `${highest} after ${acknowledged}`);
    assert.equal(found.length, Math.min(highest, heightsKept));
    // It goes on where it stopped.
    await journal.record(entryOf(heightMax + 1));
    await journal.close();
    const reopened = await openFile(filePath, heightsKept);
    await assertSigned(reopened, entryOf(heightMax + 1));
    await reopened.close();
    assert.equal(fs.existsSync(`${filePath}.tmp`), false);
  };

  const kills = await killAtEveryStep("journal-process.ts", { heightsKept, heightMax }, newFilePath, check);
  // Creation, five records and a compaction: fewer steps would mean that they were not seen.
  assert.ok(kills > 25, `${kills} kills`);
});
