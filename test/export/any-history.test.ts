/** Whatever a ledger went through (reorganizations, crashes within an SQL transaction, stops, batches of any size), it is that of its chain. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { ledgerDigests } from "../../src/audit/ledger-digest.ts";
import { toHex } from "../../src/base/bytes.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { ExportError } from "../../src/export/export-error.ts";
import { ExportThread } from "../../src/export/export-thread.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import { ChainLife, type ChainStep, chainStep } from "./chain-histories.ts";
import { exportOnce, fileContents, jobFor, temporaryFolder } from "./ledger-contents.ts";
import { SyntheticChain } from "./synthetic-chain.ts";

/** How the export fares after a step of its chain's life. */
type Fate =
  | { readonly kind: "waits" }
  | { readonly kind: "writes" }
  | { readonly kind: "stops"; readonly transactions: number }
  | { readonly kind: "dies"; readonly statement: number };

interface Step {
  readonly step: ChainStep;
  readonly fate: Fate;
  readonly rowsPerTransaction: number;
}

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: "waits" as const }) },
  { weight: 5, arbitrary: fc.constant({ kind: "writes" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("stops" as const),
      transactions: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("dies" as const), statement: fc.integer({ min: 1, max: 40 }) }),
  },
);
const history = fc.array(
  fc.record<Step>({ step: chainStep, fate, rowsPerTransaction: fc.integer({ min: 1, max: 9 }) }),
  { maxLength: 8 },
);

const dyingWorker = new URL("./dying-worker.ts", import.meta.url);

async function exportBy(
  { fate, rowsPerTransaction }: Step,
  file: string,
  chain: SyntheticChain,
): Promise<void> {
  if (fate.kind === "waits") return;
  if (fate.kind === "dies") {
    writeFileSync(`${file}.die-at`, String(fate.statement));
    const options = { file, rowsPerTransaction, workerFile: dyingWorker };
    const thread = new ExportThread(options, { source: chain, logger: silentLogger });
    await thread.catchUp().catch((thrown: ExportError) => assert.equal(thrown.code, "export/thread-ended"));
    await thread.close();
    return;
  }
  const job = jobFor(file, chain, { rowsPerTransaction });
  const stop = new AbortController();
  let transactions = 0;
  await job.catchUp(() => {
    transactions += 1;
    if (fate.kind === "stops" && transactions >= fate.transactions) stop.abort();
  }, stop.signal);
  job.close();
}

function digestsOf(file: string, chain: SyntheticChain): string[] {
  const db = openLedgerFile(file, { readOnly: true });
  try {
    return [...ledgerDigests(db, toHex(chain.spec.chainId))].map(({ digest }) => toHex(digest));
  } finally {
    db.close();
  }
}

for (const consensus of ["pow", "poa"] as const) {
  test(`after any history of a ${consensus} chain and its export the file equals a fresh export`, async (context) => {
    const folder = await temporaryFolder(context);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        run += 1;
        const chain = new SyntheticChain(consensus);
        const life = new ChainLife(chain);
        const [file, fresh] = [join(folder, `${run}.sqlite`), join(folder, `${run}.fresh.sqlite`)];
        for (const step of steps) {
          life.live(step.step);
          await exportBy(step, file, chain);
        }
        life.end();
        await exportOnce(file, chain);
        await exportOnce(fresh, chain);
        assert.deepEqual(fileContents(file), fileContents(fresh));
        const digests = digestsOf(file, chain);
        assert.equal(digests.length, chain.canonical.length);
        assert.deepEqual(digests, digestsOf(fresh, chain));
      }),
      { numRuns: Number(process.env.SUITE_EXPORT_HISTORIES ?? 10) },
    );
  });
}
