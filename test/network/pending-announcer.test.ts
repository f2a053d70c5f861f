/** What waits is announced again, less and less often, within a bound, and no more once it is gone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { announceTickMs, PendingAnnouncer } from "../../src/network/gossip/pending-announcer.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

function setUp(seed = 128) {
  const clock = createSimulatedClock(0);
  const pending = new Map<string, Uint8Array>();
  const sent: { readonly idHex: string; readonly atMs: number }[] = [];
  const peers = { count: 1 };
  const announcer = new PendingAnnouncer(seed, {
    clock,
    pending: (idHex) => {
      const bytes = pending.get(idHex);
      return bytes && { bytes };
    },
    send: (bytes) => sent.push({ idHex: Buffer.from(bytes).toString(), atMs: clock.monotonicMs() }),
    hasListeners: () => peers.count > 0,
  });
  const wait = (idHex: string, isOwn: boolean) => {
    pending.set(idHex, Buffer.from(idHex));
    announcer.track(idHex, isOwn);
  };
  const pass = async (ms: number, each: () => void = () => undefined) => {
    for (let passed = 0; passed < ms; passed += announceTickMs) {
      await clock.advance(announceTickMs);
      each();
      announcer.tick();
    }
  };
  return { clock, pending, sent, peers, announcer, wait, pass };
}

test("an own transaction comes after seconds, then with longer and longer pauses, and never stops while it waits", async () => {
  const { sent, wait, pass } = setUp();
  wait("own", true);
  await pass(30 * 60_000);
  const pauses = sent.map(({ atMs }, index) => atMs - (sent[index - 1]?.atMs ?? 0));
  assert.ok((pauses[0] ?? 0) <= 6_000, `${pauses[0]} ms until the first`);
  for (let index = 1; index < 7; index += 1) {
    const [before, pause] = [pauses[index - 1], pauses[index]] as [number, number];
    assert.ok(pause >= 1.5 * before, `${pauses}`);
  }
  assert.ok(Math.max(...pauses) < 5 * 60_000 + announceTickMs, "gossip would carry it once more at least");
  assert.ok(sent.length > 8 && sent.length < 20, `${sent.length} times in half an hour`);
});

test("what is gone is announced no more, and costs nothing", async () => {
  const { sent, pending, announcer, wait, pass } = setUp();
  wait("committed", true);
  wait("dropped", false);
  announcer.forget("committed");
  pending.delete("dropped");
  await pass(120_000);
  assert.deepEqual(sent, []);
  assert.equal(announcer.size, 0);
});

test("a foreign one that a peer has just announced is left to that peer, but not twice in a row", async () => {
  const { sent, announcer, wait, pass } = setUp();
  wait("foreign", false);
  wait("own", true);
  await pass(10 * 60_000, () => {
    announcer.heard("foreign");
    announcer.heard("own");
  });
  const count = (idHex: string) => sent.filter((one) => one.idHex === idHex).length;
  assert.equal(count("foreign"), 2);
  assert.ok(count("own") > 5);
});

test("what was foreign becomes own if it is submitted here, too", async () => {
  const { sent, wait, pass } = setUp();
  wait("one", false);
  wait("one", true);
  await pass(6_000);
  assert.equal(sent.length, 1);
});

test("a full mempool is announced in minutes, 256 a second, everything before anything twice", async () => {
  const { sent, wait, pass, announcer } = setUp();
  for (let index = 0; index < 20_000; index += 1) wait(`transaction ${index}`, false);
  await pass(36_000);
  assert.ok(sent.length > 0);
  const perSecond = new Map<number, number>();
  await pass(60_000);
  for (const { atMs } of sent) perSecond.set(atMs, (perSecond.get(atMs) ?? 0) + 1);
  assert.equal(Math.max(...perSecond.values()), 256);
  assert.equal(new Set(sent.map(({ idHex }) => idHex)).size, sent.length);
  assert.equal(announcer.size, 20_000);
});

test("while nobody hears it nothing is spent, and it comes at once when somebody does", async () => {
  const { sent, peers, wait, pass } = setUp();
  peers.count = 0;
  wait("own", true);
  await pass(60_000);
  assert.deepEqual(sent, []);
  peers.count = 1;
  await pass(announceTickMs);
  assert.equal(sent.length, 1);
});

test("nodes take turns: no two of them have the same intervals", async () => {
  const times = await Promise.all(
    [0, 90, 255].map(async (seed) => {
      const { sent, wait, pass } = setUp(seed);
      wait("foreign", false);
      await pass(60_000);
      return sent[0]?.atMs;
    }),
  );
  assert.equal(new Set(times).size, 3);
});
