/** The contract of both verifiers, and what only the one with threads can do wrong. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { InvariantError } from "../../src/base/invariant.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { TransactionVerifier } from "../../src/protocol/transaction-verifier.ts";
import { RememberingVerifier } from "../../src/verifier/remembering-verifier.ts";
import { packBatch, readVerdicts, verifyChunks } from "../../src/verifier/signature-batch.ts";
import { createInlineVerifier, createTransactionVerifier } from "../../src/verifier/verifier.ts";
import { VerifierClosedError, WorkerPool } from "../../src/verifier/worker-pool.ts";
import { chainId, readOnChain, signedRecords, withSpoiledSignature } from "./signed-transactions.ts";

const records = signedRecords(1000);
/** Every third is invalid. */
const mixed = records.map((record, index) => (index % 3 === 0 ? withSpoiledSignature(record) : record));
const mixedVerdicts = records.map((_, index) => index % 3 !== 0);

const implementations: Record<string, (rememberedMax?: number) => TransactionVerifier> = {
  "with threads": (rememberedMax) =>
    createTransactionVerifier(
      { workers: 2, ...(rememberedMax === undefined ? {} : { rememberedMax }) },
      { logger: silentLogger },
    ),
  inline: (rememberedMax) => createInlineVerifier(rememberedMax === undefined ? {} : { rememberedMax }),
};

for (const [name, create] of Object.entries(implementations)) {
  describe(`a verifier ${name}`, () => {
    test("answers a batch of any size in order", async () => {
      const verifier = create();
      assert.deepEqual(await verifier.verify([]), []);
      for (const size of [1, 15, 16, 17, 131]) {
        const from = size * 2;
        const verdicts = await verifier.verify(mixed.slice(from, from + size));
        assert.deepEqual(verdicts, mixedVerdicts.slice(from, from + size), `batch of ${size}`);
      }
      assert.deepEqual(await verifier.verify(mixed), mixedVerdicts);
      await verifier.close();
    });

    test("keeps batches that are asked for at once apart", async () => {
      const verifier = create();
      const batches = Array.from({ length: 20 }, (_, index) => index * 40);
      const verdicts = await Promise.all(
        batches.map((from) => verifier.verify(mixed.slice(from, from + 40))),
      );
      for (const [index, from] of batches.entries()) {
        assert.deepEqual(verdicts[index], mixedVerdicts.slice(from, from + 40));
      }
      await verifier.close();
    });

    test("answers what it remembers and what is new in one batch, in order", async () => {
      const verifier = create();
      await verifier.verify(records.slice(0, 20));
      assert.deepEqual(await verifier.verify(mixed.slice(10, 60)), mixedVerdicts.slice(10, 60));
      assert.deepEqual(await verifier.verify(mixed.slice(10, 60)), mixedVerdicts.slice(10, 60));
      await verifier.close();
    });

    test("does not take a remembered signature for valid on another chain", async () => {
      const verifier = create();
      const [record] = records;
      assert.ok(record);
      const elsewhere = readOnChain(record, new Uint8Array(32).fill(8));
      assert.deepEqual(elsewhere.leaf, record.leaf);
      assert.deepEqual(await verifier.verify([record]), [true]);
      assert.deepEqual(await verifier.verify([elsewhere]), [false]);
      assert.deepEqual(await verifier.verify([readOnChain(record, chainId)]), [true]);
      await verifier.close();
    });

    test("does not take a spoiled copy of a remembered transaction for valid", async () => {
      const verifier = create();
      await verifier.verify(records.slice(0, 30));
      const spoiled = records.slice(0, 30).map(withSpoiledSignature);
      assert.deepEqual(await verifier.verify(spoiled), Array(30).fill(false));
      await verifier.close();
    });

    test("forgets the oldest first when its memory is full, and still answers right", async () => {
      const verifier = create(10);
      assert.deepEqual(await verifier.verify(mixed.slice(0, 50)), mixedVerdicts.slice(0, 50));
      assert.deepEqual(await verifier.verify(mixed.slice(0, 50)), mixedVerdicts.slice(0, 50));
      await verifier.close();
    });

    test("rejects once it is closed", async () => {
      const verifier = create();
      await verifier.verify(records.slice(0, 20));
      await verifier.close();
      await assert.rejects(verifier.verify(records.slice(0, 1)), VerifierClosedError);
      await assert.rejects(verifier.verify(records.slice(0, 20)), VerifierClosedError);
      await verifier.close();
    });
  });
}

describe("the memory of valid signatures", () => {
  test("spares the work for these, and repeats it for invalid and forgotten ones", async () => {
    const asked: number[] = [];
    const inline = createInlineVerifier({ rememberedMax: 0 });
    const verifier = new RememberingVerifier(20, {
      verify: (unseen) => {
        asked.push(unseen.length);
        return inline.verify(unseen);
      },
      close: () => inline.close(),
    });
    await verifier.verify(records.slice(0, 20));
    await verifier.verify(records.slice(0, 20));
    await verifier.verify([...records.slice(10, 20), ...mixed.slice(0, 3)]);
    await verifier.verify(mixed.slice(0, 1));
    await verifier.verify(records.slice(20, 40));
    await verifier.verify(records.slice(0, 2));
    // 3 of which one is invalid, that one again, 20 new ones that push out all others, 2 of those.
    assert.deepEqual(asked, [20, 1, 1, 20, 2]);
  });
});

describe("the thread pool", () => {
  test("is not asked about a few, however often in a turn", async (t) => {
    const messages = t.mock.method(Worker.prototype, "postMessage");
    const verifier = createTransactionVerifier({ workers: 2 }, { logger: silentLogger });
    const verdicts = await Promise.all(mixed.map((transaction) => verifier.verify([transaction])));
    assert.deepEqual(verdicts.flat(), mixedVerdicts);
    assert.equal(messages.mock.callCount(), 0);
    // Of 48 a third is unseen.
    assert.deepEqual(await verifier.verify(records.slice(0, 48)), Array(48).fill(true));
    assert.ok(messages.mock.callCount() > 0);
    await verifier.close();
  });

  test("verifies itself until a thread has started", async () => {
    const workerFile = new URL("./sleeping-worker.ts", import.meta.url);
    const pool = new WorkerPool({ workers: 2, waitingBatchesMax: 8, workerFile }, { logger: silentLogger });
    const verdicts = await Promise.all([pool.verify(mixed), pool.verify(mixed.slice(1, 20))]);
    assert.deepEqual(verdicts, [mixedVerdicts, mixedVerdicts.slice(1, 20)]);
    await pool.close();
  });

  test("rejects every batch that waits when it is closed while busy", async () => {
    const verifier = createTransactionVerifier({ workers: 2 }, { logger: silentLogger });
    const batches = Array.from({ length: 12 }, () => verifier.verify(records));
    const outcomes = Promise.allSettled(batches);
    await verifier.close();
    for (const outcome of await outcomes) {
      assert.equal(outcome.status, "rejected");
      assert.ok(outcome.reason instanceof VerifierClosedError);
    }
  });

  test("rejects, and never says invalid, when a thread dies", async () => {
    const workerFile = new URL("./dying-worker.ts", import.meta.url);
    const pool = new WorkerPool({ workers: 2, waitingBatchesMax: 8, workerFile }, { logger: silentLogger });
    const allValid = records.map(() => true);
    let isDead = false;
    // Until a thread has started, and dies, the pool verifies itself.
    for (let round = 0; round < 10_000 && !isDead; round += 1) {
      for (const outcome of await Promise.allSettled([pool.verify(records), pool.verify(records)])) {
        if (outcome.status === "fulfilled") {
          assert.deepEqual(outcome.value, allValid);
          continue;
        }
        isDead = true;
        assert.ok(outcome.reason instanceof InvariantError);
        assert.match(outcome.reason.message, /thread died: .*7/);
      }
    }
    assert.ok(isDead);
    await assert.rejects(pool.verify(records), InvariantError);
    await pool.close();
  });

  test("starts as many threads as have something to do", async () => {
    const pool = new WorkerPool({ workers: 3, waitingBatchesMax: 8 }, { logger: silentLogger });
    // Threads are numbered.
    const next = async () => {
      const worker = new Worker("", { eval: true });
      const { threadId } = worker;
      await worker.terminate();
      return threadId;
    };
    const before = await next();
    await pool.verify(records.slice(0, 20));
    await pool.verify(records.slice(0, 60));
    assert.equal((await next()) - before - 1, 1);
    await Promise.all([pool.verify(records), pool.verify(records)]);
    assert.equal((await next()) - before - 2, 3);
    await pool.close();
  });

  test("refuses to hold more batches than its bound", async () => {
    const pool = new WorkerPool({ workers: 1, waitingBatchesMax: 2 }, { logger: silentLogger });
    const held = Array.from({ length: 6 }, () => pool.verify(records.slice(0, 50)));
    await assert.rejects(pool.verify(records.slice(0, 50)), /over 2 batches wait/);
    for (const verdicts of await Promise.all(held)) assert.deepEqual(verdicts, Array(50).fill(true));
    await pool.close();
  });

  test("lets the process end without close, and not before a verdict that is waited for", async () => {
    const source = (path: string) => new URL(`../../src/${path}`, import.meta.url).href;
    const program = `
      const { createTransactionVerifier } = await import(${JSON.stringify(source("verifier/verifier.ts"))});
      const { silentLogger } = await import(${JSON.stringify(source("base/logger.ts"))});
      const { signedRecords } = await import(${JSON.stringify(new URL("./signed-transactions.ts", import.meta.url).href)});
      const verifier = createTransactionVerifier({ workers: 2 }, { logger: silentLogger });
      verifier.verify(signedRecords(100)).then((verdicts) => console.log(verdicts.filter(Boolean).length));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--input-type=module",
      "--eval",
      program,
    ]);
    assert.equal(stdout.trim(), "100");
  });
});

describe("a batch in shared memory", () => {
  test("has one caller that finishes it, and verdicts in order", () => {
    const memory = packBatch(mixed.slice(0, 21));
    assert.equal(verifyChunks(memory), true);
    assert.equal(verifyChunks(memory), false);
    assert.deepEqual(readVerdicts(memory), mixedVerdicts.slice(0, 21));
  });

  test("throws where a verdict is missing", () => {
    assert.throws(() => readVerdicts(packBatch(mixed.slice(0, 3))), InvariantError);
  });
});
