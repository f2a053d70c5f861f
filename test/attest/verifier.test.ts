/** The verifier in Python: it passes on rich ledgers of both engines, and finds what was changed in them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { before, describe, it } from "node:test";
import { digestOfLedger, encodeDigest, signDigest } from "../../src/attest/digest-document.ts";
import { toHex } from "../../src/base/bytes.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import { keyPairNamed } from "../chain/block-builder.ts";
import { opened, type RichLedger, richLedger } from "./rich-ledgers.ts";

const script = path.resolve(import.meta.dirname, "../../src/attest/verifier/verify_ledger.py");

function python(...argv: readonly string[]) {
  // Its bytes are compiled nowhere beside it: a folder in src/ that is newer makes the built page an old one.
  const { status, stdout, stderr } = spawnSync("python3", ["-B", ...argv], { encoding: "utf8" });
  return { code: status, stdout, stderr };
}

const hasEd25519 = ["cryptography", "nacl"].some((name) => python("-c", `import ${name}`).code === 0);
const skip = hasEd25519 ? false : "python3 with cryptography or PyNaCl is not on this machine";

let rich: RichLedger;
const key = keyPairNamed("a node");
before(async () => {
  rich = await richLedger();
  const ledger = opened(rich.file);
  for (const chain of ledger.chains()) {
    const digest = signDigest(await digestOfLedger(ledger, chain, undefined), key);
    writeFileSync(path.join(rich.folder, `${chain.spec.name}.json`), encodeDigest(digest));
  }
});

const inFolder = (name: string) => path.join(rich.folder, name);
const digests = () => ["local-poa.json", "local-pow.json"].flatMap((name) => ["--digest", inFolder(name)]);
const ids = () => [rich.poa, rich.pow].flatMap(({ spec }) => ["--chain-id", toHex(spec.chainId)]);

function changed(name: string, sql: string): string {
  const file = inFolder(name);
  copyFileSync(rich.file, file);
  const db = new DatabaseSync(file);
  db.enableDefensive(false);
  db.exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${sql}`);
  db.close();
  return file;
}

describe("the verifier in Python", { skip }, () => {
  it("passes on both engines, and says what it knows and what it does not", () => {
    const alone = python(script, rich.file);
    assert.equal(alone.code, 0, alone.stdout + alone.stderr);
    assert.match(alone.stdout, /consistent up to block 17$/m);
    assert.match(alone.stdout, /final by certificates up to block 16/);
    assert.doesNotMatch(alone.stdout, /authentic/);
    const given = python(script, rich.file, ...ids(), ...digests());
    assert.equal(given.code, 0, given.stdout + given.stderr);
    assert.match(given.stdout, /authentic up to block 22, and complete up to block 22/);
    assert.match(given.stdout, new RegExp(`signed by the node ${nodeIdOf(key.publicKey)}`));
    const { contentDigest } = JSON.parse(readFileSync(inFolder("local-poa.json"), "utf8"));
    assert.match(given.stdout, new RegExp(`content digest ${contentDigest}`));
    const json = JSON.parse(python(script, rich.file, "--json").stdout);
    assert.deepEqual([json.ok, json.chains.length, json.findings], [true, 2, []]);
    const head = rich.pow.blocks.at(-1)?.block.hashHex as string;
    assert.equal(python(script, rich.file, "--head", head).code, 0);
  });

  it("ends with 2 if it cannot be used, and with 9 if it is another chain, cut, or signed by nobody", () => {
    assert.equal(python(script, inFolder("none.sqlite")).code, 2);
    assert.equal(python(script, script).code, 2);
    assert.equal(python(script, rich.file, "--chain-id", "xyz").code, 2);
    assert.equal(python(script, rich.file, "--digest", script).code, 2);
    const other = python(script, rich.file, "--chain-id", "ab".repeat(32));
    assert.equal(other.code, 9);
    assert.match(other.stdout, /has no chain abab/);
    const text = readFileSync(inFolder("local-pow.json"), "utf8");
    writeFileSync(inFolder("later.json"), text.replace('"height": 22', '"height": 23'));
    const later = python(script, rich.file, "--digest", inFolder("later.json"));
    assert.match(later.stdout, /blocks were cut off/);
    writeFileSync(inFolder("forged.json"), text.replace(/"signature": "../, '"signature": "00'));
    const forged = python(script, rich.file, "--digest", inFolder("forged.json"));
    assert.equal(forged.code, 9);
    assert.match(forged.stdout, /its signature is not valid/);
  });

  it("finds each thing that was changed", () => {
    const files = tamperings.map(([, sql], index) => changed(`tampered-${index}.sqlite`, sql));
    // One process for all of them: it takes longer to start than to verify.
    const program = [
      "import sys, io, json, contextlib",
      `sys.path.insert(0, ${JSON.stringify(path.dirname(script))})`,
      "import verify_ledger",
      "for name in sys.argv[2:]:",
      "    sys.argv = ['verify_ledger', name, '--json'] + json.loads(given)",
      "    out = io.StringIO()",
      "    with contextlib.redirect_stdout(out): code = verify_ledger.main()",
      "    print(json.dumps([code, out.getvalue()]))",
    ];
    program.splice(3, 0, "given = sys.argv[1]", "names = sys.argv[2:]");
    const text = program.join("\n").replace("for name in sys.argv[2:]:", "for name in names:");
    const run = python("-c", text, JSON.stringify(digests()), rich.file, ...files);
    const [untouched, ...found] = run.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as [number, string]);
    assert.equal(untouched?.[0], 0, untouched?.[1] ?? run.stderr);
    for (const [index, [what, , says]] of tamperings.entries()) {
      const [code, output] = found[index] ?? [];
      assert.equal(code, 9, `${what}: ${output}`);
      assert.match(output ?? "", says, what);
    }
  });
});

const poa = "(SELECT chain_id FROM meta WHERE consensus = 'poa')";
const pow = "(SELECT chain_id FROM meta WHERE consensus = 'pow')";

/** Views would stop SQLite from changing the tables that they read. */
const noViews =
  "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE type = 'view'; PRAGMA writable_schema = RESET";

/** What is done, by which SQL, and what the verifier has to say. */
const tamperings: readonly (readonly [string, string, RegExp])[] = [
  ["a block is removed", `DELETE FROM blocks WHERE chain_id = ${pow} AND "index" = 4`, /block 4.*missing/],
  [
    "the tail is cut",
    `DELETE FROM blocks WHERE chain_id = ${pow} AND "index" > 20;
     DELETE FROM transactions WHERE chain_id = ${pow} AND block_id > 20;
     UPDATE meta SET cursor_index = 20, cursor_hash = (SELECT hash FROM blocks WHERE chain_id = ${pow} AND "index" = 20)
     WHERE consensus = 'pow'`,
    /blocks were cut off/,
  ],
  [
    "a nonce is changed",
    `UPDATE blocks SET nonce_bytes = zeroblob(32) WHERE chain_id = ${pow} AND "index" = 3`,
    /above its target|blocks\.hash/,
  ],
  [
    "a seal is changed",
    `UPDATE blocks SET seal_signature = (SELECT seal_signature FROM blocks AS other WHERE other.chain_id = ${poa} AND other."index" = 4)
     WHERE chain_id = ${poa} AND "index" = 5`,
    /its producer has not sealed it/,
  ],
  [
    "a certificate is forged",
    `UPDATE blocks SET consensus_bytes = CAST(substr(consensus_bytes, 1, length(consensus_bytes) - 8) || zeroblob(8) AS BLOB)
     WHERE chain_id = ${poa} AND "index" = 4`,
    /consensus section is not the one|does not decode|offset/,
  ],
  [
    "the last word is forged",
    `UPDATE meta SET final_certificate = CAST(substr(final_certificate, 1, length(final_certificate) - 8) || zeroblob(8) AS BLOB) WHERE consensus = 'poa'`,
    /final_certificate does not hold/,
  ],
  [
    "a block is called final that is not",
    `UPDATE meta SET final_index = 17 WHERE consensus = 'poa'`,
    /final_index is 17/,
  ],
  [
    "a transaction's bytes are changed",
    `UPDATE transactions SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'07' AS BLOB) WHERE chain_id = ${pow} AND block_id = 1 AND position = 0`,
    /not those that its header commits to|transaction's payload/,
  ],
  [
    "a transaction is removed",
    `DELETE FROM transactions WHERE chain_id = ${poa} AND block_id = 2 AND position = 0`,
    /not those that its header commits to/,
  ],
  [
    "two transactions are swapped",
    `UPDATE transactions SET transaction_key = -1 WHERE chain_id = ${pow} AND block_id = 1 AND position = 0;
     UPDATE transactions SET transaction_key = transaction_key - 1 WHERE chain_id = ${pow} AND block_id = 1 AND position = 1;
     UPDATE transactions SET transaction_key = (SELECT transaction_key + 1 FROM transactions WHERE chain_id = ${pow} AND block_id = 1 AND position = 1)
     WHERE transaction_key = -1`,
    /not those that its header commits to/,
  ],
  [
    "a transaction of nobody is added",
    `INSERT INTO transactions SELECT * FROM transactions WHERE 0;
     UPDATE transactions SET block_id = 99 WHERE chain_id = ${poa} AND block_id = 7`,
    /not those that its header commits to|belong to no block/,
  ],
  [
    "an amount is changed",
    `UPDATE transactions SET amount_units = 2 WHERE chain_id = ${poa} AND block_id = 1 AND position = 0`,
    /transactions\.amount_units is 2/,
  ],
  [
    "a receiver is changed",
    `UPDATE transactions SET to_account = from_account WHERE chain_id = ${poa} AND block_id = 1 AND position = 0`,
    /transactions\.to_account/,
  ],
  [
    "a name is changed",
    `UPDATE users SET name = 'mallory' WHERE chain_id = ${poa} AND name LIKE 'bob%'`,
    /users has/,
  ],
  [
    "a name is added",
    `INSERT INTO users (name, account, registered_in, registered_at_ms, transaction_id, chain_id, origin)
     SELECT 'mallory', 'aurex1x', 2, 0, 'x', chain_id, 'chain' FROM meta WHERE consensus = 'pow'`,
    /users has/,
  ],
  [
    "an asset's supply is changed",
    `UPDATE assets SET supply_units = 7 WHERE symbol = 'GOLD'`,
    /supply_units of .* is not the supply/,
  ],
  ["an asset is removed", `DELETE FROM assets WHERE symbol = 'FINE' AND chain_id = ${pow}`, /assets has/],
  [
    "an authority is added",
    `INSERT INTO authority_changes SELECT chain_id, 4, account, node_id, change, origin FROM authority_changes WHERE block_id = 5`,
    /authority_changes has/,
  ],
  [
    "a slashing is called a leave",
    `UPDATE authority_changes SET change = 'removed' WHERE change = 'slashed'`,
    /authority_changes has/,
  ],
  [
    "a reward is changed",
    `UPDATE blocks SET reward_units = reward_units + 1 WHERE chain_id = ${pow} AND "index" = 6`,
    /blocks\.reward_units/,
  ],
  [
    "an allocation is changed",
    `UPDATE allocations SET amount_units = 1 WHERE amount_units IS NOT NULL`,
    /allocations.*genesis spec/,
  ],
  [
    "a genesis spec is changed",
    `UPDATE meta SET genesis_bytes = CAST(substr(genesis_bytes, 1, length(genesis_bytes) - 1) || x'01' AS BLOB) WHERE consensus = 'pow'`,
    /is not the SHA-256 of genesis_bytes|genesis spec/,
  ],
  [
    "a producer is changed",
    `UPDATE blocks SET miner = 'mallory' WHERE chain_id = ${pow} AND "index" = 6`,
    /contentDigest/,
  ],
  [
    "a memo is changed",
    `UPDATE transactions SET data = 'x' WHERE chain_id = ${poa} AND block_id = 1 AND position = 0`,
    /contentDigest/,
  ],
  [
    "a time is changed",
    `UPDATE blocks SET timestamp_iso = '2026-01-01T00:00:00.000Z' WHERE "index" = 5`,
    /contentDigest/,
  ],
  [
    "a note's bytes are text",
    `UPDATE blocks SET header_bytes = 'x' WHERE chain_id = ${pow} AND "index" = 2`,
    /header_bytes is no bytes/,
  ],
  [
    "bytes are huge",
    `UPDATE transactions SET bytes = zeroblob(5000000) WHERE chain_id = ${pow} AND block_id = 2 AND position = 0`,
    /a transaction/,
  ],
  [
    "a table becomes a view that never ends",
    `${noViews}; ALTER TABLE users RENAME TO old;
     CREATE VIEW users AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n`,
    /users has/,
  ],
  [
    "a column is missing",
    `${noViews}; ALTER TABLE authority_changes RENAME COLUMN change TO changed`,
    /column is missing|schema|read to its end/,
  ],
  [
    "markup stands in meta",
    `UPDATE meta SET name = '<b>' || char(27) || '[2J' WHERE consensus = 'pow'`,
    /contentDigest/,
  ],
];
