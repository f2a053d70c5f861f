/** What the sealer and its mining threads say to each other. */
import type { NonceSearchInput } from "./search-nonces.ts";

/** Shared by a sealer and its workers: one Int32, the id of the job to be searched; {@link noJob} where there is none. */
export interface PowWorkerData {
  readonly currentJob: Int32Array<SharedArrayBuffer>;
}
export const noJob = 0;

export interface PowJob extends NonceSearchInput {
  readonly jobId: number;
}

export interface PowReport {
  readonly jobId: number;
  /** This worker's, since the job began. */
  readonly attempts: number;
  readonly hashesPerSecond: number;
  /** Set in the last report of the one worker that found. */
  readonly nonce: Uint8Array | undefined;
}
