/** The content digest's format: how rows are written and hashed, as docs/content-digest.md says. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ContentDigest, canonicalRow, type DigestRow } from "../../src/audit/content-digest.ts";
import { toHex } from "../../src/base/bytes.ts";

const page = readFileSync(new URL("../../docs/content-digest.md", import.meta.url), "utf8");

const meta: DigestRow = {
  chain_id: "00",
  name: "grüße",
  consensus: "pow",
  genesis_hash: "11",
  genesis_bytes: Uint8Array.of(0, 255),
  reward_maturity_blocks: 2n,
};
const allocation: DigestRow = {
  chain_id: "00",
  account: "ax1example",
  amount_units: 5_000_000_000_000_000n,
  amount_units_large: null,
  amount_text: "50000000.00000000",
};
const genesisDigest = "3ae171518e37eab7c6ef42b4748f5e682a4a5fd8eb268802825ebe4d39237ecd";

test("rows are hashed as the page writes them", () => {
  const text = canonicalRow("meta", meta) + canonicalRow("allocations", allocation);
  assert.ok(page.includes(`\`\`\`\naurex/ledger-content/1\n${text}\`\`\``), text);
  const digest = new ContentDigest(meta, [allocation]);
  assert.equal(
    toHex(digest.current),
    createHash("sha256").update(`aurex/ledger-content/1\n${text}`).digest("hex"),
  );
  assert.equal(toHex(digest.current), genesisDigest);
  assert.ok(page.includes(genesisDigest));
  const amounts: [DigestRow[string], string][] = [
    [10.5, "R4025000000000000"],
    [0, "R0000000000000000"],
    [-0.1, "Rbfb999999999999a"],
    [-(2n ** 63n), "I-9223372036854775808"],
    ["", "S0:"],
    ["a\nb=N\n😀", "S10:a\nb=N\n😀"],
    [new Uint8Array(), "B"],
    [Buffer.from("..\u0001\u00ff", "latin1").subarray(2), "B01ff"],
    [null, "N"],
  ];
  for (const [value, text] of amounts) {
    assert.ok(
      canonicalRow("allocations", { ...allocation, amount_units: value }).includes(`amount_units=${text}\n`),
    );
  }
});
