/** What nobody can see from the file alone: the verdict does not claim it, and a head or a digest from somebody else shows it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import path from "node:path";
import { before, describe, it } from "node:test";
import { type AuditOptions, auditLedger, type GivenDigest } from "../../src/audit/audit-ledger.ts";
import type { AuditResult, ChainResult } from "../../src/audit/audit-result.ts";
import { ledgerDigests } from "../../src/audit/ledger-digest.ts";
import { openLedger } from "../../src/audit/ledger-opening.ts";
import { concatBytes, toHex } from "../../src/base/bytes.ts";
import { sealDomain } from "../../src/protocol/hashing.ts";
import { BlockBuilder, type BuiltBlock, keyPairNamed } from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { exportOnce } from "../export/ledger-contents.ts";
import { createMemoryDisk } from "../support/memory-store.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { findingsOf } from "./caught.ts";
import { exportForged } from "./forged-chain.ts";
import { type ToldChain, writeAuthorityLedger, writeMixedLedger, writeWorkLedger } from "./ledgers.ts";
import { signatureOtherwise } from "./signed-otherwise.ts";

let folder: string;
const told = {} as { poa: ToldChain; pow: ToldChain };
const fileOf = (name: string) => path.join(folder, `${name}.sqlite`);

before(async () => {
  folder = await folderUntilEnd("aurex-unseen-");
  told.poa = await writeAuthorityLedger(fileOf("poa"));
  told.pow = await writeWorkLedger(fileOf("pow"));
});

function digestOf(file: string, { spec, chain }: ToldChain): GivenDigest {
  const db = openLedger(file);
  try {
    const { header, hashHex } = chain.head;
    const digests = [...ledgerDigests(db, toHex(spec.chainId))];
    const last = digests.at(-1);
    assert.equal(last?.height, header.height);
    return {
      chainId: toHex(spec.chainId),
      height: header.height,
      hash: hashHex,
      contentDigest: toHex(last.digest),
    };
  } finally {
    db.close();
  }
}

async function audited(file: string, given: Omit<AuditOptions, "file"> = {}): Promise<AuditResult> {
  return auditLedger({ file, jobs: 1, ...given });
}

/** As an export of a node that has heard of no more than these blocks. */
async function exportOf(file: string, { spec }: ToldChain, blocks: readonly BuiltBlock[]): Promise<void> {
  const open = await openChain({ spec });
  for (const block of blocks.slice(1)) assert.equal(await open.give(block), "head");
  await exportOnce(file, open.chain);
}

/** The file is a true ledger as far as it goes; who knows more says so, and only then the audit fails. */
async function assertSeenOnlyFromOutside(file: string, truth: ToldChain, truthFile: string): Promise<void> {
  const genesis = [toHex(truth.spec.chainId)];
  const alone = await audited(file);
  assert.deepEqual(findingsOf(alone), []);
  assert.equal(alone.verdict, "consistent");
  const rooted = await audited(file, { genesis });
  assert.equal(rooted.verdict, "authentic");
  const [chain] = rooted.chains as [ChainResult];
  assert.ok(chain.notProved.length > 0, "it says what it has not proved");
  assert.doesNotMatch(chain.words, /complete/);
  const heads = [truth.chain.head.hashHex];
  const byHead = await audited(file, { genesis, heads });
  assert.equal(byHead.verdict, "failed");
  assert.equal(byHead.holds, false);
  const bySince = await audited(file, { genesis, since: [digestOf(truthFile, truth)] });
  assert.equal(bySince.verdict, "failed");
  assert.ok(findingsOf(bySince).some(({ check }) => check === "append"));
}

describe("what the file alone does not show", () => {
  it("is nothing in a file that has not been tampered with: each verdict from what is given", async () => {
    for (const name of ["poa", "pow"] as const) {
      const { spec, chain } = told[name];
      const genesis = [toHex(spec.chainId)];
      const heads = [chain.head.hashHex];
      assert.equal((await audited(fileOf(name))).verdict, "consistent");
      assert.equal((await audited(fileOf(name), { genesis })).verdict, "authentic");
      // A head alone says nothing of the genesis block.
      assert.equal((await audited(fileOf(name), { genesis, heads })).verdict, "complete");
      const since = [digestOf(fileOf(name), told[name])];
      assert.equal((await audited(fileOf(name), { genesis, since })).verdict, "complete");
    }
  });

  it("is that blocks were cut off the end of Proof of Authority", async () => {
    const file = fileOf("cut-poa");
    await exportOf(file, told.poa, told.poa.blocks.slice(0, 13));
    await assertSeenOnlyFromOutside(file, told.poa, fileOf("poa"));
  });

  it("is that blocks were cut off the end of Proof of Work", async () => {
    const file = fileOf("cut-pow");
    await exportOf(file, told.pow, told.pow.blocks.slice(0, 20));
    await assertSeenOnlyFromOutside(file, told.pow, fileOf("pow"));
  });

  it("is that the last block of Proof of Work was mined again with another note", async () => {
    const file = fileOf("mined-again");
    const builder = new BlockBuilder(told.pow.spec);
    const blocks = rebuilt(builder, told.pow.blocks.slice(0, -1));
    const last = (told.pow.blocks.at(-1) as BuiltBlock).block;
    const again = builder.on(blocks.at(-1) as BuiltBlock, {
      producer: keyPairNamed("second miner"),
      transactions: last.transactions,
      header: { timestampMs: last.header.timestampMs, extraData: new Uint8Array(32).fill(0x21) },
    });
    await exportForged(file, builder, [...blocks, again]);
    await assertSeenOnlyFromOutside(file, told.pow, fileOf("pow"));
  });

  it("is that everything from a block on was mined again, without its payments", async () => {
    const file = fileOf("branch");
    const builder = new BlockBuilder(told.pow.spec);
    const trunk = rebuilt(builder, told.pow.blocks.slice(0, 9));
    const branch = builder.branch(trunk.at(-1) as BuiltBlock, 16, { producer: keyPairNamed("mallory") });
    await exportForged(file, builder, [...trunk, ...branch]);
    await assertSeenOnlyFromOutside(file, told.pow, fileOf("pow"));
  });

  it("is that a chain was deleted from a file of two", async () => {
    const [file, mixed] = [fileOf("deleted"), fileOf("mixed")];
    const [authority, work] = (await writeMixedLedger(mixed)) as [ToldChain, ToldChain];
    copyFileSync(mixed, file);
    const gone = `(SELECT chain_id FROM meta WHERE consensus = 'pow')`;
    const tables = [
      "transactions",
      "users",
      "assets",
      "mining_pool",
      "allocations",
      "nodes",
      "authority_changes",
    ];
    const sql = [
      ...tables.map((table) => `DELETE FROM ${table} WHERE chain_id = ${gone};`),
      `DELETE FROM orphaned_blocks WHERE chain_id = ${gone};`,
      `DELETE FROM reorgs WHERE chain_id = ${gone};`,
      `DELETE FROM blocks WHERE chain_id = ${gone};`,
      "DELETE FROM meta WHERE consensus = 'pow';",
    ];
    execFileSync("sqlite3", [file], { input: sql.join("\n") });
    assert.deepEqual(findingsOf(await audited(file)), []);
    const known = { genesis: [toHex(authority.spec.chainId), toHex(work.spec.chainId)] };
    assert.equal((await audited(mixed, known)).verdict, "authentic");
    const missing = await audited(file, known);
    assert.equal(missing.verdict, "failed", "a genesis that was given and is in no chain of the file");
    await assert.rejects(audited(file, { chain: toHex(work.spec.chainId) }), { code: "audit/unknown-chain" });
  });

  it("is that a final block can never be replaced, if its certificate is gone: it is said not to be proved", async () => {
    const claims = {
      "without the certificate": "UPDATE meta SET final_certificate = NULL",
      "the last block, without a certificate":
        "UPDATE meta SET final_certificate = NULL, final_index = cursor_index, final_hash = cursor_hash",
    };
    for (const [name, sql] of Object.entries(claims)) {
      const file = fileOf("unproved");
      copyFileSync(fileOf("poa"), file);
      execFileSync("sqlite3", [file], { input: sql });
      const result = await audited(file);
      assert.deepEqual(findingsOf(result), [], name);
      const [chain] = result.chains as [ChainResult];
      assert.ok(
        chain.notProved.some(({ what }) => what.includes("can never be replaced")),
        name,
      );
    }
  });

  it("is nothing in a ledger of a node that was restarted, and has forgotten the votes for its final block", async () => {
    const file = fileOf("restarted");
    const three = new AuthorityChain(3);
    const disk = createMemoryDisk();
    const first = three.child(three.genesis);
    const before = await openChain({ spec: three.builder.spec }, { disk });
    const blocks = [first, ...three.growCertified(first, 3)];
    for (const block of blocks) await before.give(block);
    await before.vote(...three.votes(blocks.at(-1) as BuiltBlock));
    await before.chain.close();
    const after = await openChain({ spec: three.builder.spec }, { disk });
    assert.equal(after.chain.final?.height, 3);
    assert.equal(after.chain.finalCertificate(), undefined);
    await exportOnce(file, after.chain);
    const result = await audited(file);
    assert.deepEqual(findingsOf(result), []);
    assert.equal(result.verdict, "consistent");
  });

  it("is a second valid seal by the same authority: the block is the same, and only a digest shows it", async () => {
    const [file, truthFile] = [fileOf("sealed-again"), fileOf("sealed")];
    const three = new AuthorityChain(3);
    const blocks = [three.genesis, ...three.grow(three.genesis, 4)];
    await exportForged(truthFile, three.builder, blocks);
    const tip = blocks.at(-1) as BuiltBlock;
    const sealer = three.keys.find(({ publicKey }) => toHex(publicKey) === toHex(tip.block.header.producer));
    assert.ok(sealer);
    const signature = signatureOtherwise(concatBytes([sealDomain, tip.block.hash]), sealer);
    const again = three.builder.on(blocks.at(-2) as BuiltBlock, { seal: { signature } });
    assert.equal(again.block.hashHex, tip.block.hashHex);
    await exportForged(file, three.builder, [...blocks.slice(0, -1), again]);
    assert.deepEqual(findingsOf(await audited(file)), []);
    const truth = { spec: three.builder.spec, chain: { head: tip.record } } as unknown as ToldChain;
    const bySince = await audited(file, { since: [digestOf(truthFile, truth)] });
    assert.deepEqual([...new Set(findingsOf(bySince).map(({ check }) => check))], ["append"]);
  });
});

/** The same blocks, known to another builder. */
function rebuilt(builder: BlockBuilder, blocks: readonly BuiltBlock[]): BuiltBlock[] {
  return blocks.map((built) => builder.restated(built, built.record));
}
