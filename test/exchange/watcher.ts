/** The watcher of docs/examples as a process that is killed again and again, and what it has credited. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

const program = path.join(import.meta.dirname, "../../docs/examples/deposits.ts");

export interface WatcherOptions {
  readonly api: string;
  readonly account: string;
  readonly database: string;
  readonly confirmations: number;
}

export interface Credited {
  /** Ids, with what was credited for each. */
  readonly deposits: ReadonlyMap<string, bigint>;
  /** Units by customer. */
  readonly customers: ReadonlyMap<string, bigint>;
}

export class Watcher {
  readonly #options: WatcherOptions;
  #child: ChildProcess;
  #closed: Promise<unknown>;
  #stderr = "";
  #isEnding = false;
  #fault: string | undefined;
  readonly #killing: Promise<void>;
  kills = 0;

  constructor(options: WatcherOptions) {
    this.#options = options;
    [this.#child, this.#closed] = this.#spawn();
    this.#killing = this.#killAgainAndAgain();
  }

  /** Deposits that are credited so far. */
  get count(): number {
    assert.equal(this.#fault, undefined);
    return this.#read((db) => Number(db.prepare("SELECT count(*) AS count FROM deposits").get()?.count)) ?? 0;
  }

  /** Kills it for good. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    await this.#killing;
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  /** Ends it, and reads what it has. */
  async end(): Promise<Credited> {
    await this.stop();
    assert.equal(this.#fault, undefined);
    const db = new DatabaseSync(this.#options.database, { readOnly: true, timeout: 5_000 });
    const table = (sql: string) => {
      const statement = db.prepare(sql);
      statement.setReadBigInts(true);
      return new Map(statement.all().map(({ key, units }) => [String(key), units as bigint]));
    };
    try {
      return {
        deposits: table("SELECT id AS key, units FROM deposits"),
        customers: table("SELECT customer AS key, units FROM customers"),
      };
    } finally {
      db.close();
    }
  }

  #spawn(): [ChildProcess, Promise<unknown>] {
    const { api, account, database, confirmations } = this.#options;
    const child = spawn(
      process.execPath,
      [
        program,
        ...["--api", api, "--account", account, "--database", database],
        ...["--confirmations", String(confirmations)],
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      this.#stderr += text;
    });
    return [child, once(child, "close")];
  }

  async #killAgainAndAgain(): Promise<void> {
    while (!this.#isEnding) {
      await new Promise((resolve) => setTimeout(resolve, randomInt(600, 2_500)));
      if (this.#isEnding) return;
      if (this.#child.exitCode !== null) {
        this.#fault = `the watcher ended by itself: ${this.#stderr}`;
        return;
      }
      this.#child.kill("SIGKILL");
      await this.#closed;
      this.kills += 1;
      [this.#child, this.#closed] = this.#spawn();
    }
  }

  #read<Found>(look: (db: DatabaseSync) => Found): Found | undefined {
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(this.#options.database, { readOnly: true, timeout: 5_000 });
      return look(db);
    } catch (error) {
      // It is locked, or not there yet.
      if ((error as { code?: string }).code === "ERR_SQLITE_ERROR") return undefined;
      throw error;
    } finally {
      db?.close();
    }
  }
}
