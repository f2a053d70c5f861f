/** Amounts: exact base units in code, decimal text for people. */
import { fail, ok, type Result } from "../base/result.ts";
import { uint64Max } from "./codec.ts";

export const aurDecimals = 8;
export const aurSymbol = "AUR";

export interface AmountFault {
  readonly code: "amount/invalid";
  readonly text: string;
  readonly reason: string;
}

/**
 * Base units of a decimal text such as "10.5": no sign, no exponent, no more places than the asset has.
 */
export function parseAmount(text: string, decimals: number = aurDecimals): Result<bigint, AmountFault> {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text.trim());
  if (!match)
    return fail({ code: "amount/invalid", text, reason: "it is not a decimal number such as 10.5" });
  const fraction = match[2] ?? "";
  if (fraction.length > decimals) {
    return fail({ code: "amount/invalid", text, reason: `the asset has ${decimals} decimal places` });
  }
  const units =
    BigInt(match[1] as string) * 10n ** BigInt(decimals) + BigInt(fraction.padEnd(decimals, "0") || "0");
  if (units > uint64Max)
    return fail({ code: "amount/invalid", text, reason: "it is more than a uint64 holds" });
  return ok(units);
}

/** Decimal text of base units without needless zeros: 1050000000n is "10.5", and -1n is "-0.00000001". */
export function formatAmount(units: bigint, decimals: number = aurDecimals): string {
  if (units < 0n) return `-${formatAmount(-units, decimals)}`;
  const digits = units.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
