/** The commands that hand something over, as their help says them, on rich ledgers; and each wrong use of them. */
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type Run, run } from "../cli/test-terminal.ts";
import { type ApiRig, alice, openApiRig } from "../http/api-rig.ts";
import { type RichLedger, richLedger } from "./rich-ledgers.ts";

let rich: RichLedger;
before(async () => {
  rich = await richLedger();
});

const inFolder = (name: string) => path.join(rich.folder, name);

/** A line of a help text, its files in the test's folder. */
function follow(line: string, input = ""): Promise<Run> {
  const [program, ...words] = line.split(" ");
  assert.equal(program, "aurex-node");
  const argv = words.map((word) => (/\.(?:sqlite|json|html|csv)$/.test(word) ? inFolder(word) : word));
  return run(argv, { input });
}

async function works(line: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await follow(line, input);
  assert.equal(code, 0, `${line}\n${stderr}`);
  return stdout;
}

async function refuses(line: string, code: number, says: RegExp): Promise<void> {
  const { code: found, stderr, stdout } = await follow(line);
  assert.equal(found, code, `${line}\n${stdout}${stderr}`);
  assert.match(stderr, says);
  assert.match(stderr, /^Error: .*\n(?:Why: .*\n)?Next: {2}/s);
}

describe("aurex-node digest", () => {
  it("makes a document and holds the ledger against it", async () => {
    assert.match(
      await works("aurex-node digest ledger.sqlite --chain local-poa"),
      /^digest {6}[0-9a-f]{64}$/m,
    );
    await works("aurex-node digest ledger.sqlite --chain local-poa --at 1 --out digest.json");
    assert.match(await works("aurex-node digest ledger.sqlite --verify digest.json"), /Nobody has signed/);
    const json = JSON.parse(await works("aurex-node digest ledger.sqlite --verify digest.json --json"));
    assert.deepEqual([json.holds, json.head.height, json.signer], [true, 1, null]);
    await refuses(
      "aurex-node digest ledger.sqlite --chain local-poa --out digest.json",
      2,
      /is there already/,
    );
    await works("aurex-node digest ledger.sqlite --chain local-poa --out digest.json --force");
  });

  it("says with exit code 9 what was changed or cut since", async () => {
    await works("aurex-node digest ledger.sqlite --chain local-pow --out all.json");
    copyFileSync(rich.file, inFolder("cut.sqlite"));
    const db = new DatabaseSync(inFolder("cut.sqlite"));
    db.exec(`
      PRAGMA foreign_keys = OFF;
      DELETE FROM blocks WHERE "index" = 22; DELETE FROM transactions WHERE block_id = 22;
      UPDATE meta SET cursor_index = 21, cursor_hash = (SELECT hash FROM blocks WHERE "index" = 21) WHERE consensus = 'pow'`);
    db.close();
    const cut = await follow("aurex-node digest cut.sqlite --verify all.json");
    assert.equal(cut.code, 9);
    assert.match(cut.stdout, /^blocks were cut off the end/);
    const text = readFileSync(inFolder("all.json"), "utf8");
    writeFileSync(inFolder("forged.json"), text.replace(/"stateRoot": "../, '"stateRoot": "00'));
    const forged = await follow("aurex-node digest ledger.sqlite --verify forged.json --json");
    assert.equal(forged.code, 9);
    assert.equal(JSON.parse(forged.stdout).differences[0].what, "stateRoot");
  });

  it("refuses what it cannot use", async () => {
    await refuses("aurex-node digest ledger.sqlite", 2, /holds several chains/);
    await refuses("aurex-node digest none.sqlite", 2, /there is no ledger/);
    await refuses("aurex-node digest ledger.sqlite --chain local-poa --at 99", 2, /has no block 99/);
    await refuses("aurex-node digest ledger.sqlite --key alice", 2, /--key belongs to --sign/);
    await refuses("aurex-node digest ledger.sqlite --verify digest.json --at 3", 2, /exclude each other/);
    await refuses("aurex-node digest ledger.sqlite --verify ledger.sqlite", 2, /is no document/);
    writeFileSync(inFolder("text.sqlite"), "x".repeat(10_000));
    await refuses("aurex-node digest text.sqlite", 2, /Aurex ledger|not a database/);
  });
});

describe("aurex-node prove and verify-proof", () => {
  it("prove from a ledger, and verify without it", async () => {
    const prove =
      "aurex-node prove alice@example.com --ledger ledger.sqlite --chain local-pow --out proof.json";
    assert.match(await works(prove), /^name +alice@example\.com$/m);
    const printed =
      "aurex-node prove alice@example.com --ledger ledger.sqlite --chain local-pow --at 1 --json";
    assert.equal(JSON.parse(await works(printed)).block.height, 1);
    assert.match(await works("aurex-node verify-proof proof.json"), /The proof holds\.$/m);
    const id = toHex(rich.pow.spec.chainId);
    const given = await works(`aurex-node verify-proof proof.json --genesis ${id} --json`);
    assert.deepEqual([JSON.parse(given).holds, JSON.parse(given).isChainGiven], [true, true]);
    const other = await follow(
      `aurex-node verify-proof proof.json --genesis ${toHex(rich.poa.spec.chainId)}`,
    );
    assert.equal(other.code, 9);
    assert.match(other.stdout, /^The proof does not hold: it is of the chain/);
    const proof = readFileSync(inFolder("proof.json"), "utf8");
    assert.match(await works("aurex-node verify-proof -", proof), /The proof holds/);
  });

  it("refuse what they cannot use", async () => {
    await refuses("aurex-node prove alice@example.com --ledger ledger.sqlite", 2, /several chains/);
    const prove = "aurex-node prove mallory --ledger ledger.sqlite --chain local-pow";
    await refuses(prove, 2, /nobody has the name mallory/);
    await refuses("aurex-node prove alice@example.com --at 3", 2, /--at belongs to --ledger/);
    await refuses("aurex-node verify-proof ledger.sqlite", 2, /is no document/);
    await refuses("aurex-node verify-proof none.json", 2, /none\.json/);
    await refuses("aurex-node verify-proof proof.json --genesis proof.json", 2, /is no chain spec/);
  });
});

describe("aurex-node prove by a running node", () => {
  let rig: ApiRig;
  before(async () => {
    rig = await openApiRig({});
  });
  after(() => rig.close());

  it("proves what an account has, and a transaction", async () => {
    const { stdout, code, stderr } = await run(["prove", addressOf(alice.publicKey), "--api", rig.url]);
    assert.equal(code, 0, stderr);
    assert.match(await works("aurex-node verify-proof -", stdout), /The proof holds/);
    const wrong = await run(["prove", "mallory", "--api", rig.url]);
    assert.equal(wrong.code, 2);
  });
});

describe("aurex-node statement", () => {
  const of = "aurex-node statement --account alice@example.com --ledger ledger.sqlite --chain local-pow";

  it("prints, and writes page, table and proof", async () => {
    assert.match(
      await works(
        "aurex-node statement --account alice@example.com --ledger ledger.sqlite --chain local-pow",
      ),
      /^ +AUR +0 /m,
    );
    await works(
      "aurex-node statement --account alice@example.com --ledger ledger.sqlite --chain local-pow --at 2026-12-31 --html alice.html --csv alice.csv",
    );
    const json = await works(
      "aurex-node statement --account alice@example.com --ledger ledger.sqlite --chain local-pow --proof alice-proof.json --json",
    );
    assert.equal(JSON.parse(json).name, "alice@example.com");
    assert.match(await works("aurex-node verify-proof alice-proof.json"), /The proof holds/);
    assert.match(readFileSync(inFolder("alice.html"), "utf8"), /^<!doctype html>/);
    assert.match(readFileSync(inFolder("alice.csv"), "utf8"), /^time,block,/);
    // Nothing is left beside them.
    assert.deepEqual(
      readdirSync(rich.folder).filter((name) => name.endsWith(".tmp")),
      [],
    );
  });

  it("refuses what it cannot use", async () => {
    await refuses(`${of} --html alice.html`, 2, /is there already/);
    await refuses(`${of} --at 2026-02-30`, 2, /is no height and no date/);
    await refuses(`${of} --from 9 --at 3`, 2, /would begin with block 9/);
    await refuses(`${of} --at 1999-12-31`, 2, /has no block before/);
    await refuses("aurex-node statement --ledger ledger.sqlite", 2, /--account/);
    const last = rich.poa.blocks.length - 1;
    const unproved = `${of} --at ${last} --proof p.json`.replace("local-pow", "local-poa");
    await refuses(unproved, 2, /there is no proof to write/);
  });
});
