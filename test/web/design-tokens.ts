/** Reads the page's stylesheets: the tokens in each appearance, what each rule says, and how far two colours are apart. */
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "../..");
const tokensFile = "src/web/design/tokens.css";

export type Tokens = ReadonlyMap<string, string>;

export interface Appearances {
  readonly light: Tokens;
  readonly dark: Tokens;
  /** What is said under a query, and again for whoever has chosen it, has to be the same. */
  readonly chosenDark: Tokens;
}

/** CSS without its comments. */
function readCss(file: string): string {
  return readFileSync(path.join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
}

export function readTokens(): Appearances {
  const css = readCss(tokensFile);
  const blockAt = (selector: string): Tokens => {
    const at = css.indexOf(`${selector} {`);
    if (at < 0) throw new Error(`${tokensFile} has no ${selector}`);
    const block = css.slice(at, css.indexOf("}", at));
    return new Map(
      [...block.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(
        ([, name, value]) => [name, value] as [string, string],
      ),
    );
  };
  return {
    light: blockAt(":root"),
    dark: blockAt(':root:not([data-theme="light"])'),
    chosenDark: blockAt(':root[data-theme="dark"]'),
  };
}

/** All of the page's stylesheets but the one of the tokens. */
export function otherStylesheets(): { file: string; css: string }[] {
  return globSync("src/web/**/*.css", { cwd: root })
    .filter((file) => file !== tokensFile)
    .sort()
    .map((file) => ({ file, css: readCss(file) }));
}

/** Texts of the page's programs, which may set and read tokens, too. */
export function pageSources(): string[] {
  return globSync("src/web/**/*.{ts,tsx}", { cwd: root }).map((file) =>
    readFileSync(path.join(root, file), "utf8"),
  );
}

export interface Pair {
  readonly text: string;
  readonly ground: string;
  readonly where: string;
}

/** Rules that set the colour of a text and of its ground, both by a token. */
export function pairsInRules(): Pair[] {
  return otherStylesheets().flatMap(({ file, css }) =>
    [...css.matchAll(/([^{}]+)\{([^{}]*)\}/g)].flatMap(([, selector = "", body = ""]) => {
      const text = /(?:^|;)\s*color:\s*var\((--[\w-]+)\)\s*(?:;|$)/.exec(body)?.[1];
      const ground = /(?:^|;)\s*background(?:-color)?:\s*var\((--[\w-]+)\)\s*(?:;|$)/.exec(body)?.[1];
      return text && ground ? [{ text, ground, where: `${file}: ${selector.trim()}` }] : [];
    }),
  );
}

/** By WCAG 2.2, from 1 (the same) to 21 (black on white). */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  if (!/^#[0-9a-f]{6}$/.test(hex)) throw new Error(`${hex} is no colour of six digits`);
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Names in docs/design.md, with those that `--mark-1 … --mark-6` and `--space-1 to --space-7` mean; and the rows of colours. */
export function readDesignPage(): {
  names: Set<string>;
  colours: Map<string, { light: string; dark: string }>;
} {
  const page = readFileSync(path.join(root, "docs/design.md"), "utf8");
  const names = new Set([...page.matchAll(/`(--[\w-]+)`/g)].map(([, name]) => name as string));
  for (const [, stem, from, to] of page.matchAll(/`(--[a-z]+-)(\d)`(?: to | … )`\1(\d)`/g)) {
    for (let number = Number(from); number <= Number(to); number += 1) names.add(`${stem}${number}`);
  }
  const colours = new Map<string, { light: string; dark: string }>();
  for (const [, first = "", light = "", dark = ""] of page.matchAll(
    /^\| (`--[^|]*) \|[^|]*\|([^|]*)\|([^|]*)\|$/gm,
  )) {
    const listed = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, value]) => value as string);
    for (const [place, name] of listed(first).entries()) {
      const [inLight, inDark] = [listed(light)[place], listed(dark)[place]];
      if (inLight && inDark) colours.set(name, { light: inLight, dark: inDark });
    }
  }
  return { names, colours };
}
