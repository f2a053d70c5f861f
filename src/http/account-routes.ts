/** The routes about accounts, names and assets, and the search for them. */
import type { FastifyInstance } from "fastify";
import {
  getAccount,
  getAccountAssets,
  getAccountPending,
  getAccounts,
  getAccountTransactions,
  getNextSequence,
  getUser,
  getUsers,
} from "../api/accounts.ts";
import { getAsset, getAssets, getHolders } from "../api/assets.ts";
import { getSearch } from "../api/search.ts";
import { toHex } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import { addressOf } from "../protocol/identity.ts";
import { accountAnswer } from "./account-answer.ts";
import { historyPage } from "./account-history.ts";
import {
  accountsPage,
  assetsPage as holdingsPage,
  pendingPage,
  userAnswer,
  usersPage,
} from "./account-lists.ts";
import { accountKeyOf } from "./account-reference.ts";
import { notFound } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import { assetAnswer, assetsPage, holdersPage } from "./asset-lists.ts";
import { headReference } from "./chain-references.ts";
import type { LedgerLists } from "./ledger-lists.ts";
import { searchAnswer } from "./search.ts";
import { serveRoute } from "./serve-route.ts";

export function addAccountRoutes(app: FastifyInstance, modules: ApiModules, lists: LedgerLists): void {
  const { chain, mempool } = modules;
  const startedMs = systemClock.nowMs();
  const keyOf = (params: { readonly account: string }) => accountKeyOf(params.account, chain);

  serveRoute(app, getAccount, ({ params }) => accountAnswer(keyOf(params), modules));
  serveRoute(app, getAccountTransactions, ({ params, query }) => historyPage(keyOf(params), query, chain));
  serveRoute(app, getAccountPending, ({ params, query }) =>
    pendingPage(keyOf(params), query, modules, startedMs),
  );
  serveRoute(app, getAccountAssets, ({ params, query }) => holdingsPage(keyOf(params), query, chain));

  serveRoute(app, getNextSequence, ({ params }) => {
    const key = keyOf(params);
    return {
      address: addressOf(key),
      sequence: chain.ledger.account(toHex(key))?.sequence ?? 0,
      nextSequence: mempool.pendingSequence(toHex(key)),
      head: headReference(chain),
    };
  });

  serveRoute(app, getAccounts, async ({ query }) => {
    await lists.ready();
    return accountsPage(query, lists, chain);
  });

  serveRoute(app, getUsers, async ({ query }) => {
    await lists.ready();
    return usersPage(query, lists, chain);
  });

  serveRoute(app, getUser, ({ params }) => {
    const user = chain.ledger.userByName(params.name.normalize("NFC").toLowerCase());
    if (!user) throw notFound("user", params.name, "check the name; GET /v1/users lists all");
    return { ...userAnswer(user), head: headReference(chain) };
  });

  serveRoute(app, getSearch, ({ query }) => searchAnswer(query.q, modules, lists));

  serveRoute(app, getAsset, ({ params }) => assetAnswer(params.id, chain));

  serveRoute(app, getAssets, async ({ query }) => {
    await lists.ready();
    return assetsPage(query, lists, chain);
  });

  serveRoute(app, getHolders, async ({ params, query }) => {
    await lists.ready();
    return holdersPage(params.id, query, lists, chain);
  });
}
