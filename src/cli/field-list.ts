/** Named values under each other, for people. */

/** Labels padded to one width; what has no value (undefined, null or no text) has no line. Ends with a line feed. */
export function fieldList(fields: Readonly<Record<string, string | number | null | undefined>>): string {
  const shown = Object.entries(fields).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  const width = Math.max(0, ...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join("");
}
