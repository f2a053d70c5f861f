/** The innermost loop of mining: tries nonces for a header, a batch of hashes at a time. */
import { hashInto } from "@chainsafe/hashtree";
import { compareBytes } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import { nonceBytes } from "../../protocol/block.ts";

export const extraNonceBytes = 24;
const countingBytes = nonceBytes - extraNonceBytes;
const rootBytes = 32;
const laneBytes = rootBytes + nonceBytes;
const hashBytes = 32;
/** Input and output of one batch stay in a core's second-level cache, and a batch takes about 40 microseconds. */
export const batchLanes = 1024;
const wordValues = 2 ** 32;

export interface NonceSearchInput {
  /** SHA256 of the header, 32 bytes. */
  readonly headerRoot: Uint8Array;
  /** 32 bytes, read as a big-endian number. */
  readonly target: Uint8Array;
  /** Bytes 8..31 of every nonce: keeps the searches of two workers apart. */
  readonly extraNonce: Uint8Array;
}

export interface FoundNonce {
  /** 32 bytes: the counting nonce, little-endian, then the extra nonce. */
  readonly nonce: Uint8Array;
  /** Nonces from the first one tried up to the one found. */
  readonly attempts: number;
}

/** Tries `count` counting nonces from `firstNonce` on; returns the smallest that meets the target, if any does. */
export type NonceSearch = (firstNonce: number, count: number) => FoundNonce | undefined;

/**
 * Lays out the 64-byte inputs of one batch, one SHA256(headerRoot ‖ nonce) each. Later batches rewrite only the counting
 * nonces.
 */
export function prepareNonceSearch({ headerRoot, target, extraNonce }: NonceSearchInput): NonceSearch {
  invariant(headerRoot.length === rootBytes, "a header root has 32 bytes");
  invariant(target.length === hashBytes, "a target has 32 bytes");
  invariant(extraNonce.length === extraNonceBytes, `an extra nonce has ${extraNonceBytes} bytes`);
  const input = new Uint8Array(batchLanes * laneBytes);
  const output = new Uint8Array(batchLanes * hashBytes);
  for (let lane = 0; lane < batchLanes; lane += 1) {
    input.set(headerRoot, lane * laneBytes);
    input.set(extraNonce, lane * laneBytes + rootBytes + countingBytes);
  }
  const inputView = new DataView(input.buffer);
  const outputView = new DataView(output.buffer);
  const targetFirstWord = new DataView(target.buffer, target.byteOffset).getUint32(0);
  let highWord = 0;

  const writeNonces = (firstNonce: number, lanes: number) => {
    const low = firstNonce % wordValues;
    for (let lane = 0, offset = rootBytes; lane < lanes; lane += 1, offset += laneBytes) {
      inputView.setUint32(offset, low + lane, true);
    }
    const high = Math.floor(firstNonce / wordValues);
    if (high === highWord) return;
    highWord = high;
    for (let offset = rootBytes + 4; offset < input.length; offset += laneBytes) {
      inputView.setUint32(offset, high, true);
    }
  };

  return (firstNonce, count) => {
    const end = firstNonce + count;
    invariant(Number.isSafeInteger(firstNonce) && Number.isSafeInteger(end), "counting nonces are exact");
    let batchFirst = firstNonce;
    while (batchFirst < end) {
      // A batch ends before the low word overflows, so that all nonces of a batch have the same high word.
      const lanes = Math.min(batchLanes, end - batchFirst, wordValues - (batchFirst % wordValues));
      writeNonces(batchFirst, lanes);
      hashInto(input.subarray(0, lanes * laneBytes), output.subarray(0, lanes * hashBytes));
      for (let lane = 0, offset = 0; lane < lanes; lane += 1, offset += hashBytes) {
        // All but one hash in thousands are rejected here, by one read.
        if (outputView.getUint32(offset) > targetFirstWord) continue;
        if (compareBytes(output.subarray(offset, offset + hashBytes), target) > 0) continue;
        const nonceAt = lane * laneBytes + rootBytes;
        return {
          nonce: input.slice(nonceAt, nonceAt + nonceBytes),
          attempts: batchFirst + lane - firstNonce + 1,
        };
      }
      batchFirst += lanes;
    }
    return undefined;
  };
}

/** One search by itself. For several searches on one header, {@link prepareNonceSearch} lays out the inputs only once. */
export function searchNonces(
  input: NonceSearchInput & { readonly firstNonce: number; readonly count: number },
): FoundNonce | undefined {
  return prepareNonceSearch(input)(input.firstNonce, input.count);
}
