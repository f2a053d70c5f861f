/** Budgets, points and bans; frames; and which claimed addresses are dialled. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import fc from "fast-check";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { JudgingQueue } from "../../src/network/host/judging-queue.ts";
import { PeerLimits } from "../../src/network/host/peer-limits.ts";
import { dialableAddresses } from "../../src/network/libp2p/addresses.ts";
import { encodeFrame, encodeLength, FrameReader } from "../../src/network/libp2p/frames.ts";
import type { Verdict } from "../../src/network/peer-host.ts";
import { PeerScore, peerScoreTable } from "../../src/network/peers/score.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

it("disconnects at the second rejected message and bans at the fifth, unless they are far apart", async () => {
  const clock = createSimulatedClock(0);
  const score = new PeerScore(peerScoreTable, { clock });
  const quick = Array.from({ length: 5 }, () => score.report("quick", "rejected message"));
  assert.deepEqual(quick, ["keep", "disconnect", "disconnect", "disconnect", "ban"]);
  for (let index = 0; index < 50; index += 1) {
    assert.equal(score.report("seldom", "rejected message"), "keep");
    await clock.advance(1_200_000);
  }
});

it("forgets the oldest bans, not the latest, when the list is full", async () => {
  const clock = createSimulatedClock(0);
  const limits = new PeerScore({ ...peerScoreTable, bansMax: 10 }, { clock });
  for (let index = 0; index < 30; index += 1) limits.ban(`peer-${index}`, 1_000, `reason ${index}`);
  const banned = Array.from({ length: 30 }, (_, index) => limits.isBanned(`peer-${index}`));
  assert.deepEqual(
    banned,
    Array.from({ length: 30 }, (_, index) => index >= 20),
  );
  await clock.advance(400);
  assert.deepEqual(limits.bans(2), [
    { peerId: "peer-29", reason: "reason 29", remainingMs: 600 },
    { peerId: "peer-28", reason: "reason 28", remainingMs: 600 },
  ]);
  await clock.advance(600);
  assert.deepEqual(limits.bans(100), []);
  assert.equal(limits.isBanned("peer-29"), false);
});

it("lets a budget through at its rate and no faster, each peer its own", async () => {
  const clock = createSimulatedClock(0);
  const limits = new PeerLimits({ gossipBytesPerSecond: 1_000, gossipBytesBurst: 5_000 }, { clock });
  let passed = 0;
  for (let step = 0; step < 1_000; step += 1) {
    if (limits.spendBytes("greedy", 100)) passed += 100;
    await clock.advance(10);
  }
  assert.ok(passed > 14_000 && passed <= 15_000, `${passed} bytes in ten seconds`);
  assert.ok(limits.spendBytes("modest", 5_000));
});

it("has less of the burst of ids for a peer that has only just come", async () => {
  const clock = createSimulatedClock(0);
  const limits = new PeerLimits({}, { clock });
  const spent = (peer: string) => {
    let ids = 0;
    while (limits.spendIds(peer, 256)) ids += 256;
    return ids;
  };
  assert.ok(spent("new") <= 12_000);
  assert.ok(limits.spendIds("old", 1));
  await clock.advance(2_000);
  const late = spent("old");
  assert.ok(late > 31_000 && late <= 32_000, `${late} ids`);
});

it("judges no more of a banned peer's messages, and goes on with those of others", async () => {
  const banned = new Set<string>();
  let judged = 0;
  const judge = async (_message: Uint8Array, from: string): Promise<Verdict> => {
    if (from === "honest") return "accept";
    judged += 1;
    await new Promise((resolve) => setImmediate(resolve));
    banned.add(from);
    return "reject";
  };
  const modules = {
    isBanned: (peer: string) => banned.has(peer),
    isStopped: () => false,
    clock: systemClock,
    logger: silentLogger,
  };
  const queue = new JudgingQueue("topic", { messageBytesMax: 10, queueMax: 1_000, judge }, modules);
  const flood = Array.from({ length: 500 }, () => queue.judge(new Uint8Array(1), "hostile"));
  assert.equal(await queue.judge(new Uint8Array(1), "honest"), "accept");
  const verdicts = await Promise.all(flood);
  assert.ok(judged <= 16, `${judged} judged`);
  assert.equal(verdicts.filter((verdict) => verdict === "reject").length, judged);
});

it("takes no fault for its own that comes of the host's stop, and judges nothing more after it", async () => {
  let isStopped = false;
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (_: object, text: string) => void errors.push(text) };
  const closed = Promise.withResolvers<Verdict>();
  let judged = 0;
  const judge = (): Promise<Verdict> => {
    judged += 1;
    return closed.promise;
  };
  const modules = { isBanned: () => false, isStopped: () => isStopped, clock: systemClock, logger };
  const queue = new JudgingQueue("topic", { messageBytesMax: 10, queueMax: 1_000, judge }, modules);
  const verdicts = Array.from({ length: 20 }, () => queue.judge(new Uint8Array(1), "peer"));
  const judgedBefore = judged;
  isStopped = true;
  closed.reject(new Error("the verifier is closed"));
  assert.deepEqual(new Set(await Promise.all(verdicts)), new Set(["ignore"]));
  assert.ok(judgedBefore > 0 && judged === judgedBefore, `${judged} judged, ${judgedBefore} before the stop`);
  assert.deepEqual(errors, []);
});

it("judges each peer in turn, so that a flood of one waits behind itself and pushes out nothing but itself", async () => {
  const held = Promise.withResolvers<Verdict>();
  const order: string[] = [];
  const judge = (_: Uint8Array, from: string): Promise<Verdict> => {
    order.push(from);
    return held.promise;
  };
  const modules = { isBanned: () => false, isStopped: () => false, clock: systemClock, logger: silentLogger };
  const queue = new JudgingQueue("topic", { messageBytesMax: 10, queueMax: 64, judge }, modules);
  const flood = Array.from({ length: 500 }, () => queue.judge(new Uint8Array(1), "hostile"));
  const honest = Array.from({ length: 3 }, () => queue.judge(new Uint8Array(1), "honest"));
  held.resolve("accept");
  assert.deepEqual(await Promise.all(honest), ["accept", "accept", "accept"]);
  const verdicts = await Promise.all(flood);
  assert.equal(verdicts.filter((verdict) => verdict === "accept").length, 64 - honest.length);
  assert.ok(order.lastIndexOf("honest") <= 8 + 2 * honest.length, order.slice(0, 16).join(" "));
});

it("judges 4 MiB at once and holds 8 MiB of waiting messages of a topic at most, and drops the newest of the peer that has the most", async () => {
  const held = Promise.withResolvers<Verdict>();
  const modules = { isBanned: () => false, isStopped: () => false, clock: systemClock, logger: silentLogger };
  const options = { messageBytesMax: 2 ** 20, queueMax: 1_000, judge: () => held.promise };
  const queue = new JudgingQueue("topic", options, modules);
  const message = new Uint8Array(2 ** 20);
  const flood = Array.from({ length: 60 }, () => queue.judge(message, "hostile"));
  const honest = queue.judge(message, "honest");
  let dropped = 0;
  for (const one of flood) {
    void one.then((verdict) => {
      if (verdict === "ignore") dropped += 1;
    });
  }
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(dropped, 60 - 4 - 7, "4 are judged, and 7 wait beside the honest one");
  held.resolve("accept");
  assert.equal(await honest, "accept");
  await Promise.all(flood);
});

it("gives the verdict on a message of no use at once, though others wait their turn", async () => {
  const held = Promise.withResolvers<Verdict>();
  const modules = {
    isBanned: (peer: string) => peer === "banned",
    isStopped: () => false,
    clock: systemClock,
    logger: silentLogger,
  };
  const screen = ([first]: Uint8Array, from: string): Verdict | undefined => {
    assert.notEqual(from, "banned");
    if (first === 3) throw new Error("a bug of ours");
    return first === 2 ? "reject" : undefined;
  };
  const options = { messageBytesMax: 2 ** 20, queueMax: 1_000, screen, judge: () => held.promise };
  const queue = new JudgingQueue("topic", options, modules);
  const waiting = Array.from({ length: 20 }, () => queue.judge(Uint8Array.of(1), "peer"));
  assert.equal(await queue.judge(Uint8Array.of(2), "peer"), "reject");
  assert.equal(await queue.judge(Uint8Array.of(3), "peer"), "ignore");
  assert.equal(await queue.judge(Uint8Array.of(2), "banned"), "ignore");
  held.resolve("accept");
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["accept"]));
});

/** As much of a stream as a reader uses, fed by the test. */
function feed(parts: readonly Uint8Array[]): Stream {
  const target = new EventTarget();
  const stream = {
    status: "open",
    readStatus: "readable",
    remoteWriteStatus: "writable",
    readBufferLength: 0,
    addEventListener: target.addEventListener.bind(target),
    pause: () => {},
    resume: () => {},
  };
  setImmediate(() => {
    for (const data of parts) target.dispatchEvent(Object.assign(new Event("message"), { data }));
    stream.remoteWriteStatus = "closed";
    target.dispatchEvent(new Event("remoteCloseWrite"));
  });
  return stream as unknown as Stream;
}

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.slice(places[index], end));
}

it("reads frames however the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      async (payloads, cuts) => {
        const reader = new FrameReader(feed(cut(Buffer.concat(payloads.map(encodeFrame)), cuts)), 400);
        for (const payload of payloads) assert.deepEqual(await reader.read(), new Uint8Array(payload));
        assert.equal(await reader.read(), undefined);
      },
    ),
    { numRuns: 200 },
  );
});

it("refuses over-long, unfinished and oddly written frames", async () => {
  const cases: [string, Uint8Array, string][] = [
    ["over-long", encodeLength(401), "request/chunk-too-long"],
    ["far over-long", encodeLength(2 ** 34), "request/chunk-too-long"],
    ["cut short", encodeFrame(new Uint8Array(10)).subarray(0, 10), "request/malformed"],
    ["cut in the length", Uint8Array.of(0x80), "request/malformed"],
    ["length not minimal", Uint8Array.of(0x81, 0x00, 0x01), "request/malformed"],
    ["endless length", new Uint8Array(20).fill(0xff), "request/malformed"],
  ];
  for (const [name, bytes, code] of cases) {
    await assert.rejects(new FrameReader(feed([bytes]), 400).read(), { code }, name);
  }
});

it("dials loopback addresses of others only where it listens on nothing else", () => {
  const peer = "12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf";
  const other = "12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq";
  const claimed = [
    "/ip4/127.0.0.1/tcp/1",
    "/ip4/10.0.0.7/tcp/1",
    "/ip6/::1/tcp/1",
    `/ip4/10.0.0.8/tcp/1/p2p/${other}`,
  ];
  const addresses = claimed.map((address) => multiaddr(address));
  const lan = `/ip4/10.0.0.7/tcp/1/p2p/${peer}`;
  assert.deepEqual(dialableAddresses(peer, addresses, [multiaddr("/ip4/127.0.0.1/tcp/9")]), [
    `/ip4/127.0.0.1/tcp/1/p2p/${peer}`,
    lan,
    `/ip6/::1/tcp/1/p2p/${peer}`,
  ]);
  const own = [multiaddr("/ip4/127.0.0.1/tcp/9"), multiaddr("/ip4/10.0.0.1/tcp/9")];
  assert.deepEqual(dialableAddresses(peer, addresses, own), [lan]);
});
