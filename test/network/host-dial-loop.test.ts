/** The dial loop under simulated time: who dials when, and that it never ends. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { DialLoop, defaultDialLoop } from "../../src/network/host/dial-loop.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { seededRandom } from "./host-rigs.ts";

function makeLoop(ownId: string, answer: (address: string) => string | undefined, options = {}) {
  const clock = createSimulatedClock(0);
  const dials: { address: string; atMs: number }[] = [];
  const connected = new Set<string>();
  const banned = new Set<string>();
  const loop = new DialLoop(
    { ...defaultDialLoop, ownId, ...options },
    {
      clock,
      logger: silentLogger,
      random: seededRandom(7),
      dial: async (addresses, peer) => {
        dials.push({ address: addresses[0]!, atMs: clock.monotonicMs() });
        const address = addresses.find((each) => answer(each) === peer);
        if (address === undefined) throw new Error("refused");
        connected.add(peer);
        return address;
      },
      isConnected: (peer) => connected.has(peer),
      isBanned: (peer) => banned.has(peer),
      isFull: () => false,
    },
  );
  loop.start();
  const lose = (peer: string) => {
    connected.delete(peer);
    loop.disconnected(peer);
  };
  return { clock, dials, connected, banned, loop, lose };
}

it("backs off from one second to sixty, with jitter, and goes on for ever", async () => {
  const { clock, dials, loop } = makeLoop("a", () => undefined);
  loop.sighted("b", ["/b"]);
  await clock.advance(86_400_000);
  const gapsMs = dials.slice(1).map(({ atMs }, index) => atMs - dials[index]!.atMs);
  assert.equal(dials[0]!.atMs, 0);
  assert.ok(dials.length > 86_400 / 60, `${dials.length} attempts in a day`);
  for (const [index, gapMs] of gapsMs.entries()) {
    const wholeMs = Math.min(60_000, 1_000 * 2 ** index);
    assert.ok(gapMs >= wholeMs / 2 && gapMs <= wholeMs, `gap ${index} is ${gapMs} ms`);
  }
  assert.ok(new Set(gapsMs.slice(-20).map(Math.round)).size > 10);
});

it("keeps a peer that it has met, however many are only said to be there", async () => {
  const { clock, dials, loop, lose } = makeLoop("a", (address) => (address === "/b" ? "b" : undefined));
  loop.sighted("b", ["/b"]);
  await clock.advance(100);
  lose("b");
  for (let index = 0; index < 1_000; index += 1) loop.sighted(`forged ${index}`, [`/forged/${index}`]);
  await clock.advance(120_000);
  assert.equal(dials.filter(({ address }) => address === "/b").length, 2);
});

it("lets the lower peer id dial first", async () => {
  const lower = makeLoop("a", () => "b");
  const higher = makeLoop("c", () => "b");
  for (const { loop, clock } of [lower, higher]) {
    loop.sighted("b", ["/b"]);
    await clock.advance(10_000);
  }
  assert.deepEqual(lower.dials, [{ address: "/b", atMs: 0 }]);
  assert.deepEqual(higher.dials, [{ address: "/b", atMs: 3_000 }]);
});

it("redials at once what was steady, backs off from what hangs up", async () => {
  const { clock, dials, loop, lose } = makeLoop("a", () => "b");
  loop.sighted("b", ["/b"]);
  await clock.advance(20_000);
  lose("b");
  await clock.advance(1);
  assert.equal(dials.length, 2);
  lose("b");
  await clock.advance(499);
  assert.equal(dials.length, 2);
  await clock.advance(10_000);
  assert.equal(dials.length, 3);
});

it("does not wait out its backoff where a peer is seen alive, nor dials more than once a second", async () => {
  const { clock, dials, loop } = makeLoop("a", () => undefined);
  loop.sighted("b", ["/b"]);
  await clock.advance(200_000);
  const before = dials.length;
  for (let index = 0; index < 100; index += 1) {
    loop.sighted("b", ["/b"]);
    await clock.advance(50);
  }
  const extra = dials.length - before;
  assert.ok(extra >= 3 && extra <= 6, `${extra} dials in five seconds`);
});

it("dials neither itself nor the banned, and holds what it was told to hold", async () => {
  const { clock, dials, banned, loop } = makeLoop("a", () => undefined);
  banned.add("b");
  loop.sighted("a", ["/a"]);
  loop.sighted("b", ["/b"]);
  loop.sighted("c", ["/c"]);
  loop.hold("c", 5_000);
  await clock.advance(4_999);
  assert.deepEqual(dials, []);
  await clock.advance(2);
  assert.deepEqual(
    dials.map(({ address }) => address),
    ["/c"],
  );
  banned.delete("b");
  await clock.advance(120_000);
  assert.ok(dials.some(({ address }) => address === "/b"));
});

it("keeps a bounded number of candidates, and few dials at once", async () => {
  const { clock, dials, loop } = makeLoop("a", () => undefined, { candidatesMax: 20, dialsMax: 4 });
  for (let index = 0; index < 1_000; index += 1) loop.sighted(`peer-${index}`, [`/${index}`]);
  assert.equal(loop.size, 20);
  await clock.advance(120_000);
  const dialled = new Set(dials.map(({ address }) => address));
  assert.ok(dialled.has("/999") && !dialled.has("/0"));
});

it("tries first the address that worked last, whatever is claimed since", async () => {
  const { clock, dials, loop, lose } = makeLoop("a", (address) => (address === "/b2" ? "b" : undefined));
  loop.sighted("b", ["/b1", "/b2"]);
  await clock.advance(20_000);
  for (let index = 0; index < 50; index += 1) loop.learned("b", [`/forged-${index}`]);
  lose("b");
  await clock.advance(10);
  assert.deepEqual(
    dials.map(({ address }) => address),
    ["/b1", "/b2"],
  );
});

it("dials all at once where it is told to, nobody twice in a second, and knows until when a dial is under way", async () => {
  const { clock, dials, loop } = makeLoop("a", () => undefined);
  for (const peer of ["b", "c"]) loop.sighted(peer, [`/${peer}`]);
  await clock.advance(600_000);
  const before = dials.length;
  loop.dialAll();
  assert.deepEqual(
    dials
      .slice(before)
      .map(({ address }) => address)
      .sort(),
    ["/b", "/c"],
  );
  assert.ok(loop.isDialling());
  await clock.advance(1);
  assert.ok(!loop.isDialling());
  loop.dialAll();
  await clock.advance(900);
  assert.equal(dials.length, before + 2);
});
