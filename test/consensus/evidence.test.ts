/** Evidence in blocks and in the pool: who contradicts itself goes at once, and nobody else does. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { EvidencePool } from "../../src/consensus/finality/evidence-pool.ts";
import { decodeEvidence, type Evidence, encodeEvidence, votePairOf } from "../../src/protocol/evidence.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { signVote, type Vote } from "../../src/protocol/vote.ts";
import type { BuiltBlock } from "../chain/block-builder.ts";
import { AuthorityChain } from "./authority-chain.ts";

const chain = new AuthorityChain(4);
const elsewhere = new AuthorityChain(4, { salt: "0e".repeat(32) });
const [a, b, c, d] = chain.keys as [KeyPair, KeyPair, KeyPair, KeyPair];
const [stranger] = chain.candidates as [KeyPair];

function at(height: number, byte = height) {
  return { height, hash: new Uint8Array(32).fill(byte) };
}

function link(sourceHeight: number, targetHeight: number, voter = a, byte = targetHeight): Vote {
  return signVote(chain.chainId, at(sourceHeight), at(targetHeight, byte), voter);
}

function pair(one: Vote, other: Vote): Evidence {
  const evidence = votePairOf(one, other);
  assert.ok(evidence);
  return evidence;
}

function refusal(parent: BuiltBlock, evidence: readonly Evidence[]): string | undefined {
  const fault = chain.faultOf(parent, { evidence });
  assert.ok(fault === undefined || fault.code === "block/evidence-invalid");
  return fault?.reason;
}

const convicting: [string, Evidence][] = [
  ["two seals on one parent", chain.doubleSeal(chain.genesis, a)],
  ["two targets of one height", pair(link(0, 5), link(0, 5, a, 99))],
  ["one target from two sources", pair(link(1, 5), link(2, 5))],
  ["a vote around an earlier one", pair(link(2, 3), link(1, 4))],
  ["a vote within an earlier one", pair(link(1, 9), link(2, 8))],
];

describe("evidence in a block", () => {
  for (const [what, evidence] of convicting) {
    it(`of ${what} puts the offender out, at once and for good`, () => {
      const block = chain.child(chain.genesis, { evidence: [evidence], producer: b });
      assert.deepEqual(
        chain.namesOf(block),
        [b, c, d].map(({ publicKey }) => toHex(publicKey)),
      );
      assert.deepEqual(chain.finalityOf(block).banned.map(toHex), [toHex(a.publicKey)]);
      assert.equal(chain.finalityOf(block).sealedHeights.length, 3);
      assert.equal(chain.finalityOf(block).unsettledHeight, 1);
      assert.deepEqual(chain.engine.authority!.updates(chain.genesis.record, block.record), [
        { authority: a.publicKey, removed: true },
      ]);
      assert.equal(chain.engine.slot(block.record, a.publicKey), undefined);
      assert.match(refusal(block, [evidence]) ?? "", /no authority/);
      const decoded = decodeEvidence(encodeEvidence(evidence));
      assert.deepEqual(decoded.ok && encodeEvidence(decoded.value), encodeEvidence(evidence));
    });
  }

  it("is none where honest votes only look alike", () => {
    const honest: [Vote, Vote][] = [
      [link(0, 5), link(0, 5)],
      [link(0, 5), link(0, 6)],
      [link(1, 4), link(4, 9)],
      [link(1, 4), link(1, 9)],
      [link(0, 5), link(0, 5, b, 99)],
    ];
    for (const [one, other] of honest) {
      assert.equal(votePairOf(one, other), undefined);
      assert.match(
        refusal(chain.genesis, [{ kind: "vote-pair", first: one, second: other }]) ?? "",
        /contradict/,
      );
    }
  });

  const [, good] = convicting[1]!;
  const forged = { ...link(0, 5, a, 99), signature: link(0, 5).signature };
  const foreign = signVote(elsewhere.chainId, at(0), at(5, 99), a);
  const seals = convicting[0]![1];
  const wrong: [string, Evidence, RegExp][] = [
    ["a vote that somebody else signed", pair(link(0, 5), forged), /not signed/],
    ["a vote of another chain", pair(link(0, 5), foreign), /not signed/],
    ["seals of another chain", elsewhere.doubleSeal(elsewhere.genesis, a), /of chain/],
    ["its halves exchanged", { ...good, first: good.second, second: good.first } as Evidence, /out of order/],
    ["one seal twice", { ...seals, second: seals.first } as Evidence, /contradict/],
    ["an offender who is no authority", chain.doubleVote(stranger), /no authority/],
  ];
  for (const [what, evidence, reason] of wrong) {
    it(`with ${what} is refused`, () => {
      assert.match(refusal(chain.genesis, [evidence]) ?? "nothing is wrong", reason);
    });
  }

  it("against one offender stands in a block once, against two in any order", () => {
    const votes = chain.doubleVote(a);
    assert.match(refusal(chain.genesis, [votes, convicting[0]![1]]) ?? "", /no authority/);
    const both = chain.child(chain.genesis, { evidence: [chain.doubleVote(c), votes] });
    assert.equal(chain.setOf(both).length, 2);
  });

  it("never puts out the last authority", () => {
    const everyone = chain.keys.map((key) => chain.doubleVote(key));
    assert.match(refusal(chain.genesis, everyone) ?? "", /the last authority stays/);
    const three = chain.child(chain.genesis, { evidence: everyone.slice(0, 3) });
    assert.deepEqual(chain.namesOf(three), [toHex(d.publicKey)]);
  });

  it("that does not decode is refused", () => {
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.of(9),
      encodeEvidence(good).subarray(1),
      encodeEvidence(good).subarray(0, 90),
    ]) {
      const contents = { height: 1, timestampMs: 0, producer: b.publicKey, transactions: [] };
      const section = { certificates: [], evidence: [bytes] };
      const advanced = chain.builder.advance({ ...contents, consensusSection: section }, chain.genesis);
      assert.equal(advanced.ok ? undefined : advanced.fault.code, "block/evidence-invalid");
    }
  });
});

describe("the evidence pool", () => {
  function openPool(head: BuiltBlock = chain.genesis) {
    const found: Evidence[] = [];
    const where = { head };
    const pool = new EvidencePool({
      chainId: chain.chainId,
      authorities: (record) => chain.engine.authority!.setAt(record),
      head: () => where.head.record,
      onFound: (evidence) => found.push(evidence),
    });
    return { pool, found, where };
  }

  it("notices two seals and two votes, whatever comes between, and tells of each offender once", () => {
    const { pool, found } = openPool();
    for (const [producer, laterMs] of [
      [a, 0],
      [b, 0],
      [a, 0],
      [a, 1],
      [a, 2],
    ] as const) {
      const { header, seal } = chain.builder.on(chain.genesis, { producer, laterMs }).block;
      pool.noticeSeal(header, seal);
    }
    for (const vote of [
      link(0, 1, c),
      link(0, 1, d),
      link(1, 2, c),
      link(1, 2, c),
      link(0, 3, c),
      link(0, 2, c, 7),
    ]) {
      pool.noticeVote(vote);
    }
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ["double-seal", "vote-pair"],
    );
    assert.equal(pool.pending().length, 2);
    const after = chain.child(chain.genesis, { evidence: pool.pending() });
    assert.deepEqual(
      chain.namesOf(after),
      [b, d].map(({ publicKey }) => toHex(publicKey)),
    );
  });

  it("keeps one piece for each offender, and only what convicts one that is in", () => {
    const { pool, found, where } = openPool();
    assert.equal(pool.hasFor(chain.genesis.record), false);
    const add = (evidence: Evidence) => {
      const added = pool.add(evidence);
      return added.ok ? added.value : added.fault.code;
    };
    assert.equal(add(chain.doubleVote(a)), "new");
    assert.equal(add(chain.doubleSeal(chain.genesis, a)), "evidence/known");
    assert.equal(add(chain.doubleVote(stranger)), "evidence/offender-not-removable");
    assert.equal(
      add(pair(link(0, 5, b), { ...link(0, 5, b, 9), signature: new Uint8Array(64) })),
      "evidence/invalid",
    );
    assert.equal(add(elsewhere.doubleVote(b)), "evidence/invalid");
    assert.deepEqual(found, [], "what others found is theirs to tell");
    // Out on this branch, in on the other: a reorganization brings it back.
    const out = chain.child(chain.genesis, { evidence: pool.pending() });
    where.head = out;
    assert.deepEqual(pool.pending(), []);
    assert.deepEqual(pool.on(out.record), []);
    assert.equal(pool.hasFor(out.record), false);
    assert.equal(pool.on(chain.genesis.record).length, 1);
    assert.equal(pool.hasFor(chain.genesis.record), true);
  });

  it("offers a block no more than may stand in it", () => {
    const { pool } = openPool();
    for (const key of chain.keys) pool.add(chain.doubleVote(key));
    const evidence = pool.on(chain.genesis.record).map((bytes) => {
      const decoded = decodeEvidence(bytes);
      assert.ok(decoded.ok);
      return decoded.value;
    });
    assert.equal(evidence.length, 3);
    const block = chain.child(chain.genesis, { evidence });
    assert.equal(chain.setOf(block).length, 1);
    assert.deepEqual(pool.on(block.record), []);
    const alone = new AuthorityChain(1);
    const { pool: lonely } = openPool(alone.genesis);
    const added = lonely.add(alone.doubleVote(alone.keys[0]!));
    assert.equal(added.ok ? undefined : added.fault.code, "evidence/offender-not-removable");
  });
});
