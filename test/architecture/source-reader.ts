/** Reads TypeScript just far enough to tell code from comments and text, and to find what a file imports. */

export interface SourceText {
  /** The source, same length, with comments and the insides of texts and regular expressions blanked. */
  readonly code: string;
  /** Every quoted text without a substitution, by where its opening quote stands. */
  readonly quoted: ReadonlyMap<number, string>;
}

export interface ImportFound {
  /** As written; undefined for an `import()` whose text only a run would tell. */
  readonly specifier: string | undefined;
  readonly kind: "import" | "url";
  /** From 1. */
  readonly line: number;
}

/** After these a slash begins a regular expression, not a division. */
const beforeRegex =
  /(?:^|[([{,;=:!&|?+\-*%<>~^}]|\b(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield))\s*$/;

export function readSource(source: string): SourceText {
  const code = source.split("");
  const quoted = new Map<number, string>();
  /** For each `${` that is open: how many braces stand open within it. */
  const substitutions: number[] = [];
  const blank = (from: number, to: number) => {
    for (let at = from; at < to; at++) if (code[at] !== "\n") code[at] = " ";
  };
  let at = 0;

  const endOf = (text: string, from: number) => {
    const found = source.indexOf(text, from);
    return found < 0 ? source.length : found;
  };
  /** From inside a template to behind its end or its next `${`. */
  const skipTemplate = (opening: number) => {
    const start = at;
    while (at < source.length && source[at] !== "`" && !source.startsWith("${", at))
      at += source[at] === "\\" ? 2 : 1;
    blank(start, at);
    if (source.startsWith("${", at)) {
      substitutions.push(0);
      at += 2;
    } else {
      if (opening >= 0) quoted.set(opening, source.slice(start, at));
      at += 1;
    }
  };

  while (at < source.length) {
    const character = source[at];
    const begin = at;
    if (source.startsWith("//", at)) {
      at = endOf("\n", at);
      blank(begin, at);
    } else if (source.startsWith("/*", at)) {
      at = endOf("*/", at + 2) + 2;
      blank(begin, Math.min(at, source.length));
    } else if (character === '"' || character === "'") {
      at += 1;
      while (at < source.length && source[at] !== character && source[at] !== "\n")
        at += source[at] === "\\" ? 2 : 1;
      quoted.set(begin, source.slice(begin + 1, at));
      blank(begin + 1, at);
      at += 1;
    } else if (character === "`") {
      at += 1;
      skipTemplate(begin);
    } else if (character === "/" && beforeRegex.test(code.slice(Math.max(0, at - 40), at).join(""))) {
      let isInClass = false;
      at += 1;
      while (at < source.length && source[at] !== "\n" && (isInClass || source[at] !== "/")) {
        if (source[at] === "[") isInClass = true;
        else if (source[at] === "]") isInClass = false;
        at += source[at] === "\\" ? 2 : 1;
      }
      blank(begin + 1, Math.min(at, source.length));
      at += 1;
    } else {
      const depth = substitutions.length - 1;
      at += 1;
      if (depth >= 0 && character === "{") substitutions[depth]! += 1;
      else if (depth >= 0 && character === "}" && substitutions[depth] === 0) {
        substitutions.pop();
        skipTemplate(-1);
      } else if (depth >= 0 && character === "}") substitutions[depth]! -= 1;
    }
  }
  return { code: code.join(""), quoted };
}

/** Between the keyword and `from` a clause has names, commas, braces and a star: no call, no `=`, no text. */
const clause = /(?<![.#\w$])(?:import|export)\b[^"'`;()=]*?\bfrom\s*(?=["'])/g;
const sideEffect = /(?<![.#\w$])import\s*(?=["'])/g;
const call = /(?<![.#\w$])import\s*\(\s*/g;
const location = /\bnew\s+URL\s*\([^;]*?\bimport\.meta\.url/g;

/** What a file names of other files and packages: static, re-exported, dynamic, in a type, or as a `new URL`. */
export function findImports({ code, quoted }: SourceText): ImportFound[] {
  const lineAt = (offset: number) => code.slice(0, offset).split("\n").length;
  const imports = [clause, sideEffect, call].flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match): ImportFound => {
      const specifier = quoted.get(match.index + match[0].length);
      return { specifier, kind: "import", line: lineAt(match.index) };
    }),
  );
  const locations = [...code.matchAll(location)].flatMap((match) =>
    [...quoted]
      .filter(([offset]) => offset > match.index && offset < match.index + match[0].length)
      .filter(([, text]) => text.startsWith("./") || text.startsWith("../"))
      .map(([offset, specifier]): ImportFound => ({ specifier, kind: "url", line: lineAt(offset) })),
  );
  return [...imports, ...locations];
}
