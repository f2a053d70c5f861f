/** Text of others as people may be shown it: nothing in it hides, turns the line around or moves the cursor. */

/** Controls, formats (bidi, zero-width), private and unassigned characters, line ends, all blanks but the plain one. */
const hidden = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|[\p{Zs}--\x20]/gv;

/** The text with every character that cannot be seen written as its number, e.g. `\u{202e}`. */
export function visibleText(text: string): string {
  return text.replace(hidden, codeOf);
}

function codeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) as number).toString(16)}}`;
}

/**
 * The characters outside of ASCII, each with its number, e.g. `а U+0430`: a Cyrillic letter looks like a Latin one, and
 * its number does not. Undefined if there are none.
 */
export function charactersToCompare(text: string): string | undefined {
  const found = new Set([...text].filter((character) => (character.codePointAt(0) as number) > 0x7e));
  if (found.size === 0) return undefined;
  return [...found]
    .map((character) => {
      const number = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");
      return `${visibleText(character)} U+${number}`;
    })
    .join(", ");
}

/** An address in groups of four, which the eye can compare: `aurex1 k6va 62uk …`. */
export function groupedAddress(address: string): string {
  const [, prefix = "", rest = address] = /^(aurex1)(.*)$/.exec(address) ?? [];
  return [prefix, ...(rest.match(/.{1,4}/g) ?? [])].filter((part) => part !== "").join(" ");
}

/** With these a cell is a formula: in a spreadsheet of Latin script, and in one of an East Asian script. */
const formulaStart = /^[=+\-@＝＋－＠]/;

/** Texts of strangers: hidden characters are shown, and none is taken for a formula by a spreadsheet. */
export function cellText(text: string): string {
  const shown = visibleText(text);
  return formulaStart.test(shown) ? `'${shown}` : shown;
}
