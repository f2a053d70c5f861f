/** What the form has to know of whoever sends: the account, what it holds, which fee is paid now. */
import { useEffect } from "preact/hooks";
import { type AccountAnswer, getAccountPending } from "../../../api/accounts.ts";
import { getMempoolStats, type MempoolStats } from "../../../api/mempool.ts";
import type { ApiClient } from "../../../client/index.ts";
import { type Answer, useAnswer } from "../../live/use-answer.ts";
import type { Holding } from "../../wallet/form.ts";

export interface SenderFacts {
  readonly account: AccountAnswer;
  readonly stats: MempoolStats;
  /** AUR, and the asset that is chosen. */
  readonly holdings: readonly Holding[];
}

/** @param assetId "AUR", or the asset that is to be sent */
export function useSenderFacts(address: string, assetId: string): Answer<SenderFacts> {
  const answer = useAnswer(
    async ({ api }, signal) => {
      const [account, stats, chosen] = await Promise.all([
        api.account(address),
        api.call(getMempoolStats, {}, { signal }),
        assetId === "AUR" ? undefined : holdingOf(api, address, assetId, signal),
      ]);
      const spendableUnits = BigInt(account.balances.spendableUnits);
      const aur: Holding = { id: "AUR", symbol: "AUR", decimals: 8, spendableUnits };
      return { account, stats, holdings: chosen ? [aur, chosen] : [aur] };
    },
    // Not the asset: the form stays while what is held of another one is looked up.
    [address],
    { reloadOn: ["head", "mempool"] },
  );
  useEffect(() => answer.reload(), [assetId]);
  return answer;
}

/** What an account can send of an asset: its balance at the head, less what it has waiting. */
async function holdingOf(
  api: ApiClient,
  address: string,
  assetId: string,
  signal: AbortSignal,
): Promise<Holding> {
  const [asset, account, pending] = await Promise.all([
    api.asset(assetId),
    api.account(address),
    api.call(getAccountPending, { params: { account: address }, query: { limit: "100" } }, { signal }),
  ]);
  let units = BigInt(account.assets.find((one) => one.assetId === assetId)?.balanceUnits ?? "0");
  for (const { direction, payload } of pending.items) {
    if (direction === "out" && payload.kind === "transfer" && payload.assetId === assetId) {
      units -= BigInt(payload.amountUnits);
    }
  }
  return { id: assetId, symbol: asset.symbol, decimals: asset.decimals, spendableUnits: units };
}
