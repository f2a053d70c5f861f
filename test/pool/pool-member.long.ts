/** Members with a searcher of a chosen speed against a pool, over hosts in memory and simulated time. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Logger } from "../../src/base/logger.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import { PoolMember } from "../../src/member/pool-member.ts";
import type { PeerHost } from "../../src/network/peer-host.ts";
import {
  encodeNotice,
  encodeVerdict,
  noticeBytesMax,
  submitBytes,
  submitProtocol,
  subscribeBytesMax,
  subscribeProtocol,
  verdictBytesMax,
} from "../../src/pool/messages.ts";
import { shareTargetOf } from "../../src/pool/share-difficulty.ts";
import { HeaderType } from "../../src/protocol/block.ts";
import { seededRandom } from "../network/host-rigs.ts";
import { headerOf } from "../sealing/headers.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock, type SimulatedClock } from "../support/simulated-clock.ts";
import { accountNamed, pacedThreads, type ServerRig, serverOn } from "./pool-rig.ts";

const blockTarget = shareTargetOf(2 ** 40);

describe("pool member", () => {
  let clock: SimulatedClock;
  let network: MemoryNetwork;
  let poolHost: PeerHost;
  let members: PoolMember[];
  let warnings: string[];

  beforeEach(() => {
    clock = createSimulatedClock(1_750_000_000_000);
    network = createMemoryNetwork({ latencyMs: [1, 5], loss: 0 }, { clock, random: seededRandom(3) });
    poolHost = network.createHost("pool");
    members = [];
    warnings = [];
  });

  afterEach(async () => {
    for (const member of members) await stopped(member.stop());
    await poolHost.stop();
    // Nothing of a member that has stopped goes on.
    await clock.advance(60_000);
    assert.equal(clock.pending, 0);
  });

  async function stopped(promise: Promise<void>): Promise<void> {
    let done = false;
    void promise.then(() => {
      done = true;
    });
    for (let steps = 0; !done; steps += 1) {
      assert.ok(steps < 1_000, "it stops");
      await clock.advance(10);
    }
  }

  const logger: Logger = {
    ...silentLogger,
    warn: (_fields, message) => {
      warnings.push(message);
    },
  };

  async function join(name: string, hashesPerSecond: number): Promise<PoolMember> {
    const host = network.createHost(name, { bootstrap: ["/memory/pool/p2p/pool"] });
    const threads = pacedThreads(hashesPerSecond, clock);
    const member = new PoolMember(
      { account: accountNamed(name), software: "test" },
      { host, threads, clock, logger, random: seededRandom(9) },
    );
    members.push(member);
    await member.start();
    return member;
  }

  /** Drafts a second apart, and another parent every so often, as a chain goes. */
  async function mineOn({ drafting }: ServerRig, seconds: number, firstParent = 1): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      const parent = firstParent + Math.floor(second / 20);
      await drafting.post({ target: blockTarget, timestampMs: 1_750_000_000_000 + second * 1_000 }, parent);
      await clock.advance(1_000);
    }
  }

  it("earns as it works: members of unequal speed are credited by it, and next to nothing is refused", async () => {
    const rig = serverOn(poolHost, clock);
    await rig.server.start();
    const speeds = { alice: 500, bob: 2_000, carol: 8_000 };
    for (const [name, speed] of Object.entries(speeds)) await join(name, speed);
    await mineOn(rig, 240);
    const before = Object.keys(speeds).map((name) => rig.book.workOf(accountNamed(name)));
    const seconds = 600;
    await mineOn(rig, seconds, 50);
    for (const [index, [name, speed]] of Object.entries(speeds).entries()) {
      const work = Number(rig.book.workOf(accountNamed(name)) - before[index]!);
      const status = members[index]!.status();
      // About 120 shares: a standard deviation is a tenth. Some time is lost to switching jobs.
      assert.ok(work > speed * seconds * 0.6 && work < speed * seconds * 1.3, `${name}: ${work}`);
      assert.deepEqual(status.rejected, {});
      assert.ok(status.accepted > 60 && status.accepted < 400, `${name}: ${status.accepted} shares`);
      assert.equal(status.unanswered, 0);
      assert.ok(Math.abs(status.hashesPerSecond - speed) < speed * 0.01);
      assert.ok(status.hashesPerShare > 0);
      assert.equal(status.pool, "/memory/pool/p2p/pool");
      assert.equal(status.notMiningBecause, undefined);
    }
    const total = members.reduce((sum, member) => sum + member.status().acceptedWork, 0n);
    assert.equal(
      total,
      rig.book.shares.reduce((sum, { work }) => sum + work, 0n),
    );
    assert.equal(rig.server.stats().dropped, 0);
    await stopped(rig.server.stop());
  });

  it("finds blocks, and waits where there is nothing to mine", async () => {
    const rig = serverOn(poolHost, clock);
    await rig.server.start();
    const member = await join("alice", 1_000);
    await clock.advance(5_000);
    assert.equal(member.status().notMiningBecause, "the pool has nothing to mine");
    assert.equal(member.status().hashesPerSecond, 0);
    await rig.drafting.post({ target: shareTargetOf(2_000) });
    for (let seconds = 0; rig.drafting.blocks.length === 0; seconds += 1) {
      assert.ok(seconds < 60, "a block is found");
      await clock.advance(1_000);
    }
    assert.ok(member.status().blocksFound >= 1);
    rig.drafting.pause();
    await clock.advance(1_000);
    const { accepted, notMiningBecause } = member.status();
    assert.equal(notMiningBecause, "the pool has nothing to mine");
    await clock.advance(60_000);
    assert.equal(member.status().accepted, accepted);
    await stopped(rig.server.stop());
  });

  it("never sends more than a pool takes for honest, however easy its shares are", async () => {
    const rig = serverOn(poolHost, clock);
    await rig.server.start();
    // Every twentieth hash is a share and a block, on a machine that does 20,000 of them in a second.
    const member = await join("alice", 20_000);
    for (let quarters = 0; quarters < 1_200; quarters += 1) {
      // A block ends its job: the next one comes a little later.
      if (!rig.drafting.board.current) await rig.drafting.post({ target: shareTargetOf(20) }, quarters % 250);
      await clock.advance(250);
    }
    const { accepted, rejected, stale } = member.status();
    assert.deepEqual(
      Object.keys(rejected).filter((code) => code !== "21"),
      [],
    );
    assert.ok(accepted > 500, `${accepted} accepted, ${stale} stale`);
    assert.equal(rig.server.stats().dropped, 0);
    assert.equal(rig.drafting.blocks.length, rig.server.stats().blocksFound);
    await stopped(rig.server.stop());
  });

  it("gives up a pool that falls silent, mines nothing meanwhile, and goes on when it is back", async () => {
    const rig = serverOn(poolHost, clock);
    await rig.server.start();
    const member = await join("alice", 4_000);
    await mineOn(rig, 240);
    const { accepted } = member.status();
    assert.ok(accepted > 0);
    network.partition([["pool"], ["alice"]]);
    await clock.advance(16_000);
    assert.equal(member.status().hashesPerSecond, 0);
    assert.ok(member.status().notMiningBecause);
    await clock.advance(60_000);
    assert.equal(member.status().notMiningBecause, "not connected to the pool");
    assert.equal(rig.server.stats().sessions, 0);
    network.heal();
    await mineOn(rig, 180, 50);
    assert.ok(member.status().accepted > accepted + 5);
    assert.equal(member.status().notMiningBecause, undefined);
    assert.equal(rig.server.stats().sessions, 1);
    await stopped(rig.server.stop());
  });

  it("says why a pool that is away cannot be reached, and is back within fifteen seconds of it", async () => {
    const rig = serverOn(poolHost, clock);
    await rig.server.start();
    const member = await join("alice", 4_000);
    await mineOn(rig, 30);
    network.partition([["pool"], ["alice"]]);
    // For so long that every wait between two tries has become as long as it may.
    await clock.advance(900_000);
    const { pool, poolAccount, unreachableBecause } = member.status();
    assert.deepEqual([pool, poolAccount], [undefined, undefined]);
    assert.ok(unreachableBecause);
    const said = warnings.filter(
      (text) =>
        text === `the pool cannot be reached: ${unreachableBecause}; it is tried again every few seconds`,
    );
    assert.equal(said.length, 1, "once, though it was tried some sixty times");
    network.heal();
    await clock.advance(16_000);
    assert.equal(member.status().unreachableBecause, undefined);
    assert.notEqual(member.status().notMiningBecause, "not connected to the pool");
    await stopped(rig.server.stop());
  });

  it("brings a share again that got no answer, and counts it once", async () => {
    const rig = serverOn(poolHost, clock);
    await rig.server.start();
    const member = await join("alice", 4_000);
    await mineOn(rig, 240);
    rig.book.break();
    await mineOn(rig, 12, 40);
    rig.book.disk = Promise.resolve();
    await mineOn(rig, 60, 41);
    await clock.advance(5_000);
    const { accepted, acceptedWork, rejected } = member.status();
    assert.deepEqual(rejected, {});
    assert.ok(rig.book.failures > 0);
    assert.equal(accepted, rig.book.shares.length);
    assert.equal(acceptedWork, rig.book.workOf(accountNamed("alice")));
    await stopped(rig.server.stop());
  });

  describe("with a pool that is none", () => {
    let subscriptions: number;

    async function pretend(
      notice: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    ): Promise<PoolMember> {
      subscriptions = 0;
      const limits = { timeoutMs: 60_000, rateLimit: { requests: 1_000, perMs: 1_000 } };
      poolHost.serve(subscribeProtocol, {
        ...limits,
        requestBytesMax: subscribeBytesMax,
        chunkBytesMax: noticeBytesMax,
        handle: () => {
          subscriptions += 1;
          return notice();
        },
      });
      poolHost.serve(submitProtocol, {
        ...limits,
        requestBytesMax: submitBytes,
        chunkBytesMax: verdictBytesMax,
        handle: () => [encodeVerdict({ kind: "accepted" })],
      });
      await poolHost.start();
      return join("alice", 1_000);
    }

    const jobWith = (shareTarget: Uint8Array) =>
      encodeNotice({
        kind: "job",
        jobId: 1,
        headerBytes: HeaderType.serialize(headerOf({ target: blockTarget })),
        noncePrefix: new Uint8Array(8),
        shareTarget,
        isClean: true,
      });

    for (const [what, chunk] of Object.entries({
      "a share target of zero": jobWith(new Uint8Array(32)),
      "shares harder than the block": jobWith(shareTargetOf(2 ** 50)),
      nonsense: Uint8Array.of(7, 7, 7),
    })) {
      it(`mines nothing for ${what}, and asks again more and more rarely`, async () => {
        const member = await pretend(() => [chunk]);
        await clock.advance(600_000);
        assert.equal(member.status().notMiningBecause, "waiting for the pool's answer");
        assert.ok(subscriptions > 10 && subscriptions < 60, `${subscriptions} subscriptions`);
        assert.ok(warnings.includes("lost the pool"));
      });
    }

    it("says why it was refused, and asks again more and more rarely", async () => {
      const notice = encodeNotice({ kind: "refused", code: 24, reason: "no room" });
      const member = await pretend(() => [notice]);
      await clock.advance(600_000);
      const { notMiningBecause, refusal } = member.status();
      assert.deepEqual([notMiningBecause, refusal], ["refused by the pool", "no room"]);
      assert.ok(subscriptions > 10 && subscriptions < 60, `${subscriptions} subscriptions`);
      assert.deepEqual(warnings, ["the pool refuses us"]);
    });

    it("takes fifteen seconds of silence for a dead pool", async () => {
      const member = await pretend(async function* () {
        yield jobWith(shareTargetOf(500));
        await new Promise((resolve) => clock.schedule(50_000, () => resolve(undefined)));
      });
      await clock.advance(10_000);
      assert.equal(member.status().notMiningBecause, undefined);
      assert.equal(member.status().hashesPerShare, Number(workOf(shareTargetOf(500))));
      await clock.advance(5_500);
      assert.ok(subscriptions === 1 && member.status().notMiningBecause !== undefined);
      await clock.advance(4_500);
      assert.equal(subscriptions, 2);
      assert.equal(member.status().notMiningBecause, undefined);
    });
  });
});
