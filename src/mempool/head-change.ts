/** Whose pending transactions a new head concerns: found from the entries that it changed, without looking at the others. */
import { toHex } from "../base/bytes.ts";
import { type Entry, entryKey, type LedgerView } from "../ledger/entry.ts";
import { uint64Max } from "../protocol/codec.ts";
import type { Concern } from "./account-runs.ts";
import type { PendingSet } from "./pending-set.ts";
import { voteKey } from "./pending-transaction.ts";

/**
 * @param touched every entry that may differ from what it was at the head before, as it is now or, if it is gone, was
 * @returns the concerned accounts
 */
export function concernedAccounts(
  touched: Iterable<Entry>,
  pending: PendingSet,
  view: LedgerView,
): Map<string, Concern> {
  const concerned = new Map<string, Concern>();
  const stale = (accounts: Iterable<string>) => {
    for (const accountHex of accounts) concerned.set(accountHex, "stale");
  };
  const moved = (accountHex: string) => {
    if (!concerned.has(accountHex)) concerned.set(accountHex, "moved");
  };
  const nearlyFull = new Set<string>();
  for (const entry of touched) {
    switch (entry.type) {
      case "account":
        moved(entry.account);
        if ((view.account(entry.account)?.balance ?? 0n) > uint64Max - pending.largestAur) {
          nearlyFull.add(entry.account);
        }
        break;
      case "assetBalance":
        moved(entry.account);
        break;
      case "user":
        stale([entry.account]);
        stale(pending.index.watchersOf(entryKey(entry)));
        break;
      case "asset":
        stale(pending.index.watchersOf(entryKey(entry)));
        break;
      default:
    }
  }
  // Which votes can change something depends on the blocks themselves, so votes are asked about at every head.
  stale(pending.index.watchersOf(voteKey));
  if (nearlyFull.size > 0) stale(payersOf(nearlyFull, pending));
  return concerned;
}

/** Looks at all that is pending: only a chain with accounts that hold nearly 2^64 base units comes here. */
function* payersOf(receivers: ReadonlySet<string>, pending: PendingSet): Iterable<string> {
  for (const { decoded } of pending.values()) {
    const { payload, senderHex } = decoded;
    if (payload.kind === "transfer" && receivers.has(toHex(payload.to))) yield senderHex;
  }
}
