/** The history of an account, as a table for people and as CSV for a spreadsheet. */
import { once } from "node:events";
import type { HistoryItem } from "../api/accounts.ts";
import type { TableColumn } from "../base/text-table.ts";
import { historyCsvHeader, historyCsvLines, historyParts } from "../client/account-history.ts";
import type { ApiClient } from "../client/api-client.ts";
import { type Terminal, tableFor, writeJson } from "./terminal.ts";
import { localTime } from "./time-text.ts";

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
  const wish = { order: "newest", limit: limit ?? limitDefault } as const;
  for await (const part of historyParts(client, account, wish)) items.push(...part.items);
  if (json) return writeJson(terminal, { account, items });
  if (items.length === 0) terminal.stderr.write("Nothing has happened to this account yet.\n");
  else terminal.stdout.write(tableFor(terminal, columns, items.flatMap(rowsOf), wide));
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

async function writeCsv(
  account: string,
  limit: number,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  terminal.stdout.write(historyCsvHeader);
  for await (const { items } of historyParts(client, account, { order: "oldest", limit })) {
    const isTaken = terminal.stdout.write(items.map(historyCsvLines).join(""));
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
