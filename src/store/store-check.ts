/** The start-up check: does what LevelDB holds add up? Run before anything is served from it. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { type Block, blockHash, decodeBlock, type HeaderRecord, headerRoot } from "../protocol/block.ts";
import { type ChainStore, StoreError } from "./chain-store.ts";
import { contentFault } from "./damaged-blocks.ts";
import type { LevelDatabase } from "./level-database.ts";
import { keyPrefixes } from "./store-keys.ts";
import type { StoreTotals } from "./store-records.ts";

/** Bodies are decoded up to this many bytes, so that large blocks do not make the start long. */
const walkedBytesMax = 4 * 1024 * 1024;

/**
 * Compares the stored counts with what is there, and walks the last blocks from the head down: links, heights, headers,
 * undo records, transaction locations. A body that is damaged is no doubt: the store takes note, and it can be fetched. The final block must be on the line that they end.
 *
 * @param walkedBlocksMax how many blocks the walk takes
 * @returns the first thing that does not add up, in words, or undefined
 */
export async function doubtAbout(
  store: ChainStore,
  database: LevelDatabase,
  totals: StoreTotals,
  walkedBlocksMax: number,
): Promise<string | undefined> {
  return (
    (await doubtAboutCounts(database, totals)) ??
    doubtAboutFinal(store) ??
    doubtAboutHead(store, walkedBlocksMax)
  );
}

async function doubtAboutCounts(database: LevelDatabase, totals: StoreTotals): Promise<string | undefined> {
  const lineLength = totals.head ? totals.head.height + 1 : 0;
  const expected = [
    [keyPrefixes.header, "headers", totals.blockCount],
    [keyPrefixes.height, "heights", lineLength],
    [keyPrefixes.undo, "undo records", lineLength],
    [keyPrefixes.entry, "entries", totals.head?.entryCount ?? 0],
  ] as const;
  for (const [prefix, name, count] of expected) {
    const found = await database.countKeys(prefix);
    if (found !== count) return `it holds ${found} ${name} and should hold ${count}`;
  }
  return undefined;
}

function doubtAboutFinal(store: ChainStore): string | undefined {
  const { final } = store;
  const canonical = final && store.hashAtHeight(final.height);
  if (!final || (canonical && bytesEqual(canonical, final.hash))) return undefined;
  return `its final block ${final.height} (${toHex(final.hash)}) is not on the line of its head`;
}

/** Undefined: it is damaged, which the store has taken note of. Everything else about it is known without it. */
function soundBlock(store: ChainStore, record: HeaderRecord): Block | undefined {
  try {
    const bytes = store.blockBytes(record.hash);
    const decoded = bytes && decodeBlock(bytes);
    const fault = decoded?.ok ? contentFault(decoded.value, record) : "it does not decode";
    if (fault === undefined && decoded?.ok) return decoded.value;
    store.foundDamaged(record.hash, fault ?? "");
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.code !== "store/corrupt") throw thrown;
  }
  return undefined;
}

function doubtAboutHead(store: ChainStore, walkedBlocksMax: number): string | undefined {
  const { head } = store;
  if (!head) return undefined;
  const lowest = Math.max(0, head.height - walkedBlocksMax + 1);
  let hash = head.hash;
  let walkedBytes = 0;
  for (let height = head.height; height >= lowest && walkedBytes <= walkedBytesMax; height--) {
    const name = `block ${height} (${toHex(hash)})`;
    const record = store.headerRecord(hash);
    const canonical = store.hashAtHeight(height);
    const change = store.stateChange(hash);
    if (!record || !change) return `${name} misses its header or undo record`;
    if (!bytesEqual(blockHash(headerRoot(record.header), record.seal.nonce), hash)) {
      return `the header of ${name} is another's`;
    }
    if (!canonical || !bytesEqual(canonical, hash)) return `height ${height} does not lead to ${name}`;
    if (height === head.height && change.entryCountAfter !== head.entryCount) {
      return `${name} leaves ${change.entryCountAfter} entries, stored are ${head.entryCount}`;
    }
    if (record.header.height !== height) return `the header of ${name} says height ${record.header.height}`;
    const block = soundBlock(store, record);
    for (const [position, { id, idHex }] of block?.transactions.entries() ?? []) {
      const location = store.transactionLocation(id);
      if (!location || !bytesEqual(location.blockHash, hash) || location.position !== position) {
        return `transaction ${idHex} is not located in ${name}`;
      }
    }
    walkedBytes += block?.bytes.length ?? 0;
    hash = record.header.parentHash;
  }
  return undefined;
}
