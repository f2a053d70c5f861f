/** Imports judged blocks one after the other: signatures, fork choice, execution, commit, final block. Holds the head. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { invariant, toError } from "../base/invariant.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { SerialQueue } from "../base/serial-queue.ts";
import { contentsOf } from "../consensus/engine.ts";
import type { LedgerState } from "../ledger/ledger-state.ts";
import type { Block, HeaderRecord, SealedHeader } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import { type BlockFault, describeFault } from "../protocol/faults.ts";
import type { CommitBatch } from "../store/chain-store.ts";
import { isLowWork, type LyingBlock } from "./beside-chain.ts";
import type { BlockPath } from "./block-tree.ts";
import { emptyBatch } from "./genesis-batch.ts";
import type { BlockImporterModules } from "./importer-modules.ts";
import { type ExecutedPath, executePath } from "./stages/execute.ts";
import { type JudgedBlock, signatureFault } from "./stages/judge.ts";

/** "head": the block (or its branch) became the head; "side": stored, but another branch is heavier. */
export type ImportOutcome = "head" | "side";

export type Imported = Result<ImportOutcome, BlockFault>;

/** Whether each signature in a block holds. */
type Signatures = Promise<readonly boolean[]>;

export class BlockImporter {
  readonly #modules: BlockImporterModules;
  readonly #queue: SerialQueue;
  readonly #ledger: LedgerState;
  #head: HeaderRecord;
  /** The fork choice's revision when the head was last held against all side blocks. */
  #chosenAt = 0;
  #closed = false;

  /** @param pendingMax imports waiting or running; more are refused with block/queue-full */
  constructor(
    pendingMax: number,
    modules: BlockImporterModules,
    at: { readonly head: HeaderRecord; readonly ledger: LedgerState },
  ) {
    this.#modules = modules;
    this.#queue = new SerialQueue(pendingMax);
    this.#head = at.head;
    this.#ledger = at.ledger;
  }

  get head(): HeaderRecord {
    return this.#head;
  }

  /** The ledger at the head; holds what is committed, never a block that is being imported. */
  get ledger(): LedgerState {
    return this.#ledger;
  }

  /** Runs `task` in turn with the imports; not at all after {@link close}. */
  async inTurn(task: () => Promise<void>): Promise<void> {
    await this.#queue.run(() => (this.#closed ? undefined : task()));
  }

  /** Judges a block in its turn and imports it. */
  importBlock(block: Block): Promise<Imported> {
    return this.#inTurn(block, () => this.#importOffered(block));
  }

  /**
   * Imports a block that was judged when it came. Its signatures are verified from now on, before its turn.
   *
   * @param onExecuted called if the block is valid and will be the head, before it goes to disk
   */
  importJudged(judged: JudgedBlock, onExecuted?: () => void): Promise<Imported> {
    const { block, record } = judged;
    const signatures = this.#wins(record) ? this.#modules.intake.signaturesOf(block) : undefined;
    // A rejection is thrown when the import awaits the signatures.
    signatures?.catch(() => undefined);
    return this.#inTurn(block, () => this.#importJudged(judged, signatures, onExecuted));
  }

  /** Imports a block that had to wait. No caller waits for the outcome, so `waitingImported` tells it if the block is the head. */
  async importWaiting(judged: JudgedBlock): Promise<void> {
    const { logger, events } = this.#modules;
    const { block } = judged;
    try {
      const imported = await this.importJudged(judged);
      if (imported.ok && imported.value === "head") events.emit("waitingImported", block);
    } catch (error) {
      logger.error({ error, hash: block.hashHex }, "a waiting block could not be imported");
    }
  }

  /** Whether a block's branch is so much lighter than the head that no peer needs it. Finality has a limit of its own. */
  isLowWork(record: HeaderRecord): boolean {
    const { finality, tree } = this.#modules;
    return !finality && isLowWork(record, this.#head, tree.get(this.#head.header.parentHash));
  }

  /** Why a block that a peer sent unasked is not worth its import; undefined for every block that would be the head. */
  unaskedFault(record: HeaderRecord, bytes: number): BlockFault | undefined {
    if (this.#wins(record)) return undefined;
    if (this.isLowWork(record)) return { code: "block/far-behind" };
    return this.#modules.beside.unaskedFault(record, bytes);
  }

  /** See {@link Chain.loserOf}. */
  loserOf(sealed: SealedHeader, blockBytes: Uint8Array): Result<HeaderRecord, BlockFault> | undefined {
    const best = this.#modules.intake.bestCase(sealed, blockBytes);
    return best?.ok && this.#wins(best.value) ? undefined : best;
  }

  #wins(record: HeaderRecord): boolean {
    return this.#modules.forkChoice.isBetter(record, this.#head);
  }

  /** Writes down in turn what votes have made final. Imports do so by themselves. */
  settleFinality(): void {
    const { finality } = this.#modules;
    finality?.sayConflict();
    if (!finality?.isUnsettled || this.#closed) return;
    this.inTurn(() => this.#settleNow()).catch((error) => this.#notSettled(error));
  }

  /** Chooses the head anew in turn: votes or evidence may have made another stored block the better one. */
  chooseAgain(): void {
    if (this.#closed) return;
    this.inTurn(() => this.#chooseNow()).catch((error) => this.#notChosen(error));
  }

  /** Ends after the import that is running; nothing is imported afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.idle();
  }

  async #inTurn({ hashHex }: Block, run: () => Promise<Imported>): Promise<Imported> {
    let isStored = false;
    try {
      const queued = await this.#queue.run(() =>
        this.#closed ? fail({ code: "block/queue-full" as const, pendingMax: 0 }) : run(),
      );
      if (!queued.ok) return fail({ code: "block/queue-full", pendingMax: queued.fault.pendingMax });
      isStored = queued.value.ok;
      return queued.value;
    } finally {
      this.#modules.intake.ended(hashHex, isStored);
    }
  }

  async #importOffered(block: Block): Promise<Imported> {
    const stored = this.#modules.tree.get(block.hash);
    if (stored && this.#isBetter(stored)) return this.#moveHead(stored);
    const judged = this.#modules.intake.offer(block);
    return judged.ok ? this.#accept(judged.value) : judged;
  }

  /** Asks again only what may have changed since the block was judged. */
  async #importJudged(
    judged: JudgedBlock,
    signatures: Signatures | undefined,
    onExecuted: (() => void) | undefined,
  ): Promise<Imported> {
    const { store, tree } = this.#modules;
    const { hash, hashHex, header } = judged.record;
    const stored = tree.get(hash);
    if (stored) return this.#isBetter(stored) ? this.#moveHead(stored) : fail({ code: "block/known" });
    if (store.isInvalid(hash)) return fail({ code: "block/known-invalid", hash: hashHex });
    if (store.isInvalid(header.parentHash)) {
      return fail({ code: "block/parent-invalid", parentHash: toHex(header.parentHash) });
    }
    return this.#accept(judged, signatures, onExecuted);
  }

  async #accept(
    { block, record }: JudgedBlock,
    signatures?: Signatures,
    onExecuted?: () => void,
  ): Promise<Imported> {
    const { intake, finality, arrivals, events } = this.#modules;
    const isHead = this.#wins(record);
    const dropped = isHead ? ok([]) : this.#roomFor(record, block);
    if (!dropped.ok) return dropped;
    const badSignature = signatureFault(block, await (signatures ?? intake.signaturesOf(block)));
    // The leaves cover the signatures and the hash covers the leaves, so no other body can redeem this hash.
    if (badSignature) return this.#refuse(block.hash, badSignature);
    // The final block may have moved since the block was judged.
    const conflict = finality?.conflictOn(record);
    if (conflict) return fail(conflict);
    // Before the block may become the head: whoever seals on the head asks how long ago it came.
    arrivals.note(record);
    const outcome = isHead
      ? await this.#moveHead(record, block, { onExecuted })
      : await this.#storeSide(record, block, dropped.value);
    if (!outcome.ok) return outcome;
    if (finality) {
      arrivals.note(record);
      finality.recordStored(record, block);
      if (this.#isTrusted(record.hash)) finality.gadget.declareFinal(checkpointOf(record));
      // The block stays stored if this fails. The next import tries again.
      await this.#settleNow().catch((error) => this.#notSettled(error));
      // Its certificate, its evidence, or votes that waited for it may have changed the choice.
      await this.#chooseNow().catch((error) => this.#notChosen(error));
    }
    events.emit("blockStored", block);
    return outcome;
  }

  #isTrusted(hash: Uint8Array): boolean {
    const { trusted } = this.#modules;
    return trusted !== undefined && bytesEqual(hash, trusted);
  }

  /** Whether a stored side block makes a better head: the final block may have taken the head away from a heavier branch. */
  #isBetter(stored: HeaderRecord): boolean {
    return this.#wins(stored) && !this.#modules.finality?.conflictOn(stored);
  }

  /** Moves to the best stored block. A block that turns out to be bad when it is executed is passed over from then on. */
  async #chooseNow(): Promise<void> {
    const { forkChoice, tree, finality, store } = this.#modules;
    if (!finality || this.#closed || this.#chosenAt === forkChoice.revision) return;
    this.#chosenAt = forkChoice.revision;
    for (;;) {
      const others = [...tree.sides()].filter(
        (side) => !store.isInvalid(side.hash) && !finality.conflictOn(side),
      );
      const best = forkChoice.best(this.#head, others);
      if (best.hashHex === this.#head.hashHex) return;
      await this.#moveHead(best);
    }
  }

  /** Writes down what has become final; moves the head to its chain if the head stands on another one. */
  async #settleNow(): Promise<void> {
    const { finality, store, tree, events } = this.#modules;
    finality?.sayConflict();
    if (!finality?.isUnsettled || this.#closed) return;
    const next = finality.gadget.final;
    const record = tree.get(next.hash);
    invariant(record, "a final block is stored");
    if (tree.isCanonical(record)) {
      await store.commit({ ...emptyBatch, final: next });
    } else {
      const moved = await this.#moveHead(finality.gadget.bestCertified() ?? record, undefined, {
        final: next,
      });
      invariant(moved.ok, "a block that a quorum has executed and certified is valid");
    }
    tree.prune(next);
    finality.settle(next);
    events.emit("finalChanged", next);
  }

  #notSettled(error: unknown): void {
    this.#modules.logger.error({ error: toError(error) }, "a final block could not be written down as such");
  }

  /** Which blocks have to go so that a block can be stored beside the chain. */
  #roomFor(record: HeaderRecord, block: Block): Result<readonly LyingBlock[], BlockFault> {
    const { beside, intake, finality } = this.#modules;
    const isNeeded = ({ hash }: Pick<HeaderRecord, "hash">) =>
      finality?.counts(hash) ||
      (bytesEqual(hash, record.hash) && intake.weightWaitingOn(record) > this.#head.cumulativeWeight);
    return beside.roomFor(record, block.bytes.length, isNeeded);
  }

  #notChosen(error: unknown): void {
    this.#modules.logger.error({ error: toError(error) }, "the head could not be chosen anew");
  }

  async #storeSide(record: HeaderRecord, block: Block, dropped: readonly LyingBlock[]): Promise<Imported> {
    const { store, tree, beside } = this.#modules;
    await store.commit({ ...emptyBatch, ...this.#keeping(record, block), dropped });
    tree.add(record);
    beside.joined(record, block.bytes.length);
    beside.written(block.bytes.length);
    this.#gone(dropped);
    return ok("side");
  }

  /** Blocks were removed from beside the chain. */
  #gone(dropped: readonly LyingBlock[]): void {
    const { tree, reader, beside } = this.#modules;
    beside.left(dropped);
    tree.forget(dropped);
    for (const { hash } of dropped) reader.forget(hash);
  }

  /** @param block the body of `record`; undefined if it is stored */
  async #moveHead(
    record: HeaderRecord,
    block?: Block,
    { final, onExecuted }: { final?: Checkpoint; onExecuted?: (() => void) | undefined } = {},
  ): Promise<Imported> {
    const { spec, store, engine, tree, reader, times } = this.#modules;
    const blockOf = (wanted: HeaderRecord): Block => {
      const found = block?.hashHex === wanted.hashHex ? block : reader.block(wanted.hash);
      invariant(found, `the body of the stored block ${wanted.hashHex} is not stored`);
      return found;
    };
    const updatesOf = (connected: HeaderRecord) => {
      const parent = tree.get(connected.header.parentHash);
      invariant(parent, `the parent of the stored block ${connected.hashHex} is not stored`);
      // The producer made the state root before trust recovery, so the ledger still has the authorities that it removes.
      const state = this.#isTrusted(connected.hash)
        ? engine.advance(contentsOf(blockOf(connected)), parent, tree)
        : ok(connected);
      invariant(state.ok, "a stored block was judged before");
      return engine.authority?.updates(parent, state.value) ?? [];
    };
    const path = tree.path(this.#head, record);
    const executed = times.measure("execute", () =>
      executePath(path, { ledger: this.#ledger, genesis: spec.genesis, store, blockOf, updatesOf }),
    );
    if (executed.ok) {
      onExecuted?.();
      await this.#commitMove(path, record, block, executed.value, final);
      return ok("head");
    }
    const { hash, fault } = executed.fault;
    const refused = await this.#refuse(hash, fault);
    if (bytesEqual(hash, record.hash)) return refused;
    return this.#refuse(record.hash, { code: "block/parent-invalid", parentHash: toHex(hash) });
  }

  async #commitMove(
    path: BlockPath,
    record: HeaderRecord,
    block: Block | undefined,
    { draft, connected, disconnected }: ExecutedPath,
    final: Checkpoint | undefined,
  ): Promise<void> {
    const { store, tree, reader, beside, finality, times, logger, events } = this.#modules;
    const joining = new Set(path.connect.map(({ hashHex }) => hashHex));
    const dropped = beside.excess(({ hash }) => joining.has(toHex(hash)) || finality?.counts(hash) === true);
    const batch: CommitBatch = {
      ...this.#keeping(record, block),
      disconnected: disconnected.map(({ hash, header: { height }, transactions }) => ({
        hash,
        height,
        transactions,
      })),
      connected: connected.map(({ block: { hash, header, transactions }, change }) => ({
        hash,
        height: header.height,
        change,
        transactions,
      })),
      entries: draft.changedEntries(),
      head: { hash: record.hash, height: record.header.height, entryCount: draft.entryCount },
      invalid: [],
      dropped,
      ...(final ? { final } : {}),
    };
    await times.measure("commit", () => store.commit(batch));
    if (block) reader.remember(block);
    const touched = draft.touchedEntries();
    this.#ledger.commit(draft);
    const previous = this.#head;
    this.#head = record;
    tree.moveHead(path);
    beside.left(path.connect);
    this.#gone(dropped);
    for (const [index, left] of path.disconnect.entries()) {
      beside.joined(left, disconnected[index]?.bytes.length ?? 0);
    }
    const joined = connected.map((executed) => executed.block);
    if (disconnected.length > 0) {
      logger.info(
        { from: previous.hashHex, to: record.hashHex, depth: disconnected.length },
        "the chain was reorganized",
      );
    }
    events.emit("headChanged", { head: record, previous, disconnected, connected: joined, touched });
  }

  /** What a batch says of a block that is stored with it, or was stored before it was judged anew. */
  #keeping(record: HeaderRecord, block: Block | undefined): Pick<CommitBatch, "blocks" | "restated"> {
    if (block && !this.#modules.store.headerRecord(record.hash)) {
      return { blocks: [{ record, bytes: block.bytes }] };
    }
    return { blocks: [], restated: [record] };
  }

  /** Remembers that a block can never be valid. */
  async #refuse(hash: Uint8Array, fault: BlockFault): Promise<Result<never, BlockFault>> {
    const { store, reader, logger } = this.#modules;
    logger.warn({ hash: toHex(hash), fault: describeFault(fault) }, "a block was refused");
    reader.forget(hash);
    await store.commit({ ...emptyBatch, invalid: [hash] });
    return fail(fault);
  }
}

function checkpointOf({ header, hash }: HeaderRecord): Checkpoint {
  return { height: header.height, hash };
}
