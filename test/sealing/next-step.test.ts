/** The producer's next step as a table: every reason, and when it is the producer's time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextStep, type OpenSituation, type ProducerStep } from "../../src/sealing/next-step.ts";
import type { NotSealingReason } from "../../src/sealing/not-sealing.ts";
import { sealingStateOf } from "../../src/sealing/sealing-state.ts";

/** Its slot began at 100 s, and the others have the first go at new work for 3 s. */
const slot = {
  ...{ earliestMs: 100_000, beginMs: 100_000, outOfTurnDelayMs: 3_000, afterParentMs: 4_700 },
  target: new Uint8Array(32),
};
/** Long after the slot has begun, with nothing to do. */
const idle: OpenSituation = {
  ...{ kind: "open", nowMs: 500_000, slot, hasWork: false, finality: "not awaited" },
  ...{
    sinceParentMs: Number.POSITIVE_INFINITY,
    urgentForMs: undefined,
    emptyAfterMs: undefined,
    failure: undefined,
  },
};
const busy: OpenSituation = { ...idle, hasWork: true, urgentForMs: 3_000 };

function open(from: OpenSituation, changes: Partial<OpenSituation>) {
  return nextStep({ ...from, ...changes });
}

const wait = (reason: NotSealingReason, forMs?: number): ProducerStep => ({ kind: "wait", reason, forMs });
const seal = (emptyDueMs?: number, reason?: NotSealingReason): ProducerStep => ({
  ...{ kind: "seal", slot, reason, emptyDueMs },
});

const table: readonly (readonly [what: string, step: ProducerStep, expected: ProducerStep])[] = [
  ["not allowed", nextStep({ kind: "forbidden", reason: "syncing" }), wait("syncing")],
  ["broken", nextStep({ kind: "failed", reason: "disk full" }), wait("disk full", 2_000)],
  ["nothing could be executed", nextStep({ kind: "empty draft" }), wait("nothing to seal", 1_000)],
  ["no slot", open(busy, { slot: undefined }), wait("not in the authority set")],

  ["nothing to seal", nextStep(idle), wait("nothing to seal")],
  ["work, and the others' time is over", nextStep(busy), seal()],
  ["work that has just come", open(busy, { urgentForMs: 0 }), wait("not its turn", 3_000)],
  ["work, a moment early", open(busy, { urgentForMs: 2_999 }), wait("not its turn", 1)],
  ["work before the slot", open(busy, { nowMs: 99_000 }), wait("not its turn", 1_000)],
  ["work long before the slot", open(busy, { nowMs: 10_000 }), wait("not its turn", 10_000)],
  ["work, and an empty block is due later", open(busy, { emptyAfterMs: 900_000 }), seal(1_000_000)],

  ["work, and the parent has just come", open(busy, { sinceParentMs: 0 }), wait("not its turn", 4_700)],
  ["work, and the parent came a while ago", open(busy, { sinceParentMs: 4_699 }), wait("not its turn", 1)],
  ["work, and the parent came long enough ago", open(busy, { sinceParentMs: 4_700 }), seal()],
  [
    "an empty block, and the parent has just come",
    open(idle, { emptyAfterMs: 0, sinceParentMs: 1_000 }),
    wait("nothing to seal", 3_700),
  ],

  ["a heartbeat later", open(idle, { emptyAfterMs: 405_000 }), wait("nothing to seal", 5_000)],
  ["a heartbeat much later", open(idle, { emptyAfterMs: 900_000 }), wait("nothing to seal", 10_000)],
  ["a heartbeat that is due", open(idle, { emptyAfterMs: 400_000 }), seal(500_000)],
  ["empty blocks are wished for", open(idle, { emptyAfterMs: 0 }), seal(100_000)],

  ["finality is due", open(idle, { finality: "due", urgentForMs: 3_000 }), seal(500_000)],
  ["finality, just due", open(idle, { finality: "due", urgentForMs: 0 }), wait("not its turn", 2_000)],
  ["finality and work", open(busy, { finality: "due" }), seal()],
  ["too few authorities", open(idle, { finality: "no quorum" }), wait("no quorum for finality", 2_000)],
  [
    "too few authorities, and a heartbeat later",
    open(idle, { finality: "no quorum", emptyAfterMs: 401_000 }),
    wait("no quorum for finality", 1_000),
  ],
  ["too few authorities, and work", open(busy, { finality: "no quorum" }), seal()],
  ["alone", open(idle, { finality: "no peers" }), wait("no peers", 2_000)],

  [
    "a try soon after a failure",
    open(busy, { failure: { agoMs: 4_000, reason: "disk fails" } }),
    seal(undefined, "disk fails"),
  ],
  ["a failure that is long past", open(busy, { failure: { agoMs: 4_001, reason: "disk fails" } }), seal()],
];

for (const [what, step, expected] of table) {
  test(`${what}: ${expected.kind}${expected.reason ? `, ${expected.reason}` : ""}`, () => {
    assert.deepEqual(step, expected);
  });
}

test("whatever forbids sealing is shown as it is, and looked at again only when it changes", () => {
  const all: Readonly<Record<NotSealingReason, true>> = {
    ...{ "not in the authority set": true, "waiting for admission": true, "not its turn": true },
    ...{
      "no other authority heard": true,
      slashed: true,
      "no peers": true,
      syncing: true,
      "clock off": true,
    },
    ...{
      "chain ahead of this clock": true,
      "key seen elsewhere": true,
      "disk full": true,
      "disk fails": true,
    },
    ...{ "nothing to seal": true, "no quorum for finality": true, "listening first": true, stopped: true },
  };
  for (const reason of Object.keys(all) as NotSealingReason[]) {
    assert.deepEqual(nextStep({ kind: "forbidden", reason }), wait(reason));
    assert.ok(sealingStateOf(reason));
  }
});

test("a miner begins before the earliest time of its block, and at once", () => {
  const work = { ...slot, beginMs: 40_000, outOfTurnDelayMs: 0 };
  const step = open(busy, { slot: work, nowMs: 40_000, urgentForMs: 0 });
  assert.deepEqual(step, { ...seal(), slot: work });
  assert.deepEqual(open(busy, { slot: work, nowMs: 39_000, urgentForMs: 0 }), wait("not its turn", 1_000));
});
