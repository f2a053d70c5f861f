/** Addresses tried side by side under simulated time: one that swallows packets costs a moment, not the peer. */
import assert from "node:assert/strict";
import { it } from "node:test";
import {
  AddressTimeout,
  defaultSideBySide,
  firstAnswer,
  NoneAnswered,
} from "../../src/network/host/side-by-side.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

type Behaviour = "answers" | "refuses" | "swallows" | { readonly answersAfterMs: number };

function race(behaviours: Readonly<Record<string, Behaviour>>, signal?: AbortSignal) {
  const clock = createSimulatedClock(0);
  const tried: { address: string; atMs: number }[] = [];
  const given: string[] = [];
  const discarded: string[] = [];
  const attempt = (address: string, giveUp: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      tried.push({ address, atMs: clock.monotonicMs() });
      giveUp.addEventListener("abort", () => given.push(address));
      const behaviour = behaviours[address];
      if (behaviour === "answers") resolve(address);
      else if (behaviour === "refuses") reject(new Error("refused"));
      else if (behaviour !== "swallows") clock.schedule(behaviour!.answersAfterMs, () => resolve(address));
    });
  const outcome = firstAnswer(
    Object.keys(behaviours),
    defaultSideBySide,
    { clock, attempt, discard: (answer) => discarded.push(answer) },
    signal,
  );
  outcome.catch(() => undefined);
  return { clock, tried, given, discarded, outcome };
}

it("goes on with the next address after a moment, and gives the silent one up", async () => {
  const { clock, outcome, given } = race({ "/silent": "swallows", "/good": "answers" });
  await clock.advance(defaultSideBySide.staggerMs);
  assert.equal((await outcome).address, "/good");
  assert.deepEqual(given, ["/silent"]);
  assert.equal(clock.pending, 0);
});

it("goes on at once after a refusal, and with the order that was given", async () => {
  const { clock, outcome, tried } = race({ "/a": "refuses", "/b": "refuses", "/c": "answers" });
  await clock.advance(0);
  assert.equal((await outcome).address, "/c");
  assert.deepEqual(
    tried.map(({ address, atMs }) => `${address} ${atMs}`),
    ["/a 0", "/b 0", "/c 0"],
  );
});

it("gives each address its own time, and names every failure", async () => {
  const { clock, outcome } = race({ "/a": "swallows", "/b": "swallows", "/c": "refuses" });
  await clock.advance(defaultSideBySide.limitMs + 3 * defaultSideBySide.staggerMs);
  await assert.rejects(outcome, (error) => {
    assert.ok(error instanceof NoneAnswered);
    const kinds = Object.fromEntries(error.failures.map(({ address, error: why }) => [address, why]));
    assert.ok(kinds["/a"] instanceof AddressTimeout && kinds["/b"] instanceof AddressTimeout);
    assert.equal(kinds["/c"]?.message, "refused");
    return true;
  });
});

it("takes the first answer and discards a later one", async () => {
  const { clock, outcome, discarded } = race({
    "/slow": { answersAfterMs: 400 },
    "/fast": { answersAfterMs: 100 },
  });
  await clock.advance(1_000);
  assert.equal((await outcome).address, "/fast");
  assert.deepEqual(discarded, ["/slow"]);
});

it("ends with the signal", async () => {
  const controller = new AbortController();
  const { outcome, given } = race({ "/a": "swallows" }, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(outcome, /enough/);
  assert.deepEqual(given, ["/a"]);
});

it("fails without an address", async () => {
  await assert.rejects(race({}).outcome, NoneAnswered);
});
