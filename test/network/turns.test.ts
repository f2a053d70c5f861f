/** Turns of peers: one piece of work in each turn of the event loop, and nobody waits behind all that another has asked for. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Turns } from "../../src/network/host/turns.ts";

it("gives one turn in each turn of the event loop, and one peer after another", async () => {
  const turns = new Turns();
  let turn = 0;
  let isOver = false;
  const tick = () => {
    turn += 1;
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  const done: { readonly peer: string; readonly turn: number }[] = [];
  const ask = (peer: string) => turns.take(peer).then(() => done.push({ peer, turn }));
  await Promise.all(["greedy", "greedy", "greedy", "greedy", "modest", "other"].map(ask));
  isOver = true;
  assert.deepEqual(
    done.map(({ peer }) => peer),
    ["greedy", "greedy", "modest", "other", "greedy", "greedy"],
  );
  assert.equal(new Set(done.map(({ turn }) => turn)).size, done.length);
});

it("begins at once if nobody waits, also after a pause", async () => {
  const turns = new Turns();
  for (let round = 0; round < 2; round += 1) {
    let isTaken = false;
    void turns.take("peer").then(() => {
      isTaken = true;
    });
    await Promise.resolve();
    assert.ok(isTaken);
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  }
});
