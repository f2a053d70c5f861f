/** The sentences of the frame about its node. Pure, so that they are tested without a browser. */
import type { SyncProgress } from "../live/node-state.ts";
import { durationText } from "../parts/age-text.ts";

/** A browser whose clock is off by more is told so; less is of no use to anybody. */
const clockOffMs = 30_000;

/** E.g. "catching up: 35 %, about 2 min left". */
export function syncText({ percent, leftMs }: SyncProgress): string {
  const left = leftMs === null ? "" : `, about ${durationText(Math.max(1_000, leftMs))} left`;
  return `catching up: ${percent} %${left}`;
}

/**
 * What is wrong with the clock of the browser; undefined if it is right, or if that is not known.
 *
 * @param offsetMs by how much the node's clock is ahead of the browser's
 * @param isNodeOff the node itself says that its clock is wrong
 */
export function clockText(offsetMs: number | null, isNodeOff: boolean): string | undefined {
  if (offsetMs === null || isNodeOff || Math.abs(offsetMs) < clockOffMs) return undefined;
  const by = durationText(Math.abs(offsetMs));
  return `The clock of this device is ${by} ${offsetMs > 0 ? "behind" : "ahead of"} the node's.`;
}

/** E.g. "Next try in 4 s." */
export function retryText(retryAtMs: number, nowMs: number): string {
  const leftMs = retryAtMs - nowMs;
  return leftMs < 1_000 ? "Trying now …" : `Next try in ${durationText(leftMs)}.`;
}
