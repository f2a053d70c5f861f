/** Whose turn it is on a Proof of Authority chain, and whether the chain stands still; from answers and a clock. */

export interface TurnFacts {
  /** When each may seal, in the order of turns; at least one. */
  readonly earliestMs: readonly number[];
  /** Between two turns. */
  readonly stepMs: number;
  /** After so long an empty block is sealed; 0: never. */
  readonly heartbeatMs: number;
  /** Since when something is to be sealed: a transaction, or a block that is to become final; undefined: nothing is. */
  readonly busySinceMs: number | undefined;
  readonly nowMs: number;
}

export type TurnState =
  /** Nothing is to be sealed. The next empty block is due at `dueMs`; undefined: none ever is. */
  | { readonly kind: "idle"; readonly dueMs: number | undefined }
  /** The first one's turn begins at `dueMs`. */
  | { readonly kind: "soon"; readonly dueMs: number }
  /** It is the turn of the one at `rank`; from `untilMs` on the one behind may seal as well, if there is one. */
  | { readonly kind: "now"; readonly rank: number; readonly untilMs: number | undefined }
  /** Everybody's turn has passed, and nobody has sealed. */
  | { readonly kind: "stalled"; readonly sinceMs: number };

/** For sealing, sending and importing a block, beside the turns themselves. */
const graceMs = 8_000;

export function turnState({ earliestMs, stepMs, heartbeatMs, busySinceMs, nowMs }: TurnFacts): TurnState {
  const firstMs = earliestMs[0] ?? nowMs;
  const quietDueMs = heartbeatMs === 0 ? undefined : firstMs + heartbeatMs;
  const busyDueMs = busySinceMs === undefined ? undefined : Math.max(firstMs, busySinceMs);
  const dueMs = Math.min(quietDueMs ?? Number.POSITIVE_INFINITY, busyDueMs ?? Number.POSITIVE_INFINITY);
  if (dueMs === Number.POSITIVE_INFINITY) return { kind: "idle", dueMs: undefined };
  if (nowMs < dueMs) return busyDueMs === undefined ? { kind: "idle", dueMs } : { kind: "soon", dueMs };
  const turns = Math.max(1, earliestMs.length);
  if (nowMs > dueMs + turns * stepMs + graceMs) return { kind: "stalled", sinceMs: dueMs };
  const rank = Math.min(turns - 1, Math.floor((nowMs - dueMs) / Math.max(1, stepMs)));
  return { kind: "now", rank, untilMs: rank === turns - 1 ? undefined : dueMs + (rank + 1) * stepMs };
}

interface StallFacts {
  readonly advice: readonly {
    readonly code: string;
    readonly fault: boolean;
    readonly what: string;
    readonly why: string;
    readonly next: string;
  }[];
  readonly quorum: { readonly needed: number; readonly heard: number } | null;
  readonly authority: boolean;
  readonly peers: number;
  readonly notSealingBecause: string | null;
}

export interface StallReason {
  readonly why: string;
  readonly next: string;
}

/**
 * Why nobody seals, as far as this node knows: its own advice first, as that names the step that helps. That the node
 * itself waits to become an authority keeps no other one from sealing.
 */
export function stallReason(status: StallFacts): StallReason {
  const [fault] = status.advice.filter((each) => each.fault && each.code !== "admission");
  if (fault && !isCutOff(status)) return { why: `${capital(fault.what)}: ${fault.why}.`, next: fault.next };
  if (isCutOff(status)) {
    return {
      why: "This node has no peers: the others may go on without it.",
      next: "on this node's machine: aurex-node doctor",
    };
  }
  if (status.authority && status.notSealingBecause) {
    return { why: `This authority does not seal: ${status.notSealingBecause}.`, next: "aurex-node doctor" };
  }
  const { quorum } = status;
  if (quorum && quorum.heard < quorum.needed) {
    return {
      why: `This node hears ${quorum.heard} of the ${quorum.needed} authorities that finality needs.`,
      next: "start the missing authorities, and connect them",
    };
  }
  return {
    why: "No authority that this node hears has sealed in its turn.",
    next: "on the machine of each authority: aurex-node doctor",
  };
}

/** It could not hear of a block, and seals none itself: that it has none says nothing about the chain. */
export function isCutOff({ authority, peers }: Pick<StallFacts, "authority" | "peers">): boolean {
  return !authority && peers === 0;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
