/** All routes of the API: what the room's other files declare. The document and the tests are made from this list. */
import type { TSchema } from "typebox";
import * as accounts from "./accounts.ts";
import * as admin from "./admin.ts";
import * as agreement from "./agreement.ts";
import * as assets from "./assets.ts";
import * as audit from "./audit.ts";
import * as blocks from "./blocks.ts";
import * as consensus from "./consensus.ts";
import * as difficulty from "./difficulty.ts";
import * as documentation from "./documentation.ts";
import * as events from "./events.ts";
import * as exported from "./export.ts";
import * as forks from "./forks.ts";
import * as genesis from "./genesis.ts";
import * as health from "./health.ts";
import * as light from "./light.ts";
import * as mempool from "./mempool.ts";
import * as metrics from "./metrics.ts";
import * as mining from "./mining.ts";
import * as node from "./node.ts";
import * as nodeStatus from "./node-status.ts";
import * as problem from "./problem.ts";
import type { RouteShape } from "./route.ts";
import * as search from "./search.ts";
import * as shapes from "./shapes.ts";
import * as stats from "./stats.ts";
import * as transactions from "./transactions.ts";

/** Each file with routes, by its name. What such a file exports is in the document without another word. */
const topics: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  node,
  blocks,
  forks,
  transactions,
  mempool,
  accounts,
  assets,
  agreement,
  search,
  consensus,
  difficulty,
  mining,
  events,
  genesis,
  stats,
  exported,
  audit,
  light,
  metrics,
  admin,
  health,
  documentation,
};

/** By the name of the constant, e.g. `getBlock`. */
export const routesByName: ReadonlyMap<string, RouteShape> = new Map(
  Object.values(topics).flatMap((topic) =>
    Object.entries(topic)
      .filter((entry): entry is [string, RouteShape] => isRoute(entry[1]))
      .sort(([, a], [, b]) => (a.path < b.path ? -1 : 1)),
  ),
);

export const allRoutes: readonly RouteShape[] = [...routesByName.values()];

/** Every schema that has a name, by that of its constant, e.g. `BlockAnswer`. */
export const schemasByName: ReadonlyMap<string, TSchema> = new Map(
  [...Object.values(topics), nodeStatus, problem, shapes].flatMap((file) =>
    Object.entries(file).filter((entry): entry is [string, TSchema] => isSchema(entry[1])),
  ),
);

function isRoute(value: unknown): value is RouteShape {
  return typeof value === "object" && value !== null && "path" in value && "answers" in value;
}

function isSchema(value: unknown): value is TSchema {
  return typeof value === "object" && value !== null && "~kind" in value;
}
