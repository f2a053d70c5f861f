/** What an item of a history does to the balances, each with its unit. */
import type { HistoryItem } from "../../../api/accounts.ts";
import { Amount } from "../../parts/amount.tsx";
import { signedAmount } from "./balance-line.ts";

/** @param isAfter true: the balances after the item, not by how much they change */
export function BalanceChange({
  changes,
  isAfter = false,
}: {
  changes: HistoryItem["changes"];
  isAfter?: boolean;
}) {
  return (
    <span class="account-changes">
      {changes.map(({ assetId, symbol, amount, balance }) => (
        <span key={assetId} class={isAfter || !amount.startsWith("-") ? undefined : "account-less"}>
          <Amount value={isAfter ? balance : signedAmount(amount)} unit={symbol} />
        </span>
      ))}
    </span>
  );
}
