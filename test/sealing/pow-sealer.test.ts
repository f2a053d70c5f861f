/** Both Proof of Work sealers, held to one contract; then what only real threads can do. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { compareBytes, toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { InvariantError } from "../../src/base/invariant.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { blockHash, type Header, headerRoot } from "../../src/protocol/block.ts";
import { easiestTargetOf } from "../../src/protocol/genesis.ts";
import { createMiningThreads } from "../../src/sealing/pow/mining-threads.ts";
import { createPowSealer } from "../../src/sealing/pow/pow-sealer.ts";
import { searchNonces } from "../../src/sealing/pow/search-nonces.ts";
import type { Sealer, SealProgress } from "../../src/sealing/sealer.ts";
import { createInlinePowSealer } from "../support/inline-pow-sealer.ts";
import { patienceMs } from "../support/patience.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { headerOf, unreachableTarget } from "./headers.ts";

const never = () => new AbortController().signal;

function smallestNonce(header: Header): Uint8Array | undefined {
  const root = headerRoot(header);
  const input = { headerRoot: root, target: header.target, extraNonce: new Uint8Array(24) };
  return searchNonces({ ...input, firstNonce: 0, count: 5_000_000 })?.nonce;
}

async function sealAndCheck(sealer: Sealer, header: Header): Promise<Uint8Array> {
  const seal = await sealer.seal(header, { signal: never() });
  assert.ok(seal);
  assert.equal(seal.signature.length, 0);
  const hash = blockHash(headerRoot(header), seal.nonce);
  assert.ok(compareBytes(hash, header.target) <= 0);
  return seal.nonce;
}

const sealers: Record<string, () => Sealer> = {
  "one thread": () => createPowSealer(createMiningThreads({ threads: 1 }, { logger: silentLogger })),
  "three threads": () => createPowSealer(createMiningThreads({ threads: 3 }, { logger: silentLogger })),
  inline: () => createInlinePowSealer({ clock: systemClock }),
};

for (const [name, create] of Object.entries(sealers)) {
  describe(name, () => {
    test("seals difficulty 1 to 4", async (t) => {
      const sealer = create();
      t.after(() => sealer.close());
      for (const difficulty of [1, 2, 3, 4]) {
        const header = headerOf({ height: difficulty, target: easiestTargetOf(difficulty) });
        const nonce = await sealAndCheck(sealer, header);
        assert.match(toHex(blockHash(headerRoot(header), nonce)), new RegExp(`^0{${difficulty}}`));
        // A single searcher starts at 0 and skips nothing.
        if (name !== "three threads") assert.deepEqual(nonce, smallestNonce(header));
      }
    });

    test("an abort resolves undefined, and the next header is sealed, again and again", async (t) => {
      const sealer = create();
      t.after(() => sealer.close());
      for (let round = 0; round < 10; round += 1) {
        const abort = new AbortController();
        const stale = sealer.seal(headerOf({ height: round, target: unreachableTarget }), {
          signal: abort.signal,
        });
        setImmediate(() => abort.abort());
        assert.equal(await stale, undefined);
        await sealAndCheck(sealer, headerOf({ height: round, target: easiestTargetOf(2) }));
      }
    });

    test("a signal that is aborted already, and an abort after the end, do nothing", async (t) => {
      const sealer = create();
      t.after(() => sealer.close());
      const aborted = AbortSignal.abort();
      assert.equal(
        await sealer.seal(headerOf({ target: unreachableTarget }), { signal: aborted }),
        undefined,
      );
      const abort = new AbortController();
      assert.ok(await sealer.seal(headerOf({ target: easiestTargetOf(1) }), { signal: abort.signal }));
      abort.abort();
      await sealAndCheck(sealer, headerOf({ target: easiestTargetOf(2) }));
    });

    test("progress comes while it searches, growing, and once more with the find", async (t) => {
      const sealer = create();
      t.after(() => sealer.close());
      const abort = new AbortController();
      const seen: SealProgress[] = [];
      const onProgress = (progress: SealProgress) => {
        seen.push(progress);
        if (seen.length === 3) abort.abort();
      };
      const searching = sealer.seal(headerOf({ target: unreachableTarget }), {
        signal: abort.signal,
        onProgress,
      });
      assert.equal(await searching, undefined);
      assert.equal(seen.length, 3);
      assert.ok(seen[0]!.attempts > 0 && seen[0]!.hashesPerSecond > 0);
      assert.ok(seen[0]!.attempts < seen[1]!.attempts && seen[1]!.attempts < seen[2]!.attempts);

      let last: SealProgress | undefined;
      const found = await sealer.seal(headerOf({ target: easiestTargetOf(3) }), {
        signal: never(),
        onProgress: (progress) => {
          last = progress;
        },
      });
      assert.ok(found && last);
      const counted = Number(Buffer.from(found.nonce).readBigUInt64LE(0)) + 1;
      if (name === "three threads") assert.ok(last.attempts >= counted);
      else assert.equal(last.attempts, counted);
    });

    test("close ends a search that runs", async (t) => {
      const sealer = create();
      t.after(() => sealer.close());
      const searching = sealer.seal(headerOf({ target: unreachableTarget }), { signal: never() });
      await sealer.close();
      assert.equal(await searching, undefined);
    });
  });
}

test("in simulated time the inline sealer waits for the clock between slices", async (t) => {
  const clock = createSimulatedClock(0);
  const sealer = createInlinePowSealer({ clock });
  t.after(() => sealer.close());
  const abort = new AbortController();
  let ended = false;
  const searching = sealer
    .seal(headerOf({ target: unreachableTarget }), { signal: abort.signal })
    .finally(() => {
      ended = true;
    });
  for (let slice = 0; slice < 5; slice += 1) assert.ok(await clock.runNext());
  assert.equal(ended, false);
  assert.equal(clock.nowMs(), 0);
  abort.abort();
  assert.equal(await searching, undefined);
  assert.equal(clock.pending, 0);
});

/** The threads that are started while `body` runs, as Node itself reports them. */
async function withWorkers(body: (workers: Worker[]) => Promise<void>): Promise<void> {
  const workers: Worker[] = [];
  const onWorker = (worker: Worker) => workers.push(worker);
  process.on("worker", onWorker);
  try {
    await body(workers);
  } finally {
    process.off("worker", onWorker);
  }
}

test("a thread that dies fails the search that runs, is logged, and is replaced for the next", async (t) => {
  await withWorkers(async (workers) => {
    const errors: string[] = [];
    const logger: Logger = { ...silentLogger, error: (_fields, message) => errors.push(message) };
    const sealer = createPowSealer(createMiningThreads({ threads: 2 }, { logger }));
    t.after(() => sealer.close());
    await nextTurn();
    const searching = sealer.seal(headerOf({ target: unreachableTarget }), { signal: never() });
    const failed = assert.rejects(searching, /mining thread 1 ended/);
    await workers[1]!.terminate();
    await failed;
    assert.equal(errors.length, 1);
    await sealAndCheck(sealer, headerOf({ target: easiestTargetOf(3) }));
    assert.equal(workers.length, 3);
    // Dying idle is no search's failure, and replaced as well.
    await workers[0]!.terminate();
    await sealAndCheck(sealer, headerOf({ target: easiestTargetOf(3) }));
    assert.equal(workers.length, 4);
    assert.equal(errors.length, 2);
  });
});

test("a thread that throws fails the search with its own error as the cause", async (t) => {
  await withWorkers(async (workers) => {
    const sealer = createPowSealer(createMiningThreads({ threads: 1 }, { logger: silentLogger }));
    t.after(() => sealer.close());
    await nextTurn();
    const abort = new AbortController();
    const stale = sealer.seal(headerOf({ target: unreachableTarget }), { signal: abort.signal });
    // Not a job: the thread throws as soon as it is free to read it.
    workers[0]!.postMessage(null);
    abort.abort();
    assert.equal(await stale, undefined);
    const next = sealer.seal(headerOf({ target: unreachableTarget }), { signal: never() });
    await assert.rejects(next, (error: Error) => error.cause instanceof TypeError);
  });
});

test("closing frees the threads without a word, and a closed sealer seals nothing", async (t) => {
  await withWorkers(async (workers) => {
    const errors: string[] = [];
    const logger: Logger = { ...silentLogger, error: (_fields, message) => errors.push(message) };
    const sealer = createPowSealer(createMiningThreads({ threads: 2 }, { logger }));
    t.after(() => sealer.close());
    await nextTurn();
    assert.equal(workers.length, 2);
    const exits = workers.map((worker) => once(worker, "exit"));
    await sealer.close();
    await Promise.all(exits);
    assert.deepEqual(errors, []);
    await assert.rejects(sealer.seal(headerOf({}), { signal: never() }), InvariantError);
  });
});

test("two headers at a time are a bug", async (t) => {
  const sealer = createPowSealer(createMiningThreads({ threads: 1 }, { logger: silentLogger }));
  t.after(() => sealer.close());
  const first = sealer.seal(headerOf({ target: unreachableTarget }), { signal: never() });
  await assert.rejects(sealer.seal(headerOf({}), { signal: never() }), InvariantError);
  await sealer.close();
  assert.equal(await first, undefined);
});

test("idle threads keep no process alive; a search does, until it ends", () => {
  const source = (name: string) =>
    JSON.stringify(fileURLToPath(new URL(`../../src/${name}`, import.meta.url)));
  const program = `
    const { createMiningThreads } = await import(${source("sealing/pow/mining-threads.ts")});
    const { createPowSealer } = await import(${source("sealing/pow/pow-sealer.ts")});
    const { silentLogger } = await import(${source("base/logger.ts")});
    const { headerOf } = await import(${JSON.stringify(fileURLToPath(new URL("headers.ts", import.meta.url)))});
    const { easiestTargetOf } = await import(${source("protocol/genesis.ts")});
    const sealer = createPowSealer(createMiningThreads({ threads: 2 }, { logger: silentLogger }));
    const header = headerOf({ target: easiestTargetOf(4) });
    const seal = await sealer.seal(header, { signal: new AbortController().signal });
    console.log(seal.nonce.length);`;
  const child = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    timeout: patienceMs(),
  });
  assert.equal(child.stderr, "");
  assert.equal(child.stdout, "32\n");
  assert.equal(child.status, 0);
});
