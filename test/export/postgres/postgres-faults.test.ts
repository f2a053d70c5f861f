/** Faults of server and network on the way into PostgreSQL: no row is lost and none is doubled, and each is said in words. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { ExportError } from "../../../src/export/export-error.ts";
import type { LedgerJob } from "../../../src/export/ledger-job.ts";
import { noPostgres, PostgresServer } from "../../support/postgres-server.ts";
import { SmallDisk } from "../../support/small-disk.ts";
import { folderUntilEnd } from "../../support/temporary-folder.ts";
import { exportOnce } from "../ledger-contents.ts";
import { longChain, longChainBlocks } from "../long-chain.ts";
import type { SyntheticChain } from "../synthetic-chain.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { type Contents, postgresContents, postgresJobFor, sqliteContents } from "./postgres-contents.ts";

/** More in `npm run test:long`. */
const cutRuns = Number(process.env.SUITE_POSTGRES_RUNS ?? 2);

async function failsWith(code: string, job: LedgerJob): Promise<ExportError> {
  try {
    await job.catchUp();
  } catch (thrown) {
    assert.ok(thrown instanceof ExportError, String(thrown));
    assert.deepEqual(
      [thrown.code, thrown.why !== "", thrown.next !== ""],
      [code, true, true],
      thrown.message,
    );
    return thrown;
  }
  assert.fail(`no ${code}`);
}

describe("faults on the way into PostgreSQL", { skip: noPostgres }, () => {
  let server: PostgresServer;
  let chain: SyntheticChain;
  let expected: Contents;
  let schemas = 0;
  before(async () => {
    server = await PostgresServer.start();
    chain = longChain();
    const file = join(await folderUntilEnd("aurex-postgres-"), "ledger.sqlite");
    await exportOnce(file, chain);
    expected = sqliteContents(file);
  });
  const newUrl = (port = server.port, user = "owner") => {
    schemas += 1;
    return `postgres://${user}@127.0.0.1:${port}/postgres?schema=faults_${schemas}`;
  };

  it("cut at any byte, the connection is opened anew and the rows go on where they stopped", async () => {
    const proxy = await CuttingProxy.open(server.port);
    const cuts = fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.integer({ min: 1, max: 80 }), async (bytes, rowsPerTransaction) => {
        const url = newUrl(proxy.port);
        const job = postgresJobFor(url, chain, rowsPerTransaction);
        for (const after of bytes) {
          proxy.cutAfter(after);
          const before = proxy.cuts;
          await job.catchUp().catch((error) => assert.equal(error.code, "export/unreachable", error.message));
          if (proxy.cuts === before) break;
        }
        proxy.cutAfter(Number.POSITIVE_INFINITY);
        await job.catchUp();
        await job.close();
        assert.deepEqual(
          await postgresContents(url.replace(`:${proxy.port}/`, `:${server.port}/`)),
          expected,
        );
      }),
      { numRuns: cutRuns, endOnFailure: true },
    );
    await proxy.close();
    assert.ok(proxy.cuts > 0);
  });

  it("killed with rows on their way, the server has whole blocks up to its cursor, and the rest follows", async () => {
    const url = newUrl();
    const job = postgresJobFor(url, chain, 1);
    let killed: Promise<void> | undefined;
    await assert.rejects(
      job.catchUp(({ index }) => {
        if (index > longChainBlocks / 2) killed ??= server.kill();
      }),
      { code: "export/unreachable" },
    );
    await killed;
    await failsWith("export/unreachable", job);
    await server.begin();
    const [found] = await server.sql(
      `SELECT cursor_index::int AS cursor, (SELECT max("index")::int FROM faults_${schemas}.blocks) AS last, ` +
        `(SELECT count(*)::int FROM faults_${schemas}.transactions) AS transactions FROM faults_${schemas}.meta`,
    );
    assert.ok(Number(found?.cursor) > longChainBlocks / 2);
    assert.deepEqual([found?.last, found?.transactions], [found?.cursor, 3 * Number(found?.cursor)]);
    await job.catchUp();
    await job.close();
    assert.deepEqual(await postgresContents(url), expected);
  });

  it("told to stop while the server is silent, the job ends soon, and goes on another time", async () => {
    const proxy = await CuttingProxy.open(server.port);
    const url = newUrl(proxy.port);
    const job = postgresJobFor(url, chain, 1);
    const stop = new AbortController();
    let silent: Promise<void> | undefined;
    await assert.rejects(
      job.catchUp(() => {
        silent ??= proxy.fallSilent().then(() => stop.abort());
      }, stop.signal),
      { code: "export/unreachable" },
    );
    await silent;
    await job.close();
    await proxy.close();
    const again = postgresJobFor(url.replace(/:\d+\//, `:${server.port}/`), chain);
    await again.catchUp();
    assert.equal(again.cursor?.index, longChainBlocks);
    await again.close();
  });

  it("two exporters of one chain write one ledger", async () => {
    const url = newUrl();
    const jobs = [postgresJobFor(url, chain, 3), postgresJobFor(url, chain, 4)];
    const untilDone = async (job: LedgerJob) => {
      for (;;) {
        try {
          return await job.catchUp();
        } catch (thrown) {
          assert.equal((thrown as ExportError).code, "export/busy", String(thrown));
        }
      }
    };
    await Promise.all(jobs.map(untilDone));
    for (const job of jobs) await job.close();
    assert.deepEqual(await postgresContents(url), expected);
  });

  it("says that the server takes no writes, has too many connections, or refuses the login, and goes on after that", async () => {
    await server.addUser("exporter", "first-secret");
    process.env.PGPASSWORD = "first-secret";
    try {
      const url = newUrl(server.port, "exporter");
      const job = postgresJobFor(url, chain);
      chain.rewindTo(20);
      await job.catchUp();
      await job.close();
      await server.sql("ALTER ROLE exporter SET default_transaction_read_only = on");
      await failsWith("export/read-only", job);
      await server.sql("ALTER ROLE exporter RESET default_transaction_read_only");
      await server.sql("ALTER ROLE exporter CONNECTION LIMIT 0");
      assert.match((await failsWith("export/busy", job)).why, /too many connections/);
      await server.sql("ALTER ROLE exporter CONNECTION LIMIT -1 PASSWORD 'second-secret'");
      const refused = await failsWith("export/denied", job);
      assert.doesNotMatch(`${refused.message} ${refused.next} ${refused.stack}`, /first-secret/);
      process.env.PGPASSWORD = "second-secret";
      await job.catchUp();
      assert.equal(job.cursor?.index, 20);
      await job.close();
    } finally {
      delete process.env.PGPASSWORD;
      chain = longChain();
    }
  });

  it("a schema that holds something else, or a newer ledger, is refused and left as it is", async () => {
    const foreign = newUrl();
    const name = `faults_${schemas}`;
    await server.sql(`CREATE SCHEMA ${name}; CREATE TABLE ${name}.blocks (id INTEGER)`);
    assert.match((await failsWith("export/not-a-ledger", postgresJobFor(foreign, chain))).message, /blocks/);
    const left = await server.sql(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = $1",
      undefined,
      [name],
    );
    assert.deepEqual(left, [{ table_name: "blocks" }]);
    const newer = newUrl();
    const job = postgresJobFor(newer, chain);
    await job.catchUp();
    await job.close();
    await server.sql(`UPDATE faults_${schemas}.aurex_ledger SET version = version + 1`);
    await failsWith("export/newer-version", job);
    await server.sql(`UPDATE faults_${schemas}.aurex_ledger SET version = version - 1`);
    await server.sql(`UPDATE faults_${schemas}.meta SET genesis_hash = repeat('0', 64)`);
    await failsWith("export/genesis-mismatch", job);
    await job.close();
  });

  it("a full disk of the server is said, and the rows go on once there is room", async (context) => {
    const disk = await SmallDisk.mount(context, 4);
    if (!disk) return context.skip(SmallDisk.skipReason);
    const owner = server.user;
    if (owner) chownSync(disk.directory, owner.uid, owner.gid);
    await server.sql(`CREATE TABLESPACE small LOCATION '${disk.directory}'`);
    await server.sql("ALTER ROLE owner SET default_tablespace = small");
    const url = newUrl();
    try {
      const job = postgresJobFor(url, chain, 10);
      chain.rewindTo(2);
      await job.catchUp();
      disk.fill();
      chain = longChain();
      const full = postgresJobFor(url, chain, 10);
      await failsWith("export/disk-full", full);
      await disk.empty();
      await full.catchUp();
      await job.close();
      await full.close();
      assert.deepEqual(await postgresContents(url), expected);
    } finally {
      await server.sql("ALTER ROLE owner RESET default_tablespace");
      await server.stop();
      spawnSync("umount", ["-l", disk.directory]);
    }
  });
});
