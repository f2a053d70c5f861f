/** Which messages of a banned peer are judged all the same, and how long judging goes on in one turn of the event loop. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { JudgingQueue } from "../../src/network/host/judging-queue.ts";

test("what waits when its sender is banned is judged only where it may be evidence", async () => {
  for (const judgesBanned of [true, false]) {
    const banned = new Set<string>();
    const first = Promise.withResolvers<void>();
    let judged = 0;
    const judge = async () => {
      judged += 1;
      await first.promise;
      return "accept" as const;
    };
    const queue = new JudgingQueue(
      "topic",
      { messageBytesMax: 10, queueMax: 100, judgesBanned, judge },
      {
        isBanned: (peer) => banned.has(peer),
        isStopped: () => false,
        clock: systemClock,
        logger: silentLogger,
      },
    );
    const verdicts = Array.from({ length: 50 }, () => queue.judge(new Uint8Array(1), "peer"));
    const before = judged;
    assert.ok(before < 50, "some have to wait");
    banned.add("peer");
    first.resolve();
    const accepted = (await Promise.all(verdicts)).filter((verdict) => verdict === "accept");
    assert.equal(accepted.length, judgesBanned ? 50 : before);
  }
});

test("judging takes a slice of each turn of the event loop, and ends with every verdict", async () => {
  const costMs = 3;
  let turn = 0;
  let isOver = false;
  const tick = () => {
    turn += 1;
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const turns: number[] = [];
  // Refused at once, as a transaction that the chain has.
  const judge = () => {
    nowMs += costMs;
    turns.push(turn);
    return "ignore" as const;
  };
  const queue = new JudgingQueue(
    "topic",
    { messageBytesMax: 10, queueMax: 100, judge },
    { isBanned: () => false, isStopped: () => false, clock, logger: silentLogger },
  );
  await Promise.all(Array.from({ length: 50 }, () => queue.judge(new Uint8Array(1), "peer")));
  isOver = true;
  assert.equal(turns.length, 50);
  const inOneTurn = Map.groupBy(turns, (each) => each);
  for (const each of inOneTurn.values()) assert.ok(each.length <= 2, `${each.length} in one turn`);
});
