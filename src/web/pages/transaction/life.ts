/** The life of a transaction as a line: received, pending, in a block, certified, final; pure, so that it is tested without a browser. */
import type { TransactionAnswer } from "../../../api/transaction-shapes.ts";

export type StageState = "done" | "now" | "later" | "failed";

export interface LifeStage {
  readonly name: "received" | "pending" | "block" | "certified" | "deep" | "final" | "dropped";
  readonly title: string;
  readonly state: StageState;
  /** What holds of it now; empty if there is nothing to say. */
  readonly note: string;
  /** The block of the stage. */
  readonly block?: { readonly height: number; readonly hash: string };
}

export interface LifeContext {
  readonly engine: "pow" | "poa" | undefined;
  /** The highest certified block's height, as the node says; undefined in Proof of Work, or before it is known. */
  readonly certifiedHeight: number | undefined;
}

/** In Proof of Work nothing is ever final; from here on a transfer of moderate worth is sure enough. */
export const safeConfirmations = 6;

export function lifeOf(answer: TransactionAnswer, { engine, certifiedHeight }: LifeContext): LifeStage[] {
  switch (answer.status) {
    case "pending":
      return [
        { name: "received", title: "Received", state: "done", note: receivedNote(answer) },
        { name: "pending", title: "Pending", state: "now", note: pendingNote(answer) },
        { name: "block", title: "In a block", state: "later", note: "" },
        ...certainty(engine),
      ];
    case "dropped":
      return [
        { name: "received", title: "Received", state: "done", note: "" },
        { name: "dropped", title: "Dropped", state: "failed", note: answer.reason.message },
      ];
    case "committed":
      return [
        { name: "received", title: "Received", state: "done", note: "" },
        { name: "pending", title: "Pending", state: "done", note: "" },
        {
          name: "block",
          title: `In block ${answer.block.height}`,
          state: "done",
          note: `position ${answer.position}`,
          block: answer.block,
        },
        ...(engine === "pow" ? deep(answer) : certified(answer, certifiedHeight)),
      ];
  }
}

type Committed = Extract<TransactionAnswer, { readonly status: "committed" }>;
type Pending = Extract<TransactionAnswer, { readonly status: "pending" }>;

function certainty(engine: LifeContext["engine"]): LifeStage[] {
  if (engine === "pow") {
    return [{ name: "deep", title: `${safeConfirmations} blocks deep`, state: "later", note: "" }];
  }
  return [
    { name: "certified", title: "Certified", state: "later", note: "" },
    { name: "final", title: "Final", state: "later", note: "" },
  ];
}

function certified({ block, final }: Committed, certifiedHeight = -1): LifeStage[] {
  const isCertified = final || certifiedHeight >= block.height;
  return [
    {
      name: "certified",
      title: "Certified",
      state: isCertified ? "done" : "now",
      note: isCertified ? "two thirds of the authorities vote for it" : "the authorities vote",
    },
    {
      name: "final",
      title: "Final",
      state: final ? "done" : isCertified ? "now" : "later",
      note: final ? "nothing can undo it" : "",
    },
  ];
}

function deep({ confirmations }: Committed): LifeStage[] {
  const isDeep = confirmations >= safeConfirmations;
  return [
    {
      name: "deep",
      title: isDeep ? `${confirmations} blocks deep` : `${confirmations} of ${safeConfirmations} blocks deep`,
      state: isDeep ? "done" : "now",
      note: isDeep ? "each block on it makes it harder to undo" : "wait for more if much depends on it",
    },
  ];
}

function receivedNote({ firstSeen }: Pending): string {
  return firstSeen === null ? "waits outside of the mempool" : "";
}

function pendingNote({ ready, waitingFor, queue }: Pending): string {
  if (!ready) return `waits for ${waitingFor}`;
  if (!queue) return `waits for ${waitingFor}`;
  if (queue.transactionsAhead === 0) return "first in the queue for the next block";
  const blocks =
    queue.blocksAhead === 0 ? "the next block has room for it" : `about ${queue.blocksAhead} blocks`;
  return `${queue.transactionsAhead} before it in the queue; ${blocks}`;
}

/** What was seen of it while the page was open, newest last. */
export interface Seen {
  readonly atMs: number;
  readonly what: string;
}

/** The most that is remembered of one transaction. */
const seenMax = 50;

/** Adds what has changed since the answer before; the same list if nothing has. */
export function seenAfter(
  seen: readonly Seen[],
  before: TransactionAnswer | undefined,
  now: TransactionAnswer,
  nowMs: number,
): readonly Seen[] {
  const what = changeBetween(before, now);
  return what === undefined ? seen : [...seen, { atMs: nowMs, what }].slice(-seenMax);
}

function changeBetween(before: TransactionAnswer | undefined, now: TransactionAnswer): string | undefined {
  const left = before?.status === "committed" ? before.block : undefined;
  switch (now.status) {
    case "pending":
      if (left) return `its block ${left.height} left the chain: it waits again`;
      return before?.status === "pending" ? undefined : "it waits for a block";
    case "dropped":
      return before?.status === "dropped" ? undefined : `it was dropped: ${now.reason.message}`;
    case "committed": {
      const { height, hash } = now.block;
      if (left && left.hash !== hash)
        return `its block ${left.height} left the chain: it stands in block ${height} now`;
      if (!left && before) return `it came into block ${height}`;
      if (now.final && before && !before.final) return "it is final";
      return undefined;
    }
  }
}
