/**
 * An exchange's watcher of deposits: credits every deposit to one account exactly once, whatever is killed and whenever.
 *
 *   node deposits.ts --api http://127.0.0.1:13280 --account aurex1… --database deposits.sqlite --confirmations 20
 *
 * Customers pay to one account and write their customer number into the memo. What the rules are:
 *
 * 1. The account's history is the truth. Events only say when to look, so that an event which is lost loses nothing.
 * 2. A deposit counts once nothing can take it back: on a Proof of Authority chain if it is `final`, on a Proof of Work
 *    chain after --confirmations blocks.
 * 3. Deposits, the customers' balances and the cursor change in one transaction of the database. A deposit's id is its
 *    key, so reading a page again changes nothing.
 *
 * It needs Node 24 and nothing else.
 */
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";

const { values: flags } = parseArgs({
  options: {
    api: { type: "string", default: "http://127.0.0.1:13280" },
    account: { type: "string" },
    database: { type: "string", default: "deposits.sqlite" },
    confirmations: { type: "string", default: "20" },
  },
});
const account = flags.account ?? stop("name the account: --account aurex1…");
const confirmations = Number(flags.confirmations);
/** Events wake the watcher up; without any it looks by itself. */
const lookEveryMs = 10_000;
const retryMs = 500;

interface HistoryItem {
  kind: string;
  direction: string;
  id: string | null;
  block: { height: number; hash: string };
  confirmations: number;
  final: boolean;
  transaction: { payload: { kind: string; assetId?: string; amountUnits?: string; memo?: string } } | null;
}

interface HistoryPage {
  items: HistoryItem[];
  next: string | null;
  resume: string | null;
}

const db = new DatabaseSync(flags.database, { timeout: 5_000 });
db.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS watch (only INTEGER PRIMARY KEY CHECK (only = 1), chain_id TEXT, account TEXT, cursor TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS deposits (id TEXT PRIMARY KEY, customer TEXT NOT NULL, units INTEGER NOT NULL, height INTEGER NOT NULL, block_hash TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS customers (customer TEXT PRIMARY KEY, units INTEGER NOT NULL) STRICT;
`);
const readCursor = db.prepare("SELECT cursor FROM watch");
const writeCursor = db.prepare("UPDATE watch SET cursor = ?");
const insertDeposit = db.prepare("INSERT INTO deposits VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING");
const credit = db.prepare(
  "INSERT INTO customers VALUES (?, ?) ON CONFLICT (customer) DO UPDATE SET units = units + excluded.units",
);

const node = await ask<{ chainId: string; consensus: string }>("/v1/node");
db.prepare("INSERT INTO watch VALUES (1, ?, ?, NULL) ON CONFLICT DO NOTHING").run(node.chainId, account);
const begun = db.prepare("SELECT chain_id, account FROM watch").get();
if (begun?.chain_id !== node.chainId) stop(`${flags.database} belongs to another chain, ${begun?.chain_id}`);
if (begun?.account !== account) stop(`${flags.database} belongs to another account, ${begun?.account}`);

let wake = () => {};
void listen();
for (;;) {
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  await creditNew();
  await Promise.race([woken, pause(lookEveryMs)]);
}

/** Reads the history from the cursor on, as far as nothing can take it back. */
async function creditNew(): Promise<void> {
  for (;;) {
    const cursor = readCursor.get()?.cursor as string | null;
    const from = cursor === null ? "" : `&cursor=${cursor}`;
    const page = await ask<HistoryPage>(
      `/v1/accounts/${encodeURIComponent(account)}/transactions?order=oldest&limit=100${from}`,
    );
    const unsafe = page.items.findIndex((item) => !isSafe(item));
    const safe = unsafe === -1 ? page.items : page.items.slice(0, unsafe);
    // The cursor may only stand behind what is safe: a page with anything else is read again.
    book(safe, unsafe === -1 ? (page.next ?? page.resume) : cursor);
    if (unsafe !== -1 || page.next === null) return;
  }
}

function isSafe(item: HistoryItem): boolean {
  return node.consensus === "poa" ? item.final : item.confirmations >= confirmations;
}

/** All or nothing: a kill in the middle leaves the database as it was before. */
function book(items: HistoryItem[], cursor: string | null): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const { kind, direction, id, block, transaction } of items) {
      const payload = transaction?.payload;
      if (kind !== "transaction" || direction !== "in" || payload?.kind !== "transfer") continue;
      if (payload.assetId !== "AUR") continue;
      const customer = payload.memo ?? "";
      const units = BigInt(payload.amountUnits ?? 0);
      const { changes } = insertDeposit.run(id, customer, units, block.height, block.hash);
      if (changes === 1) credit.run(customer, units);
    }
    writeCursor.run(cursor);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

/** Asks until the node answers. */
async function ask<Answer>(path: string): Promise<Answer> {
  for (;;) {
    try {
      const response = await fetch(`${flags.api}${path}`, { signal: AbortSignal.timeout(30_000) });
      const body = (await response.json()) as Answer & { code?: string; detail?: string; next?: string };
      if (response.ok) return body;
      // The cursor stands behind safe deposits only, so one of those that are credited has left the chain.
      if (body.code === "api/cursor-undone")
        stop("a reorganization was deeper than --confirmations: compare the deposits with the chain by hand");
      if (response.status < 500 && response.status !== 429)
        stop(`${body.code}: ${body.detail}; ${body.next}`);
    } catch {
      // The node is down or restarts.
    }
    await pause(retryMs);
  }
}

/** Wakes the watcher up for every event, whatever it says. */
async function listen(): Promise<never> {
  for (;;) {
    try {
      const response = await fetch(`${flags.api}/v1/events?topics=head,final`);
      for await (const _ of response.body ?? []) wake();
    } catch {
      // The node is down or restarts.
    }
    wake();
    await pause(retryMs);
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

function stop(reason: string): never {
  console.error(reason);
  process.exit(1);
}
