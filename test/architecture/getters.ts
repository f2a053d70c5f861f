/** Finds getters that do more than answer: that write a log, emit, or change what they belong to, also by methods of their file. */
import { readSource } from "./source-reader.ts";

export interface Impure {
  /** Path from src/, with the getter's name. */
  readonly where: string;
  readonly what: string;
}

const changes =
  /\bthis(?:\??\.#?\w+)+(?:\[[^\]]*\])?\s*(?:(?:[-+*/%&|^]|\*\*|\?\?|\|\||&&|<<|>>)?=(?![=>])|\+\+|--)|(?:\+\+|--)this\b|\bthis(?:\??\.#?\w+)+\??\.(?:set|delete|add|push|pop|shift|unshift|splice|clear|sort|reverse|fill|append)\(/;
const speaks = /\blogger\??(?:\.(?:debug|info|warn|error)|\[[^\]]*\])\(|\.emit\(/;

/** @param files by their path from src/ */
export function impureGetters(files: ReadonlyMap<string, string>): Impure[] {
  return [...files].flatMap(([file, text]) => impureIn(file, text));
}

function impureIn(file: string, text: string): Impure[] {
  const { code } = readSource(text);
  const bodies = bodiesOf(code);
  const found: Impure[] = [];
  for (const match of code.matchAll(/\bget\s+(#?\w+)\s*\(\s*\)[^{;]*\{/g)) {
    const name = match[1] as string;
    const why = faultOf(blockAt(code, match.index + match[0].length - 1), bodies, new Set());
    if (why) found.push({ where: `${file} ${name}`, what: why });
  }
  return found;
}

/** Bodies of methods and functions by name; of several with one name, all. */
function bodiesOf(code: string): Map<string, string[]> {
  const bodies = new Map<string, string[]>();
  const opening =
    /^\s*(?:export\s+)?(?:static\s+|async\s+|function\s+|readonly\s+|get\s+)*(#?\w+)\s*(?:<[^>(]*>)?(?:\s*=\s*(?:async\s*)?)?\([^;]*?\)[^;{}]*?\{/gm;
  for (const match of code.matchAll(opening)) {
    const name = match[1] as string;
    if (/^(?:if|for|while|switch|catch|return|get)$/.test(name)) continue;
    const body = blockAt(code, match.index + match[0].length - 1);
    bodies.set(name, [...(bodies.get(name) ?? []), body]);
  }
  return bodies;
}

function faultOf(
  body: string,
  bodies: ReadonlyMap<string, readonly string[]>,
  seen: Set<string>,
): string | undefined {
  const fault = changes.exec(body) ?? speaks.exec(body);
  if (fault) return fault[0].trim();
  for (const [, name] of body.matchAll(/\bthis\.(#?\w+)/g)) {
    if (!name || seen.has(name)) continue;
    seen.add(name);
    for (const called of bodies.get(name) ?? []) {
      const why = faultOf(called, bodies, seen);
      if (why) return `${name}(): ${why}`;
    }
  }
  return undefined;
}

/** The text between the brace at `start` and the one that closes it. */
function blockAt(code: string, start: number): string {
  let depth = 0;
  for (let at = start; at < code.length; at += 1) {
    if (code[at] === "{") depth += 1;
    else if (code[at] === "}") depth -= 1;
    if (depth === 0) return code.slice(start + 1, at);
  }
  return code.slice(start + 1);
}
