/** How fast a node catches up, and so how long it will take. */
import type { SyncProgress } from "./node-state.ts";

export interface SyncSample {
  readonly atMs: number;
  readonly height: number;
}

/** What lies further back says little about the pace of now. */
const windowMs = 60_000;
const samplesMax = 60;
/** A pace from less time than this would jump about. */
const shortestMs = 3_000;

/** Adds a sample; forgets what is too old, and begins anew if the node has gone back. */
export function withSample(samples: readonly SyncSample[], sample: SyncSample): readonly SyncSample[] {
  const last = samples.at(-1);
  if (last && sample.height < last.height) return [sample];
  const kept = samples.filter(({ atMs }) => sample.atMs - atMs <= windowMs).slice(-samplesMax + 1);
  return [...kept, sample];
}

/** @param targetHeight that of the chain which the node follows */
export function syncProgress(samples: readonly SyncSample[], targetHeight: number): SyncProgress | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return null;
  const percent = targetHeight <= 0 ? 100 : Math.min(100, Math.floor((last.height / targetHeight) * 100));
  const tookMs = last.atMs - first.atMs;
  const blocks = last.height - first.height;
  if (tookMs < shortestMs || blocks <= 0) return { percent, leftMs: null };
  return { percent, leftMs: Math.max(0, ((targetHeight - last.height) * tookMs) / blocks) };
}
