/** What the sealer and its mining threads say to each other. */
import type { NonceSearchInput } from "./search-nonces.ts";

/** One Int32 that the sealer and its workers share: the id of the job to search; {@link noJob} if there is none. */
export interface PowWorkerData {
  readonly currentJob: Int32Array<SharedArrayBuffer>;
}
export const noJob = 0;

export interface PowJob extends NonceSearchInput {
  readonly jobId: number;
}

export interface PowReport {
  readonly jobId: number;
  /** Hashes of this worker since the job began. */
  readonly attempts: number;
  readonly hashesPerSecond: number;
  /** Set in the last report of the worker that found the nonce. */
  readonly nonce: Uint8Array | undefined;
}
