/** The routes about what waits. */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { cursorCodec } from "../api/cursor.ts";
import { getMempool, getMempoolStats, type MempoolPage, type MempoolStats } from "../api/mempool.ts";
import type { QueryOf } from "../api/route.ts";
import { limitOf } from "../api/shapes.ts";
import { toHex } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import { isoTimestamp } from "../export/readable.ts";
import type { Waiting } from "../mempool/waiting-view.ts";
import { formatAmount } from "../protocol/amount.ts";
import { accountKeyOf } from "./account-reference.ts";
import { ApiError } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import { headReference } from "./chain-references.ts";
import { suggestedFees } from "./fee-suggestion.ts";
import { cursorOfAnotherStart, positionOf, serveRoute } from "./serve-route.ts";
import { pendingAnswer } from "./transaction-answer.ts";

/** Arrivals are counted from the node's start, so a cursor holds for as long as the node runs. */
const arrivalShape = Type.Object({ since: Type.Integer(), after: Type.Integer() });
const cursors = {
  newest: cursorCodec("mempool newest", arrivalShape),
  oldest: cursorCodec("mempool oldest", arrivalShape),
};
const accountCursor = cursorCodec(
  "mempool account",
  Type.Object({ account: Type.String(), after: Type.Integer() }),
);

export function addMempoolRoutes(app: FastifyInstance, modules: ApiModules): void {
  const startedMs = systemClock.nowMs();
  serveRoute(app, getMempool, ({ query }) =>
    query.account === undefined ? page(query, startedMs, modules) : accountPage(query, modules),
  );
  serveRoute(app, getMempoolStats, () => statsAnswer(modules));
}

function page(query: QueryOf<typeof getMempool>, since: number, modules: ApiModules): MempoolPage {
  const order = query.order ?? "newest";
  const codec = cursors[order];
  const from = query.cursor === undefined ? undefined : positionOf(codec, query.cursor);
  if (from && from.since !== since) throw cursorOfAnotherStart();
  const { items, next } = modules.mempool.waiting.page(limitOf(query.limit), order, from?.after);
  return pageAnswer(items, next === undefined ? null : codec.encode({ since, after: next }), modules);
}

function accountPage(query: QueryOf<typeof getMempool>, modules: ApiModules): MempoolPage {
  const { chain, mempool } = modules;
  const account = toHex(accountKeyOf(query.account ?? "", chain));
  const from = query.cursor === undefined ? undefined : positionOf(accountCursor, query.cursor);
  if (query.order !== undefined || (from && from.account !== account)) {
    throw new ApiError(
      400,
      "api/request-invalid",
      from
        ? "the cursor is of another account"
        : "an account's transactions are in the order of their sequences",
      "ask with account and, from the second page on, the cursor of the page before",
    );
  }
  const rest = mempool.waiting
    .ofAccount(account)
    .filter(({ decoded }) => decoded.transaction.sequence > (from?.after ?? -1));
  const items = rest.slice(0, limitOf(query.limit));
  const after = items.at(-1)?.decoded.transaction.sequence;
  const isLast = items.length === rest.length || after === undefined;
  return pageAnswer(items, isLast ? null : accountCursor.encode({ account, after }), modules);
}

function pageAnswer(items: readonly Waiting[], next: string | null, modules: ApiModules): MempoolPage {
  const { chain, mempool } = modules;
  return {
    items: items.map((waiting) => pendingAnswer(waiting, mempool, chain)),
    next,
    head: headReference(chain),
  };
}

function statsAnswer({ chain, mempool }: ApiModules): MempoolStats {
  const { waiting } = mempool;
  const { genesis } = chain.spec;
  const ranges = waiting.fees();
  const oldest = waiting.oldest();
  return {
    count: waiting.count,
    bytes: waiting.bytes,
    countMax: waiting.limits.transactionsMax,
    bytesMax: waiting.limits.bytesMax,
    ready: mempool.hasReady(),
    oldest: oldest
      ? {
          id: oldest.decoded.idHex,
          firstSeenMs: oldest.sinceMs,
          firstSeen: isoTimestamp(oldest.sinceMs) ?? null,
          ageMs: oldest.ageMs,
        }
      : null,
    fees: ranges.map(({ from, below, count, bytes }) => ({
      fromUnitsPerByte: from,
      belowUnitsPerByte: below,
      count,
      bytes,
    })),
    minimumFee: formatAmount(genesis.minimumFee),
    minimumFeeUnits: genesis.minimumFee.toString(),
    suggestedFees: suggestedFees(ranges, genesis),
    head: headReference(chain),
  };
}
