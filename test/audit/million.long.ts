/**
 * A long ledger: the audit's memory does not grow with it, and amounts beyond 2^53 with totals beyond 2^63 are exact.
 * SUITE_AUDIT_TRANSACTIONS has another number of transactions: a million takes minutes.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { it } from "node:test";
import { promisify } from "node:util";
import { writeLongLedger } from "../../bench/long-ledger.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import type { AuditedInProcess } from "./audit-process.ts";

const transactions = Number(process.env.SUITE_AUDIT_TRANSACTIONS ?? 100_000);
const memoryMaxMib = 500;

it(`${transactions} transactions are audited in less than ${memoryMaxMib} MiB, and every sum is exact`, async (context) => {
  const folder = await folderUntilEnd("aurex-long-ledger-");
  const file = path.join(folder, "ledger.sqlite");
  const { chainId, headHash, assetId, holdings } = await writeLongLedger({
    file,
    directory: folder,
    transactions,
  });
  const script = path.join(import.meta.dirname, "audit-process.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script, file, chainId, headHash]);
  const audited = JSON.parse(stdout) as AuditedInProcess;
  context.diagnostic(
    `${transactions} transactions: ${audited.seconds.toFixed(1)} s, ${Math.round(audited.memoryMib)} MiB`,
  );
  assert.equal(audited.verdict, "complete");
  assert.equal(audited.transactions, transactions);
  assert.ok(audited.memoryMib < memoryMaxMib, `${audited.memoryMib} MiB`);
  using db = new DatabaseSync(file, { readOnly: true });
  const query = db.prepare(
    "SELECT account, balance_units, balance_units_large FROM balances WHERE asset_id = ?",
  );
  query.setReadBigInts(true);
  const found = query
    .all(assetId)
    .map(
      (row) =>
        [row.account, BigInt((row.balance_units ?? row.balance_units_large) as bigint | string)] as const,
    );
  const expected = [...holdings].map(([{ publicKey }, units]) => [addressOf(publicKey), units] as const);
  assert.deepEqual(
    new Map(found.filter(([, units]) => units > 0n)),
    new Map(expected.filter(([, units]) => units > 0n)),
  );
  assert.ok(expected.some(([, units]) => units > 2n ** 63n));
});
