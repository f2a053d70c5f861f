/** The digest document: what it says, its signature, and what it tells of a ledger that was changed or cut since. */
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { before, describe, it } from "node:test";
import {
  type DigestDocument,
  differencesOf,
  digestOfLedger,
  encodeDigest,
  isSignatureValid,
  readDigest,
  signDigest,
} from "../../src/attest/digest-document.ts";
import { toHex } from "../../src/base/bytes.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import { keyPairNamed } from "../chain/block-builder.ts";
import { opened, type RichLedger, richLedger } from "./rich-ledgers.ts";

let rich: RichLedger;
before(async () => {
  rich = await richLedger();
});

function digest(at?: number, file = rich.file): Promise<DigestDocument> {
  const ledger = opened(file);
  return digestOfLedger(ledger, ledger.chain("local-poa"), at);
}

describe("the digest of a ledger", () => {
  it("says the block, the final block, the state root and the content, at any height", async () => {
    const { blocks, spec } = rich.poa;
    const last = blocks.length - 1;
    const whole = await digest();
    assert.equal(whole.chainId, toHex(spec.chainId));
    assert.deepEqual(whole.head, { height: last, hash: blocks[last]?.block.hashHex });
    assert.equal(whole.final?.height, last - 1);
    assert.equal(whole.stateRoot, toHex(blocks[last]?.block.header.stateRoot as Uint8Array));
    const early = await digest(3);
    assert.deepEqual(early.head, { height: 3, hash: blocks[3]?.block.hashHex });
    assert.deepEqual(early.final, early.head);
    assert.notEqual(early.contentDigest, whole.contentDigest);
    assert.deepEqual(differencesOf(early, await digest(3)), []);
    await assert.rejects(digest(1_000), /has no block 1000/);
  });

  it("tells a changed row from an unchanged ledger, also if no hash covers it", async () => {
    const before = await digest();
    const changed = `${rich.folder}/changed.sqlite`;
    copyFileSync(rich.file, changed);
    const db = new DatabaseSync(changed);
    db.exec("UPDATE transactions SET from_user = 'mallory' WHERE block_id = 2");
    db.close();
    const differences = differencesOf(before, await digest(undefined, changed));
    assert.deepEqual(
      differences.map(({ what }) => what),
      ["contentDigest"],
    );
  });
});

describe("the signature of a digest", () => {
  const key = keyPairNamed("a node");

  it("holds for the whole document, and for nothing else", async () => {
    const signed = signDigest(await digest(), key);
    assert.equal(signed.signature?.nodeId, nodeIdOf(key.publicKey));
    const read = readDigest(encodeDigest(signed));
    assert.ok(read.ok);
    assert.deepEqual(read.value, signed);
    assert.equal(isSignatureValid(read.value), true);
    const changes: Partial<DigestDocument>[] = [
      { head: { ...signed.head, height: 1 } },
      { final: null },
      { contentDigest: "00".repeat(32) },
      { stateRoot: "00".repeat(32) },
      { name: "another" },
      { signature: { ...signed.signature, nodeId: nodeIdOf(keyPairNamed("another").publicKey) } },
      { signature: { ...signed.signature, publicKey: toHex(keyPairNamed("another").publicKey) } },
    ] as Partial<DigestDocument>[];
    for (const change of changes) {
      assert.equal(isSignatureValid({ ...signed, ...change }), false, JSON.stringify(change));
    }
    assert.equal(isSignatureValid(await digest()), undefined);
  });
});

describe("files that are no digests", () => {
  it("are refused in words", async () => {
    const good = JSON.parse(encodeDigest(signDigest(await digest(), keyPairNamed("a node"))));
    assert.equal(readDigest(JSON.stringify(good)).ok, true);
    const bad: unknown[] = [
      null,
      [],
      {},
      { ...good, format: "aurex-ledger-digest/2" },
      { ...good, head: null },
      { ...good, head: { height: -1, hash: good.head.hash } },
      { ...good, head: { height: 1.5, hash: good.head.hash } },
      { ...good, chainId: good.chainId.toUpperCase() },
      { ...good, contentDigest: `${good.contentDigest}00` },
      { ...good, name: "<script>" },
      { ...good, consensus: "pos" },
      { ...good, signature: { ...good.signature, signature: "00" } },
      { ...good, verified: true },
    ];
    for (const each of bad) assert.equal(readDigest(JSON.stringify(each)).ok, false, JSON.stringify(each));
    assert.equal(readDigest("{").ok, false);
  });
});
