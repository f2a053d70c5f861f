/** Whole numbers as people read them: digits in threes. */

export function wholeNumber(value: number | bigint): string {
  const digits = typeof value === "bigint" ? value.toString() : Math.round(value).toString();
  return digits.replaceAll(/\B(?=(?:\d{3})+$)/g, "\u202f");
}
