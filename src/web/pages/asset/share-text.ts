/** Which part of a supply somebody holds. */

/** Thousandths of a percent are enough: "12.5 %", "under 0.001 %". */
export function shareText(units: string, ofUnits: string): string {
  const of = BigInt(ofUnits);
  if (of === 0n) return "";
  const parts = (BigInt(units) * 100_000n) / of;
  if (parts === 0n) return units === "0" ? "0 %" : "under 0.001 %";
  return `${Number(parts) / 1_000} %`;
}
