/** All routes of the API. A route that is not in this list is in no document, and a test fails. */
import { getPeers } from "./node.ts";
import type { RouteShape } from "./route.ts";

export const allRoutes: readonly RouteShape[] = [getPeers];
