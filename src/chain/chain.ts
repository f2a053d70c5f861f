/** The chain: one head, moved by importing blocks; every block, mined here or received, comes through the same door. */
import type { EventEmitter } from "node:events";
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { guardedEvents } from "../base/guarded-events.ts";
import { invariant } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Result } from "../base/result.ts";
import { StageTimes } from "../base/stage-times.ts";
import {
  type AuthorityChange,
  type BlockContents,
  type ConsensusEngine,
  type EngineState,
  voteCounterOn,
} from "../consensus/engine.ts";
import type { LedgerView, StateChange } from "../ledger/entry.ts";
import { type LedgerDraft, LedgerState } from "../ledger/ledger-state.ts";
import {
  type Block,
  type ConsensusSection,
  emptyConsensusSection,
  type HeaderRecord,
} from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { Evidence } from "../protocol/evidence.ts";
import type { BlockFault, EvidenceFault, TransactionFault, VoteFault } from "../protocol/faults.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { TransactionVerifier } from "../protocol/transaction-verifier.ts";
import type { Vote } from "../protocol/vote.ts";
import type { AccountIndex } from "../store/account-index.ts";
import {
  type ChainStore,
  type IdKind,
  type SideBlock,
  StoreError,
  type TransactionLocation,
} from "../store/chain-store.ts";
import { indexMore } from "./account-indexer.ts";
import { authorityChangesOf, finalCertificateOf } from "./block-facts.ts";
import { BlockTree } from "./block-tree.ts";
import type { ChainEvents } from "./chain-events.ts";
import { CommittedStates } from "./committed-states.ts";
import { FinalityKeeper } from "./finality-keeper.ts";
import { genesisBatch } from "./genesis-batch.ts";
import { BlockImporter, type Imported } from "./importer.ts";
import { BlockIntake } from "./intake.ts";
import { ledgerBelow } from "./ledger-below.ts";
import { LowWorkQuota } from "./low-work.ts";
import { type BlockAtHeight, ChainReader, type LocatedTransaction } from "./reader.ts";
import type { JudgedBlock } from "./stages/judge.ts";
import { recoverTrust } from "./trust-recovery.ts";

export type { ChainEvents, HeadChange } from "./chain-events.ts";
export type { ImportOutcome } from "./importer.ts";
export type { BlockAtHeight, LocatedTransaction } from "./reader.ts";
export type { JudgedBlock } from "./stages/judge.ts";

export interface ChainOptions {
  readonly spec: ChainSpec;
  /** Imports waiting or running; more are refused with block/queue-full. */
  readonly importsMax?: number;
  readonly orphansMax?: number;
  readonly waitingBytesMax?: number;
  /** Of blocks far lighter than the head, kept in one run of the process. */
  readonly farBehindBytesMax?: number;
  /**
   * The hash of a block that an operator declares final, with those who sealed lately as its authorities: the only way
   * past a lost quorum. Every node that is to go on with them needs the same hash.
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

export class Chain {
  readonly events: EventEmitter<ChainEvents>;
  readonly spec: ChainSpec;
  readonly engine: ConsensusEngine;
  readonly times: StageTimes;
  readonly #store: ChainStore;
  readonly #reader: ChainReader;
  readonly #intake: BlockIntake;
  readonly #importer: BlockImporter;
  readonly #logger: Logger;
  readonly #committedStates: CommittedStates;
  readonly #tree: BlockTree;
  readonly #finality: FinalityKeeper | undefined;
  private constructor(
    options: ChainOptions,
    modules: ChainModules,
    at: { readonly head: HeaderRecord; readonly ledger: LedgerState },
  ) {
    this.events = guardedEvents("chain", modules.logger);
    this.spec = options.spec;
    this.engine = modules.engine;
    this.times = new StageTimes(modules.clock);
    this.#store = modules.store;
    this.#logger = modules.logger;
    const { engine, spec, times } = this;
    const { store, clock, logger, verifier } = modules;
    const final = this.#finalAtStart(at.head, store);
    const tree = new BlockTree(store, { head: at.head, final });
    this.#tree = tree;
    const reader = new ChainReader({ store, tree, events: this.events });
    this.#reader = reader;
    this.#committedStates = new CommittedStates({
      recordOf: (hash) => tree.get(hash),
      block: (hash) => reader.block(hash),
      advance: (contents, parent) => {
        const advanced = this.advance(contents, parent);
        return advanced.ok ? advanced.value : undefined;
      },
    });
    this.#finality = final && this.#openFinality(final);
    this.#intake = new BlockIntake(
      { blocksMax: options.orphansMax ?? 256, bytesMax: options.waitingBytesMax ?? 32 * 2 ** 20 },
      {
        spec,
        engine,
        clock,
        logger,
        times,
        verifier,
        ancestry: tree,
        isInvalid: (hash) => store.isInvalid(hash),
        trusted: options.trustRecovery,
        evidence: this.#finality?.evidence,
        conflictOn: (parent) => this.#finality?.conflictOn(parent),
        stateFault: (block, parent, state) => this.#committedStates.faultOf(block, parent, state),
        onReady: (judged) => void this.#importWaiting(judged),
      },
    );
    this.#importer = new BlockImporter(
      { spec, pendingMax: options.importsMax ?? 512, trusted: options.trustRecovery },
      {
        store,
        engine,
        tree,
        reader,
        intake: this.#intake,
        lowWork: new LowWorkQuota(options.farBehindBytesMax, modules),
        finality: this.#finality,
        times,
        logger,
        events: this.events,
      },
      at,
    );
  }

  /** Undefined if the engine has no finality. */
  #finalAtStart(head: HeaderRecord, { final: stored }: ChainStore): Checkpoint | undefined {
    // A kill may have come between a block and the note of what it makes final.
    const shown = this.engine.authority?.finality(head).finalized;
    return stored && shown && stored.height >= shown.height ? stored : shown;
  }

  #openFinality(final: Checkpoint): FinalityKeeper | undefined {
    const finality = this.engine.authority?.openFinality({
      final,
      ancestry: this.#tree,
      head: () => this.head,
      onEvidence: (evidence) => this.events.emit("evidenceFound", evidence),
    });
    return finality && new FinalityKeeper(finality, this.#tree, this.#logger);
  }

  /**
   * Opens the chain that the store holds, or begins it with the genesis block.
   *
   * @throws StoreError where what is stored does not add up
   */
  static async open(options: ChainOptions, modules: ChainModules): Promise<Chain> {
    const { store, engine } = modules;
    if (!store.head) await store.commit(genesisBatch(options.spec, engine));
    if (options.trustRecovery) await recoverTrust(options.trustRecovery, options.spec, modules);
    const stored = store.head;
    invariant(stored, "a store with a committed genesis has a head");
    const head = store.headerRecord(stored.hash);
    const ledger = LedgerState.fromEntries(ledgerEntries(store));
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
    return new Chain(options, modules, { head, ledger });
  }

  get head(): HeaderRecord {
    return this.#importer.head;
  }

  /** The ledger at the head; reads what is committed, never a block being imported. */
  get ledger(): LedgerView {
    return this.#importer.ledger;
  }

  /** The ledger after a canonical block a little below the head ({@link ledgerBelow}); it ends with the next block. */
  ledgerAt(height: number): LedgerDraft | undefined {
    return ledgerBelow(this.#importer.ledger, this.#store, this.head.header.height, height);
  }

  /** The state root that the head's ledger would have after a change; what a producer puts into its header. */
  stateRootAfter(change: StateChange): Uint8Array {
    const draft = this.#importer.ledger.draft();
    draft.apply(change);
    return draft.stateRoot();
  }

  /** The highest final block that is on disk as such; undefined where the engine has no finality. */
  get final(): Checkpoint | undefined {
    return this.#finality?.settled;
  }

  /** Known votes above the final height, highest target first. */
  votes(): readonly Vote[] {
    return this.#finality?.gadget.votes() ?? [];
  }

  /** Evidence against authorities that are still in. */
  evidence(): readonly Evidence[] {
    return this.#finality?.evidence.pending() ?? [];
  }

  /** Counts a vote. "certified": with it, a quorum has voted for its target. */
  addVote(vote: Vote): Result<"counted" | "certified", VoteFault> {
    invariant(this.#finality, "votes are counted where there is finality");
    const added = this.#finality.gadget.addVote(vote);
    if (!added.ok) return added;
    this.events.emit("voteCounted", vote);
    if (added.value === "certified") this.#importer.settleFinality();
    return added;
  }

  addEvidence(evidence: Evidence): Result<"new", EvidenceFault> {
    invariant(this.#finality, "evidence counts where there is finality");
    const added = this.#finality.evidence.add(evidence);
    if (added.ok) this.events.emit("evidenceFound", evidence);
    return added;
  }

  /** What a block on `parent` should tell about finality and offenders. */
  sectionOn(parent: HeaderRecord): ConsensusSection {
    return this.#finality?.sectionOn(parent) ?? emptyConsensusSection;
  }

  /** The certificate of a block above the final one, whether or not a block holds it. */
  certificateOf(hash: Uint8Array): Certificate | undefined {
    return this.#finality?.gadget.certificateOf(hash);
  }

  /** The certificate that makes {@link final} final; undefined where it is not known any more, and without finality. */
  finalCertificate(): Certificate | undefined {
    const { final } = this;
    if (!final) return undefined;
    return finalCertificateOf(final, {
      engine: this.engine,
      headHeight: this.head.header.height,
      recordAt: (height) => this.headerAtHeight(height),
      certificateOf: (hash) => this.certificateOf(hash),
      sectionAt: (height) => this.blockAtHeight(height)?.consensusSection,
    });
  }

  /** What a canonical block changed in the set of authorities; of block 0 the set itself. */
  authorityChanges(block: Pick<Block, "hash" | "header" | "consensusSection">): readonly AuthorityChange[] {
    return authorityChangesOf(block, {
      engine: this.engine,
      recordOf: (hash) => this.headerOf(hash),
      committedOf: (record) => this.#committedStates.committedOf(record),
    });
  }

  /** Whether {@link sectionOn} has evidence for a block on `parent`, without putting the section together. */
  hasEvidenceFor(parent: HeaderRecord): boolean {
    return this.#finality?.evidence.hasFor(parent) ?? false;
  }

  /** Whether an empty block on the head is worth sealing: somebody waits for finality, or for a change of authorities. */
  get awaitsFinality(): boolean {
    const finality = this.engine.authority?.finality(this.head);
    if (!finality || !this.#finality) return false;
    return finality.inFlight !== undefined || finality.unsettledHeight > this.#finality.gadget.final.height;
  }

  /** Why a transaction may not stand in a block on the head as far as the engine is concerned. */
  voteFault(transaction: DecodedTransaction): TransactionFault | undefined {
    // Asked for every pending transaction at every head: counting begins only where there is something to count.
    if (transaction.payload.kind !== "authorityVote") return undefined;
    return voteCounterOn(this.engine, this.head).cast(transaction);
  }

  /** What the engine makes of a block that is being drafted on a stored parent. */
  advance(contents: BlockContents, parent: HeaderRecord): Result<EngineState, BlockFault> {
    return this.engine.advance(contents, parent, this.#tree);
  }

  get orphanCount(): number {
    return this.#intake.orphanCount;
  }

  /** The record of a stored block; none where it was judged before trust recovery: it has to come, and be judged, anew. */
  headerOf(hash: Uint8Array): HeaderRecord | undefined {
    return this.#reader.headerOf(hash);
  }

  /** Stored blocks that are not canonical, highest first: what branches are made of. Those of the greatest heights alone. */
  sideBlocks(): readonly SideBlock[] {
    return this.#store.sideBlocks();
  }

  hashAtHeight(height: number): Uint8Array | undefined {
    return this.#store.hashAtHeight(height);
  }

  /** The record of the canonical block at a height. */
  headerAtHeight(height: number): HeaderRecord | undefined {
    return this.#reader.headerAtHeight(height);
  }

  isCanonical(record: HeaderRecord): boolean {
    return this.#reader.isCanonical(record);
  }

  /** The encoded block, as it is sent to peers. */
  blockBytes(hash: Uint8Array): Uint8Array | undefined {
    return this.#reader.blockBytes(hash);
  }

  /** Blocks whose bytes on disk are damaged, until they are mended. */
  damagedBlocks(): readonly Uint8Array[] {
    return this.#store.damagedBlocks();
  }

  /** Blocks that were damaged and are whole again, since the chain was opened. */
  get mendedBlocks(): readonly BlockAtHeight[] {
    return this.#reader.mendedBlocks;
  }

  /** @returns whether the bytes were those of a block that is damaged, and are on disk now */
  mendBlock(block: Block): Promise<boolean> {
    return this.#reader.mendBlock(block);
  }

  /** @throws StoreError if the block is damaged on disk */
  block(hash: Uint8Array): Block | undefined {
    return this.#reader.block(hash);
  }

  blockAtHeight(height: number): Block | undefined {
    return this.#reader.blockAtHeight(height);
  }

  /** Where a transaction stands in the canonical chain; cheaper than {@link transaction}, which decodes its block. */
  locationOf(id: Uint8Array): TransactionLocation | undefined {
    return this.#store.transactionLocation(id);
  }

  /** A transaction in the canonical chain. */
  transaction(id: Uint8Array): LocatedTransaction | undefined {
    return this.#reader.transaction(id);
  }

  /** Whether a block is stored, waiting, or known to be invalid: no reason to fetch it again. */
  isKnown(hash: Uint8Array): boolean {
    return (
      this.headerOf(hash) !== undefined || this.#intake.isWaiting(toHex(hash)) || this.#store.isInvalid(hash)
    );
  }

  /**
   * Judges a block as far as possible without executing it; the answer decides whether the block is relayed. An orphan
   * waits until its parent is stored, a future block until its time.
   */
  offer(block: Block): Result<JudgedBlock, BlockFault> {
    return this.#intake.offer(block);
  }

  /**
   * Imports a block that {@link offer} has judged: verifies signatures, weighs, executes if the block makes the better
   * head, and commits everything as one batch.
   *
   * @returns a fault if the block is bad; nothing is changed then
   * @throws StoreError if the disk refuses; nothing is changed then either
   */
  importJudged(judged: JudgedBlock): Promise<Imported> {
    return this.#importer.importJudged(judged);
  }

  /** Judges a block in its turn, and imports it as {@link importJudged} does. A block may also have to wait. */
  importBlock(block: Block): Promise<Imported> {
    return this.#importer.importBlock(block);
  }

  /** Starts to verify the signatures of blocks that will be imported soon, so that all cores work. */
  verifyAhead(block: Block): Promise<void> {
    return this.#intake.verifyAhead(block);
  }

  /** Whether a block's branch is so much lighter than the head that no peer needs it. */
  isFarBehind(record: HeaderRecord): boolean {
    return this.#importer.isLowWork(record);
  }

  /** The history of each account, as far as the store has it. */
  get accountIndex(): AccountIndex {
    return this.#store.accountIndex;
  }

  /** The height of the canonical block that holds a transaction. */
  transactionHeight(id: Uint8Array): number | undefined {
    return this.#reader.transactionHeight(id);
  }

  /** See {@link ChainStore.idsBetween}. */
  idsBetween(kind: IdKind, first: Uint8Array, last: Uint8Array, max: number): Promise<Uint8Array[]> {
    return this.#store.idsBetween(kind, first, last, max);
  }

  /** Adds the next blocks to the account index that it lacks, in turn with the imports. */
  async indexMore(): Promise<void> {
    await this.#importer.inTurn(() => indexMore(this.#store));
  }

  clearAccountIndex(): Promise<void> {
    return this.#store.clearAccountIndex();
  }

  /** Ends after the import that is running; nothing is imported afterwards. */
  async close(): Promise<void> {
    this.#intake.close();
    await this.#importer.close();
  }

  async #importWaiting(judged: JudgedBlock): Promise<void> {
    const { block } = judged;
    try {
      const imported = await this.importJudged(judged);
      if (imported.ok) this.events.emit("waitingImported", block);
    } catch (error) {
      this.#logger.error({ error, hash: block.hashHex }, "a waiting block could not be imported");
    }
  }
}

function* ledgerEntries(store: ChainStore) {
  for (const [, entry] of store.entries()) yield entry;
}
