/** Builds the account index of a node that does not run anew, from the blocks of its chain. */
import { toHex } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { indexLack, indexMore } from "../chain/account-indexer.ts";
import { acquireDirectoryLock } from "../store/directory-lock.ts";
import { openLevelStore } from "../store/level-store.ts";
import { dataDirectory, pinnedChainSpec } from "./data-directory.ts";
import { exitCodes, OperatorError } from "./operator-error.ts";

export interface ReindexProgress {
  /** Blocks that the index covers. */
  readonly blocks: number;
  readonly of: number;
}

export interface ReindexReport extends ReindexProgress {
  /** Hex. */
  readonly chainId: string;
}

export interface ReindexModules {
  readonly logger: Logger;
  readonly onProgress?: (progress: ReindexProgress) => void;
  /** Stops between two batches; what is there is kept, and the node goes on from it. */
  readonly signal?: AbortSignal;
}

/**
 * Removes the index and builds it, in batches that survive a kill.
 *
 * @throws OperatorError if the directory holds no chain; StoreError if a node runs on it or the store is damaged
 */
export async function reindexStoppedNode(
  dataDir: string,
  { logger, onProgress, signal }: ReindexModules,
): Promise<ReindexReport> {
  const spec = await pinnedChainSpec(dataDir);
  if (!spec) {
    throw new OperatorError(`${dataDir} holds no chain`, {
      code: "node/no-chain",
      exitCode: exitCodes.usage,
      why: "no node has been started on it",
      next: "name the data directory of a node with --data-dir",
    });
  }
  await using resources = new AsyncDisposableStack();
  const clock = systemClock;
  const lock = await acquireDirectoryLock({ directory: dataDir, name: "reindex" }, { clock });
  resources.defer(() => lock.release());
  const directory = dataDirectory(dataDir).chain;
  const store = await openLevelStore({ directory, chainId: spec.chainId }, { clock, logger });
  resources.defer(() => store.close());
  const headHeight = store.head?.height ?? -1;
  await store.clearAccountIndex();
  for (let lack = indexLack(store.accountIndex, headHeight); lack && !signal?.aborted; ) {
    onProgress?.(lack);
    await indexMore(store);
    lack = indexLack(store.accountIndex, headHeight);
  }
  return { chainId: toHex(spec.chainId), blocks: store.accountIndex.blockCount, of: headHeight + 1 };
}
