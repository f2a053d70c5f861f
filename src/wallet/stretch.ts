/** Making a key of a passphrase, slowly: scrypt and PBKDF2 in JavaScript. Runs in a browser; Node has a faster one. */
import { pbkdf2Async } from "@noble/hashes/pbkdf2.js";
import { scrypt, scryptAsync } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";

export interface ScryptCost {
  /** A power of two. */
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** The same results, whatever computes them; each gives 32 bytes. */
export interface Stretch {
  scrypt(secret: Uint8Array, salt: Uint8Array, cost: ScryptCost): Promise<Uint8Array>;
  /** HMAC-SHA256, `count` times. */
  pbkdf2(secret: Uint8Array, salt: Uint8Array, count: number): Promise<Uint8Array>;
}

export const stretchedBytes = 32;
/** 512 MiB, four times what our own files take. */
const memoryBytesMax = 512 * 2 ** 20;
/** Eight times what our own files take: seconds, not hours. */
const stepsMax = 2 ** 23;
const countMax = 4_000_000;

/** Why a file that asks for this cost is not opened; undefined if it is affordable. To be asked before any memory is taken. */
export function scryptCostFault({ n, r, p }: ScryptCost): string | undefined {
  if (![n, r, p].every((value) => Number.isSafeInteger(value) && value >= 1) || n < 2) {
    return "its cost of scrypt is no whole numbers";
  }
  if (!Number.isInteger(Math.log2(n))) return `its cost of scrypt, n = ${n}, is no power of two`;
  if (128 * n * r > memoryBytesMax) {
    return `it asks for ${Math.round((128 * n * r) / 2 ** 20)} MiB of memory to be opened, the most is 512 MiB`;
  }
  if (n * r * p > stepsMax)
    return `it asks for ${n * r * p} steps of scrypt to be opened, the most is ${stepsMax}`;
  return undefined;
}

/** As {@link scryptCostFault}, for PBKDF2. */
export function pbkdf2CostFault(count: number): string | undefined {
  if (!Number.isSafeInteger(count) || count < 1) return "its count of PBKDF2 is no whole number";
  return count > countMax
    ? `it asks for ${count} rounds of PBKDF2 to be opened, the most is ${countMax}`
    : undefined;
}

/** For a worker: it holds its thread until it is done, and tells how far it is, from 0 to 1. */
export function blockingStretch(onProgress: (share: number) => void): Stretch {
  return {
    scrypt: async (secret, salt, { n, r, p }) =>
      scrypt(secret, salt, { N: n, r, p, dkLen: stretchedBytes, maxmem: 2 * memoryBytesMax, onProgress }),
    pbkdf2: portableStretch.pbkdf2,
  };
}

/** Yields to other work of the page now and then. */
export const portableStretch: Stretch = {
  scrypt: (secret, salt, { n, r, p }) =>
    scryptAsync(secret, salt, { N: n, r, p, dkLen: stretchedBytes, maxmem: 2 * memoryBytesMax }),
  pbkdf2: (secret, salt, count) => pbkdf2Async(sha256, secret, salt, { c: count, dkLen: stretchedBytes }),
};
