/** The SQLite file of a pool's books: created whole, checked when it is opened, written in transactions that share one sync. */
import { type FileHandle, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { syncDirectory } from "../base/durable-file.ts";
import { makeDirectory } from "../base/make-directory.ts";
import { fileLockHolder } from "../store/directory-lock.ts";
import { damageOfLog } from "./book-log.ts";
import { type BookLimits, bookLimits } from "./book-records.ts";
import { bookSchemaVersion, createBooks, damageOfBooks, prepareConnection } from "./book-schema.ts";
import { BookTables } from "./book-tables.ts";
import { fillFromOldBooks, moveOldBooksAside, oldBooksIn } from "./book-takeover.ts";
import { bookStoreError, damagedBooks, inUse, PoolError } from "./pool-error.ts";

export interface BookFileOptions {
  /** The books' own; created if it is missing or empty. */
  readonly directory: string;
  /** In hex, both: the books belong to one chain, and to the account that the blocks' earnings go to. */
  readonly chainId: string;
  /** Undefined: of whatever account the books are; they have to be there. */
  readonly poolAccount: string | undefined;
  readonly limits?: BookLimits;
}

export const bookFileName = "books.sqlite";

export class BookFile {
  readonly directory: string;
  readonly #options: BookFileOptions;
  #db!: DatabaseSync;
  #log: FileHandle | undefined;
  #tables!: BookTables;
  #poolAccount!: string;

  protected constructor(options: BookFileOptions) {
    this.directory = options.directory;
    this.#options = options;
  }

  /** @throws PoolError if the books are damaged, somebody else's, written by a newer program, or in use */
  static async open(options: BookFileOptions): Promise<BookFile> {
    const file = new this(options);
    try {
      await file.reopen();
    } catch (thrown) {
      await file.#close();
      throw thrown;
    }
    return file;
  }

  /** Whose books they are, in hex. */
  get poolAccount(): string {
    return this.#poolAccount;
  }

  get tables(): BookTables {
    return this.#tables;
  }

  /** Whether something was applied that is not committed. */
  get isDirty(): boolean {
    return this.#db.isOpen && this.#db.isTransaction;
  }

  /**
   * Opens the file anew: after a failed write only the disk tells which transactions are there. If it rejects, the books
   * can still be read if SQLite could open them.
   */
  async reopen(): Promise<void> {
    const { directory } = this.#options;
    try {
      await this.#close();
      await refuseIfInUse(directory);
      await bringUpToDate(this.#options);
      await this.#open();
    } catch (thrown) {
      throw bookStoreError(directory, thrown, "opening");
    }
  }

  /** Before the first event of a transaction; again does nothing. */
  begin(): void {
    if (!this.isDirty) this.#db.exec("BEGIN IMMEDIATE");
  }

  rollback(): void {
    // SQLite has done it by itself after some errors.
    if (this.isDirty) this.#db.exec("ROLLBACK");
  }

  /**
   * Commits what was applied, in this turn; resolves when it is on disk. What is applied meanwhile is another
   * transaction. If it rejects, {@link reopen} must come before the next write.
   */
  async commit(): Promise<void> {
    if (this.isDirty) this.#db.exec("COMMIT");
    // SQLite would wait for the disk in this thread; the node has blocks to judge meanwhile.
    await this.#log?.datasync();
  }

  async close(): Promise<void> {
    this.rollback();
    await this.#close();
  }

  async #open(): Promise<void> {
    const path = join(this.directory, bookFileName);
    const damage = damageOfLog(await readFile(`${path}-wal`).catch(() => Buffer.alloc(0)));
    if (damage) throw damagedBooks(this.directory, damage);
    const db = new DatabaseSync(path, { timeout: 0 });
    // The lock is kept until the file is closed. NORMAL: SQLite syncs when it copies its log into the file; commit() does otherwise.
    this.use(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    // A log of its own for what is written from now on: half of a failed write may stand in the old one.
    db.exec("PRAGMA wal_checkpoint(TRUNCATE); UPDATE books SET version = version");
    this.#log = await open(`${path}-wal`, "r+");
    await this.#log.datasync();
    await syncDirectory(this.directory);
  }

  /** Checks the books of a connection; `tables` are those of this connection from then on. */
  protected use(db: DatabaseSync, pragmas = ""): void {
    const { limits = bookLimits } = this.#options;
    this.#db = db;
    db.exec(pragmas);
    this.#poolAccount = checkedOwner(db, this.#options);
    prepareConnection(db);
    const damage = damageOfBooks(db, limits.sharesMax);
    if (damage) throw damagedBooks(this.directory, damage);
    this.#tables = new BookTables(db, limits);
  }

  async #close(): Promise<void> {
    await this.#log?.close();
    this.#log = undefined;
    if (this.#db?.isOpen) this.#db.close();
  }
}

/** The pool's account, if the books are of this program's version, and of the chain and the account that are asked for. */
function checkedOwner(db: DatabaseSync, { directory, chainId, poolAccount }: BookFileOptions): string {
  const owner = db.prepare("SELECT version, chain_id, pool_account FROM books").get();
  if (!owner)
    throw damagedBooks(directory, "the record that says which chain the books belong to is missing");
  const { version, chain_id, pool_account } = owner as {
    version: number;
    chain_id: string;
    pool_account: string;
  };
  if (version > bookSchemaVersion) {
    throw new PoolError(
      "pool/newer-version",
      `the pool's books in ${directory} have version ${version}, written by a newer Aurex; this program knows version ${bookSchemaVersion}`,
      "use the newer program, or start the pool with another --data-dir",
    );
  }
  if (chain_id !== chainId) {
    throw new PoolError(
      "pool/wrong-chain",
      `the pool's books in ${directory} belong to chain ${chain_id}, not to ${chainId}`,
      "start with that chain's spec (--chain), or with another --data-dir",
    );
  }
  if (pool_account !== (poolAccount ?? pool_account)) {
    throw new PoolError(
      "pool/wrong-account",
      `the pool's books in ${directory} are those of the account ${pool_account}, not of ${poolAccount}`,
      "start the pool with the key of that account, or with another --data-dir",
    );
  }
  return pool_account;
}

async function refuseIfInUse(directory: string): Promise<void> {
  for (const name of [bookFileName, "LOCK"]) {
    const holder = await fileLockHolder(join(directory, name));
    if (holder !== undefined) throw inUse(directory, `process ${holder}`);
  }
}

/** What is in the directory of a pool's books; nothing if no pool was ever served from there. */
export async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw thrown;
  }
}

/**
 * Creates books that are missing, and takes over those of an older format. The file gets its name when it is whole, so a
 * program that is killed here begins again.
 */
async function bringUpToDate(options: BookFileOptions): Promise<void> {
  const { directory, chainId, poolAccount = "", limits = bookLimits } = options;
  const path = join(directory, bookFileName);
  const draft = `${path}.new`;
  const entries = await entriesOf(directory);
  if (!entries.includes(bookFileName)) {
    const rest = entries.filter((name) => !name.startsWith(basename(draft)));
    const old = rest.length > 0 ? await oldBooksIn(directory) : undefined;
    for (const suffix of ["", "-journal"]) await rm(`${draft}${suffix}`, { force: true });
    makeDirectory(directory, 0o777);
    const db = new DatabaseSync(draft);
    try {
      db.exec("PRAGMA synchronous = FULL; BEGIN");
      createBooks(db, old?.owner ?? { chainId, poolAccount });
      if (old) fillFromOldBooks(db, old, { directory, sharesMax: limits.sharesMax });
      db.exec("COMMIT");
    } finally {
      db.close();
    }
    await rename(draft, path);
    await syncDirectory(directory);
  }
  await moveOldBooksAside(directory);
}
