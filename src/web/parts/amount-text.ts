/** How an amount is written for people: exact, its digits in groups. */

/** Digits before the point in threes, by narrow spaces that do not break. */
export function groupedAmount(value: string): string {
  const [whole = "", fraction] = value.split(".");
  const spaced = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, "\u202f");
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}
