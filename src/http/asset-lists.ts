/** Assets as the API shows them: one, all, and who holds one. */
import { Type } from "typebox";
import type { AssetAnswer, AssetsPage, HoldersPage } from "../api/assets.ts";
import { cursorCodec } from "../api/cursor.ts";
import { limitOf } from "../api/shapes.ts";
import type { Chain } from "../chain/chain.ts";
import type { AssetEntry, LedgerView } from "../ledger/entry.ts";
import { aurDecimals, aurSymbol, formatAmount } from "../protocol/amount.ts";
import { blockRewardAt, type Genesis } from "../protocol/genesis.ts";
import { accountsPage, addressOfHex, type ListQuery } from "./account-lists.ts";
import { ApiError, notFound } from "./api-error.ts";
import { assetIdOf } from "./asset-reference.ts";
import { headReference } from "./head-reference.ts";
import type { LedgerLists } from "./ledger-lists.ts";
import { positionOf } from "./serve-route.ts";
import { nameOf } from "./transaction-answer.ts";

type AssetFields = AssetsPage["items"][number];

/** @throws ApiError 404 if the head's ledger knows no such asset */
export function assetAnswer(reference: string, chain: Chain): AssetAnswer {
  const assetId = assetIdOf(reference);
  const head = headReference(chain);
  if (assetId === aurSymbol) return { ...aurFields(chain), head };
  return { ...assetFields(assetOf(assetId, chain.ledger), chain.ledger), head };
}

function assetOf(assetId: string, ledger: LedgerView): AssetEntry {
  const asset = ledger.asset(assetId);
  if (asset) return asset;
  throw notFound(
    "asset",
    assetId,
    "check the id; an asset's id is that of the transaction that issued it, and the chain's own is AUR",
  );
}

function assetFields(asset: AssetEntry, ledger: LedgerView): AssetFields {
  const { assetId, symbol, name, decimals, supply, issuer, metadata } = asset;
  return {
    assetId,
    symbol,
    name,
    decimals,
    supply: formatAmount(supply, decimals),
    supplyUnits: supply.toString(),
    issuer: addressOfHex(issuer),
    issuerName: nameOf(issuer, ledger),
    metadata,
  };
}

function aurFields({ spec, head }: Chain): AssetFields {
  const supply = issuedUnits(spec.genesis, head.header.height);
  return {
    assetId: aurSymbol,
    symbol: aurSymbol,
    name: "Aurex",
    decimals: aurDecimals,
    supply: formatAmount(supply),
    supplyUnits: supply.toString(),
    issuer: null,
    issuerName: null,
    metadata: "",
  };
}

/** Base units of AUR that there are after a block: the allocations and every reward so far, mature or not. */
export function issuedUnits(genesis: Genesis, height: number): bigint {
  let units = genesis.allocations.reduce((sum, { amount }) => sum + amount, 0n);
  const interval = genesis.halvingIntervalBlocks || height;
  // Every block of an interval earns the same, and after 64 halvings none earns anything.
  for (let first = 1; first <= height; first += interval) {
    const reward = blockRewardAt(genesis, first);
    if (reward === 0n) break;
    units += reward * BigInt(Math.min(interval, height - first + 1));
  }
  return units;
}

const assetsCursor = cursorCodec(
  "assets by symbol",
  Type.Object({ symbol: Type.String(), assetId: Type.String() }),
);

/** @param lists ready */
export function assetsPage(query: ListQuery, lists: LedgerLists, chain: Chain): AssetsPage {
  const cursor = query.cursor === undefined ? undefined : positionOf(assetsCursor, query.cursor);
  const limit = limitOf(query.limit);
  const found = lists.assets(limit + 1, cursor);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = last !== undefined && found.length > limit;
  return {
    items: shown.map((asset) => assetFields(asset, chain.ledger)),
    next: hasMore ? assetsCursor.encode({ symbol: last.symbol, assetId: last.assetId }) : null,
    count: lists.assetCount,
    head: headReference(chain),
  };
}

const holdersCursor = cursorCodec(
  "holders by balance",
  Type.Object({
    assetId: Type.String(),
    units: Type.String({ pattern: "^[0-9]{1,20}$" }),
    account: Type.String(),
  }),
);

/**
 * @param lists ready
 * @throws ApiError 404 if the head's ledger knows no such asset
 */
export function holdersPage(
  reference: string,
  query: ListQuery,
  lists: LedgerLists,
  chain: Chain,
): HoldersPage {
  const assetId = assetIdOf(reference);
  const { ledger } = chain;
  if (assetId === aurSymbol) {
    const { items, next, head } = accountsPage(query, lists, chain);
    const holders = items.map(({ address, name, balance, balanceUnits }) => ({
      address,
      name,
      balance,
      balanceUnits,
    }));
    return { assetId, symbol: aurSymbol, items: holders, next, head };
  }
  const { symbol, decimals } = assetOf(assetId, ledger);
  const cursor = query.cursor === undefined ? undefined : positionOf(holdersCursor, query.cursor);
  if (cursor && cursor.assetId !== assetId) {
    throw new ApiError(
      400,
      "api/cursor-invalid",
      "the cursor is of another asset",
      "ask with the asset of the page before, or without cursor for the first page",
    );
  }
  const limit = limitOf(query.limit);
  const after = cursor && { assetId, balance: BigInt(cursor.units), account: cursor.account };
  const found = lists.holders(assetId, limit + 1, after);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = last !== undefined && found.length > limit;
  return {
    assetId,
    symbol,
    items: shown.map(({ account, balance }) => ({
      address: addressOfHex(account),
      name: nameOf(account, ledger),
      balance: formatAmount(balance, decimals),
      balanceUnits: balance.toString(),
    })),
    next: hasMore
      ? holdersCursor.encode({ assetId, units: last.balance.toString(), account: last.account })
      : null,
    head: headReference(chain),
  };
}
