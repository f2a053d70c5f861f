/** The table of all routes for docs/api.md. */
import type { RouteShape } from "../../src/api/route.ts";
import { allRoutes } from "../../src/api/routes.ts";

const begin = "<!-- routes -->\n";
const end = "<!-- /routes -->";

/** One row a route: method, path with its query parameters, and what it is for. */
export function routeTable(routes: readonly RouteShape[] = allRoutes): string {
  const rows = routes.map((route) => `| \`${route.method} ${shownPath(route)}\` | ${textOf(route)} |\n`);
  return `| request | what it answers |\n|---|---|\n${rows.join("")}`;
}

/** The page with the table as it is now. Throws if the page has no place for it. */
export function withRouteTable(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`the page has no ${begin.trim()} … ${end}`);
  return `${before}${begin}${routeTable()}${end}${after}`;
}

function shownPath({ path, query }: RouteShape): string {
  const names = Object.keys(query?.properties ?? {});
  return names.length === 0 ? path : `${path}?${names.map((name) => `${name}=`).join("&")}`;
}

function textOf({ summary, token }: RouteShape): string {
  return `${summary.replaceAll("|", "\\|")}${token ? " (*token*)" : ""}`;
}
