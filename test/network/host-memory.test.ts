/** What only the network in memory can do: the same run from the same seed, partitions, losses, restarts. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { PeerHost } from "../../src/network/peer-host.ts";
import { createMemoryNetwork, type LinkOptions } from "../support/network/memory-network.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { seededRandom } from "./host-rigs.ts";

const topic = "/aurex/test/1";

/** A ring of hosts with chords, each knowing two others by bootstrap, and everything that was heard, in order. */
async function makeWorld(seed: number, size: number, link: LinkOptions = { latencyMs: [5, 50], loss: 0 }) {
  const clock = createSimulatedClock(0);
  const random = seededRandom(seed);
  const network = createMemoryNetwork({ ...link, cutNoticedMs: 5_000 }, { clock, random });
  const heard: string[] = [];
  const hosts: PeerHost[] = [];
  const idOf = (index: number) => `peer-${index % size}`;
  const addressOf = (index: number) => `/memory/${idOf(index)}/p2p/${idOf(index)}`;
  const startHost = async (index: number) => {
    const host = network.createHost(idOf(index), { bootstrap: [addressOf(index + 1), addressOf(index + 3)] });
    const judge = (message: Uint8Array) => {
      heard.push(`${clock.monotonicMs()} ${host.peerId} ${new TextDecoder().decode(message)}`);
      return "accept" as const;
    };
    host.subscribe(topic, { messageBytesMax: 100, queueMax: 1_000, judge });
    hosts[index] = host;
    await host.start();
  };
  for (let index = 0; index < size; index += 1) await startHost(index);
  const say = (index: number, text: string) => hosts[index]!.publish(topic, new TextEncoder().encode(text));
  const hearersOf = (text: string) =>
    heard.filter((line) => line.endsWith(` ${text}`)).map((line) => line.split(" ")[1]!);
  return { clock, network, hosts, heard, startHost, say, hearersOf };
}

it("runs the same from one seed, and otherwise from another", async () => {
  const run = async (seed: number) => {
    const { clock, say, heard } = await makeWorld(seed, 8, { latencyMs: [5, 50], loss: 0.05 });
    await clock.advance(10_000);
    for (let index = 0; index < 40; index += 1) {
      await say(index % 8, `message ${index}`);
      await clock.advance(37);
    }
    await clock.advance(5_000);
    return heard;
  };
  const first = await run(1);
  assert.ok(first.length > 250);
  assert.deepEqual(await run(1), first);
  assert.notDeepEqual(await run(2), first);
});

it("lets nothing through a partition, and grows together after it", async () => {
  const { clock, network, hosts, say, hearersOf } = await makeWorld(3, 6);
  await clock.advance(10_000);
  network.partition([["peer-0", "peer-1", "peer-2"]]);
  await say(0, "early");
  await clock.advance(30_000);
  for (const index of [0, 5]) await say(index, `from ${index}`);
  await clock.advance(5_000);
  const left = new Set(["peer-0", "peer-1", "peer-2"]);
  assert.deepEqual(new Set([...hearersOf("early"), ...hearersOf("from 0")]), new Set(["peer-1", "peer-2"]));
  assert.ok(hearersOf("from 5").length > 0 && hearersOf("from 5").every((peer) => !left.has(peer)));
  assert.ok(hosts[0]!.peers().every(({ peerId }) => left.has(peerId)));
  network.heal();
  await clock.advance(120_000);
  await say(0, "again");
  await clock.advance(5_000);
  assert.equal(hearersOf("again").length, 5);
});

it("survives the crash and the restart of a host, in a partition too", async () => {
  const { clock, network, hosts, startHost, say, hearersOf } = await makeWorld(4, 5);
  await clock.advance(10_000);
  network.partition([["peer-2"]]);
  await hosts[2]!.stop();
  network.heal();
  await clock.advance(30_000);
  assert.ok(hosts.every((host) => host.peers().every(({ peerId }) => peerId !== "peer-2")));
  await startHost(2);
  await clock.advance(120_000);
  await say(0, "welcome back");
  await clock.advance(5_000);
  assert.ok(hearersOf("welcome back").includes("peer-2"));
});

it("ends two dials at once in one connection", async () => {
  const clock = createSimulatedClock(0);
  const network = createMemoryNetwork({ latencyMs: [10, 10], loss: 0 }, { clock, random: seededRandom(1) });
  const [a, b] = [network.createHost("a"), network.createHost("b")];
  const told: string[] = [];
  for (const host of [a, b]) {
    host.events.on("peerConnected", ({ peerId }) => told.push(`${host.peerId} ${peerId}`));
    host.events.on("peerDisconnected", () => assert.fail("nobody hangs up"));
    await host.start();
  }
  const dials = Promise.all([a.dial(b.addresses()[0]!), b.dial(a.addresses()[0]!)]);
  await clock.advance(100);
  assert.deepEqual(await dials, ["b", "a"]);
  assert.deepEqual(told.sort(), ["a b", "b a"]);
});

it("delivers each link in order, and loses what it is told to lose", async () => {
  const clock = createSimulatedClock(0);
  const network = createMemoryNetwork({ latencyMs: [1, 100], loss: 0 }, { clock, random: seededRandom(5) });
  const [a, b] = [network.createHost("a"), network.createHost("b")];
  const heard: number[] = [];
  const judge = (message: Uint8Array) => {
    heard.push(message[0]!);
    return "accept" as const;
  };
  for (const host of [a, b]) {
    host.subscribe(topic, { messageBytesMax: 100, queueMax: 1_000, judge });
    await host.start();
  }
  const dial = a.dial(b.addresses()[0]!);
  await clock.advance(500);
  await dial;
  for (let index = 0; index < 100; index += 1) await a.publish(topic, Uint8Array.of(index));
  await clock.advance(1_000);
  assert.deepEqual(heard, [...Array(100).keys()]);
  network.setLink("a", "b", { latencyMs: [1, 1], loss: 0.5 });
  for (let index = 100; index < 200; index += 1) await a.publish(topic, Uint8Array.of(index));
  await clock.advance(1_000);
  const arrived = heard.length - 100;
  assert.ok(arrived > 25 && arrived < 75, `${arrived} of 100 arrived`);
});
