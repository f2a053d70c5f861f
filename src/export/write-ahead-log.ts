/** The write-ahead log beside a ledger file: entered before the first write, kept small, and left when the file is closed. */
import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { isBusy, sqliteErrorCode } from "./export-error.ts";

/** SQLite copies the log into the file once it has this many pages of 4 KiB: 1 MiB. */
const checkpointPages = 256;
/** A backlog is written with fewer, larger checkpoints: each one waits for the disk. */
const bulkCheckpointPages = 4_000;
/** A log that has grown is cut back to this when SQLite begins it anew. */
const sizeLimitBytes = 1024 * 1024;
/** SQLITE_IOERR_ with SHMOPEN, SHMLOCK, SHMMAP. */
const sharedMemoryErrors: ReadonlySet<number> = new Set([4618, 5130, 5386]);

export class WriteAheadLog {
  readonly #db: DatabaseSync;
  readonly #path: string;
  #isBulk = false;
  #mode: "unknown" | "log" | "none" = "unknown";

  /** @param file path of the ledger */
  constructor(db: DatabaseSync, file: string) {
    this.#db = db;
    this.#path = `${file}-wal`;
  }

  /** False if the file system cannot have a log: it needs memory that processes share, which SMB and some others lack. */
  get isPossible(): boolean {
    return this.#mode !== "none";
  }

  /**
   * Called before every write; does something the first time. Outside of a transaction only.
   *
   * @throws SQLite's error; "busy" if another program reads or writes the file at this moment
   */
  enter(): void {
    if (this.#mode !== "unknown") return;
    this.#mode = this.#begin() ? "log" : "none";
    // With a log, NORMAL keeps the file consistent through a power cut: the newest rows may have to be exported again.
    // Without one, only FULL does.
    this.#db.exec(`PRAGMA synchronous = ${this.isPossible ? "NORMAL" : "FULL"}`);
    this.#db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    this.#db.exec(`PRAGMA journal_size_limit = ${sizeLimitBytes}`);
  }

  #begin(): boolean {
    try {
      const row = this.#db.prepare("PRAGMA journal_mode = WAL").get();
      if (row?.journal_mode !== "wal") return false;
      // SQLite asks for the shared memory only when it reads.
      this.#db.prepare("SELECT COUNT(*) FROM sqlite_schema").get();
      return true;
    } catch (thrown) {
      if (!sharedMemoryErrors.has(sqliteErrorCode(thrown) ?? 0)) throw thrown;
      this.#db.exec("PRAGMA journal_mode = DELETE");
      return false;
    }
  }

  /** For the time of a backlog. */
  setBulk(isBulk: boolean): void {
    if (isBulk === this.#isBulk || !this.#db.isOpen) return;
    this.#isBulk = isBulk;
    this.#db.exec(`PRAGMA wal_autocheckpoint = ${isBulk ? bulkCheckpointPages : checkpointPages}`);
  }

  /** Bytes of the log on disk; 0 if there is none. */
  get bytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /**
   * Copies the whole log into the file and empties it, without waiting for anybody. At most some MiB are copied: the
   * rest has been by SQLite at its checkpoints, unless a reader stood in the way.
   *
   * @returns false if another program's transaction needs what the log holds
   * @throws SQLite's error
   */
  shrink(): boolean {
    if (this.bytes === 0) return true;
    const before = Number(this.#db.prepare("PRAGMA busy_timeout").get()?.timeout);
    this.#db.exec("PRAGMA busy_timeout = 0");
    try {
      return Number(this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.busy) === 0;
    } catch (thrown) {
      if (isBusy(thrown)) return false;
      throw thrown;
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${before}`);
    }
  }

  /**
   * Makes one file of log and ledger, which can be read from media that cannot be written. The next write enters the
   * log again.
   *
   * @returns false if another program has the file open, so that it stays as it is
   */
  leave(): boolean {
    try {
      const mode = this.#db.prepare("PRAGMA journal_mode = DELETE").get()?.journal_mode;
      this.#mode = "unknown";
      return mode === "delete";
    } catch {
      // Whatever is wrong here, the rows are in the log or in the file: nothing is lost by leaving both.
      return false;
    }
  }
}
