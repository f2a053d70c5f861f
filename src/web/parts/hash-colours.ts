/** The colours of a hash's strip: equal hashes look equal, and others differ at a glance. */

/** How many fields a strip has. */
export const stripFields = 4;

/**
 * A hue for each field, from the hash's own bytes.
 *
 * @param hex at least 8 digits; of an address its letters serve as well
 */
export function stripHues(hex: string): number[] {
  // FNV-1a, so that texts of any alphabet spread over all hues.
  return Array.from({ length: stripFields }, (_, field) => {
    let mixed = 0x811c9dc5 ^ field;
    for (let index = 0; index < hex.length; index += 1) {
      mixed = Math.imul(mixed ^ hex.charCodeAt(index), 0x01000193);
    }
    return ((mixed >>> 8) & 0xffff) % 360;
  });
}
