/** Which messages of a banned peer are judged all the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
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
      { isBanned: (peer) => banned.has(peer), isStopped: () => false, logger: silentLogger },
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
