/** Rows as PostgreSQL gives them, in the terms of the export. */
import { invariant } from "../../base/invariant.ts";
import type { MinerGain } from "../miner-differences.ts";
import type { AssetLabel, Row, SqlValue } from "../rows.ts";
import { storedBlockBytes } from "../stored-block.ts";
import { loadUnits } from "../units.ts";
import type { PostgresRow } from "./postgres-connection.ts";

export function assetLabelOf([, symbol, decimals]: readonly SqlValue[]): AssetLabel {
  return { symbol: String(symbol), decimals: Number(decimals) };
}

export function gainOf(row: Row | PostgresRow): MinerGain {
  return {
    member: String(row.producer),
    units:
      loadUnits(row.reward_units, row.reward_units_large ?? null) +
      loadUnits(row.fees_units, row.fees_units_large ?? null),
  };
}

export function orphanRow(row: PostgresRow, bodies: readonly PostgresRow[], reorg_id: bigint): Row {
  return { ...row, reorg_id, block_bytes: storedBlockBytes(row, bodies, asBytes) };
}

/** A copy: the driver gives a part of a larger buffer. */
function asBytes(value: SqlValue | undefined): Uint8Array {
  invariant(value instanceof Uint8Array, "a BYTEA");
  return new Uint8Array(value);
}
