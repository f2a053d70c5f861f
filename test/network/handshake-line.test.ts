/** Whose handshake begins next: as many a second as may end well, one group after another, and the newest of a group first. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { HandshakeLine } from "../../src/network/libp2p/handshake-line.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

const options = { perSecond: 10, atOnce: 4 };

/** @param endsWell whether each handshake that begins ends well at once, or never */
function begunBy(endsWell = true) {
  const clock = createSimulatedClock(0);
  const begun: string[] = [];
  const line = new HandshakeLine<string>(options, {
    clock,
    begin: (waiter) => {
      begun.push(waiter);
      if (endsWell) line.completed();
    },
  });
  return { clock, begun, line };
}

/** More turns of the event loop than any line here is long. */
async function turns() {
  for (let turn = 0; turn < 60; turn += 1) await nextTurn();
}

describe("a line of handshakes", () => {
  it("begins so many at once and so many a second, and each in the end", async () => {
    const { clock, begun, line } = begunBy();
    for (let index = 0; index < 50; index += 1) line.join("group", `${index}`);
    await turns();
    assert.equal(begun.length, options.atOnce);
    for (let second = 1; second <= 3; second += 1) {
      await clock.advance(1_000);
      await turns();
      const most = options.atOnce + second * options.perSecond;
      assert.ok(begun.length > most - 3 && begun.length <= most, `${begun.length} of ${most}`);
    }
    await clock.advance(5_000);
    await turns();
    assert.equal(new Set(begun).size, 50);
    assert.equal(clock.pending, 0, "an empty line keeps no timer");
  });

  it("gives groups their turns, however many wait in one of them, and the newest of a group the first", async () => {
    const { clock, begun, line } = begunBy();
    for (let index = 0; index < 50; index += 1) line.join("crowd", `crowd ${index}`);
    await turns();
    line.join("a", "newcomer");
    line.join("b", "another");
    await clock.advance(300);
    await turns();
    const after = begun.slice(options.atOnce);
    assert.deepEqual(after, ["crowd 45", "newcomer", "another"]);
  });

  it("counts those that are under way, and keeps nobody waiting for long for those that never end", async () => {
    const { clock, begun, line } = begunBy(false);
    for (let index = 0; index < 50; index += 1) line.join("crowd", `${index}`);
    await turns();
    assert.equal(begun.length, options.atOnce);
    for (let tenth = 0; tenth < 13; tenth += 1) {
      await clock.advance(100);
      await turns();
    }
    assert.equal(begun.length, 50);
  });

  it("begins nobody who has gone, and takes no time for them", async () => {
    const { begun, line } = begunBy();
    for (let index = 0; index < 50; index += 1) line.join("crowd", `${index}`);
    for (let index = 1; index < 50; index += 1) line.leave("crowd", `${index}`);
    line.leave("nobody", "0");
    await turns();
    assert.deepEqual(begun, ["0"]);
  });
});
