/** What completes a header: the one door through which the block producer gets a seal. */
import type { Header, Seal } from "../protocol/block.ts";

export interface SealProgress {
  /** Hashes tried for this header so far, all workers together. */
  readonly attempts: number;
  readonly hashesPerSecond: number;
}

export interface SealOptions {
  /** Aborted by a new head: the header is stale. */
  readonly signal: AbortSignal;
  /** Called about four times a second while the search lasts, and once more when it has found. */
  readonly onProgress?: (progress: SealProgress) => void;
}

export interface Sealer {
  /**
   * Seals one header; one call at a time.
   *
   * @returns undefined where `signal` aborted, or the sealer was closed; rejects where sealing itself broke
   */
  seal(header: Header, options: SealOptions): Promise<Seal | undefined>;
  /** Ends a search that runs and frees the threads. */
  close(): Promise<void>;
}
