/** When a set may grow, who is voted out as silent, and that votes for candidates cannot block each other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { MemberWork } from "../../src/authority/participation.ts";
import {
  awaitsNewcomer,
  type Eligible,
  mayBeSilent,
  mayNominate,
  nextCandidate,
  setWait,
  silentMember,
} from "../../src/authority/set-rule.ts";
import { bytesEqual, toHex } from "../../src/base/bytes.ts";
import type { OpenBallot } from "../../src/consensus/finality/chain-finality.ts";
import { authorityActions } from "../../src/protocol/transaction.ts";

const dayMs = 86_400_000;

function key(number: number): Uint8Array {
  return new Uint8Array(32).fill(number);
}

function member(number: number, changes: Partial<MemberWork> = {}): MemberWork {
  const publicKey = key(number);
  return {
    publicKey,
    admittedAt: undefined,
    hasSealed: true,
    hasVoted: true,
    idleBlocks: 0,
    idleMs: 0,
    ...changes,
  };
}

const idleNewcomer = { admittedAt: 100, hasSealed: false, hasVoted: false } as const;

test("the next one comes only after the last one has sealed and voted", () => {
  const wait = "the newest authority has not sealed and voted yet";
  for (const [hasSealed, hasVoted, expected] of [
    [false, false, wait],
    [true, false, wait],
    [false, true, wait],
    [true, true, undefined],
  ] as const) {
    const set = [member(1), member(2), member(3, { admittedAt: 100, hasSealed, hasVoted })];
    assert.equal(setWait(set), expected);
  }
});

test("nobody comes while a member does nothing; a founder alone waits for nobody", () => {
  const idle = member(3, { idleBlocks: 13, hasVoted: false });
  assert.equal(setWait([member(1), member(2), idle]), "an authority neither seals nor votes");
  assert.equal(setWait([member(1), member(2), member(3, { idleBlocks: 12 })]), undefined);
  assert.equal(setWait([member(1, { idleBlocks: 1_000 })]), undefined);
});

test("a newcomer that does nothing for 2n blocks is voted out, on open and closed networks", () => {
  for (const isOpenLan of [true, false]) {
    for (const [idleBlocks, isOut] of [
      [5, false],
      [6, true],
      [60, true],
    ] as const) {
      const newcomer = member(3, { ...idleNewcomer, idleBlocks });
      const set = [member(1), member(2), newcomer];
      assert.equal(silentMember(set, isOpenLan), isOut ? newcomer : undefined);
    }
    const voter = member(3, { ...idleNewcomer, hasVoted: true, idleBlocks: 6 });
    assert.equal(silentMember([member(1), member(2), voter], isOpenLan), undefined, "it helps finality");
  }
});

test("an older member is voted out after a day on an open LAN, and not before", () => {
  const silentFor = (idleBlocks: number, idleMs: number) =>
    silentMember([member(1), member(2), member(3), member(4, { idleBlocks, idleMs })], true) !== undefined;
  assert.ok(silentFor(64, dayMs));
  assert.ok(!silentFor(63, dayMs), "a quiet chain");
  assert.ok(!silentFor(10_000, dayMs - 1), "a laptop that was closed for the night");
  const set = [member(1), member(2), member(3), member(4, { idleBlocks: 10_000, idleMs: 9 * dayMs })];
  assert.equal(silentMember(set, false), undefined, "by its operators, where they let in whom they know");
});

test("nobody is voted out if those that work are no quorum, so a set of one or two stays", () => {
  const gone = { idleBlocks: 1_000, idleMs: 9 * dayMs } as const;
  assert.equal(silentMember([member(1, gone)], true), undefined);
  assert.equal(silentMember([member(1), member(2, gone)], true), undefined);
  assert.equal(silentMember([member(1), member(2), member(3, gone), member(4, gone)], true), undefined);
  const members = fc.array(fc.record({ isGone: fc.boolean(), isNew: fc.boolean() }), { maxLength: 9 });
  fc.assert(
    fc.property(members, (set) => {
      const works = set.map(({ isGone, isNew }, index) =>
        member(index, isGone ? { ...gone, ...(isNew ? idleNewcomer : {}) } : {}),
      );
      const atWork = set.filter(({ isGone }) => !isGone).length;
      const out = silentMember(works, true);
      if (out) {
        assert.ok(atWork >= Math.ceil((2 * set.length) / 3), "the removal becomes final");
        assert.ok(works.find(({ publicKey }) => bytesEqual(publicKey, out.publicKey))?.idleBlocks === 1_000);
      }
    }),
  );
});

test("nothing is read while everybody seals", () => {
  assert.ok(!mayBeSilent([97, 98, 99, 100], 100));
  assert.ok(mayBeSilent([92, 98, 99, 100], 100));
});

test("empty blocks give a newcomer its turns for 4n blocks at most", () => {
  const set = [member(1), member(2), member(3, idleNewcomer)];
  assert.ok(awaitsNewcomer(set, 111));
  assert.ok(!awaitsNewcomer(set, 112));
  assert.ok(!awaitsNewcomer([member(1), member(2), member(3, { admittedAt: 100 })], 101));
});

function ballot(voter: number, candidate: number): OpenBallot {
  return { voter: key(voter), action: authorityActions.add, authority: key(candidate), expiresAtHeight: 900 };
}

function eligible(number: number, waitsSinceMs = number): Eligible {
  return { publicKey: key(number), waitsSinceMs };
}

test("who has waited longest is first: fresh keys, and who was voted for in vain, come behind", () => {
  assert.deepEqual(nextCandidate([eligible(9, 1), eligible(5)], [], new Set(), true), key(9));
  const led = [ballot(1, 9), ballot(2, 9)];
  assert.deepEqual(nextCandidate([eligible(9, 70), eligible(5)], led, new Set(), true), key(5));
});

test("one authority at a time may begin with a candidate; the next one if that one does not", () => {
  const set = [key(1), key(2), key(3)];
  const may = (height: number, ageMs: number) => set.map((own) => mayNominate(set, own, { height, ageMs }));
  assert.deepEqual(may(3, 0), [true, false, false]);
  assert.deepEqual(may(4, 4_999), [false, true, false]);
  assert.deepEqual(may(4, 5_000), [false, true, true]);
  assert.deepEqual(may(4, 10_000), [true, true, true]);
  assert.equal(nextCandidate([eligible(7)], [], new Set(), false), undefined);
  assert.deepEqual(nextCandidate([eligible(7)], [ballot(1, 7)], new Set(), false), key(7));
});

test("a ballot on the chain leads: two that voted for different candidates end at one", () => {
  const ballots = [ballot(1, 7), ballot(2, 8)];
  const both = [eligible(7), eligible(8)];
  assert.equal(nextCandidate(both, ballots, new Set([toHex(key(7))]), false), undefined, "its own leads");
  assert.deepEqual(nextCandidate(both, ballots, new Set([toHex(key(8))]), false), key(7));
  const two = new Set([toHex(key(7)), toHex(key(8))]);
  assert.equal(
    nextCandidate([eligible(9)], [ballot(3, 9), ballot(4, 9)], two, true),
    undefined,
    "two at most",
  );
});

/**
 * Authorities that follow the rule on one chain. Candidates are seen by some or all of them; a ballot ends after 20
 * rounds. Whoever votes in a round sees the ballots of the rounds before. With `fresh` each candidate that only some
 * see comes back under a new key as soon as one of its ballots ends.
 */
function admittedBy(authorities: number, seenBy: readonly (readonly boolean[])[], fresh: boolean) {
  let ballots: (OpenBallot & { readonly round: number })[] = [];
  const set = Array.from({ length: authorities }, (_, index) => key(index));
  const waitsSince = new Map<string, number>();
  let newest = seenBy.length;
  const candidates = seenBy.map((sees, number) => ({ number, sees }));
  for (let round = 0; round < 1_000; round += 1) {
    const ended = ballots.filter((open) => open.round <= round - 20);
    ballots = ballots.filter((open) => open.round > round - 20);
    for (const candidate of candidates) {
      const isEnded = ended.some(({ authority }) => authority[0] === candidate.number);
      if (!fresh || !isEnded || candidate.sees.every(Boolean)) continue;
      newest = seenBy.length + ((newest + 1) % 200);
      for (let voter = 0; voter < authorities; voter += 1) waitsSince.set(`${voter} ${newest}`, round);
      candidate.number = newest;
    }
    const cast: typeof ballots = [];
    for (let voter = 0; voter < authorities; voter += 1) {
      const seen = candidates.flatMap(({ number, sees }) => {
        // Each hears of the candidates in an order of its own.
        const since = waitsSince.get(`${voter} ${number}`) ?? -1 - ((number * 7 + voter * 3) % 5);
        return sees[voter] ? [eligible(number, since)] : [];
      });
      const own = ballots.filter((open) => open.voter[0] === voter);
      const held = new Set(own.map(({ authority }) => toHex(authority)));
      const mayBegin = mayNominate(set, key(voter), { height: round, ageMs: 0 });
      const next = nextCandidate(seen, ballots, held, mayBegin);
      if (!next) continue;
      waitsSince.set(`${voter} ${next[0]}`, round);
      cast.push({ ...ballot(voter, next[0] as number), round });
    }
    ballots.push(...cast);
    const votesOf = (number: number) => ballots.filter(({ authority }) => authority[0] === number).length;
    if (candidates.some(({ number }) => votesOf(number) >= Math.floor(authorities / 2) + 1)) return round;
  }
  return undefined;
}

test("candidates that only some see, always the same or fresh ones, do not keep out for ever whom all see", () => {
  const worlds = fc.integer({ min: 1, max: 7 }).chain((authorities) =>
    fc.record({
      authorities: fc.constant(authorities),
      half: fc.array(fc.array(fc.boolean(), { minLength: authorities, maxLength: authorities }), {
        maxLength: 6,
      }),
      fresh: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(worlds, ({ authorities, half, fresh }) => {
      const everybody = Array.from({ length: authorities }, () => true);
      const round = admittedBy(authorities, [...half, everybody, everybody], fresh);
      assert.ok(round !== undefined, "somebody is admitted");
    }),
    { numRuns: 500 },
  );
});
