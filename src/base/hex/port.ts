/** Hex and its bytes: the contract of `native.ts` (Node) and `portable.ts` (browsers). */

export interface HexPort {
  /** Lower-case hex without a prefix. */
  toHex(bytes: Uint8Array): string;
  /** The bytes of hex digits, whose number is even; whether they are all digits the caller has checked. */
  fromHexDigits(digits: string): Uint8Array;
  /** A zeroed array that {@link writeHex} can write into. */
  hexTarget(length: number): Uint8Array;
  /**
   * Writes the bytes of hex digits from `start` on.
   *
   * @param target made by {@link hexTarget}
   * @returns how many bytes were written: fewer than there are digits for, if one is no hex digit
   */
  writeHex(target: Uint8Array, digits: string, start: number): number;
}
