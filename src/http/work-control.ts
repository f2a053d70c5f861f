/** What the API asks of the node about work for miners outside of its process. */
import type { Block, Header } from "../protocol/block.ts";

/** A block that lacks only its nonce. */
export interface OpenWork {
  /** Ascending, above 0. */
  readonly id: number;
  readonly draft: { readonly header: Header };
  /** SSZ. */
  readonly headerBytes: Uint8Array;
  /** What a nonce is hashed with, 32 bytes. */
  readonly headerRoot: Uint8Array;
  /** The highest hash that seals the block, 32 bytes big-endian. */
  readonly target: Uint8Array;
}

/** Of a Proof of Work node that mines. */
export interface WorkControl {
  /** `job`: there is a newer one; `idle`: nothing is to be mined until the next. */
  readonly events: WorkNews;
  /** Undefined while nothing is to be mined. */
  readonly current: OpenWork | undefined;
  /** Undefined for one whose parent is no longer mined on, or that was never made. */
  job(id: number): OpenWork | undefined;
  /** Bytes 8..15 of nonces that nobody else has. */
  reserveNonceSpace(): Uint8Array;
  hashOf(job: OpenWork, nonce: Uint8Array): Uint8Array;
  /** The block, on its way into the chain; undefined where the hash is above the target. */
  submit(job: OpenWork, nonce: Uint8Array): Block | undefined;
}

export interface WorkNews {
  on(event: "job" | "idle", listener: () => void): unknown;
  off(event: "job" | "idle", listener: () => void): unknown;
}
