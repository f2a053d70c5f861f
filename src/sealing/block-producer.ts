/** Produces blocks: waits for its slot, drafts on the head, has the draft sealed, and sends it through the same door as any block. */
import { type Clock, sleep, type Timer } from "../base/clock.ts";
import { invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import { ledgerContext } from "../chain/reorganization.ts";
import { type SealingSlot, voteCounterOn } from "../consensus/engine.ts";
import { BlockExecution } from "../ledger/apply-block.ts";
import type { Mempool } from "../mempool/mempool.ts";
import {
  type Block,
  blockVersion,
  ConsensusSectionType,
  consensusRoot,
  countingNonceOf,
  decodeBlock,
  type Header,
  type HeaderRecord,
  transactionsRoot,
} from "../protocol/block.ts";
import { describeFault, type TransactionFault } from "../protocol/faults.ts";
import { sha256 } from "../protocol/hashing.ts";
import { roomInBlock } from "./block-room.ts";
import type { BlockDraft, BlockSealer } from "./block-sealer.ts";
import type { NotSealingReason } from "./not-sealing.ts";
import type { SealProgress } from "./sealer.ts";

export interface BlockProducerOptions {
  /** The public key that blocks name and rewards go to. */
  readonly producer: Uint8Array;
  /** Seal at every slot, transactions waiting or not. */
  readonly mineEmptyBlocks: boolean;
  /** A UTF-8 note of at most 32 bytes. */
  readonly extraData: Uint8Array;
  /** For how long after its start it only listens: an authority may have to hear first what it missed. Default 0. */
  readonly listenFirstMs?: number;
}

export interface BlockProducerModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly sealer: BlockSealer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly announceBlock: (block: Block) => void;
  readonly isSyncing: () => boolean;
  /** Enough authorities were heard lately for finality to go on; asked only on chains that have it. */
  readonly quorumHeard: () => boolean;
  readonly hasPeers: () => boolean;
  /** What else forbids sealing right now; asked before every attempt, and again every 2 s while it does. */
  readonly mayNotSeal?: () => NotSealingReason | undefined;
}

const everydayReasons: ReadonlySet<NotSealingReason> = new Set([
  "not its turn",
  "nothing to seal",
  "stopped",
]);
const retryAfterFailureMs = 2_000;
const saidAgainMs = 60_000;
const emptyDraftMs = 1_000;
const clockLookMs = 10_000;
/**
 * A search that takes longer goes on with a new draft: with the time of now, which the retarget rule needs to be true,
 * and with the transactions that have come. Longer where drafting is slow: it may take a twentieth of the time.
 */
const freshForMs = 1_000;
const draftShare = 1 / 20;

interface DueSlot {
  readonly dueMs: number;
  readonly slot: SealingSlot;
  /** Something waits: transactions, evidence, or somebody for finality. */
  readonly isUrgent: boolean;
  /** When a block is due though it be empty; undefined: never. */
  readonly emptyDueMs: number | undefined;
}

export class BlockProducer {
  readonly #options: BlockProducerOptions;
  readonly #modules: BlockProducerModules;
  #attempt:
    | { readonly parent: HeaderRecord; readonly abort: AbortController; readonly done: Promise<void> }
    | undefined;
  #work: { readonly hashHex: string; readonly sinceMs: number } | undefined;
  #timer: Timer | undefined;
  #reason: NotSealingReason | undefined = "stopped";
  /** Of all drafts on one parent together. */
  #progress: (SealProgress & { readonly parent: HeaderRecord }) | undefined;
  #running = false;
  /** The last failure, and when one of its kind was last logged. */
  #failure: { readonly code: string; readonly atMs: number; readonly saidMs: number } | undefined;
  #listenUntilMs = 0;
  readonly #reconsider = () => this.#consider();

  constructor(options: BlockProducerOptions, modules: BlockProducerModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Why nothing is being sealed right now; undefined while it is. */
  get notSealingBecause(): NotSealingReason | undefined {
    return this.#reason;
  }

  /** The search for a nonce that runs; undefined where none does. */
  get progress(): SealProgress | undefined {
    return this.#attempt && this.#progress;
  }

  start(): void {
    this.#running = true;
    this.#listenUntilMs = this.#modules.clock.monotonicMs() + (this.#options.listenFirstMs ?? 0);
    this.#modules.chain.events.on("headChanged", this.#reconsider);
    this.#modules.chain.events.on("evidenceFound", this.#reconsider);
    this.#modules.mempool.events.on("added", this.#reconsider);
    this.#consider();
  }

  /** Stops the running attempt and starts no other; resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#becauseOf("stopped");
    this.#timer?.cancel();
    this.#modules.chain.events.off("headChanged", this.#reconsider);
    this.#modules.chain.events.off("evidenceFound", this.#reconsider);
    this.#modules.mempool.events.off("added", this.#reconsider);
    this.#attempt?.abort.abort();
    await this.#attempt?.done;
    await this.#modules.sealer.close();
  }

  /** To be called when something may have changed that forbade sealing; what else changes is noticed, or polled for. */
  lookAgain(): void {
    this.#consider();
  }

  /** Looks at the head, the slot and the mempool again; called on every change of any of them. */
  #consider(): void {
    if (!this.#running) return;
    const { chain, clock } = this.#modules;
    if (this.#attempt) {
      if (this.#attempt.parent.hashHex !== chain.head.hashHex) this.#attempt.abort.abort();
      return;
    }
    this.#timer?.cancel();
    const held = this.#heldBack();
    if (held) {
      this.#becauseOf(held.reason);
      this.#wakeAfter(held.lookAgainMs);
      return;
    }
    const due = this.#dueTime(chain.head);
    if (typeof due === "string") {
      this.#becauseOf(due);
      if (due === "syncing" || chain.awaitsFinality) this.#wakeAfter(retryAfterFailureMs);
      return;
    }
    const waitMs = due.dueMs - clock.nowMs();
    if (waitMs > 0) {
      this.#becauseOf(due.isUrgent ? "not its turn" : this.#idleReason());
      // Not longer, since the wall clock may be set meanwhile, or the authorities that finality waits for may come back.
      this.#wakeAfter(Math.min(waitMs, chain.awaitsFinality ? retryAfterFailureMs : clockLookMs));
      return;
    }
    // A try after a failure is no sealing yet: the reason stays until it has succeeded, or goes on for longer than failures take.
    const sinceFailureMs = clock.monotonicMs() - (this.#failure?.atMs ?? Number.NEGATIVE_INFINITY);
    if (sinceFailureMs > 2 * retryAfterFailureMs) this.#becauseOf(undefined);
    this.#begin(chain.head, due);
  }

  /** The log has every change, too; those that come with each block only where somebody looks closely. */
  #becauseOf(reason: NotSealingReason | undefined): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    if (reason === undefined) return;
    this.#modules.sealer.pause?.();
    const level = everydayReasons.has(reason) ? "debug" : "info";
    this.#modules.logger[level]({ because: reason }, "not sealing");
  }

  #wakeAfter(delayMs: number): void {
    this.#timer = this.#modules.clock.schedule(delayMs, this.#reconsider);
  }

  /** What forbids sealing whatever the head and the mempool are. */
  #heldBack(): { readonly reason: NotSealingReason; readonly lookAgainMs: number } | undefined {
    const { clock, mayNotSeal } = this.#modules;
    const reason = mayNotSeal?.() ?? (this.#isBehindHead() ? "chain ahead of this clock" : undefined);
    if (reason) return { reason, lookAgainMs: retryAfterFailureMs };
    const lookAgainMs = this.#listenUntilMs - clock.monotonicMs();
    return lookAgainMs > 0 ? { reason: "listening first", lookAgainMs } : undefined;
  }

  /** The head could not be taken now: this clock was set back since, or the clock that the chain was sealed by was ahead. */
  #isBehindHead(): boolean {
    const { chain, clock } = this.#modules;
    return chain.head.header.timestampMs > clock.nowMs() + chain.engine.aheadMaxMs;
  }

  #dueTime(head: HeaderRecord): NotSealingReason | DueSlot {
    const { chain, mempool, clock, isSyncing } = this.#modules;
    const slot = chain.engine.slot(head, this.#options.producer);
    if (!slot) return "not in the authority set";
    if (isSyncing()) return "syncing";
    const isEmpty = !mempool.hasReady() && !chain.hasEvidenceFor(head);
    const isUrgent = !isEmpty || this.#finalityIsDue();
    // After a quiet time all slots are past: without the courtesy every authority would seal at once.
    if (!isUrgent) this.#work = undefined;
    const courtesyEndMs = isUrgent ? clock.nowMs() + slot.courtesyMs - this.#workAgeMs(head) : 0;
    const urgentMs = Math.max(slot.beginMs, courtesyEndMs);
    const emptyAfterMs = this.#options.mineEmptyBlocks ? 0 : chain.engine.authority?.emptyBlockAfterMs;
    const quietMs = emptyAfterMs === undefined ? undefined : slot.beginMs + emptyAfterMs;
    const emptyDueMs = isEmpty && isUrgent ? urgentMs : quietMs;
    const dueMs = isUrgent ? urgentMs : quietMs;
    return dueMs === undefined ? this.#idleReason() : { dueMs, slot, isUrgent, emptyDueMs };
  }

  /** Whether an empty block brings finality nearer that somebody waits for. */
  #finalityIsDue(): boolean {
    const { chain, quorumHeard } = this.#modules;
    return chain.awaitsFinality && quorumHeard();
  }

  /** Why an empty block is not due. */
  #idleReason(): NotSealingReason {
    const { chain, quorumHeard, hasPeers } = this.#modules;
    if (!chain.awaitsFinality || quorumHeard()) return "nothing to seal";
    return hasPeers() ? "no quorum for finality" : "no peers";
  }

  /** For how long there has been something to seal on this head. */
  #workAgeMs(head: HeaderRecord): number {
    const nowMs = this.#modules.clock.monotonicMs();
    if (this.#work?.hashHex !== head.hashHex) this.#work = { hashHex: head.hashHex, sinceMs: nowMs };
    return nowMs - this.#work.sinceMs;
  }

  #begin(parent: HeaderRecord, due: DueSlot): void {
    const abort = new AbortController();
    const done = this.#produce(parent, due, abort)
      .catch((thrown: unknown) => {
        this.#becauseOf(diskReason(thrown) ?? this.#reason);
        return this.#failed(toError(thrown));
      })
      .then((delayMs) => {
        this.#attempt = undefined;
        if (!this.#running) return;
        if (delayMs > 0) this.#wakeAfter(delayMs);
        else this.#consider();
      });
    this.#attempt = { parent, abort, done };
  }

  /** Says each failure once, and again every minute while it lasts; returns how long to wait before the next look. */
  #failed(error: Error): number {
    const nowMs = this.#modules.clock.monotonicMs();
    const { code = error.message } = error as { code?: string };
    const isSaid = this.#failure?.code === code && nowMs - this.#failure.saidMs < saidAgainMs;
    this.#failure = { code, atMs: nowMs, saidMs: isSaid && this.#failure ? this.#failure.saidMs : nowMs };
    this.#modules.logger[isSaid ? "debug" : "error"]({ error }, "a block could not be produced");
    return retryAfterFailureMs;
  }

  /** Resolves to how long to wait before the next look; 0: at once. */
  async #produce(parent: HeaderRecord, due: DueSlot, abort: AbortController): Promise<number> {
    const { chain, clock, logger, announceBlock } = this.#modules;
    const { emptyDueMs = Number.POSITIVE_INFINITY } = due;
    const before = this.#sealedBefore(parent);
    const startedMs = clock.monotonicMs();
    const draft = before ? undefined : this.#draft(parent, due.slot);
    const draftMs = clock.monotonicMs() - startedMs;
    // Nothing of what waited could be executed, and an empty block is not due yet.
    if (draft && isEmptyDraft(draft) && clock.nowMs() < emptyDueMs) {
      this.#becauseOf("nothing to seal");
      return emptyDraftMs;
    }
    const fresh = draft && clock.schedule(this.#freshForMs(draft, draftMs), () => abort.abort());
    const block = before ?? (draft && (await this.#seal(draft, parent, abort.signal)));
    fresh?.cancel();
    const earlyMs = block ? block.header.timestampMs - clock.nowMs() : 0;
    if (earlyMs > 0) await sleep(clock, earlyMs, abort.signal);
    // A draft that was only too old is as good as ever once it is sealed.
    if (!block || chain.head.hashHex !== parent.hashHex) return 0;
    const imported = await chain.importBlock(block);
    if (!imported.ok) {
      // Refused only where head or clock moved meanwhile; anything else is a bug of ours, and is said, not hidden.
      throw new Error(`our own block ${block.hashHex} was refused: ${describeFault(imported.fault)}`);
    }
    const fields = {
      height: block.header.height,
      hash: block.hashHex,
      transactions: block.transactions.length,
    };
    if (block.seal.signature.length > 0) logger.info(fields, "sealed a block");
    else logger.info(fields, `Block found at nonce ${countingNonceOf(block.seal.nonce)}`);
    announceBlock(block);
    this.#failure = undefined;
    return 0;
  }

  /** What an authority signed on this parent before it was stopped: it sends the same block again. */
  #sealedBefore(parent: HeaderRecord): Block | undefined {
    const bytes = this.#modules.sealer.previousOn(parent.hash);
    if (!bytes) return undefined;
    const decoded = decodeBlock(bytes);
    if (!decoded.ok)
      throw new Error(`the seal journal's block does not decode: ${describeFault(decoded.fault)}`);
    return decoded.value;
  }

  /** For how long a draft is as good as a new one; one that is ahead of the clock would only be the same again. */
  #freshForMs({ header }: BlockDraft, draftMs: number): number {
    const aheadMs = header.timestampMs - this.#modules.clock.nowMs();
    return Math.max(freshForMs, draftMs / draftShare, aheadMs + 1);
  }

  #seal(draft: BlockDraft, parent: HeaderRecord, signal: AbortSignal): Promise<Block | undefined> {
    const attemptsBefore = this.#progress?.parent === parent ? this.#progress.attempts : 0;
    return this.#modules.sealer.sealBlock(draft, {
      signal,
      onProgress: ({ attempts, hashesPerSecond }) => {
        this.#progress = { parent, attempts: attemptsBefore + attempts, hashesPerSecond };
      },
    });
  }

  #draft(parent: HeaderRecord, slot: SealingSlot): BlockDraft {
    const { chain, mempool, clock } = this.#modules;
    const { genesis, chainId } = chain.spec;
    const { producer } = this.#options;
    const height = parent.header.height + 1;
    const execution = new BlockExecution(chain.ledger, ledgerContext({ height, producer }, genesis));
    const voteCounter = voteCounterOn(chain.engine, parent);
    const consensusSection = chain.sectionOn(parent);
    const sectionBytes = ConsensusSectionType.value_serializedSize(consensusSection);
    const bytesMax = roomInBlock(genesis, sectionBytes);
    // What waits can be executed on the head, but not all of it together: of two that want one name, one waits for the
    // next head, where the mempool drops it for a reason that every node sees.
    const limits = { transactionsMax: genesis.blockTransactionsMax, bytesMax };
    let refused: { readonly idHex: string; readonly fault: TransactionFault } | undefined;
    const transactions = mempool.select(limits, (transaction) => {
      const fault = voteCounter.cast(transaction) ?? execution.apply(transaction);
      if (fault) refused ??= { idHex: transaction.idHex, fault };
      return !fault;
    });
    // The first of all is executed on the head itself: the mempool was wrong about it, and would be again.
    if (refused && transactions.length === 0) mempool.drop(refused.idHex, refused.fault);
    const timestampMs = Math.max(slot.earliestMs, clock.nowMs());
    const advanced = chain.advance({ height, timestampMs, producer, transactions, consensusSection }, parent);
    invariant(advanced.ok, "what was chosen for a block may stand in it");
    const updates = chain.engine.authority?.updates(parent, advanced.value) ?? [];
    const header: Header = {
      version: blockVersion,
      chainId,
      height,
      parentHash: parent.hash,
      timestampMs,
      producer,
      transactionsRoot: transactionsRoot(transactions),
      transactionCount: transactions.length,
      stateRoot: chain.stateRootAfter(execution.finish(updates)),
      consensusRoot: consensusRoot(consensusSection),
      consensusStateHash: sha256(advanced.value.consensusState),
      target: slot.target,
      extraData: this.#options.extraData,
    };
    return { header, transactions, consensusSection };
  }
}

/** What an error of store or journal says about the disk; undefined if it is about something else. */
function diskReason(thrown: unknown): NotSealingReason | undefined {
  const { code, cause } = thrown as { code?: unknown; cause?: unknown };
  if (typeof code !== "string" || !/^(?:store|journal)\//.test(code)) return undefined;
  const system = (cause as { code?: unknown } | undefined)?.code;
  const isFull = code === "store/disk-full" || system === "ENOSPC" || system === "EDQUOT";
  return isFull ? "disk full" : "disk fails";
}

/** A certificate alone is no reason for a block: it can wait for the next one. */
function isEmptyDraft({ transactions, consensusSection }: BlockDraft): boolean {
  return transactions.length === 0 && consensusSection.evidence.length === 0;
}
