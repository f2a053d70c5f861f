/** Which answers a caller may keep: only those that can never change. All others are `no-store`. */

const yearSeconds = 31_536_000;

/**
 * The headers of an answer that can never change. The tag of bytes is strong. That of JSON is weak: the block in it is
 * the same for ever, but the head beside it, and the names that accounts have taken since, are those of its moment.
 *
 * @param name what is answered, e.g. a block's hash
 */
export function immutableFor(name: string, media: string): Readonly<Record<string, string>> {
  const tag = media === "application/octet-stream" ? `"${name}"` : `W/"${name}"`;
  return { etag: tag, "cache-control": `public, max-age=${yearSeconds}, immutable` };
}

/** Whether `If-None-Match` names it: one tag, a list, or `*`; weak and strong are alike there. */
export function hasEntityTag(ifNoneMatch: string | undefined, name: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(`"${name}"`);
}
