/** Accounts as the API shows them. */
import type { AccountAnswer, AssetHolding } from "../api/accounts.ts";
import { toHex } from "../base/bytes.ts";
import { indexLack } from "../chain/account-indexer.ts";
import type { Chain } from "../chain/chain.ts";
import type { AssetBalanceEntry, LedgerView } from "../ledger/entry.ts";
import type { Mempool } from "../mempool/mempool.ts";
import { formatAmount } from "../protocol/amount.ts";
import { addressOf } from "../protocol/identity.ts";
import { aurAt } from "./account-history.ts";
import { headReference } from "./chain-references.ts";
import { nameOf } from "./transaction-answer.ts";

/** Anybody can send an asset to anybody, so how many an account holds is not its own to bound. */
const holdingsMax = 1_000;

/** An account that the ledger does not know has a balance and a sequence of zero. */
export function accountAnswer(
  publicKey: Uint8Array,
  { chain, mempool }: { readonly chain: Chain; readonly mempool: Mempool },
): AccountAnswer {
  const accountHex = toHex(publicKey);
  const { ledger, accountIndex } = chain;
  const account = ledger.account(accountHex);
  const balance = account?.balance ?? 0n;
  const immature = ledger.immatureOf(accountHex);
  const isIndexed = !indexLack(accountIndex, chain.head.header.height);
  return {
    address: addressOf(publicKey),
    name: nameOf(accountHex, ledger),
    publicKey: accountHex,
    balance: formatAmount(balance),
    balanceUnits: balance.toString(),
    balances: balancesOf(publicKey, balance, isIndexed, { chain, mempool }),
    immature: formatAmount(immature),
    immatureUnits: immature.toString(),
    sequence: account?.sequence ?? 0,
    pendingSequence: mempool.pendingSequence(accountHex),
    assets: ledger.assetBalancesOf(accountHex, 0, holdingsMax).map((held) => holding(held, ledger)),
    assetCount: ledger.assetBalanceCount(accountHex),
    itemCount: isIndexed ? accountIndex.itemCount(publicKey) : null,
    head: headReference(chain),
  };
}

function balancesOf(
  publicKey: Uint8Array,
  committed: bigint,
  isIndexed: boolean,
  { chain, mempool }: { readonly chain: Chain; readonly mempool: Mempool },
): AccountAnswer["balances"] {
  const final =
    isIndexed && chain.final ? aurAt(publicKey, chain.final.height, chain.accountIndex) : undefined;
  const finalHeight = final === undefined ? null : (chain.final?.height ?? null);
  const { inUnits, outUnits } = mempool.waiting.totalsOf(toHex(publicKey));
  const spendable = committed > outUnits ? committed - outUnits : 0n;
  return {
    final: final === undefined ? null : formatAmount(final),
    finalUnits: final === undefined ? null : final.toString(),
    finalHeight,
    committed: formatAmount(committed),
    committedUnits: committed.toString(),
    pendingIn: formatAmount(inUnits),
    pendingInUnits: inUnits.toString(),
    pendingOut: formatAmount(outUnits),
    pendingOutUnits: outUnits.toString(),
    spendable: formatAmount(spendable),
    spendableUnits: spendable.toString(),
  };
}

export function holding({ assetId, balance }: AssetBalanceEntry, ledger: LedgerView): AssetHolding {
  const asset = ledger.asset(assetId);
  return {
    assetId,
    symbol: asset?.symbol ?? assetId,
    balance: formatAmount(balance, asset?.decimals ?? 0),
    balanceUnits: balance.toString(),
  };
}
