/** Assets as the API shows them: one, all, and who holds one. */
import { Type } from "typebox";
import type { AssetAnswer, AssetsPage, HoldersPage } from "../api/assets.ts";
import { cursorCodec } from "../api/cursor.ts";
import type { Chain } from "../chain/chain.ts";
import type { AssetEntry, LedgerView } from "../ledger/entry.ts";
import { aurDecimals, aurSymbol, formatAmount } from "../protocol/amount.ts";
import { blockRewardAt, type Genesis } from "../protocol/genesis.ts";
import { accountsPage, addressOfHex, type ListQuery } from "./account-lists.ts";
import { ApiError, notFound } from "./api-error.ts";
import { assetIdOf } from "./asset-reference.ts";
import { headReference } from "./chain-references.ts";
import type { LedgerLists } from "./ledger-lists.ts";
import { sortedPage } from "./sorted-page.ts";
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
  const { shown, next } = sortedPage(
    query,
    assetsCursor,
    (max, after) => lists.assets(max, after),
    ({ symbol, assetId }) => ({ symbol, assetId }),
  );
  return {
    items: shown.map((asset) => assetFields(asset, chain.ledger)),
    next,
    count: lists.assetCount(),
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
  const { shown, next } = sortedPage(
    query,
    holdersCursor,
    (max, after) => {
      if (after && after.assetId !== assetId) throw cursorOfAnotherAsset();
      return lists.holders(assetId, max, after && { ...after, balance: BigInt(after.units) });
    },
    ({ balance, account }) => ({ assetId, units: balance.toString(), account }),
  );
  return {
    assetId,
    symbol,
    items: shown.map(({ account, balance }) => ({
      address: addressOfHex(account),
      name: nameOf(account, ledger),
      balance: formatAmount(balance, decimals),
      balanceUnits: balance.toString(),
    })),
    next,
    head: headReference(chain),
  };
}

function cursorOfAnotherAsset(): ApiError {
  return new ApiError(
    400,
    "api/cursor-invalid",
    "the cursor is of another asset",
    "ask with the asset of the page before, or without cursor for the first page",
  );
}
