/** Which PostgreSQL database a ledger is written to: a URL as libpq has it, without the password. */
import { readFileSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import path from "node:path";
import { withoutPassword } from "../../base/database-target.ts";
import { ExportError } from "../export-error.ts";

export interface PostgresHost {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
}

export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

export interface PostgresPlace {
  /** Tried in turn until one of them takes writes. */
  readonly hosts: readonly PostgresHost[];
  readonly user: string;
  readonly database: string;
  /** The PostgreSQL schema that holds the tables. */
  readonly schema: string;
  readonly sslMode: SslMode;
  /** Paths of PEM files. */
  readonly sslRootCert: string | undefined;
  readonly sslCert: string | undefined;
  readonly sslKey: string | undefined;
  /** Undefined: `PGPASSFILE`, else `~/.pgpass`. */
  readonly passFile: string | undefined;
  /** From the file that holds the URL; never shown. */
  readonly password: string | undefined;
  /** For logs, status and errors: without a password. */
  readonly text: string;
}

export const schemaDefault = "aurex";
const sslModes: readonly SslMode[] = ["disable", "prefer", "require", "verify-ca", "verify-full"];
const portDefault = 5432;
const urlFileBytesMax = 8 * 1024;
/** A PostgreSQL name of 63 bytes at most; of plain letters, so that no reader has to quote it. */
const schemaName = /^[a-z_][a-z0-9_]{0,62}$/;
const parameters: ReadonlySet<string> = new Set([
  ...["host", "port", "user", "dbname", "schema", "password"],
  ...["sslmode", "sslrootcert", "sslcert", "sslkey", "passfile", "target_session_attrs"],
]);

/**
 * Reads a URL such as `postgres://ledger@db1:5432,db2:5432/chain?sslmode=verify-full&schema=aurex`, or `@FILE`, a file that
 * holds one, which may hold the password as well.
 *
 * @param schema overrides the URL's
 * @throws ExportError `export/bad-url`; a password is in no text of it
 */
export function readPostgresUrl(target: string, schema?: string): PostgresPlace {
  const isFile = target.startsWith("@");
  const text = isFile ? urlInFile(target.slice(1)) : target;
  const parts =
    /^postgres(?:ql)?:\/\/(?:(?<user>[^/?#@:]*)(?<password>:[^/?#]*)?@)?(?<hosts>[^/?#@]*)(?:\/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$/.exec(
      text,
    )?.groups;
  if (!parts) throw badUrl(text, "it is no URL of a PostgreSQL database");
  const query = new URLSearchParams(parts.query ?? "");
  for (const name of query.keys()) {
    if (!parameters.has(name)) throw badUrl(text, `its parameter ${name} is not known here`);
  }
  const password = parts.password
    ? decoded(parts.password.slice(1), text)
    : (query.get("password") ?? undefined);
  if (password !== undefined && !isFile) throw passwordInUrl(text);
  const user =
    decoded(parts.user ?? "", text) || query.get("user") || process.env.PGUSER || userInfo().username;
  const database =
    decoded(parts.database ?? "", text) || query.get("dbname") || process.env.PGDATABASE || user;
  const place = {
    hosts: hostsOf(parts.hosts ?? "", query, text),
    user,
    database,
    schema: schema ?? query.get("schema") ?? schemaDefault,
    sslMode: sslModeOf(query, text),
    sslRootCert: query.get("sslrootcert") ?? undefined,
    sslCert: query.get("sslcert") ?? undefined,
    sslKey: query.get("sslkey") ?? undefined,
    passFile: query.get("passfile") ?? undefined,
    password,
  };
  if (!schemaName.test(place.schema) || place.schema.startsWith("pg_")) {
    throw badUrl(text, `the schema ${JSON.stringify(place.schema)} is no name of a-z, 0-9 and _`);
  }
  return { ...place, text: shownPlace(place) };
}

function shownPlace({ hosts, user, database, schema }: Omit<PostgresPlace, "text">): string {
  const named = hosts.map(({ host, port }) => {
    const name = host.startsWith("/") ? encodeURIComponent(host) : host.includes(":") ? `[${host}]` : host;
    return `${name}:${port}`;
  });
  const account = `${encodeURIComponent(user)}@${named.join(",")}`;
  return `postgres://${account}/${encodeURIComponent(database)}?schema=${schema}`;
}

function hostsOf(written: string, query: URLSearchParams, url: string): PostgresHost[] {
  const ports = (query.get("port") ?? process.env.PGPORT ?? "").split(",");
  const listed = written === "" ? (query.get("host") ?? process.env.PGHOST ?? "localhost") : written;
  return listed.split(",").map((item, index) => {
    const [, bracketed, bare = "", digits = ports[index] || ports[0] || String(portDefault)] =
      /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(item) ?? [];
    const host = bracketed ?? decoded(bare, url);
    const port = Number(digits);
    if (host === "") throw badUrl(url, "it names no host");
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badUrl(url, `${digits} is no port`);
    return { host, port };
  });
}

function sslModeOf(query: URLSearchParams, url: string): SslMode {
  const named = query.get("sslmode") ?? process.env.PGSSLMODE ?? "prefer";
  const mode = sslModes.find((known) => known === named);
  if (!mode) throw badUrl(url, `sslmode must be one of ${sslModes.join(", ")}`);
  if (mode === "verify-ca" && !query.has("sslrootcert")) {
    throw badUrl(url, "sslmode=verify-ca needs sslrootcert: the certificate of the authority to trust");
  }
  const wanted = query.get("target_session_attrs");
  if (wanted !== null && !["read-write", "primary", "any"].includes(wanted)) {
    throw badUrl(url, `target_session_attrs=${wanted} leads to no server that takes writes`);
  }
  return mode;
}

function decoded(text: string, url: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl(url, "a % in it is not followed by two hex digits");
  }
}

function urlInFile(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > urlFileBytesMax) throw badUrlFile(file, `it has ${size} bytes`);
    return readFileSync(file, "utf8").trim();
  } catch (thrown) {
    if (thrown instanceof ExportError) throw thrown;
    throw badUrlFile(file, `it cannot be read: ${(thrown as NodeJS.ErrnoException).code ?? "unknown"}`);
  }
}

const example = "e.g. postgres://ledger@db.example.org/chain?sslmode=verify-full";

function badUrl(url: string, why: string): ExportError {
  return new ExportError(
    "export/bad-url",
    `${withoutPassword(url)} names no database`,
    why,
    `write it ${example}`,
  );
}

function badUrlFile(file: string, why: string): ExportError {
  return new ExportError(
    "export/bad-url",
    `the file ${file} names no database`,
    why,
    `write one line with the URL into it, ${example}`,
  );
}

function passwordInUrl(url: string): ExportError {
  return new ExportError(
    "export/bad-url",
    `${withoutPassword(url)} has a password in it`,
    "every user of this machine can read it in the list of processes",
    "leave it out, and give it by PGPASSWORD or ~/.pgpass; or write the URL into a file and say @FILE instead",
  );
}

/**
 * The password of a server: of the URL's file, of `PGPASSWORD`, or of a password file. Read anew at each connection, so
 * that a changed password needs no restart.
 *
 * @throws ExportError if the password file may be read by others
 */
export function passwordFor(place: PostgresPlace, { host, port }: PostgresHost): string | undefined {
  const told = place.password ?? process.env.PGPASSWORD;
  if (told !== undefined) return told;
  const file = place.passFile ?? process.env.PGPASSFILE ?? path.join(homedir(), ".pgpass");
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile()) return undefined;
  if ((stats.mode & 0o077) !== 0) {
    throw new ExportError(
      "export/denied",
      `the password file ${file} is not used`,
      "other users of this machine may read it",
      `run: chmod 0600 ${file}`,
    );
  }
  const wanted = [host.startsWith("/") ? "localhost" : host, String(port), place.database, place.user];
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line.startsWith("#")) continue;
    const fields = [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].map(([, field = ""]) =>
      field.replaceAll(/\\(.)/g, "$1"),
    );
    if (fields.length < 5) continue;
    if (wanted.every((value, index) => fields[index] === "*" || fields[index] === value)) return fields[4];
  }
  return undefined;
}
