/** Opens what a node is made of, in the order in which the parts need each other; each is closed in the opposite order. */
import { randomBytes } from "node:crypto";
import path from "node:path";
import { Registry } from "prom-client";
import type { AuthorityJournals } from "../authority/authority-role.ts";
import type { Clock } from "../base/clock.ts";
import { isDatabaseTarget } from "../base/database-target.ts";
import type { Logger } from "../base/logger.ts";
import { readPostgresUrl } from "../export/postgres/postgres-url.ts";
import type { Libp2pHost } from "../network/libp2p/libp2p-host.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import { openFileSealJournal } from "../sealing/poa/file-seal-journal.ts";
import { openFileVoteJournal } from "../sealing/poa/file-vote-journal.ts";
import { createMiningThreads } from "../sealing/pow/mining-threads.ts";
import { createPowSealer } from "../sealing/pow/pow-sealer.ts";
import { WorkBoard } from "../sealing/pow/work-board.ts";
import type { ChainStore } from "../store/chain-store.ts";
import type { DirectoryLock } from "../store/directory-lock.ts";
import { openLevelStore } from "../store/level-store.ts";
import { fileError } from "../store/store-errors.ts";
import { createTransactionVerifier } from "../verifier/verifier.ts";
import { loadOrCreateNodeKey } from "../wallet/keystore.ts";
import type { AurexNodeModules, AurexNodeOptions } from "./aurex-node-options.ts";
import { dataDirectory, lockDataDirectory, pinChainSpec } from "./data-directory.ts";
import { ExportFollower } from "./export-follower.ts";
import { requireFinality } from "./finalized-only.ts";
import { type ApiSecrets, openApiSecrets } from "./http-servers.ts";
import { NodeCore } from "./node-core.ts";
import { createNodeHost, softwareVersion } from "./node-host.ts";
import { TransactionJournal } from "./own-transactions/transaction-journal.ts";
import { PoolService } from "./pool-service.ts";

/** No process makes more jobs in a millisecond, so two processes, one after the other, share no number. */
const jobsPerMs = 1_000;

export interface NodeParts {
  readonly core: NodeCore;
  readonly host: Libp2pHost;
  readonly keyPair: KeyPair;
  readonly lock: DirectoryLock;
  readonly follower: ExportFollower | undefined;
  readonly workBoard: WorkBoard | undefined;
  readonly pool: PoolService | undefined;
  /** Of the host. */
  readonly hostMetrics: Registry;
  readonly apiSecrets: ApiSecrets | undefined;
  readonly logger: Logger;
}

/** @throws StoreError, KeyError, JournalError or ExportError, each with what to do about it */
export async function openParts(
  options: AurexNodeOptions,
  { lock: heldLock, keyPair: openedKey }: AurexNodeModules,
  clock: Clock,
  logger: Logger,
  resources: AsyncDisposableStack,
): Promise<NodeParts> {
  const { dataDir, name, spec } = options;
  const places = dataDirectory(dataDir);
  const lock = heldLock ?? (await lockDataDirectory(dataDir, name, clock));
  if (!heldLock) resources.defer(() => lock.release());
  await pinChainSpec(dataDir, spec);
  const keyPair = openedKey ?? (await loadOrCreateNodeKey(dataDir));
  const apiSecrets =
    options.apiPort === undefined ? undefined : await openApiSecrets(dataDir, options.apiAccess);
  const store: ChainStore = await openLevelStore(
    { directory: places.chain, chainId: spec.chainId, accountIndex: options.accountIndex ?? true },
    { clock, logger },
  );
  resources.defer(() => store.close());
  // The core closes sealer, journals and host, too; this is for where something fails before there is a core.
  const workBoard = openWorkBoard(options, clock, logger);
  resources.defer(() => workBoard?.close());
  const journals = await openJournals(options, logger, resources);
  const transactionJournal = await TransactionJournal.open(
    { filePath: places.ownTransactions, chainId: spec.chainId },
    { logger },
  ).catch((thrown: unknown) => {
    throw fileError(dataDir, thrown);
  });
  resources.defer(() => transactionJournal.close());
  const hostMetrics = new Registry();
  const host = await createNodeHost(options, keyPair, { clock, logger, metrics: hostMetrics });
  resources.defer(() => host.stop());
  const core = await NodeCore.open(
    { ...options, keyPair, software: softwareVersion, instance: new Uint8Array(randomBytes(32)) },
    {
      store,
      host,
      verifier: createTransactionVerifier({}, { logger }),
      sealer: workBoard,
      journals,
      transactionJournal,
      clock,
      logger,
    },
  );
  const pool = await openPool(options, { core, workBoard, keyPair, clock, logger }, resources);
  const follower = await openFollower(options, { core, pool, clock, logger }, resources);
  core.attach({ payouts: pool, export: follower });
  resources.defer(() => core.stop());
  return { core, host, keyPair, lock, follower, workBoard, pool, hostMetrics, apiSecrets, logger };
}

function openWorkBoard(options: AurexNodeOptions, clock: Clock, logger: Logger): WorkBoard | undefined {
  const { spec, mine, mineThreads } = options;
  if (spec.consensus !== "pow" || !mine) return undefined;
  const own =
    mineThreads === 0
      ? undefined
      : createPowSealer(createMiningThreads({ threads: mineThreads }, { logger }));
  return new WorkBoard({ own, firstJobId: clock.nowMs() * jobsPerMs });
}

async function openJournals(
  options: AurexNodeOptions,
  logger: Logger,
  resources: AsyncDisposableStack,
): Promise<AuthorityJournals | undefined> {
  if (options.spec.consensus !== "poa" || !options.authority) return undefined;
  const places = dataDirectory(options.dataDir);
  const seals = await openFileSealJournal(places.sealJournal, { logger });
  resources.defer(() => seals.close());
  const votes = await openFileVoteJournal(places.voteJournal, { logger });
  resources.defer(() => votes.close());
  return { seals, votes };
}

async function openPool(
  { pool: options, dataDir }: AurexNodeOptions,
  modules: {
    readonly core: NodeCore;
    readonly workBoard: WorkBoard | undefined;
    readonly keyPair: KeyPair;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  resources: AsyncDisposableStack,
): Promise<PoolService | undefined> {
  const { core, workBoard, keyPair, clock, logger } = modules;
  if (!options || !workBoard) return undefined;
  const { chain, mempool } = core;
  const submit = (transaction: DecodedTransaction) => core.submit(transaction);
  const pool = await PoolService.open(
    options,
    { dataDir, keyPair },
    { chain, mempool, board: workBoard, submit, isBehind: () => core.isBehind, clock, logger },
  );
  resources.defer(() => pool.close());
  return pool;
}

async function openFollower(
  { exportFile: file, exportFinalizedOnly: finalizedOnly = false, dataDir, spec }: AurexNodeOptions,
  modules: {
    readonly core: NodeCore;
    readonly pool: PoolService | undefined;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  resources: AsyncDisposableStack,
): Promise<ExportFollower | undefined> {
  if (file === undefined) return undefined;
  if (finalizedOnly) requireFinality(spec);
  const { core, pool, clock, logger } = modules;
  const { chain, network } = core;
  const follower = await ExportFollower.open(
    {
      ...(isDatabaseTarget(file) ? { file, postgres: readPostgresUrl(file) } : { file: path.resolve(file) }),
      ...{ dataDir, finalizedOnly },
    },
    { chain, network, pool, clock, logger },
  );
  resources.defer(() => follower.stop());
  return follower;
}
