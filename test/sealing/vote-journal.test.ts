/** The vote journal: one contract for both twins, then what only a file can suffer. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { InvariantError } from "../../src/base/invariant.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { noVote } from "../../src/consensus/finality/vote-rule.ts";
import { encodeVote } from "../../src/protocol/vote.ts";
import { openFileSealJournal } from "../../src/sealing/poa/file-seal-journal.ts";
import { openFileVoteJournal } from "../../src/sealing/poa/file-vote-journal.ts";
import { encodeRecord } from "../../src/sealing/poa/journal-records.ts";
import { createMemoryVoteJournal } from "../support/memory-vote-journal.ts";
import { onDiskFailing, onFullDisk } from "./disk-steps.ts";
import { assertFlipsRefused, journalFiles, journalTwins, warnings } from "./journal-rig.ts";
import { type KilledRun, killAtEveryStep } from "./kill-at-every-step.ts";
import { voteOf } from "./votes.ts";

const newFilePath = journalFiles();
const openFile = (filePath: string, heightsKept?: number, logger: Logger = silentLogger) =>
  openFileVoteJournal(filePath, { logger }, heightsKept);
const recordBytes = 52 + 176;

const twins = journalTwins(createMemoryVoteJournal, openFile, newFilePath);

for (const [name, twin] of Object.entries(twins)) {
  describe(name, () => {
    test("has no vote at first, and after a restart all that it had", async () => {
      const reopen = twin();
      const first = await reopen();
      assert.equal(first.last, undefined);
      assert.deepEqual(first.watermark, noVote);
      await first.record(voteOf(0, 1));
      await first.record(voteOf(1, 300));
      await first.close();
      const second = await reopen();
      assert.deepEqual(second.last, voteOf(1, 300));
      assert.deepEqual(second.watermark, { sourceHeight: 1, targetHeight: 300 });
      assert.deepEqual(second.votedAt(1), voteOf(0, 1));
      assert.equal(second.votedAt(2), undefined);
      await second.close();
    });

    test("refuses what contradicts the last vote, across a restart, and takes the last one again", async () => {
      const reopen = twin();
      const first = await reopen();
      await first.record(voteOf(4, 10));
      await first.close();
      const journal = await reopen();
      await journal.record(voteOf(4, 10));
      // The height again, with another block and with another source; a lower one; one that surrounds.
      for (const vote of [voteOf(4, 10, 1), voteOf(5, 10), voteOf(5, 9), voteOf(3, 11)]) {
        await assert.rejects(journal.record(vote), InvariantError);
      }
      assert.deepEqual(journal.last, voteOf(4, 10));
      await journal.record(voteOf(4, 11));
      await journal.close();
    });

    test("of two votes for one height only the first is taken, even while it is being written", async () => {
      const journal = await twin()();
      const votes = [voteOf(0, 1), voteOf(0, 1, 1), voteOf(0, 1), voteOf(0, 2)];
      const outcomes = await Promise.allSettled(votes.map((vote) => journal.record(vote)));
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled", "fulfilled"],
      );
      assert.deepEqual(journal.votedAt(1), voteOf(0, 1));
      await journal.close();
    });

    test("keeps what it recorded, whatever the caller does with its arrays", async () => {
      const journal = await twin()();
      const vote = voteOf(0, 1);
      const recording = journal.record(vote);
      vote.signature.fill(0);
      await recording;
      assert.deepEqual(journal.last, voteOf(0, 1));
      await journal.close();
    });

    test("forgets the oldest heights and says from where on it remembers", async () => {
      const reopen = twin(10);
      const journal = await reopen();
      for (let height = 1; height <= 45; height += 1) await journal.record(voteOf(height - 1, height));
      await journal.close();
      const reopened = await reopen();
      assert.equal(reopened.floorHeight, 36);
      assert.equal(reopened.votedAt(35), undefined);
      for (let height = 36; height <= 45; height += 1) {
        assert.deepEqual(reopened.votedAt(height), voteOf(height - 1, height));
      }
      await reopened.close();
    });

    test("whatever is asked for, restarts included: no two votes taken contradict each other", async () => {
      const height = fc.nat(12);
      const action = fc.oneof(
        { weight: 5, arbitrary: fc.record({ source: height, target: height, variant: fc.nat(1) }) },
        { weight: 1, arbitrary: fc.constant("restart" as const) },
      );
      const property = fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const reopen = twin(4);
        const taken: { source: number; target: number; bytes: Uint8Array }[] = [];
        let journal = await reopen();
        for (const each of actions) {
          if (each === "restart") {
            await journal.close();
            journal = await reopen();
            continue;
          }
          const vote = voteOf(each.source, each.target, each.variant);
          const isTaken = await journal.record(vote).then(
            () => true,
            () => false,
          );
          if (isTaken) taken.push({ ...each, bytes: encodeVote(vote) });
        }
        await journal.close();
        for (const [index, a] of taken.entries()) {
          for (const b of taken.slice(index + 1)) {
            if (Buffer.compare(a.bytes, b.bytes) === 0) continue;
            assert.notEqual(a.target, b.target, "two votes for one height");
            assert.ok(!(b.source < a.source && a.target < b.target), "the later surrounds the earlier");
            assert.ok(!(a.source < b.source && b.target < a.target), "the earlier surrounds the later");
          }
        }
      });
      await fc.assert(property, { numRuns: 30 });
    });
  });
}

async function threeVotes(): Promise<Uint8Array> {
  const filePath = newFilePath();
  const journal = await openFile(filePath);
  for (const height of [1, 2, 3]) await journal.record(voteOf(height - 1, height));
  await journal.close();
  return new Uint8Array(fs.readFileSync(filePath));
}

test("compaction bounds the file", async () => {
  const filePath = newFilePath();
  const journal = await openFile(filePath, 10);
  for (let height = 1; height <= 100; height += 1) await journal.record(voteOf(height - 1, height));
  await journal.close();
  assert.ok(fs.statSync(filePath).size <= 8 + 20 * recordBytes);
  assert.equal(fs.statSync(filePath).mode & 0o777, 0o600);
});

test("a last record cut anywhere is cut off, logged, and its height can be voted for again", async () => {
  const whole = await threeVotes();
  const lastBegins = whole.length - recordBytes;
  for (let cut = lastBegins; cut < whole.length; cut += 1) {
    const filePath = newFilePath();
    fs.writeFileSync(filePath, whole.subarray(0, cut));
    const { logger, messages } = warnings();
    const journal = await openFile(filePath, undefined, logger);
    assert.equal(messages.length, cut === lastBegins ? 0 : 1);
    assert.deepEqual(journal.last, voteOf(1, 2));
    await journal.record(voteOf(2, 3, 1));
    await journal.close();
    const reopened = await openFile(filePath);
    assert.deepEqual(reopened.last, voteOf(2, 3, 1));
    await reopened.close();
  }
});

test("a flipped bit anywhere is refused, and says what to do", async () => {
  const whole = await threeVotes();
  await assertFlipsRefused(whole, newFilePath(), openFile, ({ message, next }) => {
    assert.match(message, /vote journal .* must not sign/);
    assert.match(next, /may have voted for.* mv /);
  });
});

test("whole records in an order in which none are recorded are refused", async () => {
  const magic = (await threeVotes()).subarray(0, 8);
  const recordOf = (vote = voteOf(1, 2), { height, hash } = vote.target) =>
    encodeRecord({ height, hash, payload: encodeVote(vote) });
  const files = {
    "lowered target": [recordOf(voteOf(1, 5)), recordOf(voteOf(1, 4))],
    "lowered source": [recordOf(voteOf(3, 5)), recordOf(voteOf(2, 6))],
    "filed under another target": [recordOf(voteOf(1, 5), voteOf(1, 6).target)],
    "no vote": [encodeRecord({ height: 1, hash: new Uint8Array(32), payload: Uint8Array.of(1) })],
  };
  for (const [what, records] of Object.entries(files)) {
    const filePath = newFilePath();
    fs.writeFileSync(filePath, Buffer.concat([magic, ...records]));
    await assert.rejects(openFile(filePath), { code: "journal/corrupt" }, what);
  }
});

test("a seal journal is no vote journal, nor the other way round", async () => {
  const [sealPath, votePath] = [newFilePath(), newFilePath()];
  await (await openFileSealJournal(sealPath, { logger: silentLogger })).close();
  await (await openFile(votePath)).close();
  await assert.rejects(openFile(sealPath), { code: "journal/corrupt" });
  await assert.rejects(openFileSealJournal(votePath, { logger: silentLogger }), { code: "journal/corrupt" });
});

test("a disk that fills up halfway through a write: no vote, and later it goes on", async () => {
  const filePath = newFilePath();
  const journal = await openFile(filePath);
  await journal.record(voteOf(0, 1));
  await onFullDisk(async () => {
    await assert.rejects(journal.record(voteOf(1, 2)), { code: "journal/io" });
    assert.deepEqual(journal.last, voteOf(0, 1));
  });
  await journal.record(voteOf(1, 2, 1));
  await journal.close();
  const reopened = await openFile(filePath);
  assert.deepEqual(reopened.last, voteOf(1, 2, 1));
  await reopened.close();
});

test("after a sync that failed nothing is recorded but in a new file, which has all from before", async () => {
  const filePath = newFilePath();
  const journal = await openFile(filePath);
  await journal.record(voteOf(0, 1));
  await onDiskFailing("datasync", async () => {
    await assert.rejects(journal.record(voteOf(1, 2)), { code: "journal/io" });
  });
  await onDiskFailing("sync", async () => {
    await assert.rejects(journal.record(voteOf(1, 2)), { code: "journal/io" });
  });
  assert.deepEqual(journal.last, voteOf(0, 1));
  await journal.record(voteOf(1, 2, 1));
  await journal.close();
  const reopened = await openFile(filePath);
  assert.deepEqual(reopened.last, voteOf(1, 2, 1));
  assert.deepEqual(reopened.votedAt(1), voteOf(0, 1));
  await reopened.close();
});

test("killed before and in the middle of every disk step: every acknowledged vote still counts", async () => {
  const heightsKept = 2;
  const heightMax = 5;
  const check = async ({ filePath, acknowledged }: KilledRun) => {
    const journal = await openFile(filePath, heightsKept);
    // The one being recorded may be there or not; it has not left.
    const { targetHeight } = journal.watermark;
    assert.ok(targetHeight === acknowledged || targetHeight === acknowledged + 1);
    if (targetHeight > 0) {
      assert.deepEqual(journal.last, voteOf(targetHeight - 1, targetHeight));
      await assert.rejects(journal.record(voteOf(targetHeight - 1, targetHeight, 1)), InvariantError);
    }
    await journal.record(voteOf(heightMax, heightMax + 1));
    await journal.close();
  };
  const program = "vote-journal-process.ts";
  const kills = await killAtEveryStep(program, { heightsKept, heightMax }, newFilePath, check);
  // Creation, five votes and a compaction: fewer steps would mean that they were not seen.
  assert.ok(kills > 25, `${kills} kills`);
});
