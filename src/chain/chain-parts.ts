/** Opens what the store holds of a chain, and puts the chain's parts together on it. */
import type { EventEmitter } from "node:events";
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { guardedEvents } from "../base/guarded-events.ts";
import { invariant } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { StageTimes } from "../base/stage-times.ts";
import { authoritiesOf, type ConsensusEngine, timelyMaxMs } from "../consensus/engine.ts";
import { ForkChoice } from "../consensus/fork-choice.ts";
import { LedgerState } from "../ledger/ledger-state.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { TransactionVerifier } from "../protocol/transaction-verifier.ts";
import { type ChainStore, StoreError } from "../store/chain-store.ts";
import { Arrivals } from "./arrivals.ts";
import { BesideChain, type BesideLimits, type LyingBlock } from "./beside-chain.ts";
import { BlockTree, type BlockTreeLimits } from "./block-tree.ts";
import type { ChainEvents } from "./chain-events.ts";
import { CommittedStates } from "./committed-states.ts";
import { FinalityKeeper } from "./finality-keeper.ts";
import { genesisBatch } from "./genesis-batch.ts";
import { BlockImporter } from "./importer.ts";
import { BlockIntake } from "./intake.ts";
import { ChainReader } from "./reader.ts";
import { recoverTrust } from "./trust-recovery.ts";

/** Of orphans, and of future blocks. */
const waitingBytesMax = 8 * 2 ** 20;

export interface ChainOptions {
  readonly spec: ChainSpec;
  /** Imports waiting or running; more are refused with block/queue-full. */
  readonly importsMax?: number;
  readonly orphansMax?: number;
  /** How much is kept of blocks beside the chain. */
  readonly besideLimits?: Partial<BesideLimits>;
  /** How many blocks near the head stay in memory; the others are read from the store. */
  readonly treeLimits?: BlockTreeLimits;
  /**
   * The hash of a block that an operator declares final (weak-subjectivity checkpoint). The authorities that sealed
   * lately go on from it. This is the only way past a lost quorum. Every node that goes on with them needs the same hash.
   */
  readonly trustRecovery?: Uint8Array;
}

export interface ChainModules {
  readonly store: ChainStore;
  readonly engine: ConsensusEngine;
  readonly verifier: TransactionVerifier;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ChainParts {
  readonly events: EventEmitter<ChainEvents>;
  readonly times: StageTimes;
  readonly store: ChainStore;
  readonly tree: BlockTree;
  readonly reader: ChainReader;
  readonly intake: BlockIntake;
  readonly importer: BlockImporter;
  readonly arrivals: Arrivals;
  readonly beside: BesideChain;
  readonly committedStates: CommittedStates;
  /** Undefined if the engine has no finality. */
  readonly finality: FinalityKeeper | undefined;
}

/**
 * Opens the chain that the store holds, or begins it with the genesis block.
 *
 * @throws StoreError if what is stored does not add up
 */
export async function openChainParts(options: ChainOptions, modules: ChainModules): Promise<ChainParts> {
  const { store, engine } = modules;
  if (!store.head) await store.commit(genesisBatch(options.spec, engine));
  if (options.trustRecovery) await recoverTrust(options.trustRecovery, options.spec, modules);
  return putTogether(options, modules, storedHead(store), await storedBeside(store));
}

interface StoredHead {
  readonly head: HeaderRecord;
  readonly ledger: LedgerState;
}

/** A block without a record was judged before trust recovery: it weighs nothing, and goes first. */
async function storedBeside(store: ChainStore): Promise<LyingBlock[]> {
  const sides = await store.sizedSideBlocks();
  return sides.map((side) => ({ ...side, weight: store.headerRecord(side.hash)?.cumulativeWeight ?? 0n }));
}

/** The head with its ledger, which has to have the state root of the head's header. */
function storedHead(store: ChainStore): StoredHead {
  const stored = store.head;
  invariant(stored, "a store with a committed genesis has a head");
  const head = store.headerRecord(stored.hash);
  const ledger = LedgerState.fromEntries(entriesOf(store));
  const next =
    "move the data directory aside and start again: the node then fetches the chain from its peers";
  if (!head) throw new StoreError("store/corrupt", `the head ${toHex(stored.hash)} has no header`, next);
  if (!bytesEqual(ledger.stateRoot(), head.header.stateRoot)) {
    throw new StoreError(
      "store/corrupt",
      `the stored ledger is not that of block ${head.header.height}`,
      next,
    );
  }
  return { head, ledger };
}

function* entriesOf(store: ChainStore) {
  for (const [, entry] of store.entries()) yield entry;
}

function putTogether(
  { spec, trustRecovery: trusted, ...limits }: ChainOptions,
  { store, engine, verifier, clock, logger }: ChainModules,
  at: StoredHead,
  storedSides: readonly LyingBlock[],
): ChainParts {
  const events = guardedEvents<ChainEvents>("chain", logger);
  const times = new StageTimes(clock);
  const arrivals = new Arrivals(clock);
  const final = finalAtStart(engine, at.head, store.final);
  const tree = new BlockTree(store, { head: at.head, final, limits: limits.treeLimits });
  const reader = new ChainReader({ store, tree, events });
  const committedStates = new CommittedStates({ engine, tree, reader });
  const opened =
    final &&
    engine.authority?.openFinality({
      final,
      ancestry: tree,
      head: () => importer.head,
      held: (hash) => intake.heldRecord(toHex(hash)),
      isTimely: (record) => arrivals.sinceMs(record) <= timelyMaxMs,
      onEvidence: (evidence) => {
        events.emit("evidenceFound", evidence);
        importer.chooseAgain();
      },
    });
  const forkChoice = new ForkChoice({ ancestry: tree, authority: engine.authority, finality: opened });
  const authorities = (record: HeaderRecord) => authoritiesOf(engine, record);
  const finality = opened && new FinalityKeeper(opened, { ancestry: tree, authorities, logger });
  const intake: BlockIntake = new BlockIntake(
    { blocksMax: limits.orphansMax ?? 256, bytesMax: waitingBytesMax },
    {
      ...{ spec, engine, clock, logger, times, verifier, store, trusted, committedStates, finality },
      ancestry: tree,
      near: () => {
        const settled = finality && tree.get(finality.settled.hash);
        return settled ? [importer.head, settled] : [importer.head];
      },
      onReady: (judged) => void importer.importWaiting(judged),
    },
  );
  const beside = new BesideChain(limits.besideLimits ?? {}, { clock, logger }, storedSides);
  const importer: BlockImporter = new BlockImporter(
    limits.importsMax ?? 512,
    {
      ...{ spec, trusted, store, engine, tree, reader, intake, beside, finality, forkChoice, arrivals },
      ...{ times, logger, events },
    },
    at,
  );
  return {
    ...{ events, times, store, tree, reader, intake, importer, beside, arrivals, committedStates, finality },
  };
}

/** Undefined if the engine has no finality. */
function finalAtStart(
  engine: ConsensusEngine,
  head: HeaderRecord,
  stored: Checkpoint | undefined,
): Checkpoint | undefined {
  // A kill may have come between a block and the note of what it makes final.
  const shown = engine.authority?.finality(head).finalized;
  return stored && shown && stored.height >= shown.height ? stored : shown;
}
