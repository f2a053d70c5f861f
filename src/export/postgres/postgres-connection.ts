/** One connection to a PostgreSQL server that takes writes: statements, COPY, and an end if the server falls silent. */
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import { invariant } from "../../base/invariant.ts";
import { ExportError } from "../export-error.ts";
import type { SqlValue } from "../rows.ts";
import { CopyIn } from "./copy-in.ts";
import { toPostgresExportError } from "./postgres-error.ts";
import { type PostgresHost, type PostgresPlace, passwordFor } from "./postgres-url.ts";

const connectMaxMs = 10_000;
/** A connection over which nothing has come for so long, though the server owes an answer, is cut: it may have failed over. */
const silenceMaxMs = 60_000;
/** How long to wait for rows that another program has locked. */
const lockMaxMs = 10_000;
const keepAliveAfterMs = 10_000;

/** A COPY that takes rows. */
export interface OpenCopy {
  /** Resolves when there is room for more. */
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** Resolves when the server has taken all rows. */
  end(chunks: readonly Uint8Array[]): Promise<void>;
}

export type PostgresRow = Readonly<Record<string, SqlValue>>;

/** INTEGER as bigint, so that no amount is rounded. */
const typeParsers: Readonly<Record<number, (text: string) => unknown>> = {
  20: BigInt,
  21: BigInt,
  23: BigInt,
  700: Number,
  701: Number,
};

export class PostgresConnection {
  /** Where it leads to, e.g. "db1:5432". */
  readonly server: string;
  readonly #client: pg.Client;
  readonly #text: string;
  #fault: Error | undefined;
  #isInTransaction = false;

  private constructor(client: pg.Client, server: string, text: string) {
    this.#client = client;
    this.server = server;
    this.#text = text;
    // Without a listener a cut connection would end the process.
    client.on("error", (error) => {
      this.#fault ??= error;
    });
    client.on("end", () => {
      this.#fault ??= new Error("Connection terminated");
    });
  }

  /**
   * Connects to the first of the hosts that takes writes.
   *
   * @throws ExportError of the last one that was tried
   */
  static async open(place: PostgresPlace): Promise<PostgresConnection> {
    let last: Error | undefined;
    for (const host of place.hosts) {
      for (const ssl of sslOptions(place)) {
        try {
          return await PostgresConnection.#connect(place, host, ssl);
        } catch (thrown) {
          last = toPostgresExportError(thrown, place.text);
          if (!(last instanceof ExportError)) throw last;
          if (!/does not support SSL/.test(String(thrown))) break;
        }
      }
    }
    invariant(last, "a URL has at least one host");
    throw last;
  }

  static async #connect(
    place: PostgresPlace,
    host: PostgresHost,
    ssl: ConnectionOptions | false,
  ): Promise<PostgresConnection> {
    const password = passwordFor(place, host);
    const client = new pg.Client({
      host: host.host,
      port: host.port,
      user: place.user,
      database: place.database,
      // A function, so that neither an environment variable nor a file is read a second time by the driver.
      password: () => password ?? "",
      ssl,
      application_name: "aurex-node export",
      connectionTimeoutMillis: connectMaxMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveAfterMs,
      types: {
        getTypeParser: (oid: number, format?: string) =>
          (typeParsers[oid] ?? pg.types.getTypeParser(oid, format as "text")) as never,
      },
    });
    const connection = new PostgresConnection(client, `${host.host}:${host.port}`, place.text);
    try {
      await client.connect();
      await connection.#prepare(place);
      return connection;
    } catch (thrown) {
      connection.close();
      throw thrown;
    }
  }

  async #prepare({ text }: PostgresPlace): Promise<void> {
    // A pooler in front of the server may hand each transaction to another session: these are asked for in each one.
    const [row] = await this.query(
      "SELECT current_setting('transaction_read_only') AS read_only, current_setting('server_encoding') AS encoding",
    );
    if (row?.read_only !== "off") throw Object.assign(new Error(""), { code: "25006" });
    if (row.encoding !== "UTF8") {
      throw new ExportError(
        "export/not-a-ledger",
        `the ledger in ${text} cannot be written`,
        `the database's encoding is ${String(row.encoding)}, which has no place for every letter of a name`,
        "make a database of its own: createdb --encoding UTF8 --template template0 NAME",
      );
    }
  }

  get isOpen(): boolean {
    return this.#fault === undefined;
  }

  get isInTransaction(): boolean {
    return this.#isInTransaction;
  }

  /** @throws the server's or the socket's error */
  async query(sql: string, values: readonly SqlValue[] = [], isPatient = false): Promise<PostgresRow[]> {
    if (this.#fault) throw this.#fault;
    const asked = this.#client.query<PostgresRow>(
      sql,
      values.map((value) => (typeof value === "bigint" ? value.toString() : value)),
    );
    const { rows } = await (isPatient ? asked : this.#watched(asked));
    return rows;
  }

  /** A list as one parameter: `= ANY($1)`. */
  async queryList(sql: string, values: readonly (SqlValue | readonly string[])[]): Promise<PostgresRow[]> {
    if (this.#fault) throw this.#fault;
    return (await this.#watched(this.#client.query<PostgresRow>(sql, [...values]))).rows;
  }

  /** Begins a COPY; the connection answers nothing else until it has ended. */
  async openCopy(sql: string): Promise<OpenCopy> {
    if (this.#fault) throw this.#fault;
    const copy = new CopyIn(sql);
    this.#client.query(copy);
    const cut = () => copy.fail(this.#fault ?? new Error("Connection terminated"));
    this.#client.once("end", cut);
    const write = (chunks: readonly Uint8Array[]) => this.#watched(copy.write(chunks));
    const end = async (chunks: readonly Uint8Array[]) => {
      await write(chunks);
      await this.#watched(copy.end());
      this.#client.off("end", cut);
    };
    return { write, end };
  }

  /** Sends rows in PostgreSQL's binary format. */
  async copy(sql: string, chunks: readonly Uint8Array[]): Promise<void> {
    await (await this.openCopy(sql)).end(chunks);
  }

  /**
   * Runs `work` in one SQL transaction, which is committed at the end. If anything throws the connection is closed, so that
   * the server rolls back. If it is cut during COMMIT nobody knows whether that took place: the caller reads the cursor anew.
   */
  async transaction<Value>(work: () => Promise<Value>): Promise<Value> {
    await this.query(`BEGIN; SET LOCAL lock_timeout = ${lockMaxMs}`);
    this.#isInTransaction = true;
    try {
      const value = await work();
      await this.query("COMMIT");
      return value;
    } catch (thrown) {
      // A COPY may be under way, whose end nobody waits for: the server rolls back when the connection ends.
      this.close();
      throw thrown;
    } finally {
      this.#isInTransaction = false;
    }
  }

  /** Cuts the connection if nothing comes or goes for a minute: after a failover no word may ever come. */
  async #watched<Value>(asked: Promise<Value>): Promise<Value> {
    const stream = this.#socket;
    const cut = () => this.cut();
    stream.setTimeout(silenceMaxMs, cut);
    try {
      return await asked;
    } finally {
      stream.setTimeout(0);
      stream.off("timeout", cut);
    }
  }

  /** Ends the connection without a word to the server, so that whoever waits for an answer gets an error. */
  cut(): void {
    this.#socket.destroy(Object.assign(new Error("timed out"), { code: "ETIMEDOUT" }));
  }

  /** The driver's; with TLS, the one that TLS runs over it. */
  get #socket(): Socket {
    return (this.#client as unknown as { readonly connection: { readonly stream: Socket } }).connection
      .stream;
  }

  /** Ends the connection now; a transaction that runs is rolled back by the server. */
  close(): void {
    this.#fault ??= new ExportError(
      "export/unreachable",
      `the ledger in ${this.#text} failed`,
      "the connection is closed",
      "nothing to do: it is opened anew",
    );
    this.#client.end().catch(() => undefined);
  }
}

function readPem(file: string, { text }: PostgresPlace): Buffer {
  try {
    return readFileSync(file);
  } catch (thrown) {
    throw new ExportError(
      "export/bad-url",
      `the file ${file} that the URL of ${text} names cannot be read`,
      (thrown as NodeJS.ErrnoException).code ?? "for an unknown reason",
      "name a PEM file that this user may read",
      { cause: thrown },
    );
  }
}

/** What to try, in turn: libpq's meaning of `sslmode`. */
function sslOptions(place: PostgresPlace): (ConnectionOptions | false)[] {
  const isLocal = place.hosts.every(({ host }) => host.startsWith("/"));
  if (place.sslMode === "disable" || isLocal) return [false];
  const read = (file: string | undefined) => (file === undefined ? undefined : readPem(file, place));
  const files = { ca: read(place.sslRootCert), cert: read(place.sslCert), key: read(place.sslKey) };
  const options: ConnectionOptions = Object.fromEntries(Object.entries(files).filter(([, value]) => value));
  switch (place.sslMode) {
    case "verify-full":
      return [options];
    case "verify-ca":
      return [{ ...options, checkServerIdentity: () => undefined }];
    default: {
      // As libpq: with a certificate of an authority, "require" checks it, too.
      const checked: ConnectionOptions = place.sslRootCert
        ? { ...options, checkServerIdentity: () => undefined }
        : { ...options, rejectUnauthorized: false };
      return place.sslMode === "require" ? [checked] : [checked, false];
    }
  }
}
