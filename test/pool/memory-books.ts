/** A pool's books in memory: remembers how they were after each transaction, and fails to write when it is told to. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { BookFile } from "../../src/payouts/book-file.ts";
import { type BlockState, type BookLimits, bookLimits } from "../../src/payouts/book-records.ts";
import { createBooks, imbalance } from "../../src/payouts/book-schema.ts";

const tables = ["books", "member", "share", "block", "payment"];
export const memoryChain: string = "01".repeat(32);

// biome-ignore lint/suspicious/noExplicitAny: columns as the schema has them.
type Row = Record<string, any>;

export interface MemberOfBooks {
  readonly account: string;
  readonly maturedUnits: bigint;
  readonly paidUnits: bigint;
  readonly payableUnits: bigint;
  readonly ties: number;
  /** In the window. */
  readonly shares: number;
  /** In blocks that have not matured. */
  readonly immatureUnits: bigint;
  /** In payments that are not settled. */
  readonly openUnits: bigint;
  /** The part of them that is in the canonical chain. */
  readonly includedUnits: bigint;
}

export interface BlockOfBooks {
  readonly hash: string;
  readonly height: number;
  readonly state: BlockState;
  readonly earnedUnits: bigint;
  readonly keptUnits: bigint;
  readonly parts: readonly (readonly [account: string, units: bigint])[];
}

const sumOf = (units: readonly bigint[]) => units.reduce((sum, one) => sum + one, 0n);

/** Reads the tables without the pool's own queries. */
export class BookRows {
  readonly db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  all(sql: string): Row[] {
    const statement = this.#prepared.get(sql) ?? this.db.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement.all();
  }

  get totals(): Row {
    return this.all("SELECT * FROM books")[0] ?? {};
  }

  members(): MemberOfBooks[] {
    const payments = this.payments().filter(({ state }) => state === "open");
    const shares = this.shares();
    const parts = this.blocks()
      .filter(({ state }) => state === "found" || state === "immature")
      .flatMap((block) => block.parts);
    return this.all("SELECT * FROM member").map((row) => {
      const own = payments.filter(({ account }) => account === row.account);
      const [maturedUnits, paidUnits] = [BigInt(row.matured_units), BigInt(row.paid_units)];
      const openUnits = sumOf(own.map(({ units }) => BigInt(units)));
      return {
        account: row.account,
        maturedUnits,
        paidUnits,
        payableUnits: maturedUnits - paidUnits - openUnits,
        ties: row.ties,
        shares: shares.filter(({ account }) => account === row.account).length,
        immatureUnits: sumOf(parts.filter(([account]) => account === row.account).map(([, units]) => units)),
        openUnits,
        includedUnits: sumOf(
          own.filter((one) => one.included_height !== null).map(({ units }) => BigInt(units)),
        ),
      };
    });
  }

  shares(): Row[] {
    return this.all("SELECT * FROM share ORDER BY number DESC");
  }

  blocks(): BlockOfBooks[] {
    return this.all("SELECT * FROM block ORDER BY height").map((row) => ({
      hash: row.hash,
      height: row.height,
      state: row.state,
      earnedUnits: BigInt(row.earned_units),
      keptUnits: BigInt(row.kept_units),
      parts: JSON.parse(row.parts).map(([account, units]: [string, string]) => [account, BigInt(units)]),
    }));
  }

  payments(): Row[] {
    return this.all("SELECT * FROM payment ORDER BY sequence");
  }

  /** By table and key, without checksums. */
  contents(): Map<string, Row> {
    const contents = new Map<string, Row>();
    for (const table of tables) {
      for (const { checksum: _, ...row } of this.all(`SELECT * FROM ${table}`)) {
        contents.set(`${table}/${Object.values(row)[0]}`, row);
      }
    }
    return contents;
  }

  /** Equal books have equal texts. */
  text(): string {
    return JSON.stringify([...this.contents()].sort(([left], [right]) => (left < right ? -1 : 1)));
  }
}

/** SQLite's bytes of whole books. */
export type BookImage = Uint8Array;

export function rowsOf(image: BookImage): BookRows {
  const db = new DatabaseSync(":memory:");
  db.deserialize(image);
  return new BookRows(db);
}

export class MemoryBooks extends BookFile {
  readonly rows: BookRows;
  /** How the disk was at first, and after each transaction. */
  readonly history: BookImage[] = [];
  /** What becomes of the next writes that fail: "lost", or "kept" although they were reported as failed. */
  readonly failures: ("lost" | "kept")[] = [];
  readonly #sharesMax: number;
  #hasFailed = false;

  constructor(
    poolAccount: string,
    limits: BookLimits = bookLimits,
    { image, chainId = memoryChain }: { readonly image?: BookImage; readonly chainId?: string } = {},
  ) {
    super({ directory: "memory", chainId, poolAccount, limits });
    const db = new DatabaseSync(":memory:");
    if (image) db.deserialize(image);
    else createBooks(db, { chainId, poolAccount });
    this.#sharesMax = limits.sharesMax;
    this.rows = new BookRows(db);
    this.use(db);
    this.history.push(db.serialize());
  }

  imbalance(): string | undefined {
    return imbalance(this.rows.db, this.#sharesMax);
  }

  override async reopen(): Promise<void> {
    this.#hasFailed = false;
  }

  override async commit(): Promise<void> {
    if (this.#hasFailed) throw new Error("a write after a failed one, without a look at what is there");
    const failure = this.failures.shift();
    if (failure === "lost") this.rollback();
    else if (this.isDirty) {
      const committed = super.commit();
      // In the same turn: the next one may begin another transaction.
      this.history.push(this.rows.db.serialize());
      await committed;
    }
    // As long as a disk takes: others come meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
    if (!failure) return;
    this.#hasFailed = true;
    throw new Error("the disk does not like it");
  }
}
