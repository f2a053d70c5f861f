/** All routes that a node serves, topic by topic. */
import type { FastifyInstance } from "fastify";
import { addAccountRoutes } from "./account-routes.ts";
import { addAdminRoutes } from "./admin-routes.ts";
import type { ApiModules } from "./api-modules.ts";
import { addAuditRoute } from "./audit-route.ts";
import { addAuthorityRoutes } from "./authority-routes.ts";
import { addBlockRoutes } from "./block-routes.ts";
import { addConsensusRoutes } from "./consensus-routes.ts";
import { addDocumentationRoutes } from "./documentation-routes.ts";
import { addExportRoute } from "./export-route.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { LedgerLists } from "./ledger-lists.ts";
import { addLightRoutes } from "./light-routes.ts";
import { addMempoolRoutes } from "./mempool-routes.ts";
import { addNodeRoutes, versionOf } from "./node-routes.ts";
import { addPoolRoutes } from "./pool-routes.ts";
import { addTransactionRoutes } from "./transaction-routes.ts";

export function addRoutes(app: FastifyInstance, modules: ApiModules): void {
  addNodeRoutes(app, modules);
  addBlockRoutes(app, modules.chain);
  addTransactionRoutes(app, modules);
  addMempoolRoutes(app, modules);
  const lists = new LedgerLists(modules.chain);
  addAccountRoutes(app, modules, lists);
  app.addHook("onClose", async () => lists.close());
  addLightRoutes(app, modules.chain);
  addAuthorityRoutes(app, modules.authorities);
  addConsensusRoutes(app, modules);
  addExportRoute(app, modules.sqlLedger);
  addAuditRoute(app, modules.lastAudit);
  addPoolRoutes(app, modules.pool);
  addAdminRoutes(app, modules.admin);
  addHealthRoutes(app, modules);
  addDocumentationRoutes(app, versionOf(modules.software));
}
