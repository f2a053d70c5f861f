/** Certificates in blocks: what a quorum signed counts, and every way in which it did not is told apart. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { certificateDepthMax } from "../../src/consensus/poa/advance.ts";
import type { Certificate } from "../../src/protocol/certificate.ts";
import { signVote } from "../../src/protocol/vote.ts";
import type { BuiltBlock } from "../chain/block-builder.ts";
import { AuthorityChain, certificateBy, checkpointOf } from "./authority-chain.ts";

function refusal(chain: AuthorityChain, parent: BuiltBlock, certificate: Certificate): string | undefined {
  const fault = chain.faultOf(parent, { certificate });
  assert.ok(fault === undefined || fault.code === "block/certificate-invalid");
  return fault?.reason;
}

const four = new AuthorityChain(4);
const [first, second, third] = four.grow(four.genesis, 3) as [BuiltBlock, BuiltBlock, BuiltBlock];

describe("a certificate", () => {
  for (const [index, quorum] of [1, 2, 2, 3, 4, 4, 5].entries()) {
    const count = index + 1;
    it(`takes ${quorum} of ${count} authorities, whoever they are`, () => {
      const chain = new AuthorityChain(count);
      const block = chain.child(chain.genesis);
      for (let start = 0; start < count; start += 1) {
        const around = [...chain.keys.slice(start), ...chain.keys.slice(0, start)];
        const of = (signers: number) => chain.certificate(block, around.slice(0, signers));
        assert.equal(refusal(chain, block, of(quorum)), undefined);
        assert.equal(refusal(chain, block, of(count)), undefined);
        assert.match(refusal(chain, block, of(quorum - 1)) ?? "", /needed are/);
      }
    });
  }

  it("certifies any ancestor above the last certified one, the parent included", () => {
    for (const target of [first, second, third]) {
      const child = four.child(third, { certificate: four.certificate(target) });
      assert.equal(child.record.justifiedHeight, target.record.header.height);
      assert.deepEqual(four.finalityOf(child).justified, checkpointOf(target));
      assert.equal(four.finalityOf(child).finalized.height, 0);
    }
  });

  it("makes its source final where every block between the two is certified", () => {
    const direct = four.child(first, { certificate: four.certificate(first) });
    const after = four.child(direct, { certificate: four.certificate(direct) });
    assert.equal(four.finalityOf(after).finalized.height, 1);
    // Source 1, target 3: block 2, whose votes still had source 0, lies between and is not certified on this chain.
    const gap = four.child(direct);
    const over = four.child(gap, { certificate: four.certificate(gap) });
    assert.equal(four.finalityOf(over).justified.height, 3);
    assert.equal(four.finalityOf(over).finalized.height, 0);
    // With the one between certified first, the same link makes it final.
    const filled = four.child(gap, { certificate: four.certificate(direct) });
    assert.equal(four.finalityOf(filled).finalized.height, 1);
    const whole = four.child(filled, { certificate: four.certificate(gap) });
    assert.equal(four.finalityOf(whole).finalized.height, 1);
    assert.equal(four.finalityOf(whole).justified.height, 3);
  });

  const good = four.certificate(second);
  const other = four.child(first, { laterMs: 7 });
  const elsewhere = new AuthorityChain(4, { salt: "0e".repeat(32) });
  const members = four.keys;
  const signers = members.slice(0, 3);
  const wrong: [string, Certificate, RegExp][] = [
    ["a bitmap that is too short", { ...good, bitmap: new Uint8Array(0) }, /bitmap/],
    ["a bitmap that is too long", { ...good, bitmap: Uint8Array.of(7, 0) }, /bitmap/],
    ["a bit over the set", { ...good, bitmap: Uint8Array.of(0b10011) }, /bitmap/],
    ["fewer signatures than bits", { ...good, signatures: good.signatures.slice(1) }, /signers and/],
    ["more signatures than bits", { ...good, bitmap: Uint8Array.of(3) }, /signers and/],
    ["signatures in another order", { ...good, signatures: good.signatures.toReversed() }, /does not hold/],
    [
      "one signature twice",
      { ...good, signatures: good.signatures.map(() => good.signatures[0]!) },
      /does not hold/,
    ],
    ["the bit of one who did not sign", { ...good, bitmap: Uint8Array.of(0b1011) }, /does not hold/],
    [
      "a vote from another source",
      certificateBy(
        second,
        members,
        signers.map((key) => four.vote(second, key, checkpointOf(first))),
      ),
      /does not hold/,
    ],
    [
      "votes of another chain with the same authorities",
      certificateBy(
        second,
        members,
        signers.map((key) =>
          signVote(elsewhere.chainId, checkpointOf(four.genesis), checkpointOf(second), key),
        ),
      ),
      /does not hold/,
    ],
    ["the hash of a block on another branch", four.certificate(other), /is not the ancestor/],
    ["a height that is not the block's", { ...good, targetHeight: 1 }, /is not the ancestor/],
    ["the genesis block", four.certificate(four.genesis), /is not above/],
    ["a height that there is not yet", { ...good, targetHeight: 4 }, /is not the ancestor/],
  ];
  for (const [what, certificate, reason] of wrong) {
    it(`with ${what} is refused`, () => {
      assert.match(refusal(four, third, certificate) ?? "nothing is wrong", reason);
    });
  }

  it("at or below the last certified block is refused", () => {
    const certified = four.child(third, { certificate: four.certificate(second) });
    for (const target of [first, second]) {
      assert.match(refusal(four, certified, four.certificate(target)) ?? "", /is not above/);
    }
    assert.equal(refusal(four, certified, four.certificate(third)), undefined);
  });

  it("may be late, but not by more than its depth", () => {
    const blocks = four.grow(third, certificateDepthMax - 1);
    // The child of the last one has height 67: three above the lowest that may still be certified.
    const tip = blocks.at(-1)!;
    assert.equal(tip.record.header.height + 1 - certificateDepthMax, 3);
    assert.equal(refusal(four, tip, four.certificate(third)), undefined);
    assert.match(refusal(four, tip, four.certificate(second)) ?? "", /too far below/);
  });

  it("goes by the set of its target", () => {
    const chain = new AuthorityChain(3);
    const [candidate] = chain.candidates;
    const ballots = chain.keys.map((by) => ({ by, action: "add", authority: candidate! }) as const);
    const passed = chain.child(chain.genesis, { ballots });
    const [before, landed] = chain.growCertified(passed, 2) as [BuiltBlock, BuiltBlock];
    // The set of the target counts: two of three below, three of four from the landing block on.
    const below = chain.child(landed, { laterMs: 1 });
    assert.equal(refusal(chain, below, chain.certificate(landed, chain.keys.slice(0, 3))), undefined);
    assert.match(
      refusal(chain, below, chain.certificate(landed, chain.keys.slice(0, 2))) ?? "",
      /needed are 3/,
    );
    const fork = chain.child(before);
    assert.equal(refusal(chain, fork, chain.certificate(before, chain.keys.slice(0, 2))), undefined);
  });
});
