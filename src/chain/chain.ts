/** The chain: one head, moved by importing blocks; every block, mined here or received, comes through the same door. */
import type { EventEmitter } from "node:events";
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, includesBytes, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { guardedEvents } from "../base/guarded-events.ts";
import { invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { SerialQueue } from "../base/serial-queue.ts";
import { StageTimes } from "../base/stage-times.ts";
import { ancestryOf } from "../consensus/ancestry.ts";
import {
  type AuthorityChange,
  type BlockContents,
  type ConsensusEngine,
  compareHeads,
  type EngineState,
  voteCounterOn,
} from "../consensus/engine.ts";
import type { LedgerView, StateChange } from "../ledger/entry.ts";
import { type LedgerDraft, LedgerState } from "../ledger/ledger-state.ts";
import {
  type Block,
  type ConsensusSection,
  decodeBlock,
  emptyConsensusSection,
  type HeaderRecord,
} from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { Evidence } from "../protocol/evidence.ts";
import {
  type BlockFault,
  describeFault,
  type EvidenceFault,
  type TransactionFault,
  type VoteFault,
} from "../protocol/faults.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { TransactionVerifier } from "../protocol/transaction-verifier.ts";
import type { Vote } from "../protocol/vote.ts";
import type { AccountIndex } from "../store/account-index.ts";
import {
  type ChainStore,
  type CommitBatch,
  type IdKind,
  StoreError,
  type TransactionLocation,
} from "../store/chain-store.ts";
import { contentFault } from "../store/damaged-blocks.ts";
import type { SideBlock } from "../store/side-blocks.ts";
import { indexMore } from "./account-indexer.ts";
import { BlockBytesCache } from "./block-bytes-cache.ts";
import { authorityChangesOf, finalCertificateOf } from "./block-facts.ts";
import type { ChainEvents } from "./chain-events.ts";
import { CommittedStates } from "./committed-states.ts";
import { EarlyBlocks } from "./early-blocks.ts";
import { FarBehindRoom, isFarBehind } from "./far-behind.ts";
import { FinalityKeeper } from "./finality-keeper.ts";
import { emptyBatch, genesisBatch } from "./genesis-batch.ts";
import { ledgerBelow } from "./ledger-below.ts";
import { type ExecutedPlan, executePlan, planReorganization } from "./reorganization.ts";
import { recoverTrust } from "./trust-recovery.ts";
import { signatureFault, verifyBody, verifyHeader, verifySanity } from "./verify-block.ts";
import { WaitingBlocks } from "./waiting-blocks.ts";

export type { ChainEvents, HeadChange } from "./chain-events.ts";

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

/** A block by its height and its hash. */
export interface BlockAtHeight {
  readonly height: number;
  readonly hash: Uint8Array;
}

/** As many as advice would ever name. */
const mendedMax = 16;

/** "head": the block (or its branch) became the head; "side": stored, but another branch is heavier. */
export type ImportOutcome = "head" | "side";

export interface LocatedTransaction {
  readonly block: Block;
  readonly position: number;
}

export class Chain {
  readonly events: EventEmitter<ChainEvents>;
  readonly spec: ChainSpec;
  readonly engine: ConsensusEngine;
  readonly times: StageTimes;
  readonly #store: ChainStore;
  readonly #verifier: TransactionVerifier;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ledger: LedgerState;
  readonly #imports: SerialQueue;
  readonly #orphans: WaitingBlocks;
  readonly #early: EarlyBlocks;
  readonly #farBehind: FarBehindRoom;
  readonly #recentBlocks = new BoundedMap<string, Block>(8);
  readonly #readBlocks = new BlockBytesCache();
  /** Verdicts on a block's signatures, begun ahead of its import or by it; they go with the block. */
  readonly #verdicts = new WeakMap<Block, Promise<readonly boolean[]>>();
  /** What the engine made of a block; a block is looked at more than once on its way in. */
  readonly #states = new WeakMap<Block, Result<EngineState, BlockFault>>();
  readonly #committedStates = new CommittedStates({
    recordOf: (hash) => this.headerOf(hash),
    block: (hash) => this.block(hash),
    advance: (contents, parent) => {
      const advanced = this.advance(contents, parent);
      return advanced.ok ? advanced.value : undefined;
    },
  });
  readonly #ancestry = ancestryOf((hash) => this.headerOf(hash));
  readonly #finality: FinalityKeeper | undefined;
  readonly #trustRecovery: Uint8Array | undefined;
  #head: HeaderRecord;
  readonly #mended: BlockAtHeight[] = [];
  #closed = false;

  private constructor(options: ChainOptions, modules: ChainModules, ledger: LedgerState, head: HeaderRecord) {
    this.events = guardedEvents("chain", modules.logger);
    this.spec = options.spec;
    this.engine = modules.engine;
    this.times = new StageTimes(modules.clock);
    this.#store = modules.store;
    this.#verifier = modules.verifier;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.#ledger = ledger;
    this.#head = head;
    this.#imports = new SerialQueue(options.importsMax ?? 512);
    const waiting = {
      blocksMax: options.orphansMax ?? 256,
      bytesMax: options.waitingBytesMax ?? 32 * 2 ** 20,
    };
    this.#orphans = new WaitingBlocks(waiting);
    this.#early = new EarlyBlocks(
      { ...waiting, aheadMaxMs: this.engine.aheadMaxMs },
      { clock: modules.clock, logger: modules.logger, onDue: (block) => void this.#importWaiting(block) },
    );
    this.#farBehind = new FarBehindRoom(options.farBehindBytesMax, modules);
    this.#trustRecovery = options.trustRecovery;
    this.#finality = this.#openFinality();
  }

  #openFinality(): FinalityKeeper | undefined {
    const genesisHash = this.#store.hashAtHeight(0);
    invariant(genesisHash, "a chain has a genesis block");
    const stored = this.#store.final ?? { height: 0, hash: genesisHash };
    // A kill may have come between a block and the note of what it makes final.
    const shown = this.engine.authority?.finality(this.#head).finalized ?? stored;
    const finality = this.engine.authority?.openFinality({
      final: shown.height > stored.height ? shown : stored,
      ancestry: this.#ancestry,
      head: () => this.#head,
      onEvidence: (evidence) => this.events.emit("evidenceFound", evidence),
    });
    return finality && new FinalityKeeper(finality, this.#store, this.#logger);
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
    return new Chain(options, modules, ledger, head);
  }

  get head(): HeaderRecord {
    return this.#head;
  }

  /** The ledger at the head; reads what is committed, never a block being imported. */
  get ledger(): LedgerView {
    return this.#ledger;
  }

  /** The ledger after a canonical block a little below the head ({@link ledgerBelow}); it ends with the next block. */
  ledgerAt(height: number): LedgerDraft | undefined {
    return ledgerBelow(this.#ledger, this.#store, this.#head.header.height, height);
  }

  /** The state root that the head's ledger would have after a change; what a producer puts into its header. */
  stateRootAfter(change: StateChange): Uint8Array {
    const draft = this.#ledger.draft();
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
    if (added.value === "certified") this.#settleFinality();
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
      headHeight: this.#head.header.height,
      recordAt: (height) => this.headerAtHeight(height),
      certificateOf: (hash) => this.certificateOf(hash),
      sectionAt: (height) => this.blockAtHeight(height)?.consensusSection,
    });
  }

  /** What a canonical block changed in the set of authorities; of block 0 the set itself. */
  authorityChanges(block: Pick<Block, "hash" | "header" | "consensusSection">): readonly AuthorityChange[] {
    return authorityChangesOf(block, {
      engine: this.engine,
      recordOf: (hash) => this.#store.headerRecord(hash),
      committedOf: (record) => this.#committedStates.committedOf(record),
    });
  }

  /** Whether {@link sectionOn} has evidence for a block on `parent`, without putting the section together. */
  hasEvidenceFor(parent: HeaderRecord): boolean {
    return this.#finality?.evidence.hasFor(parent) ?? false;
  }

  /** Whether an empty block on the head is worth sealing: somebody waits for finality, or for a change of authorities. */
  get awaitsFinality(): boolean {
    const finality = this.engine.authority?.finality(this.#head);
    if (!finality || !this.#finality) return false;
    return finality.inFlight !== undefined || finality.unsettledHeight > this.#finality.gadget.final.height;
  }

  /** Why a transaction may not stand in a block on the head as far as the engine is concerned. */
  voteFault(transaction: DecodedTransaction): TransactionFault | undefined {
    // Asked for every pending transaction at every head: counting begins only where there is something to count.
    if (transaction.payload.kind !== "authorityVote") return undefined;
    return voteCounterOn(this.engine, this.#head).cast(transaction);
  }

  /** What the engine makes of a block that is being drafted on a stored parent. */
  advance(contents: BlockContents, parent: HeaderRecord): Result<EngineState, BlockFault> {
    return this.engine.advance(contents, parent, this.#ancestry);
  }

  get orphanCount(): number {
    return this.#orphans.size;
  }

  /** The record of a stored block; none where it was judged before trust recovery: it has to come, and be judged, anew. */
  headerOf(hash: Uint8Array): HeaderRecord | undefined {
    const record = this.#store.headerRecord(hash);
    return record && this.#finality?.isOutdated(record) ? undefined : record;
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
    const hash = this.#store.hashAtHeight(height);
    return hash && this.headerOf(hash);
  }

  isCanonical(record: HeaderRecord): boolean {
    const hash = this.#store.hashAtHeight(record.header.height);
    return hash !== undefined && bytesEqual(hash, record.hash);
  }

  /** The encoded block, as it is sent to peers. */
  blockBytes(hash: Uint8Array): Uint8Array | undefined {
    const hashHex = toHex(hash);
    const recent = this.#recentBlocks.get(hashHex)?.bytes;
    return recent ?? this.#readBlocks.get(hashHex, () => this.#storedBytes(hash));
  }

  /** @throws StoreError if they are damaged; whoever mends blocks is told */
  #storedBytes(hash: Uint8Array): Uint8Array | undefined {
    try {
      return this.#store.blockBytes(hash);
    } catch (thrown) {
      this.#tellIfDamaged(hash);
      throw thrown;
    }
  }

  #tellIfDamaged(hash: Uint8Array): void {
    if (includesBytes(this.#store.damagedBlocks(), hash)) this.events.emit("blockDamaged", hash);
  }

  /** Blocks whose bytes on disk are damaged, until they are mended. */
  damagedBlocks(): readonly Uint8Array[] {
    return this.#store.damagedBlocks();
  }

  /** Blocks that were damaged and are whole again, since the chain was opened. */
  get mendedBlocks(): readonly BlockAtHeight[] {
    return this.#mended;
  }

  /** @returns whether the bytes were those of a block that is damaged, and are on disk now */
  async mendBlock({ hash, hashHex, bytes }: Block): Promise<boolean> {
    if (!includesBytes(this.#store.damagedBlocks(), hash)) return false;
    if (!(await this.#store.mendBlock(hash, bytes))) return false;
    this.#readBlocks.delete(hashHex);
    const record = this.headerOf(hash);
    if (record) {
      this.#mended.push({ height: record.header.height, hash });
      if (this.#mended.length > mendedMax) this.#mended.shift();
      this.events.emit("blockMended", record);
    }
    return true;
  }

  block(hash: Uint8Array): Block | undefined {
    const recent = this.#recentBlocks.get(toHex(hash));
    if (recent) return recent;
    const bytes = this.#storedBytes(hash);
    const record = bytes && this.#store.headerRecord(hash);
    if (!record) return undefined;
    const decoded = decodeBlock(bytes);
    const fault = decoded.ok ? contentFault(decoded.value, record) : "it does not decode";
    if (decoded.ok && fault === undefined) return decoded.value;
    const error = this.#store.foundDamaged(hash, fault ?? "");
    this.#tellIfDamaged(hash);
    throw error;
  }

  blockAtHeight(height: number): Block | undefined {
    const hash = this.#store.hashAtHeight(height);
    return hash && this.block(hash);
  }

  /** Where a transaction stands in the canonical chain; cheaper than {@link transaction}, which decodes its block. */
  locationOf(id: Uint8Array): TransactionLocation | undefined {
    return this.#store.transactionLocation(id);
  }

  /** A transaction in the canonical chain. */
  transaction(id: Uint8Array): LocatedTransaction | undefined {
    const location = this.#store.transactionLocation(id);
    const block = location && this.block(location.blockHash);
    return block && { block, position: location.position };
  }

  /** Whether a block is stored, waiting, or known to be invalid: no reason to fetch it again. */
  isKnown(hash: Uint8Array): boolean {
    const hashHex = toHex(hash);
    return (
      this.headerOf(hash) !== undefined ||
      this.#orphans.has(hashHex) ||
      this.#early.has(hashHex) ||
      this.#store.isInvalid(hash)
    );
  }

  /**
   * Judges a block as far as it can be without executing it; this is what decides whether it is relayed. Parks what
   * can only be judged later: an orphan until its parent is here, an early block until its time.
   */
  screenBlock(block: Block): Result<HeaderRecord, BlockFault> {
    const sanity = verifySanity(block, this.spec);
    if (sanity) return fail(sanity);
    if (this.headerOf(block.hash)) return fail({ code: "block/known" });
    if (this.#store.isInvalid(block.hash)) return fail({ code: "block/known-invalid", hash: block.hashHex });
    const parentHash = toHex(block.header.parentHash);
    if (this.#store.isInvalid(block.header.parentHash))
      return fail({ code: "block/parent-invalid", parentHash });
    const parent = this.headerOf(block.header.parentHash);
    // The seal and the body before a block is parked: under a true hash with a false body it would keep the true one out.
    const ownFault = this.engine.verifySeal(block.header, block.seal, block.hash) ?? verifyBody(block);
    if (ownFault) return fail(ownFault);
    if (!parent) {
      if (!this.#orphans.has(block.hashHex)) this.#orphans.add(block);
      this.events.emit("parentMissing", block.header.parentHash, block);
      return fail({ code: "block/parent-unknown", parentHash });
    }
    const fault = verifyHeader(block, parent, this.engine, this.#clock.nowMs());
    if (fault?.code === "block/timestamp-ahead") this.#early.hold(block);
    if (fault) return fail(fault);
    this.#finality?.evidence.noticeSeal(block.header, block.seal);
    const conflict = this.#finality?.conflictOn(parent);
    if (conflict) return fail(conflict);
    const state = this.#stateOf(block, parent);
    if (!state.ok) return state;
    const { hash, hashHex, header, seal } = block;
    const untrue = this.#committedStates.faultOf(block, parent, state.value);
    if (untrue) return fail(untrue);
    const cumulativeWeight = parent.cumulativeWeight + this.engine.weight(header, parent);
    const record = { hash, hashHex, header, seal, cumulativeWeight, ...state.value };
    return ok(
      this.#isRecovery(hash) ? { ...record, ...this.engine.authority?.recoveredState(record) } : record,
    );
  }

  #isRecovery(hash: Uint8Array): boolean {
    return this.#trustRecovery !== undefined && bytesEqual(hash, this.#trustRecovery);
  }

  #stateOf(block: Block, parent: HeaderRecord): Result<EngineState, BlockFault> {
    const known = this.#states.get(block);
    if (known) return known;
    const { height, timestampMs, producer } = block.header;
    const state = this.advance({ ...block, height, timestampMs, producer }, parent);
    this.#states.set(block, state);
    return state;
  }

  /**
   * Imports a block: screen, verify signatures, weigh, execute if it makes the better head, commit as one batch.
   *
   * @returns a fault where the block is bad or has to wait; nothing is changed then
   * @throws StoreError where the disk refuses; nothing is changed then either
   */
  async importBlock(block: Block): Promise<Result<ImportOutcome, BlockFault>> {
    const queued = await this.#imports.run(() => this.#import(block));
    if (!queued.ok) return fail({ code: "block/queue-full", pendingMax: queued.fault.pendingMax });
    if (queued.value.ok) this.#adoptChildren(block.hashHex);
    return queued.value;
  }

  /** The history of each account, as far as the store has it. */
  get accountIndex(): AccountIndex {
    return this.#store.accountIndex;
  }

  /** The height of the canonical block that holds a transaction. */
  transactionHeight(id: Uint8Array): number | undefined {
    const location = this.#store.transactionLocation(id);
    return location && this.#store.headerRecord(location.blockHash)?.header.height;
  }

  /** See {@link ChainStore.idsBetween}. */
  idsBetween(kind: IdKind, first: Uint8Array, last: Uint8Array, max: number): Promise<Uint8Array[]> {
    return this.#store.idsBetween(kind, first, last, max);
  }

  /** Adds the next blocks to the account index that it lacks, in turn with the imports. */
  async indexMore(): Promise<void> {
    await this.#imports.run(() => (this.#closed ? undefined : indexMore(this.#store)));
  }

  clearAccountIndex(): Promise<void> {
    return this.#store.clearAccountIndex();
  }

  /** Starts verifying the signatures of blocks that will be imported soon, so that both cores work. */
  async verifyAhead(block: Block): Promise<void> {
    await this.#verdictsOn(block);
  }

  /** Ends after the import that is running; nothing is imported afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#early.close();
    await this.#imports.idle();
  }

  async #import(block: Block): Promise<Result<ImportOutcome, BlockFault>> {
    if (this.#closed) return fail({ code: "block/queue-full", pendingMax: 0 });
    const stored = this.headerOf(block.hash);
    if (stored && this.#isBetter(stored)) return this.#moveHead(stored, block);
    const screened = this.screenBlock(block);
    if (!screened.ok) return screened;
    const record = screened.value;
    const crowded = this.isFarBehind(record) ? this.#farBehind.take(block) : undefined;
    if (crowded) return fail(crowded);
    const verdicts = await this.#verdictsOn(block);
    const badSignature = signatureFault(block, verdicts);
    // The leaves cover the signatures and the hash covers the leaves, so no other body can redeem this hash.
    if (badSignature) return this.#refuse(block.hash, badSignature);
    this.#recentBlocks.set(block.hashHex, block);
    // The final block may have moved while signatures were verified.
    const conflict = this.#finality?.conflictOn(record);
    if (conflict) return fail(conflict);
    const outcome =
      compareHeads(record, this.#head) < 0
        ? await this.#moveHead(record, block)
        : await this.#storeSide(record, block);
    if (outcome.ok && this.#finality) {
      this.#finality.gadget.recordStored(record, block);
      if (this.#isRecovery(record.hash)) this.#finality.gadget.declareFinal(checkpointOf(record));
      // The block is stored whatever becomes of this; what could not be written down is tried with the next one.
      await this.#settleNow().catch((error) => this.#notSettled(error));
    }
    if (outcome.ok) this.events.emit("blockStored", block);
    return outcome;
  }

  /** Whether a block's branch is so much lighter than the head that nobody needs to hear of it. Finality has its own limit. */
  isFarBehind(record: HeaderRecord): boolean {
    return !this.#finality && isFarBehind(record, this.#head, this.headerOf(this.#head.header.parentHash));
  }

  /** After votes; imports settle by themselves. */
  #settleFinality(): void {
    if (!this.#finality?.isUnsettled || this.#closed) return;
    this.#imports.run(() => this.#settleNow()).catch((error) => this.#notSettled(error));
  }

  #notSettled(error: unknown): void {
    this.#logger.error({ error: toError(error) }, "a final block could not be written down as such");
  }

  /** A stored block beside the canonical line: the final block may have taken the head away from its branch. */
  #isBetter(stored: HeaderRecord): boolean {
    return compareHeads(stored, this.#head) < 0 && !this.#finality?.conflictOn(stored);
  }

  /** Writes down what has become final; moves the head to its chain where it stood on another. */
  async #settleNow(): Promise<void> {
    const finality = this.#finality;
    if (!finality?.isUnsettled || this.#closed) return;
    const next = finality.gadget.final;
    const record = this.#store.headerRecord(next.hash);
    invariant(record, "a final block is stored");
    if (this.isCanonical(record)) {
      await this.#store.commit({ ...emptyBatch, final: next });
    } else {
      const tip = finality.gadget.bestCertified() ?? record;
      const block = this.block(tip.hash);
      invariant(block, "the body of a certified block is stored");
      const moved = await this.#moveHead(tip, block, next);
      invariant(moved.ok, "a block that a quorum has executed and certified is valid");
    }
    finality.settle(next);
    this.events.emit("finalChanged", next);
  }

  /** Asked for once, so that an import does not verify again what is still being verified ahead of it. */
  async #verdictsOn(block: Block): Promise<readonly boolean[]> {
    const begun =
      this.#verdicts.get(block) ??
      this.times.await("verify", () => this.#verifier.verify(block.transactions));
    this.#verdicts.set(block, begun);
    try {
      return await begun;
    } catch (thrown) {
      // A verifier that broke says nothing about the block: the next import asks again.
      this.#verdicts.delete(block);
      throw thrown;
    }
  }

  /** What a batch says of a block that is stored with it, or was stored before it was judged anew. */
  #keeping(record: HeaderRecord, { bytes }: Block): Pick<CommitBatch, "blocks" | "restated"> {
    return this.#store.headerRecord(record.hash)
      ? { blocks: [], restated: [record] }
      : { blocks: [{ record, bytes }] };
  }

  async #storeSide(record: HeaderRecord, block: Block): Promise<Result<ImportOutcome, BlockFault>> {
    await this.#store.commit({ ...emptyBatch, ...this.#keeping(record, block) });
    return ok("side");
  }

  async #moveHead(
    record: HeaderRecord,
    block: Block,
    final?: Checkpoint,
  ): Promise<Result<ImportOutcome, BlockFault>> {
    const recordOf = (hash: Uint8Array) => (bytesEqual(hash, record.hash) ? record : this.headerOf(hash));
    const blockOf = (wanted: HeaderRecord): Block => {
      const found = this.block(wanted.hash);
      invariant(found, `the body of the stored block ${wanted.hashHex} is not stored`);
      return found;
    };
    const plan = planReorganization(this.#head, record, recordOf);
    const updatesOf = (connected: HeaderRecord) => {
      const parent = recordOf(connected.header.parentHash);
      invariant(parent, `the parent of the stored block ${connected.hashHex} is not stored`);
      // Who is put out by trust recovery stays in the ledger: the block's state root was made before it.
      const state = this.#isRecovery(connected.hash)
        ? this.#stateOf(blockOf(connected), parent)
        : ok(connected);
      invariant(state.ok, "a stored block was judged before");
      return this.engine.authority?.updates(parent, state.value) ?? [];
    };
    const executed = this.times.measure("execute", () =>
      executePlan(plan, this.#ledger, this.spec.genesis, this.#store, blockOf, updatesOf),
    );
    if (!executed.ok) {
      const { hash, fault } = executed.fault;
      const refused = await this.#refuse(hash, fault);
      if (bytesEqual(hash, record.hash)) return refused;
      return this.#refuse(record.hash, { code: "block/parent-invalid", parentHash: toHex(hash) });
    }
    await this.#commitMove(record, block, executed.value, final);
    return ok("head");
  }

  async #commitMove(
    record: HeaderRecord,
    block: Block,
    executed: ExecutedPlan,
    final: Checkpoint | undefined,
  ): Promise<void> {
    const { draft, connected, connectedBlocks, disconnectedBlocks } = executed;
    const batch: CommitBatch = {
      ...this.#keeping(record, block),
      disconnected: disconnectedBlocks.map(({ hash, header, transactions }) => ({
        hash,
        height: header.height,
        transactions,
      })),
      connected,
      entries: draft.changedEntries(),
      head: { hash: record.hash, height: record.header.height, entryCount: draft.entryCount },
      invalid: [],
      ...(final ? { final } : {}),
    };
    await this.times.await("commit", () => this.#store.commit(batch));
    const touched = draft.touchedEntries();
    this.#ledger.commit(draft);
    const previous = this.#head;
    this.#head = record;
    if (disconnectedBlocks.length > 0) {
      this.#farBehind.giveBack(connectedBlocks.reduce((sum, { bytes }) => sum + bytes.length, 0));
      this.#logger.info(
        { from: previous.hashHex, to: record.hashHex, depth: disconnectedBlocks.length },
        "the chain was reorganized",
      );
    }
    this.events.emit("headChanged", {
      head: record,
      previous,
      disconnected: disconnectedBlocks,
      connected: connectedBlocks,
      touched,
    });
  }

  /** Remembers that a block can never be valid. */
  async #refuse(hash: Uint8Array, fault: BlockFault): Promise<Result<never, BlockFault>> {
    this.#logger.warn({ hash: toHex(hash), fault: describeFault(fault) }, "a block was refused");
    this.#recentBlocks.delete(toHex(hash));
    this.#readBlocks.delete(toHex(hash));
    await this.#store.commit({ ...emptyBatch, invalid: [hash] });
    return fail(fault);
  }

  #adoptChildren(parentHashHex: string): void {
    for (const child of this.#orphans.childrenOf(parentHashHex)) void this.#importWaiting(child);
  }

  async #importWaiting(block: Block): Promise<void> {
    try {
      const imported = await this.importBlock(block);
      if (imported.ok) this.events.emit("waitingImported", block);
    } catch (error) {
      this.#logger.error({ error, hash: block.hashHex }, "a waiting block could not be imported");
    }
  }
}

function checkpointOf({ header, hash }: HeaderRecord): Checkpoint {
  return { height: header.height, hash };
}

function* ledgerEntries(store: ChainStore) {
  for (const [, entry] of store.entries()) yield entry;
}
