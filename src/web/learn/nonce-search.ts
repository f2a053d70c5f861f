/** The search for a nonce in a browser: the product's own hash of a header, a batch of nonces at a time. */
import { bigIntFromBytes, compareBytes } from "../../base/bytes.ts";
import { blockHash, nonceBytes } from "../../protocol/block.ts";

export interface NonceSearch {
  /** SHA-256 of the header, 32 bytes. */
  readonly headerRoot: Uint8Array;
  /** 32 bytes, as a big-endian number. */
  readonly target: Uint8Array;
}

export interface FoundNonce {
  readonly nonce: Uint8Array;
  readonly hash: Uint8Array;
  /** Nonces tried so far, with this one. */
  readonly attempts: number;
}

/** Tries `count` nonces from `first` upward. */
export function searchNonces(
  { headerRoot, target }: NonceSearch,
  first: number,
  count: number,
): FoundNonce | undefined {
  const nonce = new Uint8Array(nonceBytes);
  const view = new DataView(nonce.buffer);
  for (let tried = first; tried < first + count; tried += 1) {
    view.setBigUint64(0, BigInt(tried), true);
    const hash = blockHash(headerRoot, nonce);
    if (compareBytes(hash, target) <= 0) return { nonce, hash, attempts: tried + 1 };
  }
  return undefined;
}

/** How many nonces have to be tried on average until a hash is at most `target`. */
export function expectedAttempts(target: Uint8Array): number {
  return Number(2n ** 256n / (bigIntFromBytes(target) + 1n));
}

/** How many of the first digits of a hash in hex are zero. */
export function leadingZeros(hash: string): number {
  const first = hash.search(/[^0]/);
  return first === -1 ? hash.length : first;
}
