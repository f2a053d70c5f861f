/** What every section measures with: figures and their limits, medians, rounds, temporary directories. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the same machine does without Aurex around it, measured between the figure's own rounds. */
  readonly limit?: { readonly value: number; readonly meaning: string };
  /** What value / limit should be: above it for rates, below it for times. */
  readonly aim?: { readonly above: number } | { readonly below: number };
}

export interface BenchContext {
  /** Fewer rounds: for a look while working, not for a figure to keep. */
  readonly quick: boolean;
  progress(text: string): void;
  /** A new directory of its own, removed after the section. */
  directory(): Promise<string>;
}

export type Section = (context: BenchContext) => Promise<readonly Figure[]>;

export function ratioOf({ value, limit }: Figure): number | undefined {
  return limit && value / limit.value;
}

/** The value below which `part` of the values lie (nearest rank). */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const found = sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
  if (found === undefined) throw new Error("no values were measured");
  return found;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Milliseconds that `work` takes. */
export async function elapsedMs(work: () => unknown): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** Waits until `isReached`, looking every few milliseconds; throws with `what` after `waitMaxMs`. */
export async function until(isReached: () => boolean, what: string, waitMaxMs = 30_000): Promise<void> {
  const startMs = performance.now();
  while (!isReached()) {
    if (performance.now() - startMs > waitMaxMs)
      throw new Error(`did not happen in ${waitMaxMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), "aurex-bench-"));
}

export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
