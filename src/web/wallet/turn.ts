/** One tab at a time signs with a key on a chain: by Web Locks, or by a row with a heartbeat where there are none. */
import type { Keep } from "./keep.ts";

/** Another tab holds the turn for so long that something may be wrong with it. */
export class TurnTaken extends Error {
  override name = "TurnTaken";
}

export interface TurnOptions {
  /** Those of the browser if it is left out; null where there are none: pages of plain HTTP, except those of this machine. */
  readonly locks?: Pick<LockManager, "request"> | null;
  /** How long to wait for other tabs; default 20,000. */
  readonly limitMs?: number;
  readonly nowMs?: () => number;
  readonly beatMs?: number;
}

/** A tab that has said nothing for so long has been closed or put to sleep: a sleeping tab is heard once a minute. */
const beatsMissedMax = 5;
const beatMsDefault = 1_000;
const limitMsDefault = 20_000;
const lookMs = 200;

/**
 * Runs `work` while no other tab of this origin runs one of the same name. It is a courtesy that saves people a refused
 * transaction: that no sequence is given twice is guarded by the outbox, in the same step that writes a transaction.
 *
 * @throws TurnTaken if others hold it for too long
 */
export async function withTurn<Value>(
  name: string,
  keep: Keep,
  work: () => Promise<Value>,
  options: TurnOptions = {},
): Promise<Value> {
  const { locks = globalThis.navigator?.locks, limitMs = limitMsDefault } = options;
  if (!locks) return withRow(name, keep, work, options);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(taken()), limitMs);
  try {
    return (await locks.request(`aurex-wallet/${name}`, { signal: late.signal }, () => {
      clearTimeout(timer);
      return work();
    })) as Value;
  } finally {
    clearTimeout(timer);
  }
}

async function withRow<Value>(
  id: string,
  keep: Keep,
  work: () => Promise<Value>,
  { limitMs = limitMsDefault, nowMs = Date.now, beatMs = beatMsDefault }: TurnOptions,
): Promise<Value> {
  const owner = newOwner();
  const take = () =>
    keep.change("turns", async (rows) => {
      const row = await rows.get(id);
      const ageMs = row ? nowMs() - row.beatAtMs : 0;
      // A clock that was put back makes no tab immortal.
      const isAlive = row && row.owner !== owner && Math.abs(ageMs) < beatMs * beatsMissedMax;
      if (!isAlive) await rows.put({ id, owner, beatAtMs: nowMs() });
      return !isAlive;
    });
  for (const endMs = performance.now() + limitMs; !(await take()); ) {
    if (performance.now() > endMs) throw taken();
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  const beat = setInterval(() => void take().catch(() => {}), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await keep.change("turns", async (rows) => {
      if ((await rows.get(id))?.owner === owner) await rows.remove(id);
    });
  }
}

function taken(): TurnTaken {
  return new TurnTaken(
    "another tab of this page is sending with the same key and has not finished; wait for it, or close that tab",
  );
}

/** Not by crypto.randomUUID, which pages on plain HTTP lack. */
function newOwner(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16)).join("-");
}
