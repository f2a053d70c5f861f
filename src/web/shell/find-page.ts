/** Which page a path means. */
import { type PageEntry, pages } from "./pages.ts";
import { matchPath } from "./route-path.ts";

export interface FoundPage {
  readonly entry: PageEntry;
  readonly values: Readonly<Record<string, string>>;
}

/** @param parts of the path, decoded */
export function findPage(parts: readonly string[]): FoundPage | undefined {
  for (const entry of pages) {
    const values = matchPath(entry.path, parts);
    if (values) return { entry, values };
  }
  return undefined;
}
