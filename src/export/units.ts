/** Exact amounts in SQL: a uint64 reaches 2^64 − 1, SQLite's INTEGER only 2^63 − 1. */

export const sqlIntegerMax = 2n ** 63n - 1n;

/** An amount's two columns; both null where there is no amount. */
export interface StoredUnits {
  readonly units: bigint | null;
  /** Decimal digits, only where the amount is over 2^63 − 1. */
  readonly large: string | null;
}

export function storeUnits(amount: bigint | undefined): StoredUnits {
  if (amount === undefined) return { units: null, large: null };
  return amount > sqlIntegerMax ? { units: null, large: amount.toString() } : { units: amount, large: null };
}

/** The amount of its two columns, read with `readBigInts`; none is zero. */
export function loadUnits(units: unknown, large: unknown): bigint {
  if (typeof large === "string") return BigInt(large);
  return typeof units === "bigint" ? units : 0n;
}
