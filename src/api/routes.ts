/** All routes of the API: what the rooms' other files declare. The document and the tests are made from this list. */
import * as accounts from "./accounts.ts";
import * as agreement from "./agreement.ts";
import * as assets from "./assets.ts";
import * as blocks from "./blocks.ts";
import * as consensus from "./consensus.ts";
import * as difficulty from "./difficulty.ts";
import * as exported from "./export.ts";
import * as forks from "./forks.ts";
import * as genesis from "./genesis.ts";
import * as mempool from "./mempool.ts";
import * as metrics from "./metrics.ts";
import * as mining from "./mining.ts";
import * as node from "./node.ts";
import type { RouteShape } from "./route.ts";
import * as stats from "./stats.ts";
import * as transactions from "./transactions.ts";

/** In the order of the documentation's chapters. */
const topics: readonly Readonly<Record<string, unknown>>[] = [
  node,
  blocks,
  forks,
  transactions,
  mempool,
  accounts,
  assets,
  agreement,
  consensus,
  difficulty,
  mining,
  genesis,
  stats,
  exported,
  metrics,
];

export const allRoutes: readonly RouteShape[] = topics.flatMap((topic) =>
  Object.values(topic)
    .filter(isRoute)
    .sort((a, b) => (a.path < b.path ? -1 : 1)),
);

function isRoute(value: unknown): value is RouteShape {
  return typeof value === "object" && value !== null && "path" in value && "answers" in value;
}
