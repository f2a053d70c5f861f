/** Peers that others vouch for, under simulated time: what a liar with many keys can make a node dial. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { defaultVouchedPeers, VouchedPeers } from "../../src/network/host/vouched-peers.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

const always = () => true;

function makeVouched(ownId: string, answers: ReadonlySet<string>) {
  const clock = createSimulatedClock(0);
  const dials: { peer: string; addresses: readonly string[]; atMs: number }[] = [];
  const connected = new Set<string>();
  const vouched = new VouchedPeers(
    { ...defaultVouchedPeers, ownId },
    {
      clock,
      logger: silentLogger,
      dial: async (addresses, peer) => {
        dials.push({ peer, addresses, atMs: clock.monotonicMs() });
        if (!answers.has(peer)) throw new Error("refused");
        connected.add(peer);
      },
      isConnected: (peer) => connected.has(peer),
      isBanned: (peer) => peer === "banned",
      connections: () => connected.size,
    },
  );
  vouched.start();
  return { clock, dials, connected, vouched };
}

it("connects with those it hears of until there are enough for whoever told of them", async () => {
  const peers = Array.from({ length: 20 }, (_, index) => `peer-${index}`);
  const { clock, connected, vouched } = makeVouched("a", new Set(peers));
  for (const peer of peers) vouched.heardOf(peer, [`/${peer}`], () => connected.size < 8);
  await clock.advance(120_000);
  assert.equal(connected.size, 8);
});

it("has a bound of its own for all together", async () => {
  const peers = Array.from({ length: 60 }, (_, index) => `peer-${index}`);
  const { clock, connected, vouched } = makeVouched("a", new Set(peers));
  for (const peer of peers) vouched.heardOf(peer, [`/${peer}`], always);
  await clock.advance(120_000);
  assert.equal(connected.size, defaultVouchedPeers.connectionsMax);
});

it("gives up who does not answer, and dials neither itself nor the banned", async () => {
  const { clock, dials, vouched } = makeVouched("a", new Set());
  for (const peer of ["a", "banned", "b"]) vouched.heardOf(peer, [`/${peer}`], always);
  await clock.advance(3_600_000);
  assert.deepEqual(new Set(dials.map(({ peer }) => peer)), new Set(["b"]));
  assert.equal(dials.length, defaultVouchedPeers.triesMax);
  assert.equal(vouched.size, 0);
  assert.equal(clock.pending, 0);
});

it("dials an address that ten thousand keys name no more often than one that one key names", async () => {
  const { clock, dials, vouched } = makeVouched("a", new Set());
  for (let minute = 0; minute < 10; minute += 1) {
    for (let index = 0; index < 1_000; index += 1) {
      const peer = `key-${minute}-${index}`;
      vouched.heardOf(peer, [`/victim/p2p/${peer}`], always);
    }
    assert.ok(vouched.size <= defaultVouchedPeers.peersMax);
    await clock.advance(60_000);
  }
  const most = 600_000 / defaultVouchedPeers.addressEveryMs + 1;
  assert.ok(dials.length <= most, `${dials.length} dials in ten minutes`);
});

it("dials no faster than its limit, however many addresses are named", async () => {
  const { clock, dials, vouched } = makeVouched("a", new Set());
  for (let index = 0; index < 1_000; index += 1) {
    vouched.heardOf(
      `key-${index}`,
      Array.from({ length: 50 }, (_, part) => `/${index}/${part}`),
      always,
    );
  }
  await clock.advance(10_000);
  assert.ok(dials.length <= 10_000 / defaultVouchedPeers.dialEveryMs, `${dials.length} dials in ten seconds`);
  for (const { addresses } of dials) assert.ok(addresses.length <= defaultVouchedPeers.addressesPerPeerMax);
});
