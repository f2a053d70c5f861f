/** What a node makes of votes and certificates, in whatever order they come: the final block, which only moves forward. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import { certificateDepthMax } from "../../src/consensus/poa/advance.ts";
import { offenderOf } from "../../src/protocol/evidence.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { signVote, type Vote } from "../../src/protocol/vote.ts";
import type { BuiltBlock } from "../chain/block-builder.ts";
import { AuthorityChain, checkpointOf, openGadget } from "./authority-chain.ts";

type FiveBlocks = [BuiltBlock, BuiltBlock, BuiltBlock, BuiltBlock, BuiltBlock];

const chain = new AuthorityChain(4);
const [a, b, c, d] = chain.keys as [KeyPair, KeyPair, KeyPair, KeyPair];
const [stranger] = chain.candidates as [KeyPair];

describe("the finality gadget", () => {
  it("makes a block final with the votes for its child, before any block shows it", () => {
    const first = chain.child(chain.genesis);
    const { gadget, store, count } = openGadget(chain, [first]);
    assert.deepEqual(count(...chain.votes(first)), ["counted", "counted", "certified", "counted"]);
    assert.equal(gadget.final.height, 0);
    const certificate = gadget.certificateOn(first.record);
    assert.ok(certificate);
    const second = chain.child(first, { certificate });
    store(second);
    assert.deepEqual(count(...chain.votes(second, [a, b])), ["counted", "counted"]);
    assert.equal(gadget.final.height, 0);
    assert.deepEqual(count(chain.vote(second, d)), ["certified"]);
    assert.deepEqual(gadget.final, checkpointOf(first));
    assert.deepEqual(
      gadget.votes().map(({ target }) => target.height),
      [2, 2, 2],
      "votes at or below the final height are of no use to anybody",
    );
  });

  it("keeps votes that come before their block, and counts them with it", () => {
    const [first, second] = [chain.child(chain.genesis)].flatMap((one) => [
      one,
      chain.child(one, { certificate: chain.certificate(one) }),
    ]) as [BuiltBlock, BuiltBlock];
    const { gadget, store, count } = openGadget(chain);
    const early = chain.votes(second, [a, b, c]);
    assert.deepEqual(
      count(...early),
      early.map(() => "vote/target-unknown"),
    );
    assert.deepEqual(count(early[0]!), ["vote/known"]);
    store(first);
    assert.equal(gadget.final.height, 0);
    store(second);
    assert.deepEqual(gadget.final, checkpointOf(first));
  });

  it("says why a vote does not count, and counts nothing of it", () => {
    const first = chain.child(chain.genesis);
    const second = chain.child(first);
    const { gadget, count } = openGadget(chain, [first, second]);
    const good = chain.vote(second, a);
    const unknown = { height: 3, hash: new Uint8Array(32).fill(3) };
    const other = new AuthorityChain(4, { salt: "0e".repeat(32) });
    const foreign = signVote(other.chainId, good.source, good.target, a);
    const byStranger = signVote(chain.chainId, good.source, unknown, stranger);
    const wrong: [Vote, string][] = [
      [chain.vote(second, stranger), "vote/voter-not-authority"],
      [byStranger, "vote/voter-not-authority"],
      [{ ...good, signature: new Uint8Array(64) }, "vote/signature-invalid"],
      [{ ...good, target: unknown }, "vote/signature-invalid"],
      [foreign, "vote/signature-invalid"],
      [{ ...good, voter: b.publicKey }, "vote/signature-invalid"],
      [{ ...good, target: { ...good.target, height: 3 } }, "vote/target-height-wrong"],
      [chain.vote(second, a, checkpointOf(first)), "vote/source-wrong"],
      [chain.vote(chain.genesis, a), "vote/stale"],
    ];
    for (const [vote, code] of wrong) assert.deepEqual(count(vote), [code]);
    assert.deepEqual(gadget.votes(), []);
    assert.deepEqual(count(good, good), ["counted", "vote/known"]);
  });

  it("counts a double voter once for each target, and tells on it", () => {
    const one = chain.child(chain.genesis);
    const other = chain.child(chain.genesis, { laterMs: 1 });
    const { gadget, evidence, count } = openGadget(chain, [one, other]);
    const outcomes = count(
      chain.vote(one, a),
      chain.vote(other, a),
      chain.vote(one, b),
      chain.vote(other, c),
    );
    assert.deepEqual(outcomes, ["counted", "counted", "counted", "counted"]);
    assert.equal(gadget.bestCertified(), undefined);
    assert.deepEqual(
      evidence.map(({ kind }) => kind),
      ["vote-pair"],
    );
    // From another source, too, though that vote does not count.
    assert.deepEqual(count(chain.vote(one, b, checkpointOf(other))), ["vote/source-wrong"]);
    assert.equal(evidence.length, 2);
    assert.deepEqual(count(chain.vote(one, d)), ["certified"]);
  });

  it("finds a double vote in certificates, too", () => {
    const [one, other] = [0, 1].map((laterMs) => chain.child(chain.genesis, { laterMs })) as [
      BuiltBlock,
      BuiltBlock,
    ];
    const { evidence, store } = openGadget(chain, [one, other]);
    store(chain.child(one, { certificate: chain.certificate(one, [a, b, c]) }));
    assert.deepEqual(evidence, []);
    store(chain.child(other, { certificate: chain.certificate(other, [b, c, d]) }));
    assert.deepEqual(
      evidence.map(offenderOf).map(toHex),
      [b, c].map(({ publicKey }) => toHex(publicKey)),
    );
  });

  it("waits over a gap, and is final when the one between is certified, too", () => {
    const first = chain.child(chain.genesis);
    const second = chain.child(first, { certificate: chain.certificate(first) });
    const third = chain.child(second);
    const { gadget, count } = openGadget(chain, [first, second, third]);
    // Source 1, target 3.
    assert.deepEqual(count(...chain.votes(third, [a, b, c])), ["counted", "counted", "certified"]);
    assert.equal(gadget.final.height, 0);
    assert.deepEqual(count(...chain.votes(second, [b, c, d])), ["counted", "counted", "certified"]);
    assert.deepEqual(gadget.final, checkpointOf(first));
  });

  it("learns from the certificates in blocks alone", () => {
    const first = chain.child(chain.genesis);
    const { gadget } = openGadget(chain, [first, ...chain.growCertified(first, 5)]);
    assert.equal(gadget.final.height, 4);
    assert.deepEqual(gadget.votes(), []);
  });

  it("moves forward only, and keeps the first of two final blocks that contradict each other", () => {
    const grow = (laterMs: number) => {
      const root = chain.child(chain.genesis, { laterMs });
      return [root, ...chain.growCertified(root, 4)] as FiveBlocks;
    };
    const [ours, theirs] = [grow(0), grow(1)];
    const { gadget, store } = openGadget(chain, ours.slice(0, 3));
    const conflict = () => gadget.conflict && [gadget.conflict.final, gadget.conflict.conflicting];
    assert.deepEqual(gadget.final, checkpointOf(ours[0]));
    assert.equal(conflict(), undefined);
    // Of the same height already.
    store(...theirs.slice(0, 3));
    const first = [checkpointOf(ours[0]), checkpointOf(theirs[0])];
    assert.deepEqual(conflict(), first);
    store(...theirs.slice(3));
    assert.deepEqual(gadget.final, checkpointOf(ours[0]));
    store(...ours.slice(3));
    assert.deepEqual(gadget.final, checkpointOf(ours[2]));
    assert.deepEqual(conflict(), first, "the first that was seen");
  });

  it("comes to the same final block whatever the order of blocks and votes", () => {
    const first = chain.child(chain.genesis);
    const blocks = [first, ...chain.growCertified(first, 3)];
    const votes = blocks.flatMap((block) => chain.votes(block, [a, c, d]));
    const votesInOrder = fc.shuffledSubarray(votes, { minLength: votes.length });
    fc.assert(
      fc.property(
        votesInOrder,
        fc.array(fc.nat({ max: votes.length }), { minLength: 4, maxLength: 4 }),
        (order, places) => {
          const { gadget, store, count } = openGadget(chain);
          // Parents come before children, as in a store; votes anywhere between.
          const turns = places.toSorted((one, other) => one - other);
          for (const [index, vote] of order.entries()) {
            for (const [position, block] of blocks.entries()) if (turns[position] === index) store(block);
            count(vote);
          }
          for (const [position, block] of blocks.entries())
            if (turns[position] === order.length) store(block);
          assert.equal(gadget.final.height, 3);
          assert.equal(gadget.conflict, undefined);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("bounds what a voter can park, and forgets the oldest", () => {
    const { store, count, gadget } = openGadget(chain);
    const first = chain.child(chain.genesis);
    const unknown = (byte: number) => ({ height: 1 + byte, hash: new Uint8Array(32).fill(byte) });
    const source = checkpointOf(chain.genesis);
    const park = (voter: KeyPair, byte: number) => signVote(chain.chainId, source, unknown(byte), voter);
    count(chain.vote(first, a), chain.vote(first, b), chain.vote(first, c));
    for (let byte = 1; byte <= 32; byte += 1) count(park(c, byte));
    store(first);
    assert.equal(gadget.bestCertified(), undefined);
    assert.equal(gadget.votes().length, 2, "c has pushed its own vote out, and nobody else's");
    assert.deepEqual(count(park(c, 1), park(c, 33), park(c, 1)), [
      "vote/known",
      "vote/target-unknown",
      "vote/target-unknown",
    ]);
  });

  it("bounds the targets that votes are kept for", () => {
    const alone = new AuthorityChain(4);
    const siblings = Array.from({ length: 520 }, (_, laterMs) =>
      alone.builder.on(alone.genesis, { laterMs }),
    );
    const { gadget, count } = openGadget(alone, siblings);
    for (const sibling of siblings) count(alone.vote(sibling, alone.keys[0]!));
    assert.equal(gadget.votes().length, 512);
  });
});

describe("the certificate for the next block", () => {
  it("is the highest one of its chain that it does not carry yet", () => {
    const first = chain.child(chain.genesis);
    const [second, third] = chain.grow(first, 2) as [BuiltBlock, BuiltBlock];
    const aside = chain.child(second, { laterMs: 1 });
    const { gadget, store, count } = openGadget(chain, [first, second, third, aside]);
    assert.equal(gadget.certificateOn(third.record), undefined);
    count(...chain.votes(first, [a, b, c]));
    assert.equal(gadget.certificateOn(third.record)?.targetHeight, 1);
    count(...chain.votes(second, [a, b, c]), ...chain.votes(aside, [a, b, c]));
    assert.equal(gadget.certificateOn(third.record)?.targetHeight, 2);
    assert.equal(gadget.certificateOn(aside.record)?.targetHeight, 3);
    assert.equal(gadget.certificateOn(first.record)?.targetHeight, 1);
    const certificate = gadget.certificateOn(third.record)!;
    const fourth = chain.child(third, { certificate });
    store(fourth);
    assert.equal(gadget.certificateOn(fourth.record), undefined);
    assert.deepEqual(gadget.bestCertified()?.hashHex, aside.record.hashHex);
  });

  it("is none that a block could not carry any more", () => {
    const first = chain.child(chain.genesis);
    const blocks = [first, ...chain.grow(first, certificateDepthMax)];
    const { gadget, count } = openGadget(chain, blocks);
    count(...chain.votes(first, [a, b, c]));
    const carrier = blocks[certificateDepthMax - 1]!;
    const certificate = gadget.certificateOn(carrier.record);
    assert.ok(certificate);
    assert.equal(chain.faultOf(carrier, { certificate }), undefined);
    const tooLate = blocks[certificateDepthMax]!;
    assert.equal(gadget.certificateOn(tooLate.record), undefined);
    assert.equal(chain.faultOf(tooLate, { certificate })?.code, "block/certificate-invalid");
  });
});
