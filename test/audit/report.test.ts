/** The HTML report of an audit: self-contained, exact, and never markup of the file's. */
import assert from "node:assert/strict";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { before, describe, it } from "node:test";
import { auditLedger } from "../../src/audit/audit-ledger.ts";
import type { AuditResult } from "../../src/audit/audit-result.ts";
import { auditReport } from "../../src/audit/report/audit-report.ts";
import { browserMissing, launchBrowser } from "../client/browser.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { overflowPx, seriousFindings } from "../web/page-walk.ts";
import { writeMixedLedger } from "./ledgers.ts";

describe("the report of an audit", () => {
  let file: string;
  let result: AuditResult;
  let page: string;
  before(async () => {
    file = path.join(await folderUntilEnd("aurex-report-"), "<b>ledger.sqlite");
    await writeMixedLedger(file);
    result = await auditLedger({ file });
    page = auditReport(result);
  });

  it("says the verdict of each chain in the words of the audit, and every check", () => {
    for (const { words, chainId, checks } of result.chains) {
      assert.ok(page.includes(`<strong>${words}</strong>`), words);
      assert.ok(page.includes(chainId));
      for (const { title } of checks) assert.ok(page.includes(title), title);
    }
  });

  it("has balances to the last unit, also where they pass 2^53 and their sum passes 2^63", () => {
    // The ledger gives bob 90071992.54740993 AUR and pays him once; the asset VAST has all units that a uint64 holds.
    assert.match(
      page,
      /<strong>VAST<\/strong> <code[^>]*>[0-9a-f]{64}<\/code>: 18446744073709551615 in 3 accounts/,
    );
    const [total = "", parts] = supplyOf(page);
    assert.equal(
      parts.reduce((sum, part) => sum + part, 0n),
      unitsOf(total),
    );
    assert.ok(unitsOf(total) > 2n ** 63n, total);
  });

  it("asks nothing of any other place and runs nothing", () => {
    assert.doesNotMatch(page, /<script|<link|<img|<iframe|\bon\w+=|url\(|@import|https?:/i);
    assert.match(page, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/);
  });

  it("shows names of the file as text", () => {
    assert.ok(page.includes("&#60;b&#62;ledger.sqlite"));
    assert.doesNotMatch(page, /<b>/);
  });

  it("has room for itself on a narrow screen", { skip: browserMissing }, async () => {
    const browser = await launchBrowser();
    try {
      const window = await browser.newPage({ viewport: { width: 390, height: 800 } });
      const complaints: string[] = [];
      window.on("console", (message) => complaints.push(message.text()));
      window.on("request", (request) => complaints.push(request.url()));
      await window.setContent(page);
      assert.ok((await overflowPx(window)) <= 0);
      assert.deepEqual(complaints, []);
      assert.deepEqual(await seriousFindings(window), []);
    } finally {
      await browser.close();
    }
  });

  it("leaves figures out if the file cannot give them, and still says what was found", () => {
    const db = new DatabaseSync(file);
    // SQLite renames no column that a view names.
    for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'").all()) {
      db.exec(`DROP VIEW "${name}"`);
    }
    db.exec("ALTER TABLE blocks RENAME COLUMN timestamp_ms TO elsewhere");
    db.close();
    const broken = auditReport(result);
    assert.match(broken, /not such that figures could be computed/);
    assert.ok(broken.includes(result.chains[0]?.words ?? "nothing"));
  });
});

/** The supply of AUR in the first chain of the page, and what its holders have. */
function supplyOf(page: string): [string | undefined, bigint[]] {
  const [, total, table = ""] =
    /<strong>AUR<\/strong>: ([\d.]+) in[\s\S]*?<tbody>([\s\S]*?)<\/tbody>/.exec(page) ?? [];
  const amounts = [...table.matchAll(/<td class="number">([\d.]+)<\/td>/g)].map(([, amount = ""]) =>
    unitsOf(amount),
  );
  return [total, amounts];
}

function unitsOf(amount: string): bigint {
  const [whole = "0", fraction = ""] = amount.split(".");
  return BigInt(whole) * 100_000_000n + BigInt(fraction.padEnd(8, "0"));
}
