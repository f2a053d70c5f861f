/** The front of the room: what other rooms hold of the one chain. Its parts do the work (`chain-parts.ts`). */
import type { EventEmitter } from "node:events";
import { toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { Result } from "../base/result.ts";
import type { StageTimes } from "../base/stage-times.ts";
import {
  type AuthorityChange,
  type BlockContents,
  type ConsensusEngine,
  type EngineState,
  voteCounterOn,
} from "../consensus/engine.ts";
import type { VoteOutcome } from "../consensus/finality/finality-gadget.ts";
import type { LedgerView, StateChange } from "../ledger/entry.ts";
import type { LedgerDraft } from "../ledger/ledger-state.ts";
import {
  type Block,
  type ConsensusSection,
  emptyConsensusSection,
  type Header,
  type HeaderRecord,
  type SealedHeader,
} from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { Evidence } from "../protocol/evidence.ts";
import type { BlockFault, EvidenceFault, TransactionFault, VoteFault } from "../protocol/faults.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { Vote } from "../protocol/vote.ts";
import type { AccountIndex } from "../store/account-index.ts";
import type { ChainStore, IdKind, SideBlock, TransactionLocation } from "../store/chain-store.ts";
import { indexMore } from "./account-indexer.ts";
import { authorityChangesOf, finalCertificateOf } from "./block-facts.ts";
import type { ChainEvents } from "./chain-events.ts";
import { type ChainModules, type ChainOptions, type ChainParts, openChainParts } from "./chain-parts.ts";
import type { Imported } from "./importer.ts";
import { ledgerBelow } from "./ledger-below.ts";
import type { BlockAtHeight, LocatedTransaction } from "./reader.ts";
import type { JudgedBlock } from "./stages/judge.ts";

export type { ChainEvents, HeadChange } from "./chain-events.ts";
export type { ChainModules, ChainOptions } from "./chain-parts.ts";
export type { ImportOutcome } from "./importer.ts";
export type { BlockAtHeight, LocatedTransaction } from "./reader.ts";
export type { JudgedBlock } from "./stages/judge.ts";

export class Chain {
  readonly events: EventEmitter<ChainEvents>;
  readonly spec: ChainSpec;
  readonly engine: ConsensusEngine;
  readonly times: StageTimes;
  readonly #parts: ChainParts;

  private constructor({ spec }: ChainOptions, { engine }: ChainModules, parts: ChainParts) {
    this.events = parts.events;
    this.times = parts.times;
    this.spec = spec;
    this.engine = engine;
    this.#parts = parts;
  }

  /**
   * Opens the chain that the store holds, or begins it with the genesis block.
   *
   * @throws StoreError if what is stored does not add up
   */
  static async open(options: ChainOptions, modules: ChainModules): Promise<Chain> {
    return new Chain(options, modules, await openChainParts(options, modules));
  }

  get head(): HeaderRecord {
    return this.#parts.importer.head;
  }

  /** The ledger at the head. Holds what is committed, never a block that is being imported. */
  get ledger(): LedgerView {
    return this.#parts.importer.ledger;
  }

  /** The ledger after a canonical block a little below the head ({@link ledgerBelow}). It is valid until the next block. */
  ledgerAt(height: number): LedgerDraft | undefined {
    return ledgerBelow(this.#parts.importer.ledger, this.#parts.store, this.head.header.height, height);
  }

  /** The state root of the head's ledger after a change. A producer puts the state root into its header. */
  stateRootAfter(change: StateChange): Uint8Array {
    const draft = this.#parts.importer.ledger.draft();
    draft.apply(change);
    return draft.stateRoot();
  }

  /** The highest block that is on disk as final; undefined if the engine has no finality. */
  get final(): Checkpoint | undefined {
    return this.#parts.finality?.settled;
  }

  /** Known votes above the final height, highest target first. */
  votes(): readonly Vote[] {
    return this.#parts.finality?.gadget.votes() ?? [];
  }

  /** Evidence against authorities that are still in the set. */
  evidence(): readonly Evidence[] {
    return this.#parts.finality?.evidence.pending() ?? [];
  }

  /** Counts a vote ({@link VoteOutcome}). */
  addVote(vote: Vote): Result<VoteOutcome, VoteFault> {
    invariant(this.#parts.finality, "votes are counted if the engine has finality");
    const added = this.#parts.finality.gadget.addVote(vote);
    if (!added.ok || added.value === "held") return added;
    this.events.emit("voteCounted", vote);
    if (added.value === "certified") {
      this.#parts.importer.settleFinality();
      this.#parts.importer.chooseAgain();
    }
    return added;
  }

  addEvidence(evidence: Evidence): Result<"new", EvidenceFault> {
    invariant(this.#parts.finality, "evidence counts if the engine has finality");
    const added = this.#parts.finality.evidence.add(evidence);
    if (!added.ok) return added;
    this.events.emit("evidenceFound", evidence);
    this.#parts.importer.chooseAgain();
    return added;
  }

  /** The certificate and the evidence that a block on `parent` should carry. */
  sectionOn(parent: HeaderRecord): ConsensusSection {
    return this.#parts.finality?.sectionOn(parent) ?? emptyConsensusSection;
  }

  /** The certificate of a block above the final one, also if no block carries the certificate yet. */
  certificateOf(hash: Uint8Array): Certificate | undefined {
    return this.#parts.finality?.gadget.certificateOf(hash);
  }

  /** The certificate that makes {@link final} final; undefined if it is forgotten, or if the engine has no finality. */
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

  /** How a canonical block changed the set of authorities; for block 0 the set itself. */
  authorityChanges(block: Pick<Block, "hash" | "header" | "consensusSection">): readonly AuthorityChange[] {
    return authorityChangesOf(block, {
      engine: this.engine,
      recordOf: (hash) => this.headerOf(hash),
      committedOf: (record) => this.#parts.committedStates.committedOf(record),
    });
  }

  /** Whether {@link sectionOn} has evidence for a block on `parent`, without putting the section together. */
  hasEvidenceFor(parent: HeaderRecord): boolean {
    return this.#parts.finality?.evidence.hasFor(parent) ?? false;
  }

  /** Whether an empty block on the head is worth sealing: a transaction is not final yet, or a change of authorities is not in force yet. */
  get awaitsFinality(): boolean {
    const finality = this.engine.authority?.finality(this.head);
    if (!finality || !this.#parts.finality) return false;
    return (
      finality.inFlight !== undefined || finality.unsettledHeight > this.#parts.finality.gadget.final.height
    );
  }

  /** Why the engine refuses a transaction in a block on the head. */
  voteFault(transaction: DecodedTransaction): TransactionFault | undefined {
    // Every pending transaction is asked about at every head, so that all but votes are answered at once.
    if (transaction.payload.kind !== "authorityVote") return undefined;
    return voteCounterOn(this.engine, this.head).cast(transaction);
  }

  /** What the engine makes of a block that is being drafted on a stored parent. */
  advance(contents: BlockContents, parent: HeaderRecord): Result<EngineState, BlockFault> {
    return this.engine.advance(contents, parent, this.#parts.tree);
  }

  /** How long ago a block came to this node; infinite if it came before the last start, or long ago. */
  sinceArrivalMs(record: HeaderRecord): number {
    return this.#parts.arrivals.sinceMs(record);
  }

  get orphanCount(): number {
    return this.#parts.intake.orphanCount;
  }

  /** The record of a stored block. A block that was judged before trust recovery counts as unknown: it has to come again. */
  headerOf(hash: Uint8Array): HeaderRecord | undefined {
    return this.#parts.tree.get(hash);
  }

  /** Stored blocks that are not canonical, highest first; only those of the greatest heights. */
  sideBlocks(): readonly SideBlock[] {
    return this.#parts.store.sideBlocks();
  }

  hashAtHeight(height: number): Uint8Array | undefined {
    return this.#parts.store.hashAtHeight(height);
  }

  /** The record of the canonical block at a height. */
  headerAtHeight(height: number): HeaderRecord | undefined {
    return this.#parts.tree.canonicalAt(height);
  }

  isCanonical(record: HeaderRecord): boolean {
    return this.#parts.tree.isCanonical(record);
  }

  /** The encoded block, as it is sent to peers. */
  blockBytes(hash: Uint8Array): Uint8Array | undefined {
    return this.#parts.reader.blockBytes(hash);
  }

  /** Blocks whose bytes on disk are damaged, until they are mended. */
  damagedBlocks(): readonly Uint8Array[] {
    return this.#parts.store.damagedBlocks();
  }

  /** Blocks that were damaged and are whole again, since the chain was opened. */
  get mendedBlocks(): readonly BlockAtHeight[] {
    return this.#parts.reader.mendedBlocks;
  }

  /** @returns whether the bytes were those of a block that is damaged, and are on disk now */
  mendBlock(block: Block): Promise<boolean> {
    return this.#parts.reader.mendBlock(block);
  }

  /** @throws StoreError if the block is damaged on disk */
  block(hash: Uint8Array): Block | undefined {
    return this.#parts.reader.block(hash);
  }

  blockAtHeight(height: number): Block | undefined {
    return this.#parts.reader.blockAtHeight(height);
  }

  /** Where a transaction stands in the canonical chain; cheaper than {@link transaction}, which decodes its block. */
  locationOf(id: Uint8Array): TransactionLocation | undefined {
    return this.#parts.store.transactionLocation(id);
  }

  /** A transaction in the canonical chain. */
  transaction(id: Uint8Array): LocatedTransaction | undefined {
    return this.#parts.reader.transaction(id);
  }

  /** Whether a block is stored, being imported, waiting, or known to be invalid: no reason to fetch it again. */
  isKnown(hash: Uint8Array): boolean {
    return (
      this.headerOf(hash) !== undefined ||
      this.isImporting(hash) ||
      this.#parts.intake.isWaiting(toHex(hash)) ||
      this.#parts.store.isInvalid(hash)
    );
  }

  /** Whether a block has been judged and is on its way into the chain. */
  isImporting(hash: Uint8Array): boolean {
    return this.#parts.intake.importing(toHex(hash)) !== undefined;
  }

  /** A block that is in memory, since it is being imported or was lately: no reason to decode its bytes again. */
  decodedBlock(hashHex: string): Block | undefined {
    return this.#parts.intake.importing(hashHex) ?? this.#parts.reader.recent(hashHex);
  }

  /** Whether a block waits for its time: nobody needs to fetch it, and it is no head yet. */
  isHeld(hash: Uint8Array): boolean {
    return this.#parts.intake.isHeld(toHex(hash));
  }

  /**
   * Judges a block as far as possible without executing it. An orphan waits until its parent is stored, a future block
   * until its time.
   *
   * @param from who sent it: what waits is bounded for each sender
   */
  offer(block: Block, from?: string): Result<JudgedBlock, BlockFault> {
    return this.#parts.intake.offer(block, from);
  }

  /** Whether a block of this header could only be kept for later. Costs two look-ups. */
  mustWait(header: Header): boolean {
    return this.#parts.intake.mustWait(header);
  }

  /** Why a block of this header, if it has to wait, is neither kept nor a reason to fetch its parent. Costs no signature. */
  waitingFault(header: Header): BlockFault | undefined {
    return this.#parts.intake.waitingFault(header);
  }

  /**
   * Imports a block that {@link offer} has judged: verifies signatures, weighs, executes if the block makes the better
   * head, and commits everything as one batch.
   *
   * @param onExecuted called if the block is valid and will be the head, before it goes to disk: it may be relayed
   * @returns a fault if the block is bad; nothing is changed then
   * @throws StoreError if the disk refuses; nothing is changed then either
   */
  importJudged(judged: JudgedBlock, onExecuted?: () => void): Promise<Imported> {
    return this.#parts.importer.importJudged(judged, onExecuted);
  }

  /** Judges a block in its turn, and imports it as {@link importJudged} does. A block may also have to wait. */
  importBlock(block: Block): Promise<Imported> {
    return this.#parts.importer.importBlock(block);
  }

  /** Starts to verify the signatures of blocks that will be imported soon, so that all cores work. */
  verifyAhead(block: Block): Promise<void> {
    return this.#parts.intake.verifyAhead(block);
  }

  /**
   * Why a block that a peer sent unasked is not worth its import: it loses, and is far behind or one of many siblings. It
   * is fetched if a better block stands on it.
   */
  unaskedFault(record: HeaderRecord, bytes: number): BlockFault | undefined {
    return this.#parts.importer.unaskedFault(record, bytes);
  }

  /**
   * The record of an encoded block that loses to the head whatever its transactions are, or its fault. The transactions
   * are not decoded. Undefined if the block may win, or if its parent is unknown.
   */
  loserOf(sealed: SealedHeader, blockBytes: Uint8Array): Result<HeaderRecord, BlockFault> | undefined {
    return this.#parts.importer.loserOf(sealed, blockBytes);
  }

  /** A judged block is not imported: nothing is kept of it. */
  dismiss({ block }: JudgedBlock): void {
    this.#parts.intake.ended(block.hashHex, false);
  }

  /** Bytes of all stored blocks beside the chain. */
  get bytesBeside(): number {
    return this.#parts.beside.bytes;
  }

  /** The history of each account, as far as the store has it. */
  get accountIndex(): AccountIndex {
    return this.#parts.store.accountIndex;
  }

  /** See {@link ChainStore.idsBetween}. */
  idsBetween(kind: IdKind, first: Uint8Array, last: Uint8Array, max: number): Promise<Uint8Array[]> {
    return this.#parts.store.idsBetween(kind, first, last, max);
  }

  /** Adds the next blocks to the account index that it lacks, in turn with the imports. */
  async indexMore(): Promise<void> {
    await this.#parts.importer.inTurn(() => indexMore(this.#parts.store));
  }

  clearAccountIndex(): Promise<void> {
    return this.#parts.store.clearAccountIndex();
  }

  /** Ends after the import that is running; nothing is imported afterwards. */
  async close(): Promise<void> {
    this.#parts.intake.close();
    await this.#parts.importer.close();
  }
}
