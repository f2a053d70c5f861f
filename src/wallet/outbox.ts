/** Signed transactions of one key, on disk before they are sent; and the lock by which processes send with it in turn. */
import { stat } from "node:fs/promises";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { toError } from "../base/invariant.ts";
import { makeDirectory } from "../base/make-directory.ts";
import { ownIdentity, type ProcessIdentity } from "../base/process-life.ts";
import { KeyError } from "./key-error.ts";

export interface OutboxEntry {
  /** Hex. */
  readonly id: string;
  /** Hex. */
  readonly chainId: string;
  readonly sequence: number;
  /** As signed: these bytes are sent, however often. */
  readonly bytes: Uint8Array;
  /** Whether it may take the place of one that waits with its sequence. */
  readonly replace: boolean;
  /**
   * "unsent": no answer to it is known; it may have arrived all the same. "accepted": a node has answered that it has it.
   * "told": and whoever ran the command knows.
   */
  readonly state: "unsent" | "accepted" | "told";
  readonly signedAtMs: number;
  /** The process that signed it. */
  readonly signer: ProcessIdentity;
}

export type NewOutboxEntry = Omit<OutboxEntry, "state" | "signer">;

/** Held by one process at a time, until it is closed or the process ends. */
export interface Outbox {
  /** By sequence. */
  entries(chainId?: string): OutboxEntry[];
  /**
   * On disk when it returns. What is in `instead` is forgotten in the same step.
   *
   * @param instead id of one that a node has refused, and that this one stands for
   */
  keep(entry: NewOutboxEntry, instead?: string): void;
  /** A node has it. Others with its sequence cannot be executed any more, and are forgotten. */
  accepted(entry: Pick<OutboxEntry, "id" | "chainId" | "sequence">): void;
  /** Its id was printed; a command that is run again with the same content means another transaction from now on. */
  told(id: string): void;
  forget(id: string): void;
  close(): void;
}

/** Of what nodes have accepted; the oldest are forgotten first. What is unsent is never forgotten by itself. */
const acceptedMax = 64;
const schemaVersion = 1;
const directoryMode = 0o700;
const fileMode = 0o600;
const retryMsMin = 5;
const retryMsMax = 60;
/** So many times the limit others that take turns may keep a process waiting. */
const turnsMax = 10;

/** Where the outboxes of a directory's keys lie. */
export function outboxDirectory(dataDir: string): string {
  return path.join(dataDir, "outbox");
}

/** The file of a key's outbox. */
export function outboxPath(dataDir: string, address: string): string {
  return path.join(outboxDirectory(dataDir), `${address}.sqlite`);
}

/** Whether the key has an outbox: it has sent something from this directory. */
export async function hasOutbox(dataDir: string, address: string): Promise<boolean> {
  return stat(outboxPath(dataDir, address)).then(
    () => true,
    () => false,
  );
}

/**
 * Opens the outbox of a key as soon as no other process has it. SQLite's lock on the file is the system's own: it ends
 * with the process that holds it, however that ends.
 *
 * @param limitMs how long to wait for others while none of them writes anything. If they write, they take turns: the wait
 *   goes on, for {@link turnsMax} times as long at most
 * @throws KeyError `key/outbox-busy` if others have it for longer; `key/io` if it cannot be read or written
 */
export async function openOutbox(dataDir: string, address: string, limitMs = 60_000): Promise<Outbox> {
  const file = outboxPath(dataDir, address);
  const { DatabaseSync } = await import("node:sqlite");
  const beganMs = performance.now();
  let movedMs = beganMs;
  let lastWrite: number | undefined;
  for (;;) {
    let db: DatabaseSync | undefined;
    try {
      makeDirectory(outboxDirectory(dataDir), directoryMode);
      await createPrivate(file);
      db = new DatabaseSync(file, { timeout: 0 });
      takeLock(db);
      layOut(db, file);
      return outboxIn(db, file, await ownIdentity());
    } catch (thrown) {
      db?.close();
      if (!isBusy(thrown)) throw thrown instanceof KeyError ? thrown : unusable(file, thrown);
      const nowMs = performance.now();
      const write = await writtenMs(file);
      if (write !== lastWrite) movedMs = nowMs;
      lastWrite = write;
      const waitedMs = nowMs - beganMs;
      if (nowMs - movedMs >= limitMs || waitedMs >= turnsMax * limitMs) throw busy(file, waitedMs);
    }
    await delay(retryMsMin + Math.random() * (retryMsMax - retryMsMin));
  }
}

/** When somebody last wrote to the outbox; undefined if nobody can say. */
async function writtenMs(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

/** SQLite would make the file with the mode that the umask gives. */
async function createPrivate(file: string): Promise<void> {
  const { open } = await import("node:fs/promises");
  const handle = await open(file, "wx", fileMode).catch((thrown) => {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
  });
  await handle?.close();
}

/** In this mode a connection keeps the file's lock after each transaction, until it is closed. */
function takeLock(db: DatabaseSync): void {
  db.exec("PRAGMA locking_mode = EXCLUSIVE");
  db.exec("BEGIN EXCLUSIVE");
  db.exec("COMMIT");
}

function layOut(db: DatabaseSync, file: string): void {
  // After each commit the file, its journal and their directory are on disk.
  db.exec("PRAGMA synchronous = EXTRA");
  const version = Number(db.prepare("PRAGMA user_version").get()?.user_version);
  if (version === schemaVersion) return;
  if (version !== 0)
    throw unusable(file, new Error(`it was written by another version of Aurex (${version})`));
  inTransaction(db, () => {
    db.exec(
      "CREATE TABLE entries (id TEXT PRIMARY KEY, chainId TEXT NOT NULL, sequence INTEGER NOT NULL, bytes BLOB NOT NULL, replaces INTEGER NOT NULL, state TEXT NOT NULL, signedAtMs INTEGER NOT NULL, pid INTEGER NOT NULL, processStart TEXT) STRICT",
    );
    db.exec(`PRAGMA user_version = ${schemaVersion}`);
  });
}

function inTransaction(db: DatabaseSync, change: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    change();
    db.exec("COMMIT");
  } catch (thrown) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw thrown;
  }
}

function outboxIn(db: DatabaseSync, file: string, { pid, processStart }: ProcessIdentity): Outbox {
  const forget = (id: string) => void db.prepare("DELETE FROM entries WHERE id = ?").run(id);
  const change = (step: () => void) => {
    try {
      inTransaction(db, step);
    } catch (thrown) {
      throw unusable(file, thrown);
    }
  };
  return {
    entries(chainId) {
      const rows = db.prepare("SELECT * FROM entries ORDER BY chainId, sequence, signedAtMs").all();
      return rows.map(entryOf).filter((entry) => chainId === undefined || entry.chainId === chainId);
    },
    keep({ id, chainId, sequence, bytes, replace, signedAtMs }, instead) {
      change(() => {
        if (instead !== undefined) forget(instead);
        db.prepare("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, 'unsent', ?, ?, ?)").run(
          ...([id, chainId, sequence, bytes, replace ? 1 : 0, signedAtMs, pid, processStart] as const),
        );
      });
    },
    accepted({ id, chainId, sequence }) {
      change(() => {
        db.prepare("UPDATE entries SET state = 'accepted' WHERE id = ?").run(id);
        db.prepare("DELETE FROM entries WHERE chainId = ? AND sequence = ? AND id <> ?").run(
          ...([chainId, sequence, id] as const),
        );
        db.prepare(
          "DELETE FROM entries WHERE state <> 'unsent' AND id NOT IN (SELECT id FROM entries WHERE state <> 'unsent' ORDER BY signedAtMs DESC, sequence DESC LIMIT ?)",
        ).run(acceptedMax);
      });
    },
    told: (id) =>
      change(() => {
        db.prepare("UPDATE entries SET state = 'told' WHERE id = ? AND state = 'accepted'").run(id);
      }),
    forget: (id) => change(() => forget(id)),
    close: () => db.close(),
  };
}

function entryOf(row: Record<string, unknown>): OutboxEntry {
  return {
    id: String(row.id),
    chainId: String(row.chainId),
    sequence: Number(row.sequence),
    bytes: new Uint8Array(row.bytes as Uint8Array),
    replace: row.replaces === 1,
    state: row.state === "accepted" || row.state === "told" ? row.state : "unsent",
    signedAtMs: Number(row.signedAtMs),
    signer: {
      pid: Number(row.pid),
      processStart: row.processStart === null ? null : String(row.processStart),
    },
  };
}

/** SQLite's code for a file that another connection has locked. */
const sqliteBusy = 5;

function isBusy(thrown: unknown): boolean {
  const { errcode } = toError(thrown) as { errcode?: number };
  return errcode !== undefined && (errcode & 0xff) === sqliteBusy;
}

function busy(file: string, waitedMs: number): KeyError {
  return new KeyError(
    "key/outbox-busy",
    `another process has been sending with this key for ${Math.round(waitedMs / 1_000)} s (it has ${file} open)`,
    "wait until it has ended, and run the command again",
  );
}

function unusable(file: string, thrown: unknown): KeyError {
  return new KeyError(
    "key/io",
    `the outbox ${file} cannot be used: ${toError(thrown).message}`,
    `check that its directory is yours and has room; if the file is damaged, move it away: mv '${file}' '${file}.damaged' (a transaction in it may have been sent: look at the account before you send again)`,
    { cause: thrown },
  );
}
