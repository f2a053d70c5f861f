/** Ledgers of seeded simulations that nobody has touched: no finding, whatever happened to their nodes. SUITE_SIMULATED_LEDGERS has another number. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { it } from "node:test";
import { auditLedger } from "../../src/audit/audit-ledger.ts";
import { toHex } from "../../src/base/bytes.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { findingsOf } from "./caught.ts";
import { writeSimulatedLedgers } from "./simulated-ledgers.ts";

const ledgers = Number(process.env.SUITE_SIMULATED_LEDGERS ?? 4);

const wanted = {
  transactions: "SELECT COUNT(*) AS number FROM transactions",
  reorganizations: "SELECT COUNT(*) AS number FROM reorgs",
  orphans: "SELECT COUNT(*) AS number FROM orphaned_blocks",
  slashed: "SELECT COUNT(*) AS number FROM authority_changes WHERE change = 'slashed'",
  poolMembers: "SELECT COUNT(*) AS number FROM mining_pool WHERE pool <> 'solo'",
  users: "SELECT COUNT(*) AS number FROM users",
  assets: "SELECT COUNT(*) AS number FROM assets WHERE asset_id <> 'AUR'",
  final: "SELECT COUNT(*) AS number FROM meta WHERE final_index > 0",
} as const;

it(`the audit finds nothing in ${ledgers} ledgers that nobody has touched`, async () => {
  const folder = await folderUntilEnd("aurex-untouched-");
  const seen: Record<string, number> = {};
  for (let seed = 1; seed <= ledgers / 2; seed += 1) {
    for (const { file, spec, headHash } of await writeSimulatedLedgers(seed, folder)) {
      const given = { genesis: [toHex(spec.chainId)], heads: [headHash] };
      const result = await auditLedger({ file, jobs: 1, ...given });
      assert.deepEqual(findingsOf(result), [], `seed ${seed}, ${spec.consensus}`);
      assert.equal(result.verdict, "complete", `seed ${seed}, ${spec.consensus}`);
      count(file, seen);
      await rm(file);
    }
  }
  // What was to be there was there: an audit of empty ledgers would show nothing.
  for (const [name, number] of Object.entries(seen)) assert.ok(number > 0, `${name} in the ledgers`);
});

function count(file: string, seen: Record<string, number>): void {
  using db = new DatabaseSync(file, { readOnly: true });
  for (const [name, sql] of Object.entries(wanted)) {
    seen[name] = (seen[name] ?? 0) + Number(db.prepare(sql).get()?.number);
  }
}
