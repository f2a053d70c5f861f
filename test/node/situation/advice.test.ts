/** Advice from whole situations: what is said, what is not, and that every fault has a step. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Advice } from "../../../src/api/node-status.ts";
import { durationText } from "../../../src/base/duration-text.ts";
import { adviceOn } from "../../../src/node/situation/advice.ts";
import type {
  AuthoritySituation,
  MemberSituation,
  Situation,
} from "../../../src/node/situation/situation.ts";

const nowMs = Date.UTC(2026, 5, 1, 12);
const headHash = "ab".repeat(32);
const start = "aurex-node --consensus poa --authority --data-dir /nodes/a";

function member(name: string, changes: Partial<MemberSituation> = {}): MemberSituation {
  return {
    address: `aurex1${name}`,
    name,
    isHeard: true,
    isSelf: name === "a",
    sealedHeight: 90,
    ...changes,
  };
}

function authorities(changes: Partial<AuthoritySituation> = {}): AuthoritySituation {
  const members = changes.members ?? [member("a"), member("b"), member("c")];
  return {
    members,
    quorum: Math.ceil((2 * members.length) / 3),
    majority: Math.floor(members.length / 2) + 1,
    candidates: [],
    slashed: [],
    policy: "open-lan",
    windowEndsAtMs: 0,
    isAsking: false,
    wasAuthority: false,
    isAnotherReached: true,
    finalHeight: 99,
    awaitsFinality: false,
    leftByRecovery: [],
    ...changes,
  };
}

function situation(changes: Partial<Situation> = {}): Situation {
  return {
    consensus: "poa",
    isMeantToSeal: true,
    notSealingBecause: "nothing to seal",
    address: "aurex1a",
    dataDir: "/nodes/a",
    startCommand: start,
    peers: 2,
    head: { height: 100, hash: headHash, timestampMs: nowMs - 1_000 },
    aheadDoubtMs: 5_000,
    mayFoundAnew: false,
    damagedBlocks: 0,
    mendedHeights: [],
    clock: { nowMs, note: undefined, isOff: false, isConfirmed: true, apart: [] },
    authorities: authorities(),
    ...changes,
  };
}

function only(of: Situation): Advice {
  const advice = adviceOn(of);
  assert.equal(advice.length, 1, JSON.stringify(advice));
  return advice[0] as Advice;
}

describe("advice", () => {
  it("is none for a node that is well, or that waits for what passes by itself", () => {
    for (const notSealingBecause of [
      "nothing to seal",
      "not its turn",
      "syncing",
      "listening first",
    ] as const) {
      assert.deepEqual(adviceOn(situation({ notSealingBecause })), []);
    }
    assert.deepEqual(adviceOn(situation({ consensus: "pow", authorities: undefined })), []);
  });

  it("about dozens of authorities names a few, and how many more there are", () => {
    const away = Array.from({ length: 27 }, (_, number) => member(`m${number}`, { isHeard: false }));
    const { why, next } = only(situation({ authorities: authorities({ members: [member("a"), ...away] }) }));
    assert.match(why, /^m0, m1, m2, m3, m4 and 22 more are not heard;/);
    assert.match(next, /^start m0, m1, m2, m3, m4 and 22 more again;/);
  });

  it("of two authorities is a note while both are heard, and names the way out when one is lost", () => {
    const members = [member("a"), member("b")];
    const note = only(situation({ authorities: authorities({ members }) }));
    assert.deepEqual([note.code, note.fault], ["two-authorities", false]);
    const lost = [member("a", { sealedHeight: 99 }), member("b", { isHeard: false, sealedHeight: 98 })];
    const leftByRecovery = ["aurex1a", "aurex1b"];
    const early = only(situation({ authorities: authorities({ members: lost, leftByRecovery }) }));
    assert.match(
      early.what,
      /^only 1 of 2 authorities are heard, and finality needs 2: nothing becomes final$/,
    );
    assert.match(early.why, /a change of the set needs 2 votes, so no vote can pass/);
    assert.match(
      early.next,
      /^start b again; if it is gone for good: keep this node sealing up to height 102 /,
    );
    const late = only(
      situation({ authorities: authorities({ members: lost, leftByRecovery: ["aurex1a"] }) }),
    );
    assert.equal(
      late.next,
      `start b again; if it is gone for good: stop this node and start it so: ${start} --trust-recovery ${headHash}`,
    );
  });

  it("of five with three left says that a vote would pass and not be in force, and what the others need", () => {
    const members = ["a", "b", "c", "d", "e"].map((name) => member(name, { isHeard: name < "d" }));
    const advice = only(
      situation({ authorities: authorities({ members, leftByRecovery: ["aurex1a", "aurex1b", "aurex1c"] }) }),
    );
    assert.match(
      advice.why,
      /^d, e are not heard; a vote that passes is not in force before its block is final$/,
    );
    assert.match(
      advice.next,
      new RegExp(`then start b, c and every follower with the same --trust-recovery ${headHash}$`),
    );
  });

  it("before another authority was heard is to start the others, or to sign alone", () => {
    const members = [member("a"), member("b", { isHeard: false })];
    const advice = only(situation({ authorities: authorities({ members, isAnotherReached: false }) }));
    assert.equal(advice.code, "authorities");
    assert.match(advice.next, new RegExp(`^start the others \\(b\\).*${start} --sign-alone$`));
  });

  it("calls the chain ahead where other clocks agree with this one, and this clock off where they do not", () => {
    const head = { height: 5, hash: headHash, timestampMs: nowMs + 2 * 3_600_000 - 30_000 };
    const ahead = only(situation({ head }));
    assert.deepEqual(
      [ahead.code, ahead.what],
      ["chain-ahead", "the chain is 1 h 59 min ahead of this clock"],
    );
    assert.equal(ahead.next, "wait until 2026-06-01 13:59:30 UTC: the node goes on by itself then");
    assert.doesNotMatch(`${ahead.why}${ahead.next}`, /set-ntp/);
    const provisional = only(situation({ head, mayFoundAnew: true }));
    assert.match(
      provisional.next,
      /^aurex-node found-anew --data-dir \/nodes\/a .*, or wait until 2026-06-01 13:59:30 UTC$/,
    );
    const lone = { nowMs, note: undefined, isOff: false, isConfirmed: false, apart: [] };
    assert.match(
      only(situation({ head, clock: lone })).why,
      /if this one is wrong, set it \(sudo timedatectl set-ntp true\)/,
    );
    const off = {
      nowMs,
      note: "this machine's clock is 7200.0 s behind",
      isOff: true,
      isConfirmed: false,
      apart: [],
    };
    const clock = only(situation({ head, clock: off }));
    assert.deepEqual([clock.code, clock.next], ["clock", "sudo timedatectl set-ntp true"]);
  });

  it("knows a machine that has no clock of its own", () => {
    const clock = { nowMs: 75_000, note: undefined, isOff: false, isConfirmed: false, apart: [] };
    const advice = only(situation({ clock }));
    assert.equal(advice.what, "this machine's clock says 1970-01-01 00:01:15 UTC");
    assert.match(advice.next, /^sudo timedatectl/);
  });

  it("names whose clock is off if it is not this one's", () => {
    const note = "clocks differ: that of b is 15.0 s ahead of ours";
    const clock = { nowMs, note, isOff: false, isConfirmed: true, apart: ["b"] };
    const advice = only(situation({ clock, consensus: "pow", authorities: undefined }));
    assert.deepEqual([advice.fault, advice.what], [true, note]);
    assert.equal(advice.next, "on the machine of b: sudo timedatectl set-ntp true");
  });

  it("for a node that waits for admission follows from policy, window and its past", () => {
    const members = [member("b"), member("c"), member("d")];
    const nextOf = (changes: Partial<AuthoritySituation>, of: Partial<Situation> = {}) =>
      adviceOn(situation({ ...of, authorities: authorities({ members, isAsking: true, ...changes }) })).map(
        ({ next }) => next,
      );
    const voteAdd = ["on 2 of the 3 authorities: aurex-node authority vote add aurex1a"];
    assert.deepEqual(nextOf({ policy: "vote" }), voteAdd);
    assert.deepEqual(nextOf({ policy: "token", wasAuthority: true }), voteAdd);
    assert.deepEqual(nextOf({ windowEndsAtMs: nowMs + 60_000, wasAuthority: true }), voteAdd);
    assert.deepEqual(nextOf({ policy: "token" }), [], "it takes seconds");
    assert.deepEqual(nextOf({ windowEndsAtMs: nowMs + 60_000 }), []);
    assert.deepEqual(nextOf({ windowEndsAtMs: nowMs - 1 }), [
      "on 2 of the 3 authorities: aurex-node authority open --for 10m",
    ]);
    assert.match(nextOf({}, { peers: 0 })[0] ?? "", new RegExp(`^connect it .*${start} --bootstrap`));
    assert.match(
      nextOf({ isAsking: false })[0] ?? "",
      /^aurex-node authority propose --data-dir \/nodes\/a; then/,
    );
  });

  it("tells a slashed node to take a new key, and the others only that it was", () => {
    const slashed = [{ address: "aurex1a", why: "it signed two blocks at height 7", isSelf: true }];
    const own = only(
      situation({ authorities: authorities({ members: [member("b"), member("c"), member("d")], slashed }) }),
    );
    assert.deepEqual([own.code, own.fault], ["slashed", true]);
    assert.match(own.next, /aurex-node --consensus poa --authority --data-dir \/nodes\/a-new;/);
    const other = only(
      situation({ authorities: authorities({ slashed: [{ ...slashed[0]!, isSelf: false }] }) }),
    );
    assert.equal(other.fault, false);
    assert.match(other.what, /^authority aurex1a was slashed: it signed two blocks at height 7$/);
  });

  it("has a step for each that waits for the operator's decision", () => {
    const candidates = [
      {
        address: "aurex1x",
        name: "x",
        waitsFor: "was an authority before: an operator has to vote" as const,
      },
      { address: "aurex1y", name: "y", waitsFor: "the join window is closed" as const },
      { address: "aurex1z", name: "z", waitsFor: "has not answered for long enough" as const },
    ];
    const nexts = adviceOn(situation({ authorities: authorities({ candidates }) })).map(({ next }) => next);
    assert.equal(nexts.length, 2);
    assert.match(nexts[0] ?? "", /aurex-node authority vote add aurex1x --data-dir \/nodes\/a$/);
    assert.match(nexts[1] ?? "", /aurex-node authority open --for 10m --data-dir \/nodes\/a$/);
  });

  it("names a finality that lags though all are heard", () => {
    const set = authorities({ awaitsFinality: true, finalHeight: 60 });
    assert.match(
      only(situation({ authorities: set })).what,
      /^nothing has become final for 40 blocks, though 3 of 3/,
    );
    assert.deepEqual(adviceOn(situation({ authorities: { ...set, finalHeight: 90 } })), []);
  });
});

describe("a duration", () => {
  for (const [ms, text] of [
    [999, "0 s"],
    [45_000, "45 s"],
    [7_199_000, "1 h 59 min"],
    [2 * 86_400_000, "2 d"],
    [3_600_000, "1 h"],
  ] as const) {
    it(text, () => assert.equal(durationText(ms), text));
  }
});
