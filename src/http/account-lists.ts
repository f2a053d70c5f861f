/** Lists about accounts that are not their history: holdings, what waits, all accounts, all names. */
import { Type } from "typebox";
import type { AccountAssetsPage, AccountPendingPage, AccountsPage, UsersPage } from "../api/accounts.ts";
import { cursorCodec } from "../api/cursor.ts";
import { limitOf } from "../api/shapes.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { entryKeys, type UserEntry } from "../ledger/entry.ts";
import type { Waiting } from "../mempool/waiting-view.ts";
import { formatAmount } from "../protocol/amount.ts";
import { addressOf } from "../protocol/identity.ts";
import { holding } from "./account-answer.ts";
import { ApiError } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import { headReference } from "./chain-references.ts";
import type { LedgerLists } from "./ledger-lists.ts";
import { cursorOfAnotherStart, cursorUndone, positionOf } from "./serve-route.ts";
import { sortedPage } from "./sorted-page.ts";
import { nameOf, pendingAnswer } from "./transaction-answer.ts";

export interface ListQuery {
  readonly limit?: string;
  readonly cursor?: string;
}

const holdingCursor = cursorCodec(
  "account assets",
  Type.Object({ account: Type.String(), index: Type.Integer({ minimum: 0 }), assetId: Type.String() }),
);

/** By the place in the ledger at which the account first had each asset, so that the order never changes. */
export function assetsPage(account: Uint8Array, query: ListQuery, chain: Chain): AccountAssetsPage {
  const accountHex = toHex(account);
  const { ledger } = chain;
  const cursor = query.cursor === undefined ? undefined : positionOf(holdingCursor, query.cursor);
  if (cursor && cursor.account !== accountHex) throw cursorOfAnotherAccount();
  const indexOf = (assetId: string) => ledger.locate(entryKeys.assetBalance(accountHex, assetId))?.index;
  if (cursor && indexOf(cursor.assetId) !== cursor.index) throw cursorUndone();
  const limit = limitOf(query.limit);
  const held = ledger.assetBalancesOf(accountHex, cursor ? cursor.index + 1 : 0, limit + 1);
  const items = held.slice(0, limit);
  const last = items.at(-1);
  const index = last && indexOf(last.assetId);
  const hasMore = held.length > limit && last !== undefined && index !== undefined;
  return {
    items: items.map((entry) => holding(entry, ledger)),
    next: hasMore ? holdingCursor.encode({ account: accountHex, index, assetId: last.assetId }) : null,
    assetCount: ledger.assetBalanceCount(accountHex),
    head: headReference(chain),
  };
}

/** `after` is a sequence of the account's own, or the arrival of what is sent to it since the node's start. */
const pendingCursor = cursorCodec(
  "account pending",
  Type.Object({
    account: Type.String(),
    part: Type.Enum(["out", "in"]),
    after: Type.Integer(),
    since: Type.Integer(),
  }),
);

/** @param since when this process began to count arrivals */
export function pendingPage(
  account: Uint8Array,
  query: ListQuery,
  { chain, mempool }: ApiModules,
  since: number,
): AccountPendingPage {
  const accountHex = toHex(account);
  const { waiting } = mempool;
  const cursor = query.cursor === undefined ? undefined : positionOf(pendingCursor, query.cursor);
  if (cursor && cursor.account !== accountHex) throw cursorOfAnotherAccount();
  if (cursor && cursor.since !== since) throw cursorOfAnotherStart();
  const limit = limitOf(query.limit);
  const afterSequence = cursor?.part === "out" ? cursor.after : -1;
  const own = cursor?.part === "in" ? [] : waiting.ofAccount(accountHex).filter(sequenceAbove(afterSequence));
  // What the account sends to itself is among its own already.
  const afterArrival = cursor?.part === "in" ? cursor.after : undefined;
  const sent = waiting.sentTo(accountHex, limit + 1, afterArrival);
  const found = [
    ...own.map((each) => ({ part: "out" as const, each })),
    ...sent
      .filter(({ decoded }) => decoded.senderHex !== accountHex)
      .map((each) => ({ part: "in" as const, each })),
  ];
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const lastSent = sent.at(-1);
  const { outCount, inCount } = waiting.totalsOf(accountHex);
  const placeOf = (part: "out" | "in", each: Waiting) =>
    pendingCursor.encode({
      account: accountHex,
      part,
      after: part === "out" ? each.decoded.transaction.sequence : each.arrival,
      since,
    });
  let next: string | null = null;
  if (last && found.length > limit) next = placeOf(last.part, last.each);
  // Only transfers to itself were found so far: there may be others behind them.
  else if (lastSent && sent.length > limit) next = placeOf("in", lastSent);
  return {
    items: shown.map(({ part, each }) => ({
      direction: isToSelf(each, accountHex) ? ("self" as const) : part,
      ...pendingAnswer(each, mempool, chain),
    })),
    next,
    outCount,
    inCount,
    head: headReference(chain),
  };
}

const sequenceAbove =
  (after: number) =>
  ({ decoded }: Waiting) =>
    decoded.transaction.sequence > after;

function isToSelf({ decoded: { payload, senderHex } }: Waiting, accountHex: string): boolean {
  return payload.kind === "transfer" && senderHex === accountHex && toHex(payload.to) === accountHex;
}

const unitsText = Type.String({ pattern: "^[0-9]{1,20}$" });
const accountsCursor = cursorCodec(
  "accounts by balance",
  Type.Object({ units: unitsText, account: Type.String() }),
);

/** @param lists ready */
export function accountsPage(query: ListQuery, lists: LedgerLists, chain: Chain): AccountsPage {
  const { ledger } = chain;
  const { shown, next } = sortedPage(
    query,
    accountsCursor,
    (max, after) => lists.accounts(max, after && { balance: BigInt(after.units), account: after.account }),
    ({ balance, account }) => ({ units: balance.toString(), account }),
  );
  return {
    items: shown.map(({ account, balance, sequence }) => ({
      address: addressOfHex(account),
      name: nameOf(account, ledger),
      balance: formatAmount(balance),
      balanceUnits: balance.toString(),
      sequence,
    })),
    next,
    count: lists.accountCount(),
    head: headReference(chain),
  };
}

const usersCursor = cursorCodec("users by name", Type.Object({ name: Type.String() }));

/** @param lists ready */
export function usersPage(query: ListQuery, lists: LedgerLists, chain: Chain): UsersPage {
  const { shown, next } = sortedPage(
    query,
    usersCursor,
    (max, after) => lists.users(max, after),
    ({ name }) => ({ name }),
  );
  return {
    items: shown.map(userAnswer),
    next,
    count: lists.userCount(),
    head: headReference(chain),
  };
}

export function userAnswer({ name, account }: UserEntry): UsersPage["items"][number] {
  return { name, address: addressOfHex(account), publicKey: account };
}

/** @param accountHex of the ledger */
export function addressOfHex(accountHex: string): string {
  return addressOf(fromHex(accountHex) as Uint8Array);
}

function cursorOfAnotherAccount(): ApiError {
  return new ApiError(
    400,
    "api/cursor-invalid",
    "the cursor is of another account",
    "ask with the account of the page before, or without cursor for the first page",
  );
}
