/** Who becomes and who stays an authority: majorities, consent, one change at a time, and none before its block is final. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { ballotLifetimeMax, ballotsPerVoterMax } from "../../src/consensus/poa/ballot-box.ts";
import { signConsent } from "../../src/protocol/authority-consent.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { type BuiltBlock, keyPairNamed } from "../chain/block-builder.ts";
import { AuthorityChain, type BallotWish } from "./authority-chain.ts";

/** The inner fault of a block whose one ballot is wrong. */
function ballotFault(chain: AuthorityChain, parent: BuiltBlock, ballots: readonly BallotWish[]) {
  const fault = chain.faultOf(parent, { ballots });
  if (!fault) return undefined;
  assert.equal(fault.code, "block/transaction-invalid");
  assert.equal(fault.position, ballots.length - 1);
  return fault.fault.code;
}

function inFlight(chain: AuthorityChain, block: BuiltBlock): string | undefined {
  const change = chain.finalityOf(block).inFlight;
  return change && `${change.action === 1 ? "add" : "remove"} ${toHex(change.authority)}`;
}

const additionOf = ({ publicKey }: KeyPair) => `add ${toHex(publicKey)}`;
const removalOf = ({ publicKey }: KeyPair) => `remove ${toHex(publicKey)}`;

function addBy(voters: readonly KeyPair[], authority: KeyPair): BallotWish[] {
  return voters.map((by) => ({ by, action: "add", authority }));
}

function removeBy(voters: readonly KeyPair[], authority: KeyPair): BallotWish[] {
  return voters.map((by) => ({ by, action: "remove", authority }));
}

describe("a change of the authorities", () => {
  for (const [index, needed] of [1, 2, 2, 3, 3, 4, 4].entries()) {
    const count = index + 1;
    it(`passes with ${needed} of ${count}, over several blocks, and is in force when its block is final`, () => {
      const chain = new AuthorityChain(count);
      const [candidate] = chain.candidates as [KeyPair];
      let head = chain.genesis;
      for (const by of chain.keys.slice(0, needed - 1)) {
        head = chain.child(head, { ballots: addBy([by], candidate) });
        assert.equal(inFlight(chain, head), undefined);
      }
      head = chain.child(head, { ballots: addBy([chain.keys[needed - 1]!], candidate) });
      const passed = head;
      assert.equal(inFlight(chain, passed), additionOf(candidate));
      assert.equal(chain.finalityOf(passed).ballots.length, 0);
      // Blocks alone bring nothing into force, however many.
      head = chain.grow(head, 3).at(-1)!;
      assert.equal(inFlight(chain, head), additionOf(candidate));
      assert.deepEqual(chain.namesOf(head), chain.namesOf(chain.genesis));
      // From the block on that shows on its own chain that the passing block is final.
      for (const block of chain.growCertified(head, 3)) {
        const isFinal = chain.finalityOf(block).finalized.height >= passed.record.header.height;
        assert.equal(chain.setOf(block).length, isFinal ? count + 1 : count);
        assert.equal(inFlight(chain, block), isFinal ? undefined : additionOf(candidate));
        head = block;
      }
      assert.equal(chain.setOf(head).length, count + 1);
      assert.deepEqual(chain.namesOf(head), chain.namesOf(head).toSorted());
      // The newcomer seals from the next block on, and its vote counts.
      const own = chain.child(head, { producer: candidate });
      const updates = chain.engine.authority!.updates(head.record, own.record);
      assert.deepEqual(updates, []);
    });
  }

  it("is told to the ledger in the block in which it comes into force", () => {
    const chain = new AuthorityChain(2);
    const [candidate] = chain.candidates as [KeyPair];
    const passed = chain.child(chain.genesis, { ballots: addBy(chain.keys, candidate) });
    const [first, second] = chain.growCertified(passed, 2);
    assert.deepEqual(chain.engine.authority!.updates(passed.record, first!.record), []);
    assert.deepEqual(chain.engine.authority!.updates(first!.record, second!.record), [
      { authority: candidate.publicKey, removed: false },
    ]);
    const entry = second!.entries.find(
      (one) => one.type === "authority" && one.account === toHex(candidate.publicKey),
    );
    assert.ok(entry?.type === "authority");
    assert.deepEqual([entry.sinceHeight, entry.removed], [second!.record.header.height, false]);
  });

  it("needs the candidate's own consent, for this chain and this expiry", () => {
    const chain = new AuthorityChain(1);
    const other = new AuthorityChain(1, { salt: "0d".repeat(32) });
    const [by] = chain.keys as [KeyPair];
    const [authority, stranger] = chain.candidates as [KeyPair, KeyPair];
    const wish = { by, action: "add", authority, expiresAtHeight: 50 } as const;
    const consents = [
      new Uint8Array(64),
      signConsent(other.chainId, 50, authority),
      signConsent(chain.chainId, 51, authority),
      signConsent(chain.chainId, 50, stranger),
      signConsent(chain.chainId, 50, by),
    ];
    for (const consent of consents) {
      assert.equal(ballotFault(chain, chain.genesis, [{ ...wish, consent }]), "transaction/vote-invalid");
    }
    assert.equal(ballotFault(chain, chain.genesis, [wish]), undefined);
  });

  it("waits for its turn: one at a time, in the order of the first votes", () => {
    const chain = new AuthorityChain(3);
    const [one, two] = chain.candidates as [KeyPair, KeyPair];
    const [a, b, c] = chain.keys as [KeyPair, KeyPair, KeyPair];
    const opened = chain.child(chain.genesis, { ballots: [...addBy([a], one), ...addBy([b], two)] });
    // Both have their majority in one block: the one that was first voted for goes first.
    const passed = chain.child(opened, { ballots: [...addBy([c], two), ...addBy([c], one)] });
    assert.equal(inFlight(chain, passed), additionOf(one));
    assert.equal(ballotFault(chain, passed, addBy([b], one)), "transaction/vote-useless");
    const [, landed] = chain.growCertified(passed, 2);
    assert.equal(chain.setOf(landed!).length, 4);
    // The next goes into flight in the very block, but needs a majority of four now.
    assert.equal(inFlight(chain, landed!), undefined);
    const second = chain.child(landed!, { ballots: addBy([one], two) });
    assert.equal(inFlight(chain, second), additionOf(two));
    assert.equal(chain.setOf(chain.growCertified(second, 2).at(-1)!).length, 5);
  });

  it("follows at once where a majority waits already when the one before it lands", () => {
    const chain = new AuthorityChain(3);
    const [one, two] = chain.candidates as [KeyPair, KeyPair];
    const ballots = [...addBy(chain.keys, one), ...addBy(chain.keys, two)];
    const passed = chain.child(chain.genesis, { ballots });
    const [, landed] = chain.growCertified(passed, 2);
    assert.equal(chain.setOf(landed!).length, 4);
    assert.equal(inFlight(chain, landed!), additionOf(two));
    // Its own block has to be final: that the earlier one is does not carry it.
    const [, after, last] = [landed!, ...chain.growCertified(landed!, 2)];
    assert.equal(chain.setOf(after!).length, 4);
    assert.equal(chain.setOf(last!).length, 5);
  });

  it("expires: after the height that it names no vote counts, and none is taken", () => {
    const chain = new AuthorityChain(2);
    const [candidate] = chain.candidates as [KeyPair];
    const [a, b] = chain.keys as [KeyPair, KeyPair];
    const until = (by: KeyPair, expiresAtHeight: number): BallotWish => {
      return { by, action: "add", authority: candidate, expiresAtHeight };
    };
    const opened = chain.child(chain.genesis, { ballots: [until(a, 2)] });
    const inTime = chain.child(opened, { ballots: [until(b, 2)] });
    assert.equal(inFlight(chain, inTime), additionOf(candidate));
    const late = chain.grow(opened, 2).at(-1)!;
    assert.equal(chain.finalityOf(late).ballots.length, 0);
    assert.equal(inFlight(chain, chain.child(late, { ballots: [until(b, 9)] })), undefined);
    assert.equal(ballotFault(chain, opened, [until(b, 1)]), "transaction/vote-useless");
    assert.equal(ballotFault(chain, opened, [until(b, 3 + ballotLifetimeMax)]), "transaction/vote-useless");
    assert.equal(ballotFault(chain, opened, [until(b, 2 + ballotLifetimeMax)]), undefined);
  });

  it("lets whoever wants to go leave alone, but never the last one", () => {
    const chain = new AuthorityChain(3);
    const [a, b] = chain.keys as [KeyPair, KeyPair];
    const passed = chain.child(chain.genesis, { ballots: removeBy([a], a) });
    assert.equal(inFlight(chain, passed), removalOf(a));
    const [, landed] = chain.growCertified(passed, 2);
    assert.equal(chain.namesOf(landed!).includes(toHex(a.publicKey)), false);
    // Another one's removal takes a majority.
    const other = chain.child(landed!, { ballots: removeBy([b], chain.keys[2]!) });
    assert.equal(inFlight(chain, other), undefined);
    const alone = new AuthorityChain(1);
    const last = removeBy(alone.keys, alone.keys[0]!);
    assert.equal(ballotFault(alone, alone.genesis, last), "transaction/vote-useless");
  });

  it("leaves one authority where two want to go at once", () => {
    const chain = new AuthorityChain(2);
    const [a, b] = chain.keys as [KeyPair, KeyPair];
    const passed = chain.child(chain.genesis, { ballots: [...removeBy([a], a), ...removeBy([b], b)] });
    assert.equal(inFlight(chain, passed), removalOf(a));
    const later = chain.growCertified(passed, 2).at(-1)!;
    assert.deepEqual(chain.namesOf(later), [toHex(b.publicKey)]);
    assert.equal(inFlight(chain, later), undefined);
    assert.equal(chain.setOf(chain.growCertified(later, 3).at(-1)!).length, 1);
  });

  it("does not take back whom evidence has put out", () => {
    const chain = new AuthorityChain(3);
    const [a, b, c] = chain.keys as [KeyPair, KeyPair, KeyPair];
    const out = chain.child(chain.genesis, { evidence: [chain.doubleVote(c)] });
    assert.deepEqual(chain.finalityOf(out).banned.map(toHex), [toHex(c.publicKey)]);
    const later = chain.grow(out, 5).at(-1)!;
    assert.equal(ballotFault(chain, later, addBy([a], c)), "transaction/vote-useless");
    // Who left by vote may come back.
    const gone = chain.growCertified(chain.child(out, { ballots: removeBy([b], b) }), 2).at(-1)!;
    assert.equal(inFlight(chain, chain.child(gone, { ballots: addBy([a], b) })), additionOf(b));
  });

  it("counts a vote once, and only votes that can change something", () => {
    const chain = new AuthorityChain(4);
    const [a, b] = chain.keys as [KeyPair, KeyPair];
    const [candidate] = chain.candidates as [KeyPair];
    const twice = addBy([a, a], candidate);
    const useless: [string, BallotWish[]][] = [
      ["voting twice in one block", twice],
      ["adding a member", addBy([a], b)],
      ["removing a stranger", removeBy([a], candidate)],
      [
        "too many open votes",
        chain.candidates.slice(0, ballotsPerVoterMax + 1).flatMap((c) => addBy([a], c)),
      ],
    ];
    for (const [what, ballots] of useless) {
      assert.equal(ballotFault(chain, chain.genesis, ballots), "transaction/vote-useless", what);
    }
    const opened = chain.child(chain.genesis, { ballots: addBy([a], candidate) });
    assert.equal(ballotFault(chain, opened, addBy([a], candidate)), "transaction/vote-useless");
    assert.equal(ballotFault(chain, opened, removeBy([a], b)), undefined);
  });

  it("is for authorities to vote on, and for those that still are", () => {
    const chain = new AuthorityChain(3);
    const [a, b, c] = chain.keys as [KeyPair, KeyPair, KeyPair];
    const [candidate, stranger] = chain.candidates as [KeyPair, KeyPair];
    for (const by of [candidate, stranger, keyPairNamed("alice")]) {
      const fault = ballotFault(chain, chain.genesis, addBy([by], candidate));
      assert.equal(fault, "transaction/voter-not-authority");
    }
    // The vote of one who is out no longer makes the majority of two.
    const opened = chain.child(chain.genesis, { ballots: addBy([c], candidate) });
    const out = chain.child(opened, { evidence: [chain.doubleVote(c)] });
    assert.equal(inFlight(chain, chain.child(out, { ballots: addBy([a], candidate) })), undefined);
    assert.equal(
      inFlight(chain, chain.child(out, { ballots: addBy([a, b], candidate) })),
      additionOf(candidate),
    );
    assert.equal(ballotFault(chain, out, addBy([c], candidate)), "transaction/voter-not-authority");
    // Not even in the block that puts it out.
    const both = { ballots: addBy([a, c], candidate), evidence: [chain.doubleVote(c)] };
    assert.equal(inFlight(chain, chain.child(chain.genesis, both)), undefined);
  });

  it("just ends where it has become void while it was in flight", () => {
    const chain = new AuthorityChain(4);
    const [a, b, c, d] = chain.keys as [KeyPair, KeyPair, KeyPair, KeyPair];
    const [candidate] = chain.candidates as [KeyPair];
    const passed = chain.child(chain.genesis, { ballots: removeBy([a, b, c], d) });
    assert.equal(inFlight(chain, passed), removalOf(d));
    const convicted = chain.child(passed, { evidence: [chain.doubleVote(d)] });
    assert.equal(inFlight(chain, convicted), undefined);
    assert.equal(chain.setOf(convicted).length, 3);
    const next = chain.child(convicted, { ballots: addBy([a, b], candidate) });
    assert.equal(inFlight(chain, next), additionOf(candidate));
    // Evidence leaves one alone whose own removal was in flight.
    const two = new AuthorityChain(2);
    const leaving = two.child(two.genesis, { ballots: removeBy([two.keys[0]!], two.keys[0]!) });
    const last = two.child(leaving, { evidence: [two.doubleVote(two.keys[1]!)] });
    assert.deepEqual(two.namesOf(last), [toHex(two.keys[0]!.publicKey)]);
    assert.equal(inFlight(two, last), undefined);
    assert.deepEqual(two.namesOf(two.growCertified(last, 3).at(-1)!), two.namesOf(last));
  });

  it("goes by the branch: what passed on one is nothing on the other", () => {
    const chain = new AuthorityChain(1);
    const [candidate] = chain.candidates as [KeyPair];
    const passed = chain.child(chain.genesis, { ballots: addBy(chain.keys, candidate) });
    const landed = chain.growCertified(passed, 2).at(-1)!;
    const elsewhere = chain.growCertified(chain.child(chain.genesis, { laterMs: 1 }), 3).at(-1)!;
    assert.equal(chain.setOf(landed).length, 2);
    assert.equal(chain.setOf(elsewhere).length, 1);
  });
});

describe("an established chain", () => {
  it("has had a second authority or anybody's transaction; votes on authorities alone are none", () => {
    const chain = new AuthorityChain(1);
    const [candidate] = chain.candidates as [KeyPair];
    const [own] = chain.keys as [KeyPair];
    const established = (block: BuiltBlock) => chain.finalityOf(block).established;
    assert.equal(established(new AuthorityChain(2).genesis), true);
    const empty = chain.growCertified(chain.child(chain.genesis), 3).at(-1)!;
    assert.equal(established(empty), false);
    const voted = chain.child(empty, { ballots: addBy([own], candidate) });
    assert.equal(established(voted), false);
    const two = chain.growCertified(voted, 2).at(-1)!;
    assert.equal(established(two), true);
    const one = chain
      .growCertified(chain.child(two, { ballots: removeBy([candidate], candidate) }), 2)
      .at(-1)!;
    assert.equal(chain.setOf(one).length, 1);
    assert.equal(established(one), true, "what it was once it stays");
    const note = chain.builder.sign(keyPairNamed("alice"), 0);
    assert.equal(established(chain.child(empty, { transactions: [note] })), true);
  });
});
