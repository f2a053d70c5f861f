/** A pool and its members over real connections, with real mining threads. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { PoolMember } from "../../src/member/pool-member.ts";
import type { Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { PoolBook } from "../../src/payouts/pool-book.ts";
import type { ShareBook } from "../../src/pool/pool-server.ts";
import { shareTargetOf } from "../../src/pool/share-difficulty.ts";
import { createMiningThreads } from "../../src/sealing/pow/mining-threads.ts";
import { libp2pHost, realUntil } from "../network/host-rigs.ts";
import { freePort } from "../support/free-port.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { accountNamed, BareMember, Drafting, MemoryBook, noncesOf, serverOn } from "./pool-rig.ts";

/** What a thread finds in a fraction of a second: whatever a member's hash rate, shares come soon, and are blocks. */
const blockTarget = shareTargetOf(2 ** 23);

describe("pool over libp2p", { timeout: suiteMaxMs }, () => {
  let drafting: Drafting;
  let book: MemoryBook;
  let producing: NodeJS.Timeout;
  let closing: (() => Promise<unknown>)[];

  beforeEach(async () => {
    drafting = new Drafting();
    book = new MemoryBook();
    closing = [];
    let drafts = 0;
    const post = () => {
      drafts += 1;
      return drafting.post({ target: blockTarget, timestampMs: drafts }, 1 + Math.floor(drafts / 10));
    };
    await post();
    producing = setInterval(() => void post(), 300);
  });

  afterEach(async () => {
    clearInterval(producing);
    for (const close of closing.reverse()) await close();
  });

  async function serve(host: Libp2pHost, keptIn: ShareBook = book) {
    const rig = serverOn(host, systemClock, { drafting, book: keptIn });
    await rig.server.start();
    closing.push(() => rig.server.stop());
    return rig.server;
  }

  async function join(name: string, address: string): Promise<PoolMember> {
    const host = await libp2pHost(name, { listenAddresses: [], bootstrap: [address] });
    const threads = createMiningThreads({ threads: 1 }, { logger: silentLogger });
    const options = { account: accountNamed(name), software: "test" };
    const member = new PoolMember(options, { host, threads, clock: systemClock, logger: silentLogger });
    closing.push(() => member.stop());
    await member.start();
    return member;
  }

  it("takes shares of several members, and drops one that lies while the others go on", async () => {
    const server = await serve(await libp2pHost("pool"));
    const [address] = server.addresses();
    const alice = await join("alice", address!);
    const bob = await join("bob", address!);
    const both = () => [alice.status(), bob.status()];
    await realUntil(() => both().every(({ accepted }) => accepted >= 3), "both have shares");
    const liarHost = await libp2pHost("liar", { listenAddresses: [] });
    await liarHost.start();
    closing.push(() => liarHost.stop());
    const liar = new BareMember(liarHost, await liarHost.dial(address!));
    liar.subscribe(accountNamed("liar"));
    await realUntil(() => liar.jobs.length > 0, "the liar has work");
    // Members find blocks meanwhile, and end what it lies about.
    let round = 0;
    const lieUntilDropped = async () => {
      const { job } = liar;
      const lies = noncesOf(job, 10, { isShare: false, round });
      round += 1;
      await Promise.allSettled(lies.map((nonce) => liar.submit(job.jobId, nonce)));
      return server.stats().dropped > 0;
    };
    await until("the liar is dropped", lieUntilDropped, { seen: () => server.stats() });
    await realUntil(() => server.stats().dropped === 1 && liar.ended, "the liar's session is over");
    assert.ok(server.stats().rejected[23]! > 0 || server.stats().rejected[21]! > 0);
    const before = both().map(({ accepted }) => accepted);
    await realUntil(() => both().every(({ accepted }, index) => accepted > before[index]!), "others go on");
    assert.ok(drafting.blocks.length > 0);
    for (const member of [alice, bob]) {
      const isMining = () => member.status().notMiningBecause === undefined;
      await realUntil(() => isMining() && member.status().hashesPerSecond > 10_000, "it tells its hash rate");
      // A share is a block as often as not: four of them need not have one.
      await realUntil(() => member.status().blocksFound > 0, "it finds a block");
      const { rejected } = member.status();
      // Nothing but what came too late.
      assert.deepEqual(
        Object.keys(rejected).filter((code) => code !== "21"),
        [],
      );
    }
    await alice.stop();
    await bob.stop();
    await realUntil(() => server.stats().sessions === 0, "the members' sessions are over");
    const accepted = both().reduce((sum, status) => sum + status.accepted, 0);
    // The verdicts on the last shares may not have reached the members: a slow machine has more of them under way.
    const unanswered = both().reduce((sum, status) => sum + status.unanswered, 0);
    assert.ok(book.shares.length >= accepted && book.shares.length <= accepted + unanswered + 2);
  });

  it("gives the places of keys that bring no work to newcomers, and keeps who works", async () => {
    // One of four connections is for own dials.
    const host = await libp2pHost("pool", { maxConnections: 4 });
    const server = await serve(host);
    const [address] = server.addresses();
    const cut: string[] = [];
    host.events.on("peerDisconnected", (peer) => void cut.push(peer));
    const idle = async (name: string) => {
      const keyHost = await libp2pHost(name, { listenAddresses: [] });
      await keyHost.start();
      closing.push(() => keyHost.stop());
      const member = new BareMember(keyHost, await keyHost.dial(address!));
      member.subscribe(accountNamed(name));
      await until("it has work, or has been cut", () => member.jobs.length > 0 || member.ended);
      return keyHost.peerId;
    };
    const first = await idle("idle 1");
    const worker = await join("worker", address!);
    await realUntil(() => worker.status().accepted >= 2, "it works");
    const workerId = host.peers().find(({ peerId }) => peerId !== first)?.peerId;
    assert.ok(workerId !== undefined);
    // The third place, and a key more than there are places.
    for (const name of ["idle 2", "idle 3"]) await idle(name);
    const newcomer = await join("newcomer", address!);
    await realUntil(() => newcomer.status().notMiningBecause === undefined, "a newcomer has work");
    assert.ok(cut.length > 0 && !cut.includes(workerId), "who worked has stayed");
    await realUntil(() => newcomer.status().accepted >= 1, "the newcomer works, too");
  });

  it("goes on with a server that went away and came back, and no share is lost", async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), "aurex-pool-"));
    closing.push(() => rm(directory, { recursive: true }));
    const options = { directory, chainId: new Uint8Array(32), poolAccount: accountNamed("pool") };
    const openBook = async () => {
      const opened = await PoolBook.open(options, { clock: systemClock, logger: silentLogger });
      closing.push(() => opened.close());
      return opened;
    };
    const firstBook = await openBook();
    const listenAddresses = [`/ip4/127.0.0.1/tcp/${await freePort()}`];
    const server = await serve(await libp2pHost("pool", { listenAddresses }), firstBook);
    const [address] = server.addresses();
    const member = await join("alice", address!);
    await realUntil(() => member.status().accepted >= 2, "there are shares");
    await server.stop();
    await firstBook.close();
    await realUntil(
      () => member.status().notMiningBecause === "not connected to the pool",
      "the member has noticed",
    );
    assert.equal(member.status().hashesPerSecond, 0);
    const { accepted } = member.status();
    const secondBook = await openBook();
    const again = await serve(await libp2pHost("pool", { listenAddresses }), secondBook);
    assert.deepEqual(again.addresses(), [address]);
    await realUntil(() => member.status().accepted >= accepted + 2, "it goes on");
    assert.equal(again.stats().sessions, 1);
    await member.stop();
    const [row] = secondBook.members();
    const { accepted: inAll, unanswered } = member.status();
    // A verdict may have been lost with either connection; a share whose verdict came is in the books.
    assert.ok(row && row.sharesAccepted >= inAll && row.sharesAccepted <= inAll + unanswered + 2);
  });
});
