/** Named values under each other, for people. */
import stringWidth from "string-width";
import { visibleText } from "../base/visible-text.ts";

const gap = "  ";

export type FieldValue = string | number | null | undefined | readonly string[];

/**
 * Labels padded to one width, each with its value; a list has one line for each of its members. A field without a value
 * (undefined, null, an empty text or list) has no line. Lines that are too long are broken at blanks, never within a
 * word, since words are hashes and addresses that people copy. Ends with a line feed. What others have written (a memo, a
 * name) cannot move the cursor or turn the line around: characters that hide are shown by their numbers.
 *
 * @param width columns of the terminal; undefined: no line is broken
 */
export function fieldList(fields: Readonly<Record<string, FieldValue>>, width?: number): string {
  const shown = Object.entries(fields).filter(([, value]) => hasText(value));
  const labelWidth = Math.max(0, ...shown.map(([label]) => stringWidth(label)));
  const hanging = labelWidth + gap.length;
  return shown
    .flatMap(([label, value]) => {
      const parts = Array.isArray(value) ? value : [String(value)];
      const lines = parts.flatMap((part) => wrapped(part, width === undefined ? undefined : width - hanging));
      return lines.map((line, index) => `${(index === 0 ? label : "").padEnd(labelWidth)}${gap}${line}\n`);
    })
    .join("");
}

function hasText(value: FieldValue): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== "";
}

/** A text's lines, each broken at blanks if it is longer than `width`. */
export function wrapped(text: string, width: number | undefined): string[] {
  return text.split("\n").flatMap((given) => {
    const line = visibleText(given);
    if (width === undefined || stringWidth(line) <= width) return [line];
    const lines: string[] = [];
    let current = "";
    for (const word of line.split(" ")) {
      const longer = current === "" ? word : `${current} ${word}`;
      if (current !== "" && stringWidth(longer) > width) {
        lines.push(current);
        current = word;
      } else current = longer;
    }
    return [...lines, current];
  });
}
