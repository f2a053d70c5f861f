/** What can go wrong with a ledger in PostgreSQL, in the same words as for a file. */
import { toError } from "../../base/invariant.ts";
import { ExportError, type ExportErrorCode } from "../export-error.ts";

type Cause = readonly [code: ExportErrorCode, why: string, next: string];

const tryAgain = "nothing to do: it is tried again by itself";
const readOnly: Cause = [
  "export/read-only",
  "the server takes no writes: it is a standby, or its transactions are read-only",
  "name the primary, or all servers with commas between: postgres://ledger@db1,db2/chain",
];
const unreachable: Cause = [
  "export/unreachable",
  "the server cannot be reached",
  "check host, port and network; it is tried again by itself",
];
const stopped: Cause = ["export/unreachable", "the server ends or starts, or cut the connection", tryAgain];
const noLogin: Cause = [
  "export/denied",
  "the server did not accept user and password",
  "check the user in the URL and the password in PGPASSWORD or ~/.pgpass; the password is read anew at each try",
];
const noRight: Cause = [
  "export/denied",
  "its user lacks a right",
  "let the owner of the database run: GRANT CREATE ON DATABASE to this user, or make the schema for it",
];
const full: Cause = [
  "export/disk-full",
  "the server has no space left",
  "free some space there: the export then continues",
];
const busy: Cause = ["export/busy", "another program holds what the export has to write", tryAgain];
const crowded: Cause = [
  "export/busy",
  "the server has too many connections",
  "end some of them, or raise max_connections; it is tried again by itself",
];
const noDatabase: Cause = [
  "export/cannot-open",
  "there is no such database or schema",
  "make the database first: createdb --encoding UTF8 NAME",
];
const notALedger: Cause = [
  "export/not-a-ledger",
  "its schema holds other tables than a ledger's",
  "name another schema: --schema NAME, or ?schema=NAME in the URL",
];
const corrupt: Cause = [
  "export/corrupt",
  "the server's files are damaged",
  "restore the server, or name another database",
];

/** By SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html), whole or its class; Node's codes of sockets beside them. */
const causes: Readonly<Record<string, Cause>> = {
  "08": stopped,
  "57": stopped,
  "58": corrupt,
  XX: corrupt,
  "28": noLogin,
  "25006": readOnly,
  "42501": noRight,
  "3D000": noDatabase,
  "3F000": noDatabase,
  "53100": full,
  "53200": ["export/busy", "the server has no memory left", tryAgain],
  "53300": crowded,
  "57014": ["export/busy", "the server ended the statement: a timeout or an operator", tryAgain],
  "55": busy,
  "40": busy,
  // Two exporters lay out the same schema, or begin the same chain: one of them is told so.
  "23505": busy,
  "42P07": busy,
  "42710": busy,
  "42P01": notALedger,
  "42703": notALedger,
  "42704": notALedger,
  "42804": notALedger,
  "42P06": busy,
  "22P03": notALedger,
  ECONNREFUSED: unreachable,
  ECONNRESET: stopped,
  EPIPE: stopped,
  ENOENT: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  ETIMEDOUT: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EACCES: unreachable,
};

/** What `pg` says without a code. */
const messages: readonly (readonly [pattern: RegExp, cause: Cause])[] = [
  [/connection (?:is closed|terminated|ended)|Connection ended|not queryable/i, stopped],
  [/timeout expired|timed out/i, unreachable],
  [/password must be a (?:non-empty )?string|no password/i, noLogin],
  [
    /does not support SSL/i,
    [
      "export/unreachable",
      "the server has no TLS",
      "turn TLS on there; or sslmode=disable if you trust the network",
    ],
  ],
  [
    /certificate|self.signed|altnames|unable to verify/i,
    [
      "export/denied",
      "the server's certificate does not show that it is this server",
      "give the authority's certificate by sslrootcert=FILE, and the name in the certificate as host",
    ],
  ],
];

/** These pass by themselves, or once an operator has acted on the server: the export waits and tries again. */
export const passingInPostgres: ReadonlySet<ExportErrorCode> = new Set([
  "export/unreachable",
  "export/denied",
  "export/busy",
  "export/read-only",
  "export/disk-full",
  "export/cannot-open",
  "export/corrupt",
  "export/io",
]);

/**
 * An error of server or socket as an {@link ExportError}; anything else is returned as it is.
 *
 * @param text the database, without a password
 */
export function toPostgresExportError(thrown: unknown, text: string): Error {
  if (thrown instanceof ExportError) return thrown;
  const error = toError(thrown) as NodeJS.ErrnoException;
  const code = codeOf(error);
  const cause =
    causes[code] ??
    (/^[0-9A-Z]{5}$/.test(code) ? causes[code.slice(0, 2)] : undefined) ??
    messageCause(error);
  const isSql = /^[0-9A-Z]{5}$/.test(code);
  if (!cause && !isSql) return error;
  const [exportCode, why, next] = cause ?? [
    "export/io",
    "the server refused a statement",
    "look into the server's log",
  ];
  // The server's own words say which table, which right, which limit; a password is never among them.
  const detail = error.message === "" ? "" : ` (${error.message.slice(0, 300)})`;
  return new ExportError(exportCode, `the ledger in ${text} failed`, `${why}${detail}`, next, {
    cause: thrown,
  });
}

/** Several addresses of one host fail with one error that holds theirs. */
function codeOf(error: NodeJS.ErrnoException): string {
  const code = error.code ?? (error instanceof AggregateError ? error.errors[0]?.code : undefined);
  return String(code ?? "");
}

function messageCause(error: NodeJS.ErrnoException): Cause | undefined {
  const text = `${error.code ?? ""} ${error.message}`;
  return messages.find(([pattern]) => pattern.test(text))?.[1];
}
