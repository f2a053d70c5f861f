/** The pool's server over hosts in memory and simulated time: members honest and not, and what becomes of their shares. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { bigIntToBytes, concatBytes, toHex } from "../../src/base/bytes.ts";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import type { PeerHost } from "../../src/network/peer-host.ts";
import { encodeSubscribe, type JobNotice, workOfNotice } from "../../src/pool/messages.ts";
import { blockRewardAt } from "../../src/protocol/genesis.ts";
import { seededRandom } from "../network/host-rigs.ts";
import { recordOf, signed } from "../protocol/samples.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock, type SimulatedClock } from "../support/simulated-clock.ts";
import { accountNamed, BareMember, genesis, noncesOf, type ServerRig, serverOn } from "./pool-rig.ts";

function targetFor(hashes: bigint): Uint8Array {
  return bigIntToBytes(2n ** 256n / hashes - 1n, 32);
}

const blockTarget = targetFor(2n ** 40n);
/** A member that says this has shares of 5,000 hashes. */
const slowHint = 1_000;

describe("pool server", () => {
  let clock: SimulatedClock;
  let network: MemoryNetwork;
  let poolHost: PeerHost;
  let rig: ServerRig;
  let hosts: PeerHost[];

  async function startPool(options: { readonly sessionsMax?: number } = {}): Promise<void> {
    rig = serverOn(poolHost, clock, options);
    await rig.server.start();
  }

  async function memberNamed(name: string): Promise<BareMember> {
    const host = network.createHost(name);
    hosts.push(host);
    await host.start();
    await drive(host.dial(poolHost.addresses()[0]!));
    return new BareMember(host, poolHost.peerId);
  }

  /** Subscribed, with its first job. */
  async function workingMember(name: string, hint = slowHint): Promise<BareMember> {
    const member = await memberNamed(name);
    member.subscribe(accountNamed(name), hint);
    await clock.advance(100);
    return member;
  }

  async function drive<Value>(promise: Promise<Value>): Promise<Value> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    for (let steps = 0; !settled; steps += 1) {
      assert.ok(steps < 3_000, "the promise settles");
      await clock.advance(10);
    }
    return promise;
  }

  const codesOf = (codes: Promise<number>[]) => drive(Promise.all(codes));

  beforeEach(() => {
    clock = createSimulatedClock(1_750_000_000_000);
    network = createMemoryNetwork({ latencyMs: [1, 5], loss: 0 }, { clock, random: seededRandom(7) });
    poolHost = network.createHost("pool");
    hosts = [];
  });

  afterEach(async () => {
    for (const host of hosts) await host.stop();
    await rig.server.stop();
    await clock.advance(60_000);
    assert.equal(rig.server.stats().sessions, 0);
  });

  describe("telling members what to mine", () => {
    it("gives each its own nonces, pushes every change to all at once, and repeats itself every five seconds", async () => {
      await startPool();
      await rig.drafting.post({ target: blockTarget });
      const alice = await workingMember("alice");
      const bob = await workingMember("bob", 50_000);
      assert.notDeepEqual(alice.job.noncePrefix, bob.job.noncePrefix);
      assert.deepEqual(alice.job.shareTarget, targetFor(5_000n));
      assert.deepEqual(bob.job.shareTarget, targetFor(250_000n));
      await rig.drafting.post({ target: blockTarget, timestampMs: 1_750_000_001_000 });
      await clock.advance(10);
      for (const { job } of [alice, bob]) {
        assert.equal(job.jobId, rig.drafting.board.current!.id);
        assert.equal(job.isClean, false);
      }
      await rig.drafting.post({ target: blockTarget }, 2);
      await clock.advance(10);
      assert.equal(alice.job.isClean, true);
      rig.drafting.pause();
      await clock.advance(10);
      assert.deepEqual(alice.notices.at(-1), { kind: "idle" });
      const before = alice.notices.length;
      await clock.advance(15_000);
      assert.equal(alice.notices.length, before + 3);
    });

    it("never asks for more than a block does", async () => {
      await startPool();
      await rig.drafting.post({ target: targetFor(256n) });
      const alice = await workingMember("alice", 1e9);
      assert.deepEqual(alice.job.shareTarget, targetFor(256n));
    });

    it("keeps one session for a peer: a second subscription ends the first", async () => {
      await startPool();
      await rig.drafting.post({ target: blockTarget });
      const alice = await workingMember("alice");
      const again = new BareMember(alice.host, alice.pool);
      again.subscribe(accountNamed("alice"));
      await clock.advance(100);
      assert.ok(alice.ended && alice.failure === undefined);
      assert.ok(!again.ended);
      assert.equal(rig.server.stats().sessions, 1);
    });

    it("ends a session with the stream, the connection or the server", async () => {
      await startPool();
      await rig.drafting.post({ target: blockTarget });
      const [alice, bob, carol] = [
        await workingMember("alice"),
        await workingMember("bob"),
        await workingMember("carol"),
      ];
      assert.equal(rig.server.stats().sessions, 3);
      bob.unsubscribe();
      await clock.advance(6_000);
      assert.equal(rig.server.stats().sessions, 2);
      await carol.host.stop();
      await clock.advance(10);
      assert.equal(rig.server.stats().sessions, 1);
      await rig.server.stop();
      await clock.advance(10);
      assert.equal(rig.server.stats().sessions, 0);
      assert.ok(alice.ended);
    });

    it("takes so many members and no more, and no account that the books do not", async () => {
      await startPool({ sessionsMax: 2 });
      rig.book.membersMax = 0;
      const stranger = await workingMember("stranger");
      assert.deepEqual(
        stranger.notices.map((notice) => (notice.kind === "refused" ? notice.code : notice.kind)),
        [24],
      );
      rig.book.membersMax = 10;
      const [alice, bob, carol] = [
        await workingMember("alice"),
        await workingMember("bob"),
        await workingMember("carol"),
      ];
      assert.ok(!alice.ended && !bob.ended && carol.ended);
      assert.match(JSON.stringify(carol.notices), /"code":20,"reason":"the pool is full"/);
      alice.unsubscribe();
      await clock.advance(6_000);
      const later = new BareMember(carol.host, carol.pool);
      later.subscribe(accountNamed("carol"));
      await clock.advance(100);
      assert.ok(!later.ended);
    });
  });

  describe("places", () => {
    it("are not for connections that never subscribe", async () => {
      await startPool();
      const member = await workingMember("alice");
      const squatter = await memberNamed("squatter");
      await clock.advance(20_000);
      assert.equal(poolHost.peers().length, 2);
      await clock.advance(20_000);
      assert.deepEqual(
        poolHost.peers().map(({ peerId }) => peerId),
        [member.host.peerId],
      );
      assert.equal(squatter.host.peers().length, 0);
    });

    it("are taken from members that bring nothing, where there are hardly any left", async () => {
      await startPool({ sessionsMax: 2 });
      await rig.drafting.post({ target: blockTarget });
      const idle = await workingMember("idle");
      const busy = await workingMember("busy");
      for (let minute = 1; minute <= 11; minute += 1) {
        await clock.advance(60_000);
        const { job } = busy;
        const nonce = noncesOf(job, minute).at(-1);
        assert.equal(await drive(busy.submit(job.jobId, nonce!)), 0);
      }
      assert.ok(idle.ended && !busy.ended);
      assert.ok(!(await workingMember("carol")).ended);
    });

    it("are kept while there are others", async () => {
      await startPool({ sessionsMax: 10 });
      await rig.drafting.post({ target: blockTarget });
      const idle = await workingMember("idle");
      await clock.advance(1_200_000);
      assert.ok(!idle.ended);
    });
  });

  describe("judging shares", () => {
    let alice: BareMember;
    let job: JobNotice;

    beforeEach(async () => {
      await startPool();
      await rig.drafting.post({ target: blockTarget });
      alice = await workingMember("alice");
      job = alice.job;
    });

    it("has an answer for everything, with Stratum's numbers", async () => {
      const [good] = noncesOf(job, 1) as [Uint8Array];
      const [low] = noncesOf(job, 1, { isShare: false }) as [Uint8Array];
      const bob = await memberNamed("bob");
      const elsewhere = concatBytes([good.subarray(0, 8), new Uint8Array(8), good.subarray(16)]);
      const codes = [
        await drive(bob.submit(job.jobId, good)),
        await drive(alice.submit(job.jobId, good)),
        await drive(alice.submit(job.jobId, good)),
        await drive(alice.submit(job.jobId, low)),
        await drive(alice.submit(job.jobId + 1, good)),
        await drive(alice.submit(job.jobId, elsewhere)),
        await drive(alice.submitBytes(new Uint8Array(5))),
      ];
      rig.book.membersMax = 1;
      bob.subscribe(accountNamed("bob"));
      await clock.advance(100);
      assert.match(JSON.stringify(bob.notices), /"code":24/);
      assert.deepEqual(codes, [25, 0, 22, 23, 21, 20, 20]);
      assert.deepEqual(rig.book.shares, [{ account: accountNamed("alice"), work: workOf(job.shareTarget) }]);
      const total = rig.server.stats();
      assert.equal(total.accepted, 1);
      assert.deepEqual(total.rejected, { 20: 2, 21: 1, 22: 1, 23: 1, 25: 1 });
      assert.equal(rig.book.rejected.length, 5);
    });

    it("refuses an account that found no room in the books meanwhile", async () => {
      const [good] = noncesOf(job, 1) as [Uint8Array];
      rig.book.membersMax = 0;
      assert.equal(await drive(alice.submit(job.jobId, good)), 24);
    });

    it("answers only when the share is stored, and counts one that comes twice meanwhile once", async () => {
      const disk = Promise.withResolvers<void>();
      rig.book.disk = disk.promise;
      const [good] = noncesOf(job, 1) as [Uint8Array];
      let answered = false;
      const first = alice.submit(job.jobId, good).finally(() => {
        answered = true;
      });
      await clock.advance(50);
      const second = await drive(alice.submit(job.jobId, good));
      assert.equal(second, 22);
      assert.equal(answered, false);
      disk.resolve();
      assert.equal(await drive(first), 0);
      assert.equal(rig.book.shares.length, 1);
    });

    it("gives no verdict on a share that it could not store, and takes it when it comes again", async () => {
      rig.book.break();
      const [good] = noncesOf(job, 1) as [Uint8Array];
      await assert.rejects(drive(alice.submit(job.jobId, good)), { code: "request/reset" });
      rig.book.disk = Promise.resolve();
      assert.equal(await drive(alice.submit(job.jobId, good)), 0);
    });

    it("stores a block's share, with what it earns, before the block goes out", async () => {
      const transaction = signed(recordOf("a fee of five"));
      await rig.drafting.post({ target: targetFor(64n), height: 3 }, 2, [transaction]);
      await clock.advance(100);
      const disk = Promise.withResolvers<void>();
      rig.book.disk = disk.promise;
      const [winner] = noncesOf({ ...alice.job, shareTarget: targetFor(64n) }, 1) as [Uint8Array];
      const verdict = alice.submit(alice.job.jobId, winner);
      await clock.advance(1_000);
      assert.equal(rig.drafting.blocks.length, 0);
      disk.resolve();
      assert.equal(await drive(verdict), 0);
      const [block] = rig.drafting.blocks;
      assert.deepEqual(block?.seal.nonce, winner);
      assert.deepEqual(rig.book.shares[0]?.block, {
        hash: block?.hash,
        height: 3,
        earnedUnits: blockRewardAt(genesis, 3) + 5n,
        work: 64n,
      });
      assert.equal(rig.server.stats().blocksFound, 1);
    });

    it("takes one block of a parent; others that come while it is stored are shares", async () => {
      const target = targetFor(64n);
      await rig.drafting.post({ target }, 2);
      await clock.advance(100);
      const { jobId } = alice.job;
      const [first, second, third] = noncesOf({ ...alice.job, shareTarget: target }, 3) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      rig.book.break();
      await assert.rejects(drive(alice.submit(jobId, first)));
      const disk = Promise.withResolvers<void>();
      rig.book.disk = disk.promise;
      const both = [alice.submit(jobId, second), alice.submit(jobId, third)];
      await clock.advance(100);
      disk.resolve();
      assert.deepEqual(await codesOf(both), [0, 0]);
      assert.equal(await drive(alice.submit(jobId, first)), 21, "with the block its job is done");
      assert.deepEqual(
        rig.book.shares.map(({ block }) => block !== undefined),
        [true, false],
      );
      assert.equal(rig.server.stats().blocksFound, 1);
      assert.equal(rig.drafting.blocks.length, 1);
      // Whatever became of that block: there is another draft on the same parent.
      await rig.drafting.post({ target, timestampMs: 1_750_000_001_000 }, 2);
      await clock.advance(100);
      const [again] = noncesOf({ ...alice.job, shareTarget: target }, 1) as [Uint8Array];
      assert.equal(await drive(alice.submit(alice.job.jobId, again)), 0);
      assert.equal(rig.server.stats().blocksFound, 2);
    });

    it("keeps the share of a block that came too late", async () => {
      const target = targetFor(64n);
      await rig.drafting.post({ target }, 2);
      await clock.advance(100);
      const disk = Promise.withResolvers<void>();
      rig.book.disk = disk.promise;
      const [nonce] = noncesOf({ ...alice.job, shareTarget: target }, 1) as [Uint8Array];
      const verdict = alice.submit(alice.job.jobId, nonce);
      await clock.advance(100);
      await rig.drafting.post({ target }, 3);
      disk.resolve();
      assert.equal(await drive(verdict), 0);
      assert.equal(rig.book.shares.length, 1);
      assert.equal(rig.server.stats().blocksFound, 0);
    });

    it("lets nobody count for another: a space is its peer's, also after it subscribed again", async () => {
      const bob = await workingMember("bob");
      const [one, other] = noncesOf(job, 2) as [Uint8Array, Uint8Array];
      assert.equal(await drive(bob.submit(job.jobId, one)), 20);
      const again = new BareMember(alice.host, alice.pool);
      again.subscribe(accountNamed("alice"), slowHint);
      await clock.advance(100);
      assert.notDeepEqual(again.job.noncePrefix, job.noncePrefix);
      assert.equal(await drive(again.submit(job.jobId, one)), 0, "found before the connection was lost");
      const asCarol = new BareMember(alice.host, alice.pool);
      asCarol.subscribe(accountNamed("carol"), slowHint);
      await clock.advance(100);
      assert.equal(await drive(asCarol.submit(job.jobId, other)), 20, "not for another account, though");
    });

    it("makes shares harder at once for a member that has too many, and still takes those of before", async () => {
      const nonces = noncesOf(job, 8);
      for (const nonce of nonces.slice(0, 5)) {
        assert.equal(await drive(alice.submit(job.jobId, nonce)), 0);
      }
      await clock.advance(10);
      assert.equal(alice.job.jobId, job.jobId);
      assert.notDeepEqual(alice.job.noncePrefix, job.noncePrefix);
      assert.deepEqual(alice.job.shareTarget, targetFor(20_000n));
      assert.equal(await drive(alice.submit(job.jobId, nonces[6]!)), 0);
      const [harder] = noncesOf(alice.job, 1) as [Uint8Array];
      assert.equal(await drive(alice.submit(job.jobId, harder)), 0);
      assert.deepEqual(
        rig.book.shares.map(({ work }) => work),
        [5_000n, 5_000n, 5_000n, 5_000n, 5_000n, 5_000n, 20_000n],
      );
    });

    it("makes them easier for one that finds none, but not while there is nothing to mine", async () => {
      rig.drafting.pause();
      await clock.advance(600_000);
      await rig.drafting.post({ target: blockTarget }, 2);
      await clock.advance(100);
      assert.deepEqual(alice.job.shareTarget, targetFor(5_000n));
      await clock.advance(36_000);
      assert.deepEqual(alice.job.shareTarget, targetFor(1_250n));
    });
  });

  describe("members that lie", () => {
    const lies: Readonly<Record<string, (liar: BareMember, honest: BareMember) => Promise<number>[]>> = {
      "send shares below the target": (liar) =>
        noncesOf(liar.job, 24, { isShare: false }).map((nonce) => liar.submit(liar.job.jobId, nonce)),
      "replay a share": (liar) => {
        const [nonce] = noncesOf(liar.job, 1) as [Uint8Array];
        return Array.from({ length: 25 }, () => liar.submit(liar.job.jobId, nonce));
      },
      "send another member's shares": (liar, honest) =>
        noncesOf(honest.job, 24).map((nonce) => liar.submit(liar.job.jobId, nonce)),
      "send nonsense": (liar) =>
        Array.from({ length: 24 }, (_, length) => liar.submitBytes(new Uint8Array(length))),
      "send shares for jobs that never were": (liar) =>
        noncesOf(liar.job, 130, { isShare: false }).map((nonce, index) => liar.submit(5_000 + index, nonce)),
      "send more than anyone could find": (liar) =>
        noncesOf({ ...liar.job, shareTarget: targetFor(2n) }, 100).map((nonce) =>
          liar.submit(liar.job.jobId, nonce),
        ),
    };

    for (const [what, lie] of Object.entries(lies)) {
      it(`are refused, counted and dropped when they ${what}; others go on`, async () => {
        await startPool();
        await rig.drafting.post({ target: blockTarget });
        const honest = await workingMember("honest");
        const liar = await workingMember("liar");
        const lying = Promise.allSettled(lie(liar, honest));
        await clock.advance(20_000);
        await drive(lying);
        assert.deepEqual(
          poolHost.peers().map(({ peerId }) => peerId),
          ["honest"],
        );
        assert.ok(liar.ended);
        const { dropped, sessions, rejected } = rig.server.stats();
        assert.ok(dropped >= 1);
        assert.equal(sessions, 1);
        assert.ok(Object.values(rejected).reduce((sum, count) => sum + count, 0) > 20);
        await assert.rejects(drive(liar.host.dial(poolHost.addresses()[0]!)), "it stays away");
        const [good] = noncesOf(honest.job, 1) as [Uint8Array];
        assert.equal(await drive(honest.submit(honest.job.jobId, good)), 0);
        await clock.advance(600_000);
        await drive(liar.host.dial(poolHost.addresses()[0]!));
      });
    }

    it("are dropped for subscribing with nonsense, too", async () => {
      await startPool();
      const liar = await memberNamed("liar");
      const request = encodeSubscribe({ account: accountNamed("l"), software: "", hashesPerSecond: 0 });
      request[0] = 9;
      for (let times = 0; times < 60 && poolHost.peers().length > 0; times += 1) {
        new BareMember(liar.host, liar.pool).subscribe(accountNamed("l"), 0, request);
        await clock.advance(500);
      }
      assert.deepEqual(poolHost.peers(), []);
      assert.equal(rig.server.stats().dropped, 1);
    });

    it("are told from one that is a little late now and then", async () => {
      await startPool();
      await rig.drafting.post({ target: blockTarget });
      const alice = await workingMember("alice");
      for (let parent = 2; parent < 60; parent += 1) {
        const before = alice.job;
        const late = noncesOf(before, 3, { round: parent });
        await rig.drafting.post({ target: blockTarget }, parent);
        await clock.advance(5_000);
        assert.deepEqual(await codesOf(late.map((nonce) => alice.submit(before.jobId, nonce))), [21, 21, 21]);
      }
      assert.equal(rig.server.stats().sessions, 1);
      assert.equal(rig.server.stats().rejected[21], 174);
    });
  });

  it("reads the header that it gives out", async () => {
    await startPool();
    await rig.drafting.post({ target: blockTarget });
    const alice = await workingMember("alice");
    const work = workOfNotice(alice.job);
    assert.ok(work.ok);
    assert.equal(toHex(work.value.headerRoot), toHex(rig.drafting.board.current!.headerRoot));
  });
});
