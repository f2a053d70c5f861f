/** The history of an account, as a table for people and as CSV for a spreadsheet. */
import { once } from "node:events";
import { getAccountTransactions, type HistoryItem } from "../api/accounts.ts";
import type { TableColumn } from "../base/text-table.ts";
import { visibleText } from "../base/visible-text.ts";
import type { ApiClient } from "../client/api-client.ts";
import { type Terminal, tableFor, writeJson } from "./terminal.ts";
import { localTime } from "./time-text.ts";

const pageItemsMax = 100;

export interface HistoryFlags {
  readonly csv?: boolean;
  readonly json?: boolean;
  readonly wide?: boolean;
  readonly limit?: number;
}

const limitDefault = 20;

/** The newest items as a table or JSON; as CSV all of them, the oldest first. */
export async function showHistory(
  account: string,
  { csv, json, wide, limit }: HistoryFlags,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  if (csv) return writeCsv(account, limit ?? Number.POSITIVE_INFINITY, client, terminal);
  const items: HistoryItem[] = [];
  for await (const item of itemsOf(account, "newest", limit ?? limitDefault, client)) items.push(item);
  if (json) return writeJson(terminal, { account, items });
  if (items.length === 0) terminal.stderr.write("Nothing has happened to this account yet.\n");
  else terminal.stdout.write(tableFor(terminal, columns, items.flatMap(rowsOf), wide));
}

/** Page by page, so that a long history needs no memory. */
async function* itemsOf(
  account: string,
  order: "newest" | "oldest",
  limit: number,
  client: ApiClient,
): AsyncGenerator<HistoryItem> {
  let left = limit;
  let cursor: string | undefined;
  do {
    const page = await client.call(getAccountTransactions, {
      params: { account },
      query: {
        limit: String(Math.min(left, pageItemsMax)),
        ...(cursor === undefined ? { order } : { order, cursor }),
      },
    });
    for (const item of page.items.slice(0, left)) yield item;
    left -= page.items.length;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && left > 0);
}

const columns: readonly TableColumn[] = [
  { title: "height", right: true },
  { title: "time" },
  { title: "what" },
  { title: "with", cut: "middle", widthMin: 10 },
  { title: "amount", right: true },
  { title: "balance", right: true },
  { title: "final" },
];

/** A minute is enough for people: "2026-01-31 14:03". */
const minuteDigits = 16;
/** Arrows say which way, so that nobody needs a colour for it. */
const arrows = { in: "→ in", out: "← out", self: "↔ self", about: "· about", credit: "→ credit" } as const;

function rowsOf(item: HistoryItem): string[][] {
  const { block, direction, counterparty, counterpartyName, changes, final, confirmations } = item;
  const what = `${arrows[direction]} ${kindOf(item)}`;
  const other = counterpartyName ?? counterparty ?? "";
  const sure = final ? "yes" : `${confirmations} conf.`;
  const first = [String(block.height), localTime(block.timestampMs).slice(0, minuteDigits), what, other];
  if (changes.length === 0) return [[...first, "", "", sure]];
  return changes.map(({ symbol, amount, balance }, index) => [
    ...(index === 0 ? first : ["", "", "", ""]),
    `${amount} ${symbol}`,
    balance,
    index === 0 ? sure : "",
  ]);
}

function kindOf({ kind, transaction }: HistoryItem): string {
  return transaction?.payload.kind ?? kind;
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

async function writeCsv(
  account: string,
  limit: number,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  terminal.stdout.write(`${csvColumns.join(",")}\n`);
  for await (const item of itemsOf(account, "oldest", limit, client)) {
    const lines = csvRows(item).map((cells) => `${cells.map(csvCell).join(",")}\n`);
    const isTaken = terminal.stdout.write(lines.join(""));
    if (!isTaken && !(await drains(terminal.stdout))) return;
  }
}

/** @returns false if the reader has gone away: nobody needs the rest */
async function drains(stream: NodeJS.WritableStream): Promise<boolean> {
  if (!stream.writable) return false;
  const heard = new AbortController();
  const { signal } = heard;
  try {
    await Promise.race([once(stream, "drain", { signal }), once(stream, "close", { signal })]);
  } catch {
    // The stream's error: it is said at the end of the process.
  } finally {
    heard.abort();
  }
  return stream.writable;
}

/** A line for each balance that the item changes; the fee stands in the first, so that a column adds up. */
function csvRows(item: HistoryItem): string[][] {
  const { block, direction, counterparty, counterpartyName, changes, feePaid, id, final } = item;
  const { payload } = item.transaction ?? {};
  const before = [
    block.time ?? String(block.timestampMs),
    String(block.height),
    block.hash,
    kindOf(item),
    direction,
    counterparty ?? "",
    safeText(counterpartyName ?? ""),
  ];
  const after = [
    id ?? "",
    safeText(payload && "memo" in payload ? payload.memo : ""),
    final ? "true" : "false",
    String(item.confirmations),
  ];
  const shown = changes.length === 0 ? [undefined] : changes;
  return shown.map((change, index) => [
    ...before,
    change?.assetId ?? "",
    safeText(change?.symbol ?? ""),
    change?.amount ?? "",
    change?.balance ?? "",
    index === 0 ? feePaid : "0",
    ...after,
  ]);
}

/** Texts of strangers: hidden characters are shown, and none is taken for a formula by a spreadsheet. */
function safeText(text: string): string {
  const shown = visibleText(text);
  return /^[=+\-@]/.test(shown) ? `'${shown}` : shown;
}

/** As RFC 4180 quotes it. */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
