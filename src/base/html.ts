/** HTML as a value: whatever goes into the template is escaped, unless it is HTML already. */
import { visibleText } from "./visible-text.ts";

/** Markup that was made by {@link html}, so that it can go into more of it as it is. */
export class Html {
  readonly text: string;

  /** Only for constants of this program, e.g. a style sheet. Everything else goes through {@link html}. */
  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type HtmlPart = Html | string | number | bigint | null | undefined | readonly HtmlPart[];

/**
 * A tagged template: text is escaped and made visible (a direction mark or a NUL shows as what it is), lists are joined,
 * null and undefined leave nothing. Values belong into content or into attributes in double quotes, nowhere else.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = strings[0] ?? "";
  for (const [index, part] of parts.entries()) text += markupOf(part) + (strings[index + 1] ?? "");
  return new Html(text);
}

function markupOf(part: HtmlPart): string {
  if (part instanceof Html) return part.text;
  if (part === null || part === undefined) return "";
  if (Array.isArray(part)) return (part as readonly HtmlPart[]).map(markupOf).join("");
  return visibleText(String(part)).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
