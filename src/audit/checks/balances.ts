/** The balances that the shipped views compute from the rows, against the ledger of the replay. */
import { fromHex, toHex } from "../../base/bytes.ts";
import type { Entry, RewardEntry } from "../../ledger/entry.ts";
import { entryKeys } from "../../ledger/entry.ts";
import type { LedgerState } from "../../ledger/ledger-state.ts";
import { aurDecimals, aurSymbol } from "../../protocol/amount.ts";
import { addressOf, publicKeyOfAddress } from "../../protocol/identity.ts";
import type { ChainCheckContext, CheckReport } from "../chain-check.ts";
import type { Row } from "../ledger-block.ts";
import { textOf } from "../readable-value.ts";
import type { Rebuilt } from "../rebuilt-rows.ts";
import { compareRow } from "../row-comparison.ts";
import { amountColumns } from "./miner-sums.ts";

const columns = [
  ...["account", "asset_id", "symbol", "decimals", "balance_units", "balance_units_large", "balance_text"],
  ...["immature_units", "immature_units_large", "immature_text"],
];

/** Holds every balance of a chain against the ledger after its last block. */
export function compareBalances(
  { reader, chainId, report, spec }: ChainCheckContext,
  ledger: LedgerState,
): void {
  const immature = immatureUnits(ledger, spec.genesis.rewardMaturityBlocks);
  const seen = new Uint8Array(ledger.entryCount);
  const seenImmature = new Set<string>();
  const sql = `SELECT ${columns.join(", ")} FROM balances WHERE chain_id = ?`;
  for (const row of reader.query(sql, [chainId])) {
    report.looked(1);
    const key = typeof row.account === "string" ? publicKeyOfAddress(row.account.slice(0, 128)) : undefined;
    const account = key && toHex(key);
    const asset = row.asset_id;
    if (account === undefined || typeof asset !== "string") {
      extra(row, report);
      continue;
    }
    const located = ledger.locate(
      asset === aurSymbol ? entryKeys.account(account) : entryKeys.assetBalance(account, asset),
    );
    const waits = asset === aurSymbol ? (immature.get(account) ?? 0n) : 0n;
    const expected = expectedRow(located?.entry, asset, waits, ledger);
    if (!expected || (located && seen[located.index] === 1)) {
      extra(row, report);
      continue;
    }
    if (located) seen[located.index] = 1;
    if (asset === aurSymbol) seenImmature.add(account);
    const name = `account ${row.account}, asset ${asset}`;
    const meaning = (column: string) =>
      `${column} of the view is not what the transactions leave the account with`;
    compareRow(row, expected, { table: "balances", row: name, meaning }, report);
  }
  for (let index = 0; index < ledger.entryCount; index += 1) {
    if (seen[index] === 1) continue;
    const entry = ledger.entryAt(index);
    if (entry.type === "account" && entry.balance > 0n)
      missing(entry.account, aurSymbol, entry.balance, report);
    if (entry.type === "assetBalance" && entry.balance > 0n) {
      missing(entry.account, entry.assetId, entry.balance, report);
    }
  }
  for (const [account, units] of immature) {
    if (units > 0n && !seenImmature.has(account)) missing(account, aurSymbol, units, report);
  }
}

/** What waits in the slots of the reward ring, by account. */
function immatureUnits(ledger: LedgerState, rewardMaturityBlocks: number): Map<string, bigint> {
  const units = new Map<string, bigint>();
  for (let slot = 0; slot < rewardMaturityBlocks; slot += 1) {
    const reward = ledger.locate(entryKeys.reward(slot))?.entry as RewardEntry | undefined;
    if (reward) units.set(reward.account, (units.get(reward.account) ?? 0n) + reward.amount);
  }
  return units;
}

/** Undefined for an asset that does not exist. */
function expectedRow(
  entry: Entry | undefined,
  assetId: string,
  immature: bigint,
  ledger: LedgerState,
): Rebuilt | undefined {
  const held = entry?.type === "account" || entry?.type === "assetBalance" ? entry.balance : 0n;
  if (assetId === aurSymbol) {
    return {
      ...{ symbol: aurSymbol, decimals: BigInt(aurDecimals) },
      ...amountColumns("balance", held),
      ...amountColumns("immature", immature),
    };
  }
  const asset = ledger.asset(assetId);
  if (!asset) return undefined;
  return {
    symbol: textOf(new TextEncoder().encode(asset.symbol)),
    decimals: BigInt(asset.decimals),
    ...amountColumns("balance", held, asset.decimals),
    ...amountColumns("immature", 0n, asset.decimals),
  };
}

function extra(row: Row, report: CheckReport): void {
  report.finding({
    ...{ table: "balances", row: `account ${String(row.account)}, asset ${String(row.asset_id)}` },
    ...{ column: null, expected: "no such balance", found: row.balance_text },
    meaning: "no transaction gives the account this asset",
  });
}

function missing(accountHex: string, asset: string, units: bigint, report: CheckReport): void {
  const key = fromHex(accountHex, 32);
  report.finding({
    ...{ table: "balances", row: `account ${key ? addressOf(key) : accountHex}, asset ${asset}` },
    ...{ column: null, expected: units, found: undefined },
    meaning: "the rows do not give the account what its transactions give it",
  });
}
