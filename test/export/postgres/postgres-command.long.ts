/** `export postgres` and `start --export postgres://…` as a user has them: real processes, a server that asks for a password. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { RealHome } from "../../cli/real-nodes.ts";
import { until } from "../../support/patience.ts";
import { noPostgres, PostgresServer } from "../../support/postgres-server.ts";
import { postgresContents, sqliteContents } from "./postgres-contents.ts";

const password = "hunter2-secret";

describe("PostgreSQL by the command line", { skip: noPostgres }, () => {
  let server: PostgresServer;
  let home: RealHome;
  before(async () => {
    server = await PostgresServer.start();
    await server.addUser("ledger", password);
    home = await RealHome.open();
  });
  after(() => home.close());
  const urlOf = (schema: string) => `postgres://ledger@127.0.0.1:${server.port}/postgres?schema=${schema}`;
  const contentsOf = (schema: string) => postgresContents(server.url("postgres", `?schema=${schema}`));
  const heightIn = async (schema: string) => {
    const [row] = await server.sql(`SELECT cursor_index FROM ${schema}.meta`).catch(() => []);
    return Number(row?.cursor_index ?? -1);
  };

  it("follows a running node through its kill and the server's, and the password is nowhere to be read", async () => {
    // As libpq has it: host:port:database:user:password.
    await writeFile(home.path(".pgpass"), `*:*:*:ledger:${password}\n`, { mode: 0o600 });
    const start = `aurex-node --consensus pow --mine --data-dir ./alpha --export '${urlOf("live")}'`;
    const send = async (text: string) => {
      const sent = await home.line(`aurex-node tx record --key node --wait ${text} --data-dir ./alpha`);
      assert.equal(sent.code, 0, sent.stderr);
    };
    const killed = await home.startLine(start);
    await send("one");
    await until("the block is in PostgreSQL", async () => (await heightIn("live")) === 1);
    await killed.stop("SIGKILL");
    const node = await home.startLine(start);
    await server.kill();
    await send("two");
    const status = async () => (await home.line("aurex-node status --json --data-dir ./alpha")).stdout;
    const told = await until("status tells that the server is gone", async () => {
      const text = await status();
      return text.includes("export/unreachable") ? text : undefined;
    });
    const commandLine = await readFile(`/proc/${node.child.pid}/cmdline`, "utf8").catch(() => "");
    await server.begin();
    await until("the next block is there, too", async () => (await heightIn("live")) === 2);
    await until(
      "status tells that all is well",
      async () => !(await status()).includes("export/unreachable"),
    );
    await node.stop();
    const written = await home.line("aurex-node export --out ledger.sqlite --data-dir ./alpha");
    assert.equal(written.code, 0, written.stderr);
    const live = await contentsOf("live");
    // What the node said of itself; the stopped one's ledger was not told.
    assert.equal(live.nodes?.length, 1);
    assert.deepEqual({ ...live, nodes: [] }, sqliteContents(home.path("ledger.sqlite")));
    const kept = ["blockchain.log", "started-with.json"].map((name) =>
      readFile(home.path("alpha", name), "utf8"),
    );
    for (const text of [told, commandLine, ...(await Promise.all(kept))]) assert.ok(!text.includes(password));
  });

  it("writes the chain of a stopped node, and what a ledger file holds", async () => {
    const byNode = `aurex-node export postgres --url '${urlOf("stopped")}' --data-dir ./alpha`;
    const ran = await home.line(byNode);
    assert.match(ran.stdout, /3 blocks and 2 transactions written\nup to block 2 of chain/, ran.stderr);
    // Instead of .pgpass: the file of the URL holds the password.
    const file = home.path("ledger.url");
    await writeFile(file, `${urlOf("fromfile").replace("@", `:${password}@`)}\n`, { mode: 0o600 });
    await home.line("rm .pgpass");
    const fromFile = await home.line(
      `aurex-node export postgres --url @${file} --ledger ledger.sqlite --json`,
    );
    assert.equal(JSON.parse(fromFile.stdout).blocks, 3, fromFile.stderr);
    assert.ok(!`${fromFile.stdout}${fromFile.stderr}`.includes(password));
    const expected = sqliteContents(home.path("ledger.sqlite"));
    assert.deepEqual([await contentsOf("stopped"), await contentsOf("fromfile")], [expected, expected]);
  });

  it("says what is wrong, why, and what to do next, without the password", async () => {
    const port = server.port;
    const wrong: readonly (readonly [flags: string, code: number, says: RegExp])[] = [
      ["", 2, /no database is named/],
      [`--url postgres://ledger:${password}@127.0.0.1:${port}/postgres`, 2, /has a password in it/],
      [`--url postgres://ledger:${password}/@127.0.0.1:${port}/postgres`, 2, /./],
      [
        `--url 'postgres://ledger@127.0.0.1:${port}/postgres?password=${password}'`,
        2,
        /has a password in it/,
      ],
      [`--url postgres://ledger@127.0.0.1:${port}/postgres`, 2, /did not accept user and password/],
      ["--url postgres://ledger@127.0.0.1:1/postgres", 5, /cannot be reached/],
      [`--url postgres://owner@127.0.0.1:${port}/nowhere`, 2, /there is no such database/],
      [`--url postgres://owner@127.0.0.1:${port}/postgres?sslmode=require`, 5, /the server has no TLS/],
      [`--url postgres://owner@127.0.0.1:${port}/postgres --schema Upper`, 2, /is no name of a-z/],
      ["--url mysql://db/chain", 2, /no URL of a PostgreSQL database/],
      ["--url @missing.url", 2, /cannot be read: ENOENT/],
      ["--ddl oracle", 2, /plain, partitioned, citus, yugabyte/],
    ];
    for (const [flags, code, says] of wrong) {
      const ran = await home.run(["export", "postgres", "--data-dir", home.path("alpha"), ...words(flags)]);
      const text = `${ran.stdout}${ran.stderr}`;
      assert.deepEqual(
        [ran.code, says.test(text), text.includes(password)],
        [code, true, false],
        `${flags}: ${text}`,
      );
      assert.match(ran.stderr, /Why: .*\nNext: /, flags);
    }
    const started = await home.run(["start", "--export", `postgres://a:${password}@h/db`]);
    assert.deepEqual([started.code, started.stderr.includes(password)], [2, false], started.stderr);
  });

  it("uses tables that were made beforehand by the printed SQL, also partitioned ones", async () => {
    const ddl = await home.output("export", "postgres", "--ddl", "partitioned", "--schema", "parts");
    await server.sql(ddl);
    await server.sql(
      "GRANT ALL ON SCHEMA parts TO ledger; GRANT ALL ON ALL TABLES IN SCHEMA parts TO ledger",
    );
    const url = server.url("postgres", "?schema=parts");
    await home.output("export", "postgres", "--url", url, "--data-dir", home.path("alpha"));
    assert.deepEqual(await contentsOf("parts"), await contentsOf("stopped"));
    const [row] = await server.sql("SELECT count(*) AS blocks FROM parts.blocks_0");
    assert.equal(row?.blocks, "3");
  });
});

function words(flags: string): string[] {
  return flags === "" ? [] : flags.replaceAll("'", "").split(" ");
}
