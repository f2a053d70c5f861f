/** The balance of an account in one line, and what moves it. */
import type { AccountAnswer, HistoryItem } from "../../../api/accounts.ts";
import { groupedAmount } from "../../parts/amount-text.ts";

type Balances = Pick<
  AccountAnswer["balances"],
  "committed" | "pendingIn" | "pendingInUnits" | "pendingOut" | "pendingOutUnits"
>;

const minus = "−";

/** "70 (+30 pending)": what the head has, and what waiting transactions would change. */
export function balanceLine(balances: Balances): string {
  const { committed, pendingIn, pendingInUnits, pendingOut, pendingOutUnits } = balances;
  const waiting = [
    ...(pendingInUnits === "0" ? [] : [`+${groupedAmount(pendingIn)}`]),
    ...(pendingOutUnits === "0" ? [] : [`${minus}${groupedAmount(pendingOut)}`]),
  ];
  const now = groupedAmount(committed);
  return waiting.length === 0 ? now : `${now} (${waiting.join(" ")} pending)`;
}

/** An amount with its sign for people: "+3.5", "−0.1", "0". */
export function signedAmount(amount: string): string {
  if (amount.startsWith("-")) return `${minus}${amount.slice(1)}`;
  return /^0(\.0+)?$/.test(amount) ? "0" : `+${amount}`;
}

export interface BalancePoint {
  readonly timestampMs: number;
  readonly balance: number;
}

/**
 * The balance of one asset over time, oldest first, for a chart: numbers of a chart may be rounded. Of several items in
 * one block the last one counts.
 *
 * @param items in any order
 */
export function balancePoints(items: readonly HistoryItem[], assetId = "AUR"): readonly BalancePoint[] {
  const byTime = new Map<number, number>();
  for (const { block, changes } of [...items].sort((one, other) => one.number - other.number)) {
    const change = changes.find((each) => each.assetId === assetId);
    if (change) byTime.set(block.timestampMs, Number(change.balance));
  }
  return [...byTime].map(([timestampMs, balance]) => ({ timestampMs, balance }));
}

/**
 * Whether an item is dust: so little AUR came from a stranger that only the memo or the sender's address can be what
 * it was sent for. Attackers send it from addresses that look like ones that the reader knows.
 *
 * @param minimumFeeUnits of the chain: nobody who means to pay sends less than ten fees
 */
export function isDust(item: HistoryItem, minimumFeeUnits: string): boolean {
  if (item.direction !== "in" || item.kind !== "transaction") return false;
  const payload = item.transaction?.payload;
  if (payload?.kind !== "transfer") return false;
  if (payload.amountUnits === "0") return true;
  return payload.assetId === "AUR" && BigInt(payload.amountUnits) < 10n * BigInt(minimumFeeUnits);
}
