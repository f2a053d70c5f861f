/** What light clients know, kept in this browser by chain id: the next verification goes on from there. */

import { bytesEqual } from "../../base/bytes.ts";
import { sha256 } from "../../protocol/hashing.ts";
import { answerOf } from "../wallet/keep.ts";

export interface KeptLight {
  /** What `LightClient.store` gave. */
  readonly bytes: Uint8Array;
  readonly savedAtMs: number;
}

export interface LightCache {
  /** Undefined if there is nothing, or what there is was damaged. */
  read(chainId: string): Promise<KeptLight | undefined>;
  write(chainId: string, kept: KeptLight): Promise<void>;
  forget(chainId: string): Promise<void>;
}

/** A demo makes a new chain at each start; those used longest ago go. */
export const keptChainsMax = 8;

/** For a browser without IndexedDB (private modes), and for tests: it ends with the page. */
export function createMemoryCache(): LightCache {
  const kept = new Map<string, KeptLight>();
  return {
    read: async (chainId) => kept.get(chainId),
    async write(chainId, light) {
      kept.delete(chainId);
      kept.set(chainId, light);
      const [oldest] = kept.keys();
      if (kept.size > keptChainsMax && oldest !== undefined) kept.delete(oldest);
    },
    forget: async (chainId) => void kept.delete(chainId),
  };
}

const databaseName = "aurex-verify";
const storeName = "chains";

interface Row extends KeptLight {
  readonly chainId: string;
  /** SHA-256 of the chain id and the bytes: a torn or damaged row is not read. It is no protection from other scripts. */
  readonly digest: Uint8Array;
}

/** In IndexedDB; in memory wherever the browser refuses that. */
export async function openLightCache(): Promise<LightCache> {
  const database = await openDatabase().catch(() => undefined);
  if (!database) return createMemoryCache();
  const rows = <Value>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<Value>) =>
    answerOf(act(database.transaction(storeName, mode).objectStore(storeName)));
  const forget = async (chainId: string) => void (await rows("readwrite", (store) => store.delete(chainId)));
  return {
    async read(chainId) {
      const row = (await rows("readonly", (store) => store.get(chainId))) as Row | undefined;
      if (row === undefined) return undefined;
      if (isWhole(row, chainId)) return { bytes: row.bytes, savedAtMs: row.savedAtMs };
      await forget(chainId);
      return undefined;
    },
    async write(chainId, kept) {
      const row: Row = { ...kept, chainId, digest: digestOf(chainId, kept.bytes) };
      await rows("readwrite", (store) => store.put(row));
      const all = (await rows("readonly", (store) => store.index("savedAtMs").getAllKeys())) as string[];
      for (const old of all.slice(0, Math.max(0, all.length - keptChainsMax))) await forget(old);
    },
    forget,
  };
}

/** Exported for its test: a browser's database holds whatever was put there. */
export function isWhole(row: Partial<Row>, chainId: string): boolean {
  const { bytes, digest, savedAtMs } = row;
  if (!(bytes instanceof Uint8Array && digest instanceof Uint8Array && Number.isFinite(savedAtMs)))
    return false;
  return row.chainId === chainId && bytesEqual(digest, digestOf(chainId, bytes));
}

export function digestOf(chainId: string, bytes: Uint8Array): Uint8Array {
  const id = new TextEncoder().encode(chainId);
  const whole = new Uint8Array(id.length + bytes.length);
  whole.set(id);
  whole.set(bytes, id.length);
  return sha256(whole);
}

function openDatabase(): Promise<IDBDatabase> {
  const opening = indexedDB.open(databaseName, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(storeName, { keyPath: "chainId" }).createIndex("savedAtMs", "savedAtMs");
  };
  return answerOf(opening);
}
