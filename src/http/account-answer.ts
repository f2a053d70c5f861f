/** Accounts and assets as the API shows them. */

import type { AccountAnswer, AssetHolding } from "../api/accounts.ts";
import type { AssetAnswer } from "../api/assets.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import type { Mempool } from "../mempool/mempool.ts";
import { formatAmount } from "../protocol/amount.ts";
import { addressOf } from "../protocol/identity.ts";
import { nameOf } from "./transaction-answer.ts";

/** Anybody can send an asset to anybody, so how many an account holds is not its own to bound. */
const holdingsMax = 1_000;

/** An account that the ledger does not know has a balance and a sequence of zero. */
export function accountAnswer(
  publicKey: Uint8Array,
  { chain, mempool }: { readonly chain: Chain; readonly mempool: Mempool },
): AccountAnswer {
  const accountHex = toHex(publicKey);
  const { ledger } = chain;
  const account = ledger.account(accountHex);
  const balance = account?.balance ?? 0n;
  const immature = ledger.immatureOf(accountHex);
  const balances = ledger.assetBalancesOf(accountHex);
  return {
    address: addressOf(publicKey),
    name: nameOf(accountHex, ledger),
    publicKey: accountHex,
    balance: formatAmount(balance),
    balanceUnits: balance.toString(),
    immature: formatAmount(immature),
    immatureUnits: immature.toString(),
    sequence: account?.sequence ?? 0,
    pendingSequence: mempool.pendingSequence(accountHex),
    assets: balances
      .slice(0, holdingsMax)
      .map((held) => holding(held.assetId, held.balance, ledger.asset(held.assetId))),
    assetCount: balances.length,
  };
}

function holding(
  assetId: string,
  balance: bigint,
  asset: { readonly symbol: string; readonly decimals: number } | undefined,
): AssetHolding {
  return {
    assetId,
    symbol: asset?.symbol ?? assetId,
    balance: formatAmount(balance, asset?.decimals ?? 0),
    balanceUnits: balance.toString(),
  };
}

/** Undefined where the head's ledger knows no such asset. */
export function assetAnswer(assetId: string, chain: Chain): AssetAnswer | undefined {
  const asset = chain.ledger.asset(assetId);
  const issuer = asset && fromHex(asset.issuer);
  if (!asset || !issuer) return undefined;
  return {
    assetId,
    symbol: asset.symbol,
    name: asset.name,
    decimals: asset.decimals,
    supply: formatAmount(asset.supply, asset.decimals),
    supplyUnits: asset.supply.toString(),
    issuer: addressOf(issuer),
    issuerName: nameOf(asset.issuer, chain.ledger),
    metadata: asset.metadata,
  };
}
