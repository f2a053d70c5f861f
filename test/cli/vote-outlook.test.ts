/** What `authority vote` says will become of a vote. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Advice } from "../../src/api/node-status.ts";
import { voteOutlook } from "../../src/cli/vote-outlook.ts";

function setOf(count: number) {
  const authorities = Array.from({ length: count }, (_, index) => ({
    address: `aurex1${index}`,
    name: `machine-${index}`,
    lastHeardMs: 1,
    sealedHeight: 1,
    self: index === 0,
  }));
  return { authorities, majority: Math.floor(count / 2) + 1 };
}

const stuck: Advice = {
  code: "finality",
  fault: true,
  what: "only 1 of 2 authorities are heard, and finality needs 2: nothing becomes final",
  why: "machine-1 is not heard; a change of the set needs 2 votes, so no vote can pass",
  next: "start machine-1 again",
};

describe("the outlook of a vote", () => {
  it("is the majority that it needs where it can pass", () => {
    assert.deepEqual(voteOutlook("remove", "aurex11", setOf(3), []), {
      canPass: true,
      lines: ["it passes with 2 of 3 votes; see aurex-node authority list"],
    });
    assert.equal(voteOutlook("add", "aurex19", setOf(2), []).canPass, true);
    assert.equal(voteOutlook("remove", "aurex10", setOf(2), []).canPass, true, "to leave needs nobody");
  });

  it("of two says that the other one has to vote for its own removal", () => {
    const { canPass, lines } = voteOutlook("remove", "aurex11", setOf(2), []);
    assert.equal(canPass, false);
    assert.match(
      lines[0] ?? "",
      /^it cannot pass without the vote of aurex11 itself: a change needs 2 of 2 votes$/,
    );
    assert.match(lines[1] ?? "", /^next: /);
  });

  it("says what stands against any change, and the way out, where finality is lost", () => {
    for (const action of ["add", "remove"] as const) {
      const { canPass, lines } = voteOutlook(action, "aurex11", setOf(2), [stuck]);
      assert.equal(canPass, false);
      assert.deepEqual(lines, [
        `as things stand it cannot come into force: ${stuck.what}`,
        stuck.why,
        "next: start machine-1 again",
      ]);
    }
  });
});
