/** The ledger in PostgreSQL against a real server: whatever happens on the way, it has the rows that a file has. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { ledgerDigests } from "../../../src/audit/ledger-digest.ts";
import { toHex } from "../../../src/base/bytes.ts";
import { noPostgres, PostgresServer } from "../../support/postgres-server.ts";
import { folderUntilEnd } from "../../support/temporary-folder.ts";
import { ChainLife, chainSteps } from "../chain-histories.ts";
import { exportOnce, jobFor } from "../ledger-contents.ts";
import { longChain, longChainBlocks } from "../long-chain.ts";
import { SyntheticChain } from "../synthetic-chain.ts";
import {
  postgresContents,
  postgresDigest,
  postgresJobFor,
  postgresViews,
  sqliteContents,
  sqliteViews,
} from "./postgres-contents.ts";

/** More in `npm run test:long`. */
const runs = Number(process.env.SUITE_POSTGRES_RUNS ?? 2);

describe("the ledger in PostgreSQL", { skip: noPostgres }, () => {
  let server: PostgresServer;
  let schemas = 0;
  before(async () => {
    server = await PostgresServer.start();
  });
  const newUrl = () => {
    schemas += 1;
    return server.url("postgres", `?schema=ledger_${schemas}`);
  };

  it("has the rows and the content digest of a file of the same chain", async () => {
    const file = join(await folderUntilEnd("aurex-postgres-"), "ledger.sqlite");
    const chain = longChain();
    await exportOnce(file, chain);
    const url = newUrl();
    const job = postgresJobFor(url, chain);
    const report = await job.catchUp();
    assert.deepEqual(report.cursor, { index: longChainBlocks, hash: chain.canonical.at(-1)?.hashHex });
    assert.deepEqual(await job.catchUp(), { ...report, blocks: 0, transactions: 0 });
    await job.close();
    assert.deepEqual(await postgresContents(url), sqliteContents(file));
    assert.deepEqual(await postgresViews(url), sqliteViews(file));
    const chainId = toHex(chain.spec.chainId);
    using db = new DatabaseSync(file, { readOnly: true });
    const expected = [...ledgerDigests(db, chainId)].at(-1);
    assert.equal(await postgresDigest(url, chainId), expected && toHex(expected.digest));
  });

  for (const consensus of ["pow", "poa"] as const) {
    it(`has the rows of a file after any life of a ${consensus} chain`, async () => {
      const folder = await folderUntilEnd("aurex-postgres-");
      await fc.assert(
        fc.asyncProperty(chainSteps, fc.integer({ min: 1, max: 6 }), async (steps, rowsPerTransaction) => {
          const chain = new SyntheticChain(consensus);
          const life = new ChainLife(chain);
          const url = newUrl();
          const file = join(folder, `${schemas}.sqlite`);
          // The same batches: a reorganization is logged with the tip that its own SQL transaction reached.
          const job = postgresJobFor(url, chain, rowsPerTransaction);
          const fileJob = jobFor(file, chain, { rowsPerTransaction });
          for (const step of steps) {
            life.live(step);
            if (!step.isExported) continue;
            await job.catchUp();
            await fileJob.catchUp();
          }
          life.end();
          await job.catchUp();
          await fileJob.catchUp();
          await job.close();
          fileJob.close();
          assert.deepEqual(await postgresContents(url), sqliteContents(file));
        }),
        { numRuns: runs, endOnFailure: true },
      );
    });
  }
});
