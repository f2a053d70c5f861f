/** Produces blocks: waits until the next one is due, drafts it on the head, has the draft sealed, and imports it like any other block. */
import { type Clock, sleep, type Timer } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import type { Mempool } from "../mempool/mempool.ts";
import { type Block, countingNonceOf, decodeBlock, type HeaderRecord } from "../protocol/block.ts";
import { describeFault } from "../protocol/faults.ts";
import type { BlockDraft, BlockSealer } from "./block-sealer.ts";
import { type DraftOptions, draftBlock, isEmptyDraft } from "./draft-block.ts";
import { type FinalityNeed, nextStep, type ProducerSituation, type SealStep } from "./next-step.ts";
import { diskReason, everydayReasons, type NotSealingReason } from "./not-sealing.ts";
import type { SealProgress } from "./sealer.ts";
import type { SigningPermission } from "./signing-permission.ts";

export interface BlockProducerOptions extends DraftOptions {
  /** Seal at every slot, transactions waiting or not. */
  readonly mineEmptyBlocks: boolean;
}

export interface BlockProducerModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly sealer: BlockSealer;
  /** Asked before every attempt. */
  readonly permission: SigningPermission;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly announceBlock: (block: Block) => void;
  /** Enough authorities were heard lately for finality to go on; asked only if somebody waits for finality. */
  readonly quorumHeard: () => boolean;
  readonly hasPeers: () => boolean;
  /** A new authority has yet to seal and to vote: an empty block gives it a turn. */
  readonly isNewcomerAwaited?: () => boolean;
}

const sameFailureSaidAgainMs = 60_000;
/**
 * A search that takes longer goes on with a new draft. The new draft has the time of now, which keeps the retarget rule
 * true, and the transactions that have come. If drafting is slow the search lasts longer: drafting may take a twentieth
 * of the time.
 */
const draftFreshMs = 1_000;
const draftShare = 1 / 20;

/** An attempt that ended without a block, and not because its draft was too old. */
type Ended = Extract<ProducerSituation, { readonly kind: "failed" | "empty draft" }>;

interface Failure {
  readonly code: string;
  /** Monotonic. */
  readonly atMs: number;
  /** Monotonic: when a failure of this code was last logged as an error. */
  readonly saidMs: number;
  /** The reason that was shown for it. */
  readonly reason: NotSealingReason | undefined;
}

export class BlockProducer {
  readonly #options: BlockProducerOptions;
  readonly #modules: BlockProducerModules;
  #isRunning = false;
  #reason: NotSealingReason | undefined = "stopped";
  #attempt:
    | { readonly parent: HeaderRecord; readonly abort: AbortController; readonly done: Promise<void> }
    | undefined;
  /** Since when there has been something to seal on a head; monotonic. */
  #urgent: { readonly hashHex: string; readonly sinceMs: number } | undefined;
  #timer: Timer | undefined;
  /** Of all drafts on one parent together. */
  #progress: (SealProgress & { readonly parent: HeaderRecord }) | undefined;
  /** Undefined after a sealed block. */
  #failure: Failure | undefined;
  readonly #look = () => this.look();

  constructor(options: BlockProducerOptions, modules: BlockProducerModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Why nothing is being sealed right now; undefined while something is. */
  get notSealingBecause(): NotSealingReason | undefined {
    return this.#reason;
  }

  /** The search for a nonce that runs; undefined if none does. */
  get progress(): SealProgress | undefined {
    return this.#attempt && this.#progress;
  }

  start(): void {
    const { mempool, permission } = this.#modules;
    this.#isRunning = true;
    mempool.events.on("added", this.#look);
    permission.events.on("changed", this.#look);
    this.look();
  }

  /** Stops the running attempt and starts no other; resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    const { mempool, permission, sealer } = this.#modules;
    this.#isRunning = false;
    this.#show("stopped");
    this.#timer?.cancel();
    mempool.events.off("added", this.#look);
    permission.events.off("changed", this.#look);
    this.#attempt?.abort.abort();
    await this.#attempt?.done;
    await sealer.close();
  }

  /** Takes the next step; to be called after a new head and after new evidence. */
  look(ended?: Ended): void {
    if (!this.#isRunning) return;
    const { chain, clock } = this.#modules;
    if (this.#attempt) {
      if (this.#attempt.parent.hashHex !== chain.head.hashHex) this.#attempt.abort.abort();
      return;
    }
    this.#timer?.cancel();
    const step = nextStep(ended ?? this.#situation(chain.head));
    this.#show(step.reason);
    if (step.kind === "seal") this.#begin(chain.head, step);
    else if (step.forMs !== undefined) this.#timer = clock.schedule(step.forMs, this.#look);
  }

  #situation(head: HeaderRecord): ProducerSituation {
    const { chain, mempool, permission, clock } = this.#modules;
    if (permission.reason) return { kind: "forbidden", reason: permission.reason };
    const hasWork = mempool.hasReady() || chain.hasEvidenceFor(head);
    const finality = this.#finalityNeed();
    const nowMs = clock.monotonicMs();
    const failure = this.#failure;
    return {
      ...{ kind: "open", nowMs: clock.nowMs(), hasWork, finality },
      slot: chain.engine.slot(head, this.#options.producer),
      sinceParentMs: chain.sinceArrivalMs(head),
      urgentForMs: this.#urgentForMs(head, hasWork || finality === "due"),
      emptyAfterMs: this.#options.mineEmptyBlocks ? 0 : chain.engine.authority?.emptyBlockAfterMs,
      failure: failure && { agoMs: nowMs - failure.atMs, reason: failure.reason },
    };
  }

  #finalityNeed(): FinalityNeed {
    const { chain, quorumHeard, hasPeers, isNewcomerAwaited } = this.#modules;
    if (!chain.awaitsFinality && !isNewcomerAwaited?.()) return "not awaited";
    if (quorumHeard()) return "due";
    return hasPeers() ? "no quorum" : "no peers";
  }

  #urgentForMs({ hashHex }: HeaderRecord, isUrgent: boolean): number | undefined {
    const nowMs = this.#modules.clock.monotonicMs();
    if (!isUrgent) this.#urgent = undefined;
    else if (this.#urgent?.hashHex !== hashHex) this.#urgent = { hashHex, sinceMs: nowMs };
    return this.#urgent && nowMs - this.#urgent.sinceMs;
  }

  /** Logs each change; changes that come with every block only at level debug. */
  #show(reason: NotSealingReason | undefined): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    if (reason === undefined) return;
    this.#modules.sealer.pause?.();
    this.#modules.logger[everydayReasons.has(reason) ? "debug" : "info"]({ because: reason }, "not sealing");
  }

  #begin(parent: HeaderRecord, step: SealStep): void {
    const abort = new AbortController();
    const done = this.#produce(parent, step, abort)
      .catch((thrown: unknown): Ended => this.#failed(thrown))
      .then((ended) => {
        this.#attempt = undefined;
        this.look(ended);
      });
    this.#attempt = { parent, abort, done };
  }

  /** Logs a failure as an error, and the same failure again as an error only a minute later. */
  #failed(thrown: unknown): Ended {
    const { clock, logger } = this.#modules;
    const error = toError(thrown);
    const { code = error.message } = error as { code?: string };
    const nowMs = clock.monotonicMs();
    const said = this.#failure?.code === code ? this.#failure.saidMs : Number.NEGATIVE_INFINITY;
    const isSaid = nowMs - said < sameFailureSaidAgainMs;
    const reason = diskReason(thrown) ?? this.#reason;
    this.#failure = { code, atMs: nowMs, saidMs: isSaid ? said : nowMs, reason };
    logger[isSaid ? "debug" : "error"]({ error }, "a block could not be produced");
    return { kind: "failed", reason };
  }

  async #produce(parent: HeaderRecord, step: SealStep, abort: AbortController): Promise<Ended | undefined> {
    const { chain, clock } = this.#modules;
    const { emptyDueMs = Number.POSITIVE_INFINITY } = step;
    const startedMs = clock.monotonicMs();
    const signed = this.#signedBefore(parent);
    const draft = signed ? undefined : draftBlock(parent, step.slot, this.#options, this.#modules);
    if (draft && isEmptyDraft(draft) && clock.nowMs() < emptyDueMs) return { kind: "empty draft" };
    const block =
      signed ?? (draft && (await this.#seal(draft, parent, abort, clock.monotonicMs() - startedMs)));
    const earlyMs = block ? block.header.timestampMs - clock.nowMs() : 0;
    if (earlyMs > 0) await sleep(clock, earlyMs, abort.signal);
    // A sealed block is good even if its draft was too old: only a new head makes it worthless.
    if (block && chain.head.hashHex === parent.hashHex) await this.#send(block);
    return undefined;
  }

  /**
   * The block that an authority signed on this parent before it was stopped. It sends the same block again, since two
   * different ones would be evidence against it.
   */
  #signedBefore(parent: HeaderRecord): Block | undefined {
    const bytes = this.#modules.sealer.previousOn(parent.hash);
    const decoded = bytes && decodeBlock(bytes);
    if (decoded && !decoded.ok) {
      throw new Error(`the seal journal's block does not decode: ${describeFault(decoded.fault)}`);
    }
    return decoded?.value;
  }

  async #seal(draft: BlockDraft, parent: HeaderRecord, abort: AbortController, draftMs: number) {
    const { clock, sealer } = this.#modules;
    // A draft that is ahead of the clock stays as good as a new one until the clock has reached its time.
    const aheadMs = draft.header.timestampMs - clock.nowMs();
    const freshMs = Math.max(draftFreshMs, draftMs / draftShare, aheadMs + 1);
    const fresh = clock.schedule(freshMs, () => abort.abort());
    const attemptsBefore = this.#progress?.parent === parent ? this.#progress.attempts : 0;
    const block = await sealer.sealBlock(draft, {
      signal: abort.signal,
      onProgress: ({ attempts, hashesPerSecond }) => {
        this.#progress = { parent, attempts: attemptsBefore + attempts, hashesPerSecond };
      },
    });
    fresh.cancel();
    return block;
  }

  async #send(block: Block): Promise<void> {
    const { chain, logger, announceBlock } = this.#modules;
    const imported = await chain.importBlock(block);
    if (!imported.ok) {
      // The clock was set back meanwhile. The chain holds the block, as it is, and sends it when its time comes: a block
      // with another timestamp would be a second one on its parent.
      if (imported.fault.code === "block/timestamp-ahead") return;
      // Expected only if the head moved meanwhile. Anything else is a bug of ours, so the log shows it.
      throw new Error(`our own block ${block.hashHex} was refused: ${describeFault(imported.fault)}`);
    }
    const { header, hashHex: hash, seal } = block;
    const fields = { height: header.height, hash, transactions: block.transactions.length };
    if (seal.signature.length > 0) logger.info(fields, "sealed a block");
    else logger.info(fields, `Block found at nonce ${countingNonceOf(seal.nonce)}`);
    announceBlock(block);
    this.#failure = undefined;
  }
}
