/** TLS to a PostgreSQL server by `sslmode`, as libpq has it: who sits between node and server gets in with some, and not with others. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { before, describe, it } from "node:test";
import { ExportError } from "../../../src/export/export-error.ts";
import { PostgresConnection } from "../../../src/export/postgres/postgres-connection.ts";
import { readPostgresUrl } from "../../../src/export/postgres/postgres-url.ts";
import { noPostgres, PostgresServer } from "../../support/postgres-server.ts";
import { folderUntilEnd } from "../../support/temporary-folder.ts";

const openssl = spawnSync("openssl", ["version"]).status === 0;
const skip = noPostgres || (openssl ? false : "this machine has no openssl");

describe("TLS to PostgreSQL", { skip }, () => {
  let server: PostgresServer;
  let cert: string;
  let strange: string;
  before(async () => {
    const folder = await folderUntilEnd("aurex-postgres-tls-");
    const make = (name: string) => {
      const [certFile, keyFile] = [path.join(folder, `${name}.crt`), path.join(folder, `${name}.key`)];
      const made = spawnSync("openssl", [
        ...[
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:prime256v1",
          "-nodes",
          "-days",
          "2",
        ],
        ...[
          "-subj",
          "/CN=localhost",
          "-addext",
          "subjectAltName=DNS:localhost",
          "-keyout",
          keyFile,
          "-out",
          certFile,
        ],
      ]);
      assert.equal(made.status, 0, String(made.stderr));
      return { certFile, keyFile };
    };
    const own = make("server");
    [cert, strange] = [own.certFile, make("strange").certFile];
    server = await PostgresServer.start();
    await server.useTls(own.certFile, own.keyFile);
  });

  /** Whether the connection is encrypted, by the server's own word; or the code of the error. */
  async function outcome(host: string, rest: string): Promise<boolean | string> {
    try {
      const url = `postgres://owner@${host}:${server.port}/postgres?${rest}`;
      const connection = await PostgresConnection.open(readPostgresUrl(url));
      try {
        const [row] = await connection.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        return Boolean(row?.ssl);
      } finally {
        connection.close();
      }
    } catch (thrown) {
      assert.ok(thrown instanceof ExportError, String(thrown));
      return thrown.code;
    }
  }

  it("is used or refused as sslmode says", async () => {
    const wanted: readonly (readonly [host: string, rest: string, expected: boolean | string])[] = [
      ["127.0.0.1", "sslmode=disable", false],
      ["127.0.0.1", "", true],
      ["127.0.0.1", "sslmode=require", true],
      ["127.0.0.1", `sslmode=require&sslrootcert=${strange}`, "export/denied"],
      ["127.0.0.1", `sslmode=verify-ca&sslrootcert=${cert}`, true],
      ["127.0.0.1", `sslmode=verify-ca&sslrootcert=${strange}`, "export/denied"],
      ["localhost", `sslmode=verify-full&sslrootcert=${cert}`, true],
      // The certificate is of another name.
      ["127.0.0.1", `sslmode=verify-full&sslrootcert=${cert}`, "export/denied"],
      // Nobody that this machine trusts has signed it.
      ["localhost", "sslmode=verify-full", "export/denied"],
      ["localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem", "export/bad-url"],
    ];
    for (const [host, rest, expected] of wanted)
      assert.equal(await outcome(host, rest), expected, `${host} ${rest}`);
  });
});
