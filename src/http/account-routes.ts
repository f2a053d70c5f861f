/** The routes about accounts and assets. */
import type { FastifyInstance } from "fastify";
import { getAccount } from "../api/accounts.ts";
import { getAsset } from "../api/assets.ts";
import { accountAnswer, assetAnswer } from "./account-answer.ts";
import { accountKeyOf } from "./account-reference.ts";
import { notFound } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import { serveRoute } from "./serve-route.ts";

export function addAccountRoutes(app: FastifyInstance, modules: Pick<ApiModules, "chain" | "mempool">): void {
  const { chain } = modules;

  serveRoute(app, getAccount, ({ params }) => accountAnswer(accountKeyOf(params.account, chain), modules));

  serveRoute(app, getAsset, ({ params }) => {
    const answer = assetAnswer(params.id.toLowerCase(), chain);
    if (answer) return answer;
    throw notFound(
      "asset",
      params.id,
      "check the id; an asset's id is that of the transaction that issued it",
    );
  });
}
