/** A sealer completes a header: it finds a nonce or signs. */
import type { Header, Seal } from "../protocol/block.ts";

export interface SealProgress {
  /** Hashes tried for this header so far, all workers together. */
  readonly attempts: number;
  readonly hashesPerSecond: number;
}

export interface SealOptions {
  /** Aborts after a new head: the header is stale. */
  readonly signal: AbortSignal;
  /** Called about four times a second while the search lasts, and once more after a nonce was found. */
  readonly onProgress?: (progress: SealProgress) => void;
}

export interface Sealer {
  /**
   * Seals one header; one call at a time.
   *
   * @returns undefined if `signal` aborted or the sealer was closed; rejects if sealing itself failed
   */
  seal(header: Header, options: SealOptions): Promise<Seal | undefined>;
  /** Ends a search that runs and frees the threads. */
  close(): Promise<void>;
}
