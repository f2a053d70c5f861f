/** How much two hashes differ, by their bits and by their hex digits. */

/** Bits that differ between two arrays of one length. */
export function flippedBits(a: Uint8Array, b: Uint8Array): number {
  let bits = 0;
  for (const [index, byte] of a.entries()) {
    for (let rest = byte ^ (b[index] ?? 0); rest !== 0; rest &= rest - 1) bits += 1;
  }
  return bits;
}

/** The digits of `text`, each with whether `other` has another one in its place. */
export function markedDigits(
  text: string,
  other: string,
): { readonly digit: string; readonly differs: boolean }[] {
  return Array.from(text, (digit, index) => ({ digit, differs: digit !== other[index] }));
}

/** Whether one letter was changed, put in or taken out to make one text of the other, and nothing else. */
export function isOneLetterApart(a: string, b: string): boolean {
  const [shorter, longer] = [Array.from(a), Array.from(b)].sort(
    (one, other) => one.length - other.length,
  ) as [string[], string[]];
  if (longer.length - shorter.length > 1) return false;
  let start = 0;
  while (start < shorter.length && shorter[start] === longer[start]) start += 1;
  const shorterRest = shorter.length === longer.length ? shorter.slice(start + 1) : shorter.slice(start);
  return start < longer.length && shorterRest.join("") === longer.slice(start + 1).join("");
}
