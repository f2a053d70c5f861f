/** Decides what a block producer does next: seal now, or wait, for how long and why. Values in, a step out. */
import type { SealingSlot } from "../consensus/engine.ts";
import type { NotSealingReason } from "./not-sealing.ts";

/** What an empty block would do for finality. */
export type FinalityNeed =
  /** Nobody waits for a block to become final. */
  | "not awaited"
  /** Somebody waits, and enough authorities were heard: an empty block brings finality nearer. */
  | "due"
  /** Somebody waits, but too few authorities were heard for a quorum. */
  | "no quorum"
  /** Somebody waits, and this node has no peer. */
  | "no peers";

/** Signing is allowed: what bears on when the next block is due. */
export interface OpenSituation {
  readonly kind: "open";
  /** Wall clock. */
  readonly nowMs: number;
  /** This producer's slot on the head; undefined if it may not seal there. */
  readonly slot: SealingSlot | undefined;
  /** The mempool has a transaction for the next block, or evidence waits for one. */
  readonly hasWork: boolean;
  readonly finality: FinalityNeed;
  /** How long ago the head came to this node, by its monotonic clock; infinite if that was long ago. */
  readonly sinceParentMs: number;
  /** How long there has been something to seal on this head: work, or finality that is due. Undefined: there is nothing. */
  readonly urgentForMs: number | undefined;
  /** An empty block may be sealed this long after the slot has begun; undefined: never. */
  readonly emptyAfterMs: number | undefined;
  /** The last failure since the last sealed block, and the reason that was shown for it. */
  readonly failure: { readonly agoMs: number; readonly reason: NotSealingReason | undefined } | undefined;
}

export type ProducerSituation =
  | OpenSituation
  /** The signing permission has a reason. Nothing else was looked at. */
  | { readonly kind: "forbidden"; readonly reason: NotSealingReason }
  /** The attempt that has just ended broke; `reason` is shown for it. */
  | { readonly kind: "failed"; readonly reason: NotSealingReason | undefined }
  /** The attempt that has just ended made an empty draft: nothing that waited could be executed. No empty block is due. */
  | { readonly kind: "empty draft" };

export interface WaitStep {
  readonly kind: "wait";
  readonly reason: NotSealingReason | undefined;
  /** When to look again; undefined: only after a change of the head, the mempool, the evidence or the permission. */
  readonly forMs: number | undefined;
}

export interface SealStep {
  readonly kind: "seal";
  readonly slot: SealingSlot;
  /** Shown while the attempt lasts: a try after a failure shows the failure's reason until it succeeds. */
  readonly reason: NotSealingReason | undefined;
  /** Wall-clock time from which an empty block may be sealed; undefined: never. */
  readonly emptyDueMs: number | undefined;
}

export type ProducerStep = WaitStep | SealStep;

/** How long a producer waits after a failure. */
export const retryAfterFailureMs = 2_000;
/** A failure is over once an attempt goes on for this long. */
const failureOverMs = 2 * retryAfterFailureMs;
const retryAfterEmptyDraftMs = 1_000;
/** No event says that enough authorities for finality are heard again. */
const finalityLookMs = 2_000;
/** No event says that the wall clock was set. */
const clockLookMs = 10_000;

/** The producer's next step. */
export function nextStep(situation: ProducerSituation): ProducerStep {
  switch (situation.kind) {
    case "failed":
      return wait(situation.reason, retryAfterFailureMs);
    case "empty draft":
      return wait("nothing to seal", retryAfterEmptyDraftMs);
    case "forbidden":
      return wait(situation.reason, undefined);
    case "open":
      return situation.slot
        ? stepInSlot(situation, situation.slot)
        : wait("not in the authority set", undefined);
  }
}

function stepInSlot(situation: OpenSituation, slot: SealingSlot): ProducerStep {
  const { nowMs, finality, failure } = situation;
  const { dueMs, emptyDueMs } = dueTimes(situation, slot);
  const isUrgent = situation.urgentForMs !== undefined;
  const lookMs = finality === "not awaited" ? undefined : finalityLookMs;
  if (dueMs === undefined) return wait(idleReason(finality), lookMs);
  if (dueMs > nowMs) {
    const reason = isUrgent ? "not its turn" : idleReason(finality);
    return wait(reason, Math.min(dueMs - nowMs, lookMs ?? clockLookMs));
  }
  const isFailing = failure !== undefined && failure.agoMs <= failureOverMs;
  return { kind: "seal", slot, reason: isFailing ? failure.reason : undefined, emptyDueMs };
}

/** When a block is due, and when an empty one is; undefined: never. */
function dueTimes(
  { nowMs, hasWork, sinceParentMs, urgentForMs, emptyAfterMs }: OpenSituation,
  slot: SealingSlot,
) {
  const courtesyMs = nowMs + slot.afterParentMs - sinceParentMs;
  const quietMs = emptyAfterMs === undefined ? undefined : Math.max(slot.beginMs + emptyAfterMs, courtesyMs);
  if (urgentForMs === undefined) return { dueMs: quietMs, emptyDueMs: quietMs };
  // After a quiet time the slots of all authorities have begun. Without the delay all of them would seal at once.
  const urgentMs = Math.max(slot.beginMs, nowMs + slot.outOfTurnDelayMs - urgentForMs, courtesyMs);
  return { dueMs: urgentMs, emptyDueMs: hasWork ? quietMs : urgentMs };
}

/** Why an empty block is not due. */
function idleReason(finality: FinalityNeed): NotSealingReason {
  if (finality === "no quorum") return "no quorum for finality";
  return finality === "no peers" ? "no peers" : "nothing to seal";
}

function wait(reason: NotSealingReason | undefined, forMs: number | undefined): WaitStep {
  return { kind: "wait", reason, forMs };
}
