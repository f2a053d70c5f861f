/** The whole history of an account: page by page, and as CSV for a spreadsheet. */
import { getAccountTransactions, type HistoryItem } from "../api/accounts.ts";
import { cellText } from "../base/visible-text.ts";
import type { ApiClient } from "./api-client.ts";

const pageItemsMax = 100;

export interface HistoryWish {
  readonly order: "newest" | "oldest";
  /** All items if it is left out. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** The items of one answer, and how many the whole history has at that moment. */
export interface HistoryPart {
  readonly items: readonly HistoryItem[];
  readonly itemCount: number;
}

/**
 * The history of an account, answer by answer, so that a long one needs no memory.
 *
 * @param account an address, a public key or a name
 * @throws ApiProblem with the code `api/cursor-undone` if a reorganization takes back what was read: begin anew then
 */
export async function* historyParts(
  api: Pick<ApiClient, "call">,
  account: string,
  { order, limit = Number.POSITIVE_INFINITY, signal }: HistoryWish,
): AsyncGenerator<HistoryPart> {
  let left = limit;
  let cursor: string | undefined;
  do {
    const { items, itemCount, next } = await api.call(
      getAccountTransactions,
      {
        params: { account },
        query: {
          limit: String(Math.min(left, pageItemsMax)),
          ...(cursor === undefined ? { order } : { order, cursor }),
        },
      },
      signal ? { signal } : {},
    );
    yield { items: items.slice(0, left), itemCount };
    left -= items.length;
    cursor = next ?? undefined;
  } while (cursor !== undefined && left > 0);
}

const csvColumns = [
  "time",
  "height",
  "block",
  "kind",
  "direction",
  "counterparty",
  "counterparty_name",
  "asset_id",
  "symbol",
  "amount",
  "balance",
  "fee_paid_aur",
  "transaction",
  "memo",
  "final",
  "confirmations",
];

/** The first line of a history as CSV, with its line end. */
export const historyCsvHeader = `${csvColumns.join(",")}\n`;

/** The lines of one item: one for each balance that it changes. The fee stands in the first, so that a column adds up. */
export function historyCsvLines(item: HistoryItem): string {
  return csvRows(item)
    .map((cells) => `${cells.map(csvCell).join(",")}\n`)
    .join("");
}

function csvRows(item: HistoryItem): string[][] {
  const { block, direction, counterparty, counterpartyName, changes, feePaid, id, final } = item;
  const { payload } = item.transaction ?? {};
  const before = [
    block.time ?? String(block.timestampMs),
    String(block.height),
    block.hash,
    payload?.kind ?? item.kind,
    direction,
    counterparty ?? "",
    cellText(counterpartyName ?? ""),
  ];
  const after = [
    id ?? "",
    cellText(payload && "memo" in payload ? payload.memo : ""),
    final ? "true" : "false",
    String(item.confirmations),
  ];
  const shown = changes.length === 0 ? [undefined] : changes;
  return shown.map((change, index) => [
    ...before,
    change?.assetId ?? "",
    cellText(change?.symbol ?? ""),
    change?.amount ?? "",
    change?.balance ?? "",
    index === 0 ? feePaid : "0",
    ...after,
  ]);
}

/** As RFC 4180 quotes it. */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
