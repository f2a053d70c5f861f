/** Who may seal after each block, and what makes the last final block final, can be read from the file alone, by whatever way it was written. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { certificateFault } from "../../src/consensus/finality/certify.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import type { LedgerSource } from "../../src/export/ledger-source.ts";
import { CertificateType } from "../../src/protocol/certificate.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, verifySignature } from "../../src/protocol/signing.ts";
import type { BuiltBlock } from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";
import { AuthorityChain, checkpointOf } from "../consensus/authority-chain.ts";
import { exportOnce, fileContents, jobFor, temporaryFolder } from "./ledger-contents.ts";

function changesIn(db: DatabaseSync): unknown[][] {
  return db
    .prepare("SELECT block_id, account, change, origin FROM authority_changes ORDER BY block_id, account")
    .all()
    .map((row) => Object.values(row));
}

/** Whoever was added up to a height and has not left since, from the rows. */
function setAt(db: DatabaseSync, height: number): string[] {
  const sql =
    "SELECT account FROM authority_changes AS came WHERE block_id <= ?1 AND change = 'added' AND NOT EXISTS (" +
    "SELECT 1 FROM authority_changes AS gone WHERE gone.account = came.account AND gone.block_id > came.block_id AND gone.block_id <= ?1" +
    ") ORDER BY account";
  return db
    .prepare(sql)
    .all(height)
    .map(({ account }) => String(account));
}

/** Holds the rows against the states that the headers of a chain commit to, and against the view of the last set. */
function assertSets(file: string, chain: AuthorityChain, blocks: readonly BuiltBlock[]): void {
  const db = openLedgerFile(file, { readOnly: true });
  for (const block of [chain.genesis, ...blocks]) {
    const expected = chain.setOf(block).map(addressOf).sort();
    assert.deepEqual(setAt(db, block.record.header.height), expected);
  }
  const last = db.prepare("SELECT account FROM authorities ORDER BY account").all();
  assert.deepEqual(
    last.map(({ account }) => account),
    setAt(db, blocks.length),
  );
  db.close();
}

async function assertAsFresh(folder: string, file: string, source: LedgerSource): Promise<void> {
  const fresh = join(folder, "fresh.sqlite");
  await exportOnce(fresh, source);
  const [{ meta: _, ...followed }, { meta: __, ...anew }] = [fileContents(file), fileContents(fresh)];
  assert.deepEqual(followed, anew);
}

describe("the authorities in the file", () => {
  it("come by vote, leave by vote, and are put out by evidence, on the branch that is canonical", async (context) => {
    const folder = await temporaryFolder(context);
    const file = join(folder, "ledger.sqlite");
    const chain = new AuthorityChain(3);
    const [candidate] = chain.candidates as [KeyPair];
    const [a, b, c] = chain.keys as [KeyPair, KeyPair, KeyPair];
    const passed = chain.child(chain.genesis, {
      ballots: [a, b].map((by) => ({ by, action: "add" as const, authority: candidate })),
    });
    const grown = [passed, ...chain.growCertified(passed, 2)];
    const asked = chain.child(grown.at(-1) as BuiltBlock, {
      certificate: chain.certificate(grown.at(-1) as BuiltBlock),
      ballots: [{ by: c, action: "remove", authority: c }],
    });
    const voted = [...grown, asked, ...chain.growCertified(asked, 2)];
    const slashing = chain.child(voted.at(-1) as BuiltBlock, {
      certificate: chain.certificate(voted.at(-1) as BuiltBlock),
      evidence: [chain.doubleVote(b)],
      producer: a,
    });
    // A branch without the slashing, which comes first and leaves again.
    const aside = chain.child(voted.at(-1) as BuiltBlock, { producer: a, laterMs: 3 });
    const { chain: real, give, vote } = await openChain({ spec: chain.builder.spec });
    const job = jobFor(file, real);
    for (const block of [...voted, aside]) {
      assert.equal(await give(block), "head");
      await job.catchUp();
    }
    assertSets(file, chain, [...voted, aside]);
    await give(slashing);
    const onward = chain.grow(slashing, 2);
    for (const block of onward) await give(block);
    await job.catchUp();
    const line = [...voted, slashing, ...onward];
    assert.equal(real.head.hashHex, line.at(-1)?.block.hashHex);
    assertSets(file, chain, line);
    const db = openLedgerFile(file, { readOnly: true });
    const heightOf = (block: BuiltBlock | undefined) => block?.record.header.height;
    assert.deepEqual(changesIn(db).slice(3), [
      [heightOf(grown[2]), addressOf(candidate.publicKey), "added", "chain"],
      [heightOf(voted[5]), addressOf(c.publicKey), "removed", "chain"],
      [heightOf(slashing), addressOf(b.publicKey), "slashed", "chain"],
    ]);
    assert.ok(
      changesIn(db)
        .slice(0, 3)
        .every(([height, , change, origin]) => height === 0 && change === "added" && origin === "genesis"),
    );
    assert.equal(db.prepare("SELECT COUNT(*) AS votes FROM authority_votes").get()?.votes, 3);
    await assertAsFresh(folder, file, real);

    // The votes of a quorum make a block final: the file has them as a certificate, whatever the blocks hold.
    await vote(...chain.votes(onward[0] as BuiltBlock));
    await vote(...chain.votes(onward[1] as BuiltBlock));
    await job.catchUp();
    assertProven(db, chain, line);
    job.close();
    db.close();
  });

  it("that operators dropped leave with the first block that the others sealed, whichever node writes the file", async (context) => {
    const folder = await temporaryFolder(context);
    const three = new AuthorityChain(3);
    const [a, b, c] = three.keys as [KeyPair, KeyPair, KeyPair];
    const first = three.child(three.genesis);
    const certified = [first, ...three.growCertified(first, 3)];
    const alone = three.grow(certified[3] as BuiltBlock, 8, { producer: a });
    const trusted = alone[7] as BuiltBlock;
    const recovered = three.builder.restated(
      trusted,
      three.engine.authority!.recoveredState(trusted.record)!,
    );
    const next = three.child(recovered, { laterMs: 60_000 });
    const second = three.child(next, { certificate: three.certificate(next), laterMs: 60_000 });
    const options = { spec: three.builder.spec };
    const before = await openChain(options);
    for (const block of [...certified, ...alone]) await before.give(block);
    const file = join(folder, "ledger.sqlite");
    await exportOnce(file, before.chain);
    const node = await openChain({ ...options, trustRecovery: trusted.block.hash }, { disk: before.disk });
    await exportOnce(file, node.chain);
    assertSets(file, three, [...certified, ...alone]);
    for (const block of [next, second]) assert.equal(await node.give(block), "head");
    await exportOnce(file, node.chain);
    assertSets(file, three, [...certified, ...alone, next, second]);
    const db = openLedgerFile(file, { readOnly: true });
    const left = [b, c].map(({ publicKey }) => addressOf(publicKey)).sort();
    assert.deepEqual(
      changesIn(db).slice(3),
      left.map((account) => [next.record.header.height, account, "recovered", "chain"]),
    );
    db.close();
    await assertAsFresh(folder, file, node.chain);
  });

  it("prove the last final block also after a restart that forgot the votes, once a block holds them", async (context) => {
    const folder = await temporaryFolder(context);
    const file = join(folder, "ledger.sqlite");
    const chain = new AuthorityChain(2);
    const first = chain.child(chain.genesis);
    const second = chain.child(first, { certificate: chain.certificate(first) });
    const { spec } = chain.builder;
    const before = await openChain({ spec });
    for (const block of [first, second]) await before.give(block);
    await before.vote(...chain.votes(second));
    assert.deepEqual(before.chain.final, checkpointOf(first));
    await exportOnce(file, before.chain);
    const db = openLedgerFile(file, { readOnly: true });
    assertProven(db, chain, [first, second]);

    const again = await openChain({ spec }, { disk: before.disk });
    assert.equal(again.chain.finalCertificate(), undefined);
    await exportOnce(file, again.chain);
    assertProven(db, chain, [first, second]);
    const late = join(folder, "late.sqlite");
    await exportOnce(late, again.chain);
    const lateDb = openLedgerFile(late, { readOnly: true });
    assert.equal(lateDb.prepare("SELECT final_certificate AS bytes FROM meta").get()?.bytes, null);
    const third = chain.child(second, { certificate: chain.certificate(second) });
    assert.equal(await again.give(third), "head");
    await exportOnce(late, again.chain);
    assertProven(lateDb, chain, [first, second, third]);
    db.close();
    lateDb.close();
  });

  it("keep no certificate for a block that has left the file", async (context) => {
    const file = join(await temporaryFolder(context), "ledger.sqlite");
    const chain = new AuthorityChain(2);
    const first = chain.child(chain.genesis);
    const second = chain.child(first, { certificate: chain.certificate(first) });
    const { spec } = chain.builder;
    const node = await openChain({ spec });
    for (const block of [first, second]) await node.give(block);
    await node.vote(...chain.votes(second));
    await exportOnce(file, node.chain);
    // As a node would have it that heard of the final block alone, on another branch above it.
    const other = chain.child(first, { certificate: chain.certificate(first), laterMs: 5 });
    const elsewhere = await openChain({ spec });
    for (const block of [first, other]) await elsewhere.give(block);
    await exportOnce(file, elsewhere.chain);
    const db = openLedgerFile(file, { readOnly: true });
    assert.deepEqual(
      { ...db.prepare("SELECT final_index, final_certificate FROM meta").get() },
      { final_index: 1, final_certificate: null },
    );
    assert.equal(db.prepare("SELECT COUNT(*) AS rows FROM reorgs").get()?.rows, 1);
    db.close();
  });
});

/** The certificate in the file is a quorum's, for a block of the file, and its source is the final block. */
function assertProven(db: DatabaseSync, chain: AuthorityChain, line: readonly BuiltBlock[]): void {
  const meta = db.prepare("SELECT final_index, final_hash, final_certificate FROM meta").get();
  assert.ok(meta?.final_certificate instanceof Uint8Array);
  const certificate = CertificateType.deserialize(meta.final_certificate);
  const target = line.find(({ record }) => record.header.height === certificate.targetHeight) as BuiltBlock;
  assert.equal(toHex(certificate.targetHash), target.block.hashHex);
  const source = chain.finalityOf(target).justified;
  assert.deepEqual([source.height, toHex(source.hash)], [meta.final_index, meta.final_hash]);
  const expected = { checkpoint: checkpointOf(target), authorities: chain.setOf(target), source };
  const verify = (message: Uint8Array, signature: Uint8Array, key: Uint8Array) =>
    verifySignature(message, signature, key);
  assert.equal(certificateFault(certificate, expected, chain.chainId, verify), undefined);
}
