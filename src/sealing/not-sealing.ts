/** Why a node that should seal does not: the one list that status, log and page show. */

export type NotSealingReason =
  | "not in the authority set"
  | "waiting for admission"
  | "not its turn"
  | "no other authority heard"
  | "slashed"
  | "no peers"
  | "syncing"
  | "clock off"
  | "chain ahead of this clock"
  | "key seen elsewhere"
  | "disk full"
  | "disk fails"
  | "nothing to seal"
  | "no quorum for finality"
  | "listening first"
  | "stopped";

/** Reasons that come with every block: the log has them at level debug. */
export const everydayReasons: ReadonlySet<NotSealingReason> = new Set([
  "not its turn",
  "nothing to seal",
  "stopped",
]);

/** What an error of the store or of a journal says about the disk; undefined if the error is about something else. */
export function diskReason(thrown: unknown): NotSealingReason | undefined {
  const { code, cause } = thrown as { code?: unknown; cause?: unknown };
  if (typeof code !== "string" || !/^(?:store|journal)\//.test(code)) return undefined;
  const system = (cause as { code?: unknown } | undefined)?.code;
  const isFull = code === "store/disk-full" || system === "ENOSPC" || system === "EDQUOT";
  return isFull ? "disk full" : "disk fails";
}
