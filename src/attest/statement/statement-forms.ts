/** A statement as CSV for a spreadsheet, and as JSON for a program. */
import { cellText } from "../../base/visible-text.ts";
import { formatAmount } from "../../protocol/amount.ts";
import type { AssetLine, Statement, StatementEntry } from "./statement.ts";

const csvColumns = [
  ...[
    "time",
    "block",
    "kind",
    "counterparty",
    "counterparty_name",
    "asset_id",
    "symbol",
    "amount",
    "balance",
  ],
  ...["amount_units", "balance_units", "transaction", "memo"],
];

/** One line for each opening balance, then the entries, then one for each closing balance; numbers are exact decimals. */
export function* statementCsv(statement: Statement): Generator<string> {
  const { assets, from, to, names } = statement;
  yield `${csvColumns.join(",")}\n`;
  for (const asset of assets) yield balanceLine("opening", asset.openingUnits, asset, from);
  const byId = new Map(assets.map((asset) => [asset.assetId, asset]));
  for (const entry of statement.entries) {
    const { counterparty } = entry;
    const name = counterparty === null ? "" : (names.get(counterparty) ?? "");
    yield entryLine(entry, byId.get(entry.assetId), name);
  }
  for (const asset of assets) yield balanceLine("closing", asset.closingUnits, asset, to);
}

function entryLine(entry: StatementEntry, asset: AssetLine | undefined, name: string): string {
  const { kind, counterparty, assetId, deltaUnits, balanceUnits, transactionId, memo } = entry;
  const decimals = asset?.decimals ?? 0;
  return csvLine([
    new Date(entry.timestampMs).toISOString(),
    String(entry.height),
    kind,
    counterparty ?? "",
    cellText(name),
    assetId,
    cellText(asset?.symbol ?? ""),
    formatAmount(deltaUnits, decimals),
    formatAmount(balanceUnits, decimals),
    deltaUnits.toString(),
    balanceUnits.toString(),
    transactionId ?? "",
    cellText(memo),
  ]);
}

function balanceLine(
  kind: string,
  units: bigint,
  { assetId, symbol, decimals }: AssetLine,
  { height, timestampMs }: Statement["to"],
): string {
  const balance = formatAmount(units, decimals);
  const time = new Date(timestampMs).toISOString();
  const before = [time, String(height), kind, "", "", assetId, cellText(symbol)];
  return csvLine([...before, "", balance, "", units.toString(), "", ""]);
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`;
}

/** Units as decimal strings, times in milliseconds. */
export function statementJson(statement: Statement): object {
  const { assets, entries, names, ...rest } = statement;
  return {
    format: "aurex-statement/1",
    ...rest,
    assets: assets.map((asset) => textUnits(asset)),
    entries: entries.map((entry) => {
      const { counterparty } = entry;
      const counterpartyName = counterparty === null ? null : (names.get(counterparty) ?? null);
      return { ...textUnits(entry), counterpartyName };
    }),
  };
}

function textUnits(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, typeof part === "bigint" ? part.toString() : part]),
  );
}
