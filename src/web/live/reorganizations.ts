/** The reorganizations that were seen while this window is open, by chain: the newest first, bounded. */
import type { EventData } from "../../api/events.ts";

export interface SeenReorganization extends NonNullable<EventData<"head">["reorganization"]> {
  readonly atMs: number;
  readonly head: { readonly height: number; readonly hash: string };
}

const reorganizationsMax = 20;

/** The list with what a `head` event tells; the same list if it tells of none, or of one that is in it. */
export function withReorganization(
  list: readonly SeenReorganization[],
  { height, hash, reorganization }: Pick<EventData<"head">, "height" | "hash" | "reorganization">,
  atMs: number,
): readonly SeenReorganization[] {
  // After a break the node may tell again what was told before.
  if (!reorganization || list.some(({ head }) => head.hash === hash)) return list;
  return [{ ...reorganization, atMs, head: { height, hash } }, ...list].slice(0, reorganizationsMax);
}

/** E.g. "2 blocks left the chain and 3 joined it, after block 14". */
export function reorganizationText({
  revertedCount,
  appliedCount,
  ancestor,
}: Pick<SeenReorganization, "revertedCount" | "appliedCount" | "ancestor">): string {
  const left = revertedCount === 1 ? "1 block left the chain" : `${revertedCount} blocks left the chain`;
  return `${left} and ${appliedCount} joined it, after block ${ancestor.height}`;
}
