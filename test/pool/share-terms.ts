/** What the killed process and its examiner agree on. */
import type { PoolBookOptions } from "../../src/payouts/pool-book.ts";

const chainId = new Uint8Array(32).fill(1);
const poolAccount = new Uint8Array(32).fill(2);

export function bookOptions(directory: string): PoolBookOptions {
  return { directory, chainId, poolAccount };
}

export function memberOf(share: number): Uint8Array {
  return new Uint8Array(32).fill(10 + (share % 7));
}
