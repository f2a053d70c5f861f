/** Proofs from a ledger file: of every transaction and of accounts on both engines, and every way to change one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { before, describe, it } from "node:test";
import { AttestError } from "../../src/attest/attest-error.ts";
import type { LedgerBlocks } from "../../src/attest/ledger-blocks.ts";
import { encodeProof, type ProofDocument, readProof } from "../../src/attest/proof/proof-document.ts";
import { proveFromLedger } from "../../src/attest/proof/prove.ts";
import { recoveriesIn, verifyProof } from "../../src/attest/proof/verify-proof.ts";
import { toHex } from "../../src/base/bytes.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { type BuiltBlock, keyPairNamed } from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { exportOnce } from "../export/ledger-contents.ts";
import { opened, type RichLedger, richLedger } from "./rich-ledgers.ts";

const verifierFile = path.resolve(import.meta.dirname, "../../src/attest/verifier/verify_ledger.py");
const hasEd25519 = ["cryptography", "nacl"].some(
  (name) => spawnSync("python3", ["-c", `import ${name}`]).status === 0,
);
const alice = keyPairNamed("alice").publicKey;
const nobody = keyPairNamed("nobody at all").publicKey;
/** After every block of the ledgers. */
const nowMs = Date.UTC(2027, 0);

let rich: RichLedger;
let ledger: LedgerBlocks;
before(async () => {
  rich = await richLedger();
  ledger = opened(rich.file);
});

const prove = (chain: "poa" | "pow", wish: Parameters<typeof proveFromLedger>[2]) =>
  proveFromLedger(ledger, ledger.chain(`local-${chain}`), wish, { nowMs });

/** As it travels. */
function verdict(proof: unknown, chainId?: Uint8Array): string {
  const read = readProof(JSON.stringify(proof));
  if (!read.ok) return `unreadable: ${read.fault}`;
  const verified = verifyProof(read.value, { chainId, nowMs });
  return verified.ok ? "holds" : verified.fault;
}

for (const chain of ["poa", "pow"] as const) {
  describe(`proofs from a ledger of ${chain}`, () => {
    it("prove transactions of every block that the ledger shows to be final", async () => {
      const { blocks, spec } = rich[chain];
      // The newest block is certified by nobody yet.
      const provable = chain === "pow" ? blocks : blocks.slice(0, -1);
      for (const { block } of provable) {
        const wanted = block.transactions.at(-1);
        if (!wanted) continue;
        const proof = await prove(chain, { transactionId: wanted.idHex });
        assert.equal(verdict(proof, spec.chainId), "holds");
        assert.equal(proof.block.hash, block.hashHex);
        assert.deepEqual(proof.claim, {
          kind: "transaction",
          id: wanted.idHex,
          position: block.transactions.length - 1,
        });
      }
    });

    it("prove what an account has after each block", async () => {
      const { blocks, spec } = rich[chain];
      for (const height of [0, 1, 3, blocks.length - 2]) {
        const proof = await prove(chain, { account: alice, height });
        assert.equal(verdict(proof, spec.chainId), "holds");
        const entries = blocks[height]?.entries ?? [];
        const own = entries.find((entry) => entry.type === "account" && entry.account === toHex(alice));
        assert.ok(own?.type === "account" && proof.claim.kind === "account");
        assert.equal(proof.claim.balanceUnits, own.balance.toString());
        const held = entries.filter(
          (entry) => entry.type === "assetBalance" && entry.account === toHex(alice),
        );
        assert.deepEqual(
          proof.claim.assets,
          held.map((entry) => {
            assert.ok(entry.type === "assetBalance");
            return { assetId: entry.assetId, balanceUnits: entry.balance.toString() };
          }),
        );
      }
    });

    it("prove the newest state by themselves", async () => {
      const proof = await prove(chain, { account: alice });
      const { blocks, spec } = rich[chain];
      assert.equal(proof.block.height, chain === "pow" ? blocks.length - 1 : blocks.length - 2);
      assert.equal(verdict(proof, spec.chainId), "holds");
    });

    it("do not hold for another chain, and not once anything in them is changed", async () => {
      const { blocks } = rich[chain];
      const id = blocks[1]?.block.transactions[0]?.idHex as string;
      const other = rich[chain === "poa" ? "pow" : "poa"].spec.chainId;
      for (const proof of [
        await prove(chain, { transactionId: id }),
        await prove(chain, { account: alice }),
      ]) {
        assert.match(verdict(proof, other), /is of the chain/);
        const changed = changesOf(proof);
        assert.ok(changed.length > 15, String(changed.length));
        for (const { path, document } of changed) assert.notEqual(verdict(document), "holds", path);
      }
    });
  });
}

describe("what a ledger cannot prove", () => {
  const refused = (wish: Parameters<typeof prove>[1], code: string, chain: "poa" | "pow" = "poa") =>
    assert.rejects(prove(chain, wish), (thrown) => thrown instanceof AttestError && thrown.code === code);

  it("is refused, with what to do", async () => {
    await refused({ transactionId: "00".repeat(32) }, "attest/not-found");
    await refused({ account: nobody }, "attest/not-found");
    await refused({ account: alice, height: 1_000 }, "attest/not-found");
    // Certified by no block of the ledger, and the certificate in meta is for its parent.
    await refused({ account: alice, height: rich.poa.blocks.length - 1 }, "attest/not-provable");
    assert.throws(() => ledger.chain(), /several chains/);
    assert.throws(() => ledger.chain("local-pos"), /holds no chain local-pos/);
  });
});

describe("a chain whose operators declared a block final", () => {
  const three = new AuthorityChain(3);
  const [alone] = three.keys as [KeyPair];
  const lower = three.child(three.genesis);
  const certified = [lower, ...three.growCertified(lower, 3)];
  const lonely = three.grow(certified[3] as BuiltBlock, 8, { producer: alone });
  const trusted = lonely[5] as BuiltBlock;
  /** Two blocks above the trusted one were sealed before operators declared it final. */
  let effective = three.builder.restated(
    trusted,
    three.engine.authority!.recoveredState(trusted.record) as never,
  );
  for (const built of lonely.slice(6)) {
    const advanced = three.builder.advance({ ...built.block, ...built.block.header }, effective);
    assert.ok(advanced.ok);
    effective = three.builder.restated(built, advanced.value);
  }
  const onward = three.child(effective, { laterMs: 60_000 });
  const later = [onward, ...three.growCertified(onward, 4, { laterMs: 60_000 })];

  it("is proved above that block to those who trust the operators, and to nobody else", async () => {
    const file = `${rich.folder}/recovered.sqlite`;
    const open = await openChain({ spec: three.builder.spec, trustRecovery: trusted.block.hash });
    for (const block of [...certified, ...lonely, ...later]) await open.give(block);
    assert.equal(open.chain.head.hashHex, later.at(-1)?.block.hashHex);
    await exportOnce(file, open.chain);
    const recovered = opened(file);
    const chain = recovered.chain();
    const account = keyPairNamed("alice").publicKey;
    for (const height of [2, onward.record.header.height + 1]) {
      const proof = await proveFromLedger(recovered, chain, { account, height }, { nowMs });
      assert.equal(proof.block.height, height);
      const isAbove = height > trusted.record.header.height;
      assert.deepEqual(recoveriesIn(proof).map(toHex), isAbove ? [trusted.block.hashHex] : []);
      const alone = verifyProof(proof, { nowMs });
      assert.equal(alone.ok, !isAbove);
      if (!alone.ok) assert.match(alone.fault, /declared block 10, .* final without a quorum/);
      assert.ok(verifyProof(proof, { trusted: [trusted.block.hash], nowMs }).ok);
    }
    if (!hasEd25519) return;
    const python = (...argv: readonly string[]) =>
      spawnSync("python3", [verifierFile, file, ...argv], { encoding: "utf8" });
    const doubted = python();
    assert.equal(doubted.status, 9, doubted.stdout + doubted.stderr);
    assert.match(doubted.stdout, /FINDING \(authority\) .*block 10: operators must have declared it final/);
    const believed = python("--trust-recovery", trusted.block.hashHex);
    assert.equal(believed.status, 0, believed.stdout);
  });
});

describe("files that are no proofs", () => {
  const file = (change: object) => readProof(JSON.stringify({ format: "aurex-proof/1", ...change }));

  it("are refused in words, whatever they hold", () => {
    const texts = ["", "{", "[]", "null", "7", '"aurex-proof/1"', "{}", `{"format":"aurex-proof/2"}`];
    for (const text of [...texts, "[".repeat(100_000)]) assert.equal(readProof(text).ok, false, text);
    for (const change of [
      { consensus: "pos" },
      { consensus: "pow", block: null },
      { consensus: "poa", block: {}, items: [], transaction: {} },
      { consensus: "poa", block: {}, items: "x".repeat(1_000) },
      { consensus: "pow", block: {}, items: [], chainId: 7 },
    ]) {
      assert.equal(file(change).ok, false, JSON.stringify(change).slice(0, 100));
    }
  });
});

interface Changed {
  readonly path: string;
  readonly document: unknown;
}

/** The document with each of its values changed in turn; of a long list the first and the last. */
function changesOf(proof: ProofDocument): Changed[] {
  const found: Changed[] = [];
  const walk = (value: unknown, path: readonly (string | number)[]): void => {
    if (typeof value === "object" && value !== null) {
      const keys = Object.keys(value);
      const some = Array.isArray(value) ? [...new Set([keys[0], keys.at(-1)])] : keys;
      for (const key of some) {
        if (key !== undefined) walk((value as Record<string, unknown>)[key], [...path, key]);
      }
      if (Array.isArray(value) && value.length > 0) found.push(changedAt(proof, path, value.slice(1)));
      return;
    }
    found.push(changedAt(proof, path, otherValue(value)));
  };
  walk(proof, []);
  return found;
}

function otherValue(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (value === null) return "x";
  const text = String(value);
  const middle = Math.floor(text.length / 2);
  const letter = text[middle] === "1" ? "2" : "1";
  return text.slice(0, middle) + letter + text.slice(middle + 1);
}

function changedAt(proof: ProofDocument, path: readonly (string | number)[], value: unknown): Changed {
  const document = JSON.parse(encodeProof(proof));
  let part = document;
  for (const key of path.slice(0, -1)) part = part[key];
  part[path.at(-1) as string] = value;
  return { path: path.join("."), document };
}
