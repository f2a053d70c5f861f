/** Assets as requests name them: AUR, its 64 zeros, or the id of another asset. */

import { toHex } from "../base/bytes.ts";
import type { LedgerView } from "../ledger/entry.ts";
import { aurDecimals, aurSymbol } from "../protocol/amount.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";

const aurHex = toHex(zeroBytes32);

/** `AUR`, or 64 hex digits in lower case. */
export function assetIdOf(reference: string): string {
  const id = reference.toLowerCase();
  return id === aurHex || reference === aurSymbol ? aurSymbol : id;
}

/** How an asset's amounts are written; undefined if the ledger knows no such asset. */
export function assetUnit(
  assetId: string,
  ledger: LedgerView,
): { readonly symbol: string; readonly decimals: number } | undefined {
  return assetId === aurSymbol ? { symbol: aurSymbol, decimals: aurDecimals } : ledger.asset(assetId);
}
