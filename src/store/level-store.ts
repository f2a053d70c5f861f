/** Opens the store on disk: nothing is used of it before it was looked at whole. */
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { toHex } from "../base/bytes.ts";
import { type ChainStore, StoreError } from "./chain-store.ts";
import { fileLockHolder } from "./directory-lock.ts";
import { LevelStore, type LevelStoreModules, type LevelStoreOptions } from "./level-chain-store.ts";
import { LevelDatabase } from "./level-database.ts";
import { damageOfLevelFiles } from "./level-files.ts";
import { doubtAbout } from "./store-check.ts";
import { corruptStore, fileError, storeInUse } from "./store-errors.ts";
import { keyPrefixes, readSideKey, totalsKey } from "./store-keys.ts";
import { freeBytesMinDefault, sideBlocksMax, walkedBlocksDefault } from "./store-limits.ts";
import { CommitMark, readMarker, schemaVersion, writeMarker } from "./store-marker.ts";
import { decodeTotals, emptyTotals, encodeTotals } from "./store-records.ts";

export type { LevelStoreModules, LevelStoreOptions } from "./level-chain-store.ts";

/**
 * Opens the store of one chain, creating it where its directory is new.
 *
 * @throws StoreError where it is damaged, another chain's, written by a newer or an older program, or in use; then nothing in the
 * directory has been changed, but for a loss that shows only once LevelDB has read its log
 */
export async function openLevelStore(
  options: LevelStoreOptions,
  modules: LevelStoreModules,
): Promise<ChainStore> {
  const { directory } = options;
  const startedMs = modules.clock.monotonicMs();
  const chainId = toHex(options.chainId);
  const holder = await fileLockHolder(join(directory, "LOCK"));
  if (holder !== undefined) throw storeInUse(directory, `process ${holder}`);

  const marker = await readMarker(directory);
  if (marker) checkMarker(directory, marker, chainId);
  else await writeMarker(directory, { schemaVersion, chainId, state: "creating" });
  const isNew = marker?.state !== "created";
  if (!isNew) {
    const damage = await damageOfLevelFiles(directory).catch((thrown) => {
      throw fileError(directory, thrown);
    });
    if (damage) throw corruptStore(directory, damage);
  }

  const { logger, freeBytes = freeBytesOf } = modules;
  const database = await LevelDatabase.open(
    { directory, createIfMissing: isNew, freeBytesMin: options.freeBytesMin ?? freeBytesMinDefault },
    { logger, freeBytes },
  );
  let mark: CommitMark | undefined;
  try {
    mark = await CommitMark.open(directory);
    if (isNew) {
      await database.write([{ key: totalsKey, payload: encodeTotals(emptyTotals) }]);
      database.show();
      await mark.write(0);
      await mark.sync();
      await writeMarker(directory, { schemaVersion, chainId, state: "created" });
    }
    const totalsBytes = database.get(totalsKey);
    const totals = totalsBytes && decodeTotals(totalsBytes);
    if (!totals) throw corruptStore(directory, "its totals are missing");
    if (mark.countFound === undefined)
      logger.warn({ directory }, "the commit mark is damaged and was not used");
    const acknowledged = mark.countFound ?? 0;
    if (totals.commitCount < acknowledged) {
      const lost = acknowledged - totals.commitCount;
      throw corruptStore(directory, `the last ${lost} of ${acknowledged} commits are missing`);
    }
    const sides = (await database.newestOf(keyPrefixes.side, sideBlocksMax)).map(([key, parentHash]) => ({
      ...readSideKey(key),
      parentHash,
    }));
    const store = new LevelStore(options, modules, database, mark, totals, sides);
    const doubt = await doubtAbout(store, database, totals, options.walkedBlocks ?? walkedBlocksDefault);
    if (doubt) throw corruptStore(directory, doubt);
    for (const hash of store.damagedBlocks()) {
      logger.warn({ directory, hash: toHex(hash) }, "a block on disk is damaged; it is fetched from peers");
    }
    const durationMs = Math.round(modules.clock.monotonicMs() - startedMs);
    const { blockCount, head } = totals;
    logger.debug({ directory, durationMs, blockCount, height: head?.height }, "the store is open");
    return store;
  } catch (thrown) {
    await mark?.close();
    await database.close();
    throw thrown;
  }
}

function checkMarker(
  directory: string,
  marker: { readonly schemaVersion: number; readonly chainId: string },
  chainId: string,
): void {
  if (marker.schemaVersion > schemaVersion) {
    throw new StoreError(
      "store/newer-version",
      `the store in ${directory} has schema version ${marker.schemaVersion}, written by a newer Aurex; this program knows version ${schemaVersion}`,
      "use the newer program, or start with another --data-dir",
    );
  }
  if (marker.schemaVersion < 1) {
    throw corruptStore(directory, `schema version ${marker.schemaVersion} never was`);
  }
  if (marker.schemaVersion < schemaVersion) {
    throw new StoreError(
      "store/older-version",
      `the store in ${directory} has schema version ${marker.schemaVersion}, written by an older Aurex; this program knows version ${schemaVersion}`,
      `keep that chain with the older program, since chains of this version have other bytes; or begin anew from the same chain spec: mv '${directory}' '${directory}.old' and start the node again`,
    );
  }
  if (marker.chainId !== chainId) {
    throw new StoreError(
      "store/wrong-chain",
      `the store in ${directory} belongs to chain ${marker.chainId}, not to ${chainId}`,
      "start with that chain's spec (--chain), or with another --data-dir",
    );
  }
}

async function freeBytesOf(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch (thrown) {
    throw fileError(directory, thrown);
  }
}
