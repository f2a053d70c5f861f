/** Statements: openings, entries and closings add up to the state of the chain, and nothing in them is markup or a formula. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { LedgerBlocks } from "../../src/attest/ledger-blocks.ts";
import { verifyProof } from "../../src/attest/proof/verify-proof.ts";
import {
  type Statement,
  type StatementWish,
  statementFromLedger,
} from "../../src/attest/statement/statement.ts";
import { statementCsv, statementJson } from "../../src/attest/statement/statement-forms.ts";
import { statementPage } from "../../src/attest/statement/statement-page.ts";
import { toHex } from "../../src/base/bytes.ts";
import { addressOf, nodeIdOf } from "../../src/protocol/identity.ts";
import { keyPairNamed } from "../chain/block-builder.ts";
import { opened, type RichLedger, richLedger } from "./rich-ledgers.ts";

const nowMs = Date.UTC(2027, 0);
let rich: RichLedger;
let ledger: LedgerBlocks;
before(async () => {
  rich = await richLedger();
  ledger = opened(rich.file);
});

const statement = (chain: "poa" | "pow", wish: StatementWish): Promise<Statement> =>
  statementFromLedger(ledger, ledger.chain(`local-${chain}`), wish, { nowMs });

/** Balances of an account by asset, as the chain's builder has them. */
function balancesAt(chain: "poa" | "pow", account: string, height: number): Map<string, bigint> {
  const found = new Map<string, bigint>([["AUR", 0n]]);
  for (const entry of rich[chain].blocks[height]?.entries ?? []) {
    if (entry.type === "account" && entry.account === account) found.set("AUR", entry.balance);
    if (entry.type === "assetBalance" && entry.account === account) found.set(entry.assetId, entry.balance);
  }
  return found;
}

describe("the statement of an account", () => {
  for (const chain of ["poa", "pow"] as const) {
    it(`adds up on a chain of ${chain}, for everybody and from any block`, async () => {
      for (const name of ["alice", "bob", "carol"]) {
        const { publicKey } = keyPairNamed(name);
        for (const [from, to] of [
          [0, 0],
          [0, 8],
          [3, 12],
          [9, 9],
        ] as const) {
          const made = await statement(chain, {
            account: addressOf(publicKey),
            from: { height: from },
            to: { height: to },
          });
          const opening = from === 0 ? new Map() : balancesAt(chain, toHex(publicKey), from - 1);
          const closing = balancesAt(chain, toHex(publicKey), to);
          for (const asset of made.assets) {
            const { assetId, openingUnits, inUnits, outUnits, closingUnits } = asset;
            assert.equal(openingUnits, opening.get(assetId) ?? 0n);
            assert.equal(closingUnits, closing.get(assetId) ?? 0n);
            assert.equal(openingUnits + inUnits - outUnits, closingUnits);
            const last = made.entries.findLast((entry) => entry.assetId === assetId);
            assert.equal(last?.balanceUnits ?? openingUnits, closingUnits);
          }
          assert.deepEqual(new Set(made.assets.map(({ assetId }) => assetId)), new Set(closing.keys()));
          assert.ok(made.entries.every(({ height }) => height >= from && height <= to));
          assert.ok(made.proof);
          const proven = verifyProof(made.proof, { chainId: rich[chain].spec.chainId, nowMs });
          assert.ok(proven.ok && proven.value.header.height === to);
        }
      }
    });
  }

  it("takes a name, a node id or a key, and days and moments", async () => {
    const { publicKey } = keyPairNamed("alice");
    const references = ["alice@example.com", nodeIdOf(publicKey), toHex(publicKey), addressOf(publicKey)];
    const made = await Promise.all(references.map((account) => statement("pow", { account })));
    for (const each of made) assert.deepEqual(each, made[0]);
    const block = rich.pow.blocks[5]?.block.header;
    assert.ok(block);
    const wish = { account: "alice@example.com", from: { timeMs: block.timestampMs }, to: { height: 9 } };
    const { from } = await statement("pow", wish);
    assert.equal(from.height, 5);
    const upTo = { ...wish, from: undefined, to: { timeMs: block.timestampMs - 1 } };
    assert.equal((await statement("pow", upTo)).to.height, 4);
    await assert.rejects(statement("pow", { ...wish, to: { timeMs: 0 } }), /has no block before 1970/);
    await assert.rejects(statement("pow", { ...wish, account: "mallory" }), /nobody has the name mallory/);
    await assert.rejects(statement("pow", { ...wish, account: "aurex1qq" }), /is no address/);
  });

  it("says of a block that is not final that its closing balance is not proved", async () => {
    const height = rich.poa.blocks.length - 1;
    const made = await statement("poa", { account: "alice@example.com", to: { height } });
    assert.equal(made.proof, null);
    assert.match(made.proofMissing ?? "", /not shown to be final/);
    assert.match(statementPage(made), /There is none: block/);
  });
});

describe("a statement in its forms", () => {
  it("shows texts of strangers as text, in the page and in the table", async () => {
    const made = await statement("pow", { account: "bob@example.com" });
    const page = statementPage(made);
    // The memo of the first transfer to bob.
    assert.ok(made.entries.some(({ memo }) => memo === "<script>alert(1)</script>"));
    assert.doesNotMatch(page, /<script/i);
    assert.match(page, /&#60;script&#62;alert\(1\)/);
    assert.doesNotMatch(page, /\b(?:src|href)=|https?:|url\(|@import/);
    const harmful: Statement = {
      ...made,
      entries: made.entries.map((entry) => ({ ...entry, memo: '=HYPERLINK("x")\u202e' })),
    };
    const lines = [...statementCsv(harmful)];
    assert.equal(lines.length, 1 + made.entries.length + 2 * made.assets.length);
    assert.match(lines.join(""), /,"'=HYPERLINK\(""x""\)\\u\{202e\}"\n/);
  });

  it("has exact numbers as text in JSON", async () => {
    const made = await statement("poa", { account: "alice@example.com" });
    const json = JSON.parse(JSON.stringify(statementJson(made)));
    assert.equal(json.format, "aurex-statement/1");
    assert.equal(json.assets[0].closingUnits, made.assets[0]?.closingUnits.toString());
    assert.equal(json.entries.length, made.entries.length);
    assert.equal(typeof json.entries[0].deltaUnits, "string");
    assert.equal(json.proof.claim.balanceUnits, json.assets[0].closingUnits);
  });
});
