/** Safety as a law: authorities that keep the two rules never make two blocks final that contradict each other. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { includesBytes } from "../../src/base/bytes.ts";
import { noVote, voteOn } from "../../src/consensus/finality/vote-rule.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { BuiltBlock } from "../chain/block-builder.ts";
import { AuthorityChain, type BallotWish, openGadget } from "./authority-chain.ts";

/** A block, and who votes for what after it: by chance, whatever fork choice would say. */
interface Step {
  readonly parent: number;
  readonly producer: number;
  /** For each voter: how far back the block lies that it takes for the head; 0: it is silent. */
  readonly votes: readonly number[];
  /** A change that its producer wishes for, and who else does. */
  readonly wish: number;
}

const steps = fc.array(
  fc.record<Step>({
    parent: fc.nat({ max: 3 }),
    producer: fc.nat(),
    votes: fc.array(fc.nat({ max: 2 }), { minLength: 7, maxLength: 7 }),
    wish: fc.nat({ max: 7 }),
  }),
  { minLength: 25, maxLength: 45 },
);

/** @param lawless how many of the authorities vote for whatever they see */
function run(chain: AuthorityChain, shape: readonly Step[], lawless: number) {
  const { gadget, evidence, store, count } = openGadget(chain);
  const voters = [...chain.keys, ...chain.candidates].slice(0, 7);
  const watermarks = voters.map(() => noVote);
  const blocks = [chain.genesis];
  let setChanges = 0;
  for (const { parent, producer, votes, wish } of shape) {
    const on = blocks.at(-1 - Math.min(parent > 1 ? parent - 1 : 0, blocks.length - 1))!;
    const members = chain.membersOf(on);
    const certificate = gadget.certificateOn(on.record);
    const block = chain.child(on, {
      producer: members[producer % members.length]!,
      laterMs: blocks.length,
      ballots: ballotsOf(chain, on, wish),
      ...(certificate ? { certificate } : {}),
    });
    blocks.push(block);
    store(block);
    if (chain.setOf(block).length !== members.length) setChanges += 1;
    for (const [index, back] of votes.entries()) {
      const target = blocks.at(-back);
      const voter = voters[index]!;
      if (back === 0 || !target || !includesBytes(chain.setOf(target), voter.publicKey)) continue;
      const { justified } = chain.finalityOf(target);
      const link = voteOn(target.record, justified, index < lawless ? noVote : watermarks[index]!);
      if (!link) continue;
      watermarks[index] = { sourceHeight: link.source.height, targetHeight: link.target.height };
      const before = gadget.final.height;
      count(chain.vote(target, voter));
      assert.ok(gadget.final.height >= before);
    }
  }
  return { gadget, evidence, setChanges };
}

/** Votes of everybody for one change, where it makes sense on this branch: every other block a first voice for it. */
function ballotsOf(chain: AuthorityChain, on: BuiltBlock, wish: number): BallotWish[] {
  const authority: KeyPair | undefined = [...chain.keys, ...chain.candidates][wish];
  if (!authority || chain.finalityOf(on).inFlight) return [];
  const isMember = chain.membersOf(on).includes(authority);
  if (isMember && chain.setOf(on).length <= 3) return [];
  const action = isMember ? "remove" : "add";
  return chain
    .membersOf(on)
    .map((by): BallotWish => ({ by, action, authority }))
    .filter((ballot) => chain.faultOf(on, { ballots: [ballot] }) === undefined);
}

describe("finality", () => {
  const chain = new AuthorityChain(4);

  it("never contradicts itself while all keep the rules, through forks and changes of the set", () => {
    let finalHeights = 0;
    let changes = 0;
    fc.assert(
      fc.property(steps, (shape) => {
        const { gadget, evidence, setChanges } = run(chain, shape, 0);
        assert.equal(gadget.conflict, undefined);
        assert.deepEqual(evidence, [], "nobody who keeps the rules is ever convicted");
        finalHeights += gadget.final.height;
        changes += setChanges;
      }),
      { numRuns: 40 },
    );
    assert.ok(finalHeights > 10, `${finalHeights} blocks were final`);
    assert.ok(changes > 0, `the set changed ${changes} times`);
  });

  it("convicts those who did not keep them", () => {
    fc.assert(
      fc.property(steps, (shape) => {
        const { gadget, evidence } = run(chain, shape, 2);
        if (gadget.conflict) assert.ok(evidence.length > 0);
        for (const { kind } of evidence) assert.equal(kind, "vote-pair");
      }),
      { numRuns: 20 },
    );
  });
});
