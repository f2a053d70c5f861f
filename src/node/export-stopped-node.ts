/** Writes the SQL ledger of a node that does not run: its chain is opened, read, and closed again. */
import { toHex } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { Chain } from "../chain/chain.ts";
import { createEngine } from "../consensus/create-engine.ts";
import { ExportThread } from "../export/export-thread.ts";
import type { CatchUpReport, ExportProgress } from "../export/ledger-job.ts";
import { catchUpPatiently, type PatientModules } from "../export/postgres/patient-catch-up.ts";
import type { PostgresPlace } from "../export/postgres/postgres-url.ts";
import { readStoppedBooks } from "../payouts/stopped-books.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { acquireDirectoryLock } from "../store/directory-lock.ts";
import { openLevelStore } from "../store/level-store.ts";
import { createInlineVerifier } from "../verifier/verifier.ts";
import { dataDirectory, pinnedChainSpec } from "./data-directory.ts";
import { requireFinality } from "./finalized-only.ts";
import { readChainSpec } from "./node-options.ts";
import { exitCodes, OperatorError } from "./operator-error.ts";

export interface ExportStoppedNodeOptions {
  readonly dataDir: string;
  /** Chain spec file; the data directory's own where it is not given. */
  readonly chain: string | undefined;
  /** The SQLite file, or what is shown of the database. */
  readonly file: string;
  /** The database to write to in place of a file. */
  readonly postgres?: PostgresPlace;
  /** Nothing above the last final block. */
  readonly finalizedOnly?: boolean;
  /** The first block with rows, if not block 0: the file is then an excerpt, and no whole ledger. */
  readonly from?: number | undefined;
  /** The last block with rows, if not the head. */
  readonly to?: number | undefined;
}

export interface ExportStoppedNodeModules {
  readonly logger: Logger;
  readonly onProgress?: (progress: ExportProgress) => void;
  /** Stops between two SQL transactions. */
  readonly signal?: AbortSignal;
  /** A database was out of reach, and is tried again. */
  readonly onRetry?: PatientModules["onRetry"];
}

export interface StoppedNodeReport extends CatchUpReport {
  /** Hex. */
  readonly chainId: string;
  /** False if another program has the file open: its write-ahead log then stays beside it until that program ends. */
  readonly isAlone: boolean;
}

/**
 * Brings the file up to the head of the chain in the data directory, and writes what the books of the pool say that the
 * node served, if it did.
 *
 * @throws OperatorError where the directory holds no chain or another one; StoreError where a node runs on it;
 * ExportError where the file cannot be a ledger of this chain; PoolError if the pool's books cannot be read, after the
 * chain is written
 */
export async function exportStoppedNode(
  options: ExportStoppedNodeOptions,
  { logger, onProgress, signal, onRetry }: ExportStoppedNodeModules,
): Promise<StoppedNodeReport> {
  const { dataDir, file, postgres, finalizedOnly = false, from = 0, to } = options;
  const spec = await chainSpecOfNode(options);
  await using resources = new AsyncDisposableStack();
  const clock = systemClock;
  const lock = await acquireDirectoryLock({ directory: dataDir, name: "export" }, { clock });
  resources.defer(() => lock.release());
  const store = await openLevelStore(
    { directory: dataDirectory(dataDir).chain, chainId: spec.chainId },
    { clock, logger },
  );
  resources.defer(() => store.close());
  const verifier = createInlineVerifier();
  const chain = await Chain.open({ spec }, { store, engine: createEngine(spec), verifier, clock, logger });
  resources.defer(() => chain.close());
  if (finalizedOnly) requireFinality(spec);
  checkRange(from, to, finalizedOnly ? (chain.final?.height ?? 0) : chain.head.header.height);
  // This thread reads the chain while the other one writes.
  const jobOptions = {
    file,
    ...(postgres ? { postgres } : {}),
    finalizedOnly,
    ...(to === undefined ? {} : { lastHeight: to }),
    firstHeight: from,
  };
  const job = new ExportThread(jobOptions, { source: chain, logger });
  resources.defer(async () => void (await job.close()));
  const report = postgres
    ? await catchUpPatiently(job, { clock, onProgress, signal, onRetry })
    : await job.catchUp(onProgress, signal);
  if (!signal?.aborted) {
    const directory = dataDirectory(dataDir).pool;
    await job.recordPool(await readStoppedBooks({ directory, chain }, { clock, logger }));
  }
  return { ...report, chainId: toHex(spec.chainId), isAlone: await job.close() };
}

/** @throws OperatorError if the chain does not have these blocks */
function checkRange(from: number, to: number | undefined, headHeight: number): void {
  const last = to ?? headHeight;
  const refusal = { code: "node/no-such-blocks", exitCode: exitCodes.usage } as const;
  if (from > last) {
    throw new OperatorError(`there are no blocks from ${from} to ${last}`, {
      ...refusal,
      why: to === undefined ? `the chain ends with block ${headHeight}` : "--from lies behind --to",
      next: "name a --from that is not greater than --to, nor than the chain's last block",
    });
  }
  if (last <= headHeight) return;
  throw new OperatorError(`there is no block ${last}`, {
    ...refusal,
    why: `the chain ends with block ${headHeight}`,
    next: `leave --to out, or name at most --to ${headHeight}`,
  });
}

async function chainSpecOfNode({ dataDir, chain }: ExportStoppedNodeOptions): Promise<ChainSpec> {
  const pinned = await pinnedChainSpec(dataDir);
  if (!pinned) {
    throw new OperatorError(`${dataDir} holds no chain`, {
      code: "node/no-chain",
      exitCode: exitCodes.usage,
      why: "no node has been started on it",
      next: "name the data directory of a node with --data-dir",
    });
  }
  if (chain === undefined) return pinned;
  const named = await readChainSpec(chain);
  if (toHex(named.chainId) === toHex(pinned.chainId)) return named;
  throw new OperatorError(`${dataDir} holds another chain than ${chain}`, {
    code: "node/genesis-mismatch",
    exitCode: exitCodes.genesisMismatch,
    why: `it holds ${toHex(pinned.chainId)} (${pinned.name}), the file describes ${toHex(named.chainId)} (${named.name})`,
    next: "leave --chain out, or name the data directory of that chain",
  });
}
