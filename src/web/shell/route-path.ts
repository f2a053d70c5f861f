/** The part of a URL after `#`: which node, which page, what of it. Pure, so that it is tested without a browser. */

/** Where in the page one is. */
export interface Place {
  /** A node of the demo, e.g. `PoW_1`; undefined for the node that served the page. */
  readonly node: string | undefined;
  /** Decoded, without empty parts: `["block", "12"]`. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

/** @param hash as `location.hash` has it, e.g. `#/@PoW_1/block/12?tab=raw` */
export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const parts = path.split("/").flatMap((part) => (part === "" ? [] : [decoded(part)]));
  const node = parts[0]?.startsWith("@") ? parts.shift()?.slice(1) : undefined;
  return { node: node || undefined, parts, query: new URLSearchParams(query) };
}

/**
 * The values of a path's parameters; undefined if the path is another one.
 *
 * @param pattern e.g. `block/:reference`; the empty text is the first page
 */
export function matchPath(
  pattern: string,
  parts: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const wanted = pattern === "" ? [] : pattern.split("/");
  if (wanted.length !== parts.length) return undefined;
  const values: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const given = parts[index] as string;
    if (part.startsWith(":")) values[part.slice(1)] = given;
    else if (part !== given) return undefined;
  }
  return values;
}

/**
 * What an `href` needs to lead to a page.
 *
 * @param pattern as in {@link matchPath}
 * @param values for each of its parameters
 */
export function hrefOf(
  node: string | undefined,
  pattern: string,
  values: Readonly<Record<string, string | number>> = {},
  query: Readonly<Record<string, string>> = {},
): string {
  const path = pattern.replaceAll(/:(\w+)/g, (_match, name: string) =>
    encodeURIComponent(String(values[name] ?? "")),
  );
  const search = new URLSearchParams(query).toString();
  const start = node === undefined ? "#/" : `#/@${encodeURIComponent(node)}/`;
  return `${start}${path}${search === "" ? "" : `?${search}`}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A text that somebody typed: it is what it is.
    return part;
  }
}
