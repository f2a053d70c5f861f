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

/** Decimal text with all places of the asset: 1050000000n of AUR is "10.50000000", and -1n is "-0.00000001". */
export function decimalText(units: bigint, decimals: number): string {
  if (units < 0n) return `-${decimalText(-units, decimals)}`;
  const digits = units.toString();
  if (decimals === 0) return digits;
  const padded = digits.length > decimals ? digits : digits.padStart(decimals + 1, "0");
  return `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}

/** The amount of its two columns, read with `readBigInts`; none is zero. */
export function loadUnits(units: unknown, large: unknown): bigint {
  if (typeof large === "string") return BigInt(large);
  return typeof units === "bigint" ? units : 0n;
}
