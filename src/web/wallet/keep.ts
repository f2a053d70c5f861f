/** Where the wallet's rows are kept: IndexedDB, or this page's memory if the browser gives no IndexedDB. */
import { type TableName, type Tables, tableNames } from "./rows.ts";

/** One table while nobody else writes to it. */
export interface TableRows<Row> {
  get(id: string): Promise<Row | undefined>;
  all(): Promise<Row[]>;
  put(row: Row): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface Keep {
  /** Undefined if the rows survive a reload; else why they do not, in a phrase for people. */
  readonly whyNotLasting: string | undefined;
  /**
   * Runs `work` on a table while no other tab changes it. What it wrote is there as a whole when this resolves, and not at
   * all if it throws. `work` may wait for nothing but the rows: IndexedDB ends a transaction that waits for anything else.
   */
  change<Name extends TableName, Result>(
    table: Name,
    work: (rows: TableRows<Tables[Name]>) => Promise<Result>,
  ): Promise<Result>;
  all<Name extends TableName>(table: Name): Promise<Tables[Name][]>;
}

const databaseName = "aurex-wallet";
const databaseVersion = 1;

/** Opens the keep of this origin. It never fails: without IndexedDB it keeps the rows in memory, and says why. */
export async function openKeep(factory: IDBFactory | undefined = factoryHere()): Promise<Keep> {
  if (!factory) return memoryKeep("this browser gives the page no IndexedDB");
  try {
    return databaseKeep(await openDatabase(factory));
  } catch (thrown) {
    return memoryKeep(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** Even asking for it throws in some private windows. */
function factoryHere(): IDBFactory | undefined {
  try {
    return globalThis.indexedDB ?? undefined;
  } catch {
    return undefined;
  }
}

function openDatabase(factory: IDBFactory): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(databaseName, databaseVersion);
    request.onupgradeneeded = () => {
      for (const name of tableNames) request.result.createObjectStore(name, { keyPath: "id" });
    };
    request.onsuccess = () => {
      const database = request.result;
      // A later version of this page, in another tab, may lay out the tables anew.
      database.onversionchange = () => database.close();
      resolve(database);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab holds an older version of this wallet open"));
  });
}

function databaseKeep(database: IDBDatabase): Keep {
  return {
    whyNotLasting: undefined,
    change: (table, work) => inTransaction(database, table, "readwrite", work),
    all: (table) =>
      inTransaction<Tables[typeof table], Tables[typeof table][]>(database, table, "readonly", (rows) =>
        rows.all(),
      ),
  };
}

function inTransaction<Row, Result>(
  database: IDBDatabase,
  table: TableName,
  mode: IDBTransactionMode,
  work: (rows: TableRows<Row>) => Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    // "strict": it is on the disk when it is said to be complete, so that a signed transaction survives a crash.
    const transaction = database.transaction(table, mode, { durability: "strict" });
    const store = transaction.objectStore(table);
    const rows: TableRows<Row> = {
      get: (id) => answerOf(store.get(id)),
      all: () => answerOf(store.getAll()),
      put: async (row) => void (await answerOf(store.put(row))),
      remove: async (id) => void (await answerOf(store.delete(id))),
    };
    let thrown: unknown;
    const done = work(rows);
    done.catch((reason) => {
      thrown = reason;
      try {
        transaction.abort();
      } catch {
        // It has ended by itself.
      }
      reject(reason);
    });
    transaction.oncomplete = () => void done.then(resolve, reject);
    transaction.onabort = () => reject(thrown ?? transaction.error ?? new Error("the browser kept nothing"));
  });
}

export function answerOf<Answer>(request: IDBRequest<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Gone with the page. */
export function memoryKeep(whyNotLasting: string): Keep {
  const tables = Object.fromEntries(tableNames.map((name) => [name, new Map<string, unknown>()]));
  let last: Promise<unknown> = Promise.resolve();
  return {
    whyNotLasting,
    change(name, work) {
      type Row = Tables[typeof name];
      const run = async () => {
        const table = tables[name] as Map<string, Row>;
        const before = new Map(table);
        const rows: TableRows<Row> = {
          get: async (id) => table.get(id),
          all: async () => [...table.values()],
          put: async (row) => void table.set(row.id, row),
          remove: async (id) => void table.delete(id),
        };
        try {
          return await work(rows);
        } catch (thrown) {
          tables[name] = before;
          throw thrown;
        }
      };
      const result = last.then(run, run);
      last = result;
      return result;
    },
    all: async (name) => [...(tables[name] as Map<string, Tables[typeof name]>).values()],
  };
}
