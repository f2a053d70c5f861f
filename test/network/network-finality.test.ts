/** Finality between nodes under a simulated clock: early votes, chains that are better certified, and final blocks that contradict. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { BlockFetcher } from "../../src/network/fetch/block-fetcher.ts";
import { ChainRequests } from "../../src/network/fetch/requests.ts";
import { SyncMeter } from "../../src/network/fetch/sync-meter.ts";
import { BlockWaits, blockWaitMs, blockWaitsMax } from "../../src/network/gossip/block-waits.ts";
import { BlockDecoder } from "../../src/network/host/block-decoder.ts";
import {
  CandidacyMessageType,
  candidacyProtocol,
  chainProtocols,
  chainTopics,
  decodeFinalityMessage,
  encodeFinalityMessage,
  HandshakeType,
  handshakeProtocol,
  PresenceMessageType,
  presenceProtocol,
  RangeRequestType,
  type Status,
  StatusType,
  statusProtocol,
} from "../../src/network/messages.ts";
import { PeerDirectory } from "../../src/network/peers/directory.ts";
import { SealedHeaderType } from "../../src/protocol/block.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { type Presence, signPresence } from "../../src/protocol/presence.ts";
import {
  authorities,
  BlockBuilder,
  type BuiltBlock,
  genesisMs,
  keyPairNamed,
  testSpec,
} from "../chain/block-builder.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { certifying, doubleVote, voteFor } from "./finality-messages.ts";
import { handshakeOf, serveGreeting, serving, statusOf } from "./greeting-words.ts";
import {
  ask,
  headIs,
  isConnected,
  memoryNetworkRig,
  type NetworkRig,
  TestNetwork,
  type TestNode,
} from "./network-rigs.ts";

const poa = new BlockBuilder(testSpec("poa"));
const topics = chainTopics(poa.spec.chainId);
const protocols = chainProtocols(poa.spec.chainId);

/** Blocks of which each but the first certifies the one before: all but the last two are final. */
function certifiedBranch(parent: BuiltBlock, length: number, laterMs = 0): BuiltBlock[] {
  const blocks = [poa.on(parent, { laterMs })];
  while (blocks.length < length) {
    const last = blocks.at(-1)!;
    blocks.push(poa.on(last, { section: certifying(poa, last) }));
  }
  return blocks;
}

function headerBytes({ record }: BuiltBlock): Uint8Array {
  return SealedHeaderType.serialize({ header: record.header, seal: record.seal });
}

describe("finality between nodes", () => {
  let rig: NetworkRig;
  let network: TestNetwork;
  beforeEach(() => {
    rig = memoryNetworkRig();
    network = new TestNetwork(rig);
  });
  afterEach(() => network.stop());

  async function rowOf(names: readonly string[]): Promise<TestNode[]> {
    const nodes: TestNode[] = [];
    for (const name of names) {
      const node = await network.node(name, poa.spec);
      const previous = nodes.at(-1);
      nodes.push(node);
      if (previous) await network.connect(previous.host, node.host);
    }
    await rig.pass(4_000);
    return nodes;
  }

  it("a vote that overtakes its block is passed on when the block comes, long before the next greeting", async () => {
    const [first, middle, last] = (await rowOf(["first", "middle", "last"])) as [
      TestNode,
      TestNode,
      TestNode,
    ];
    const block = poa.on(poa.genesis);
    await first.has(block);
    const votes = authorities.map((keyPair) => voteFor(poa, block, keyPair));
    const beganMs = rig.clock.monotonicMs();
    for (const vote of votes) first.core.network.announceVote(vote);
    await rig.pass(200);
    assert.equal(middle.core.chain.votes().length, 0);
    first.core.network.announceBlock(block.block);
    await rig.until(() => last.core.chain.votes().length === 3, "all votes are at the last one");
    assert.ok(rig.clock.monotonicMs() - beganMs < blockWaitMs, "of simulated time");
  });

  it("the block that a vote is for is fetched where nobody announces it", async () => {
    const [one, two] = (await rowOf(["one", "two"])) as [TestNode, TestNode];
    const block = poa.on(poa.genesis);
    const beganMs = rig.clock.monotonicMs();
    await one.has(block);
    one.core.network.announceVote(voteFor(poa, block, authorities[0]!));
    await rig.until(headIs(two, block), "it is there");
    assert.equal(two.core.chain.votes().length, 1, "and the vote counts");
    assert.ok(rig.clock.monotonicMs() - beganMs < 4_000, "of simulated time: not only with the next status");
  });

  it("votes for blocks that nobody has do not hold up the good ones", async () => {
    const node = await network.node("node", poa.spec);
    const block = poa.on(poa.genesis);
    await node.has(block);
    const hostile = await network.stranger("hostile", [topics.votes]);
    await network.connect(hostile, node.host);
    for (let index = 0; index < 200; index += 1) {
      const target = { height: 2 + index, hash: sha256(Buffer.from(`nothing ${index}`)) };
      const vote = voteFor(poa, poa.genesis, authorities[index % 2]!, target);
      await rig.drive(hostile.publish(topics.votes, encodeFinalityMessage({ kind: "vote", vote })));
    }
    const good = voteFor(poa, block, authorities[2]!);
    await rig.drive(hostile.publish(topics.votes, encodeFinalityMessage({ kind: "vote", vote: good })));
    const beganMs = rig.clock.monotonicMs();
    await rig.until(() => node.core.chain.votes().length === 1, "the good one counts");
    assert.ok(rig.clock.monotonicMs() - beganMs < blockWaitMs, "of simulated time");
    assert.ok(isConnected(node.host, hostile), "a vote for an unknown block says nothing about who sends it");
  });

  it("a candidate says so more often than anybody says where its chain stands", async () => {
    const candidate = await network.node("candidate", poa.spec, { instance: new Uint8Array(32).fill(1) });
    const follower = await network.node("follower", poa.spec);
    const stranger = await network.stranger("stranger");
    const heard = { candidacies: 0, statuses: 0 };
    stranger.serve(handshakeProtocol, {
      ...serving,
      handle: () => [HandshakeType.serialize(handshakeOf("stranger", {}, poa))],
    });
    stranger.serve(statusProtocol, {
      ...serving,
      handle: () => {
        heard.statuses += 1;
        return [StatusType.serialize(statusOf([], {}, poa))];
      },
    });
    stranger.serve(candidacyProtocol, {
      ...serving,
      handle: (message) => {
        heard.candidacies += 1;
        assert.equal(CandidacyMessageType.deserialize(message).candidacy.length, 1);
        return [message];
      },
    });
    for (const { host } of [candidate, follower]) await network.connect(host, stranger);
    // A node that has just started greets everybody so often.
    await rig.pass(20_000);
    Object.assign(heard, { candidacies: 0, statuses: 0 });
    await rig.pass(60_000);
    assert.ok(heard.candidacies >= 29 && heard.candidacies <= 31, `${heard.candidacies} candidacies`);
    assert.ok(heard.statuses <= 24, `${heard.statuses} statuses, of two nodes`);
  });

  it("is told of a second process with its key by whoever heard it, and takes nobody's word but the key's", async () => {
    const [own, other] = [keyPairNamed("node"), keyPairNamed("other")];
    const node = await network.node("node", poa.spec, { instance: new Uint8Array(32).fill(1) });
    const seen: Presence[] = [];
    node.core.network.events.on("twin", (twin) => seen.push(twin));
    const nowMs = rig.clock.nowMs();
    const said = { instance: new Uint8Array(32).fill(2), startedMs: nowMs, timestampMs: nowMs + 3_600_000 };
    const ofKey = (presence: object, keyPair = own) =>
      signPresence(poa.spec.chainId, { ...said, ...presence }, keyPair);
    const words = [
      ofKey({}, other),
      ofKey({ instance: new Uint8Array(32).fill(1) }),
      ofKey({ timestampMs: nowMs - 1 }),
      ofKey({}),
    ];
    for (const [index, twin] of words.entries()) {
      const host = await network.stranger(`gossip ${index}`);
      serveGreeting(host, handshakeOf(`gossip ${index}`, {}, poa), () => statusOf([], {}, poa));
      const answer = PresenceMessageType.serialize({ own: [], twin: [twin] });
      host.serve(presenceProtocol, { ...serving, handle: () => [answer] });
      await network.connect(node.host, host);
      await rig.pass(3_000);
      assert.equal(seen.length > 0, index === words.length - 1, `word ${index}`);
    }
    assert.deepEqual(seen[0], words.at(-1));
  });

  it("says where its chain stands", async () => {
    const node = await network.node("node", poa.spec);
    const blocks = certifiedBranch(poa.genesis, 5);
    await node.has(...blocks);
    const asking = await network.stranger("asking");
    await network.connect(asking, node.host);
    const own = StatusType.serialize(statusOf([], {}, poa));
    const answer = await ask(rig, asking, node.host, statusProtocol, own);
    assert.ok(Array.isArray(answer));
    const status = StatusType.deserialize(answer[0]!);
    assert.equal(status.height, 5);
    assert.equal(status.justifiedHeight, 4);
    assert.deepEqual([status.final.height, toHex(status.final.hash)], [3, blocks[2]!.block.hashHex]);
    const who = HandshakeType.serialize(handshakeOf("asking", {}, poa));
    const handshake = await ask(rig, asking, node.host, handshakeProtocol, who);
    assert.ok(Array.isArray(handshake));
    const { publicKey } = HandshakeType.deserialize(handshake[0]!);
    assert.equal(toHex(publicKey), toHex(keyPairNamed("node").publicKey));
  });

  it("a lighter and shorter chain with a higher certified block is the better one", async () => {
    const heavy = poa.branch(poa.genesis, 8);
    const certified = certifiedBranch(poa.genesis, 5, 1);
    const [one, two] = [await network.node("one", poa.spec), await network.node("two", poa.spec)];
    await one.has(...heavy);
    await two.has(...certified);
    assert.ok(heavy.at(-1)!.record.cumulativeWeight > certified.at(-1)!.record.cumulativeWeight);
    await network.connect(one.host, two.host);
    await rig.until(headIs(one, certified.at(-1)), "it has changed over");
    assert.ok(headIs(two, certified.at(-1))());
  });

  it("a peer that keeps claiming the best certified chain does not keep others from being followed", async () => {
    const blocks = poa.branch(poa.genesis, 6);
    const liar = await network.stranger("liar");
    let lies = 0;
    serveGreeting(liar, handshakeOf("liar", {}, poa), () => {
      lies += 1;
      const claims = { justifiedHeight: 1e9, height: 1e9, head: sha256(Buffer.from(`lie ${lies}`)) };
      return statusOf([], claims, poa);
    });
    liar.serve(protocols.mempool, { ...serving, handle: () => [] });
    liar.serve(protocols.votes, { ...serving, handle: () => [] });
    liar.serve(protocols.blocksByRange, { ...serving, handle: () => [] });
    const fresh = await network.node("fresh", poa.spec);
    await network.connect(fresh.host, liar);
    await rig.until(() => fresh.core.network.isCatchingUp, "its claim is waited for");
    await rig.pass(3_000);
    assert.equal(fresh.core.network.isCatchingUp, false, "and not for long");
    const honest = await network.node("honest", poa.spec);
    await honest.has(...blocks);
    await network.connect(fresh.host, honest.host);
    await rig.until(headIs(fresh, blocks.at(-1)), "it has caught up with the honest one");
  });

  it("the best claim is followed first: certified height, then weight, then height", async () => {
    const node = await network.node("node", poa.spec);
    const directory = new PeerDirectory();
    const claims = [
      { name: "higher", claimed: { height: 90, cumulativeWeight: 1n, justifiedHeight: 3 } },
      { name: "certified", claimed: { height: 5, cumulativeWeight: 1n, justifiedHeight: 4 } },
      { name: "heavier", claimed: { height: 5, cumulativeWeight: 2n, justifiedHeight: 3 } },
    ];
    const asked: string[] = [];
    for (const { name, claimed } of claims) {
      const host = await network.stranger(name);
      const handle = () => {
        asked.push(name);
        return [];
      };
      host.serve(protocols.blocksByRange, { ...serving, handle });
      await network.connect(node.host, host);
      const head = sha256(Buffer.from(name));
      const { peerId } = host;
      directory.setHandshake({ peerId, handshake: handshakeOf(name, {}, poa), sameChain: true });
      directory.setStatus(peerId, statusOf([], { ...claimed, head }, poa));
    }
    const decoder = new BlockDecoder(node.core.chain);
    const fetcher = new BlockFetcher({
      chain: node.core.chain,
      decoder,
      requests: new ChainRequests(poa.spec.chainId, { host: node.host, decoder }),
      directory,
      meter: new SyncMeter(rig.clock),
      clock: rig.clock,
      logger: silentLogger,
      blockLog: { imported: (_block, _from, importBlock) => importBlock(), broadcast: () => undefined },
      behindChanged: () => undefined,
      host: { report: () => assert.fail("an empty answer is no offence") },
    });
    fetcher.catchUp();
    await rig.until(() => asked.length === 3, "each was asked");
    assert.deepEqual(asked, ["certified", "heavier", "higher"]);
    await rig.drive(fetcher.close());
  });

  it("a peer that claims much and stalls is asked less and less often, and after those who did not fail", async () => {
    const asked: number[] = [];
    const stalling = await network.stranger("stalling");
    const claims = { justifiedHeight: 1e9, height: 1e9, head: sha256(Buffer.from("a lie")) };
    serveGreeting(stalling, handshakeOf("stalling", {}, poa), () => statusOf([], claims, poa));
    stalling.serve(protocols.mempool, { ...serving, handle: () => [] });
    stalling.serve(protocols.votes, { ...serving, handle: () => [] });
    stalling.serve(protocols.blocksByRange, {
      ...serving,
      async *handle() {
        asked.push(rig.clock.monotonicMs());
        await new Promise(() => {});
        yield new Uint8Array(0);
      },
    });
    const honest = await network.node("honest", poa.spec);
    const blocks = poa.branch(poa.genesis, 6);
    await honest.has(...blocks);
    const fresh = await network.node("fresh", poa.spec);
    await network.connect(fresh.host, stalling);
    // The request runs into its time-out, the peer rests, and it has not been greeted again: both are to be had now.
    await rig.pass(15_200);
    assert.equal(asked.length, 1);
    const beganMs = rig.clock.monotonicMs();
    await network.connect(fresh.host, honest.host);
    await rig.until(headIs(fresh, blocks.at(-1)), "it has caught up");
    assert.ok(rig.clock.monotonicMs() - beganMs < 1_000, "of simulated time: the honest one was asked first");
    await rig.pass(300_000);
    assert.ok(asked.length > 3 && asked.length < 12, `asked ${asked.length} times`);
    assert.ok(isConnected(fresh.host, stalling));
  });

  it("a block whose time has not come ends the range, costs its peer nothing, and is not asked for again", async () => {
    const blocks = poa.branch(poa.genesis, 3);
    const soonMs = rig.clock.nowMs() + 20_000;
    const ahead = poa.on(blocks.at(-1)!, { header: { timestampMs: soonMs } });
    const all = [...blocks, ahead];
    let ranges = 0;
    const early = await network.stranger("early");
    serveGreeting(early, handshakeOf("early", {}, poa), () => statusOf(all, {}, poa));
    early.serve(protocols.mempool, { ...serving, handle: () => [] });
    early.serve(protocols.votes, { ...serving, handle: () => [] });
    early.serve(protocols.blocksByRange, {
      ...serving,
      handle: (request) => {
        const { startHeight, count, headersOnly } = RangeRequestType.deserialize(request);
        const asked = [poa.genesis, ...all].slice(startHeight, startHeight + count);
        if (headersOnly === 1) return asked.map(headerBytes);
        ranges += 1;
        return asked.map(({ block }) => block.bytes);
      },
    });
    const node = await network.node("node", poa.spec);
    await network.connect(node.host, early);
    await rig.until(() => node.core.chain.isHeld(ahead.block.hash), "the block waits");
    assert.ok(headIs(node, blocks.at(-1))());
    assert.equal(node.core.network.isCatchingUp, false, "nothing is waited for: this node may seal");
    const before = ranges;
    await rig.pass(10_000);
    assert.equal(ranges, before);
    assert.equal(node.host.standing(early.peerId).points, 0);
    await rig.until(headIs(node, ahead), "it comes in when its time has come");
    assert.ok(rig.clock.nowMs() >= soonMs - poa.engine.aheadMaxMs);
    assert.ok(isConnected(node.host, early));
  });

  it("catching up is over when the head is there", async () => {
    const blocks = poa.branch(poa.genesis, 3);
    const [one, two] = [await network.node("one", poa.spec), await network.node("two", poa.spec)];
    await one.has(...blocks);
    const seen: boolean[] = [];
    two.core.chain.events.on("headChanged", () => seen.push(two.core.network.isCatchingUp));
    await network.connect(one.host, two.host);
    await rig.until(headIs(two, blocks.at(-1)), "it has caught up");
    assert.deepEqual(seen, [true, true, false]);
  });

  describe("with two final blocks that contradict each other", () => {
    const ours = certifiedBranch(poa.genesis, 5);
    const theirs = certifiedBranch(poa.genesis, 9, 1);
    const conflicts = ({ warnings }: TestNode) =>
      warnings.filter(({ message }) => message.includes("--trust-recovery"));

    async function claiming(claims: Partial<Status>) {
      const host = await network.stranger("other side");
      const requests = { ranges: 0 };
      serveGreeting(host, handshakeOf("other side", {}, poa), () => statusOf(theirs, claims, poa));
      host.serve(protocols.mempool, { ...serving, handle: () => [] });
      host.serve(protocols.votes, { ...serving, handle: () => [] });
      host.serve(protocols.blocksByRange, {
        ...serving,
        handle: (request) => {
          const { startHeight, count, headersOnly } = RangeRequestType.deserialize(request);
          assert.equal(headersOnly, 1, "no block is asked for");
          requests.ranges += 1;
          return startHeight === 0 || count !== 1 ? [] : [headerBytes(theirs[startHeight - 1]!)];
        },
      });
      return { host, requests };
    }

    for (const [what, finalHeight] of [
      ["at a height that is final here", 2],
      ["above what is final here", 7],
    ] as const) {
      it(`takes nothing from that peer and says so once: ${what}`, async () => {
        const node = await network.node("node", poa.spec);
        await node.has(...ours);
        assert.equal(node.core.chain.final?.height, 3);
        const final = { height: finalHeight, hash: theirs[finalHeight - 1]!.block.hash };
        const { host, requests } = await claiming({ final });
        await network.connect(node.host, host);
        await rig.pass(40_000);
        assert.ok(headIs(node, ours.at(-1))());
        assert.ok(isConnected(node.host, host), "it may be honest, and we may be wrong");
        const ourHeight = Math.min(3, finalHeight);
        assert.deepEqual(
          conflicts(node).map(({ fields }) => fields),
          [
            {
              peer: host.peerId,
              ours: ours[ourHeight - 1]!.block.hashHex,
              ourHeight,
              theirs: toHex(final.hash),
              theirHeight: finalHeight,
            },
          ],
        );
        assert.equal(requests.ranges > 0, finalHeight > 3, "only what is above ours has to be looked at");
      });
    }

    it("a peer that is merely on another branch below ours is not accused", async () => {
      const node = await network.node("node", poa.spec);
      await node.has(...ours);
      const { host } = await claiming({ justifiedHeight: 9 });
      await network.connect(node.host, host);
      await rig.pass(40_000);
      assert.ok(headIs(node, ours.at(-1))());
      assert.deepEqual(conflicts(node), []);
      assert.ok(isConnected(node.host, host));
    });
  });
});

describe("waiting for the block of a vote", () => {
  const targetOf = (index: number) => ({ height: 1 + index, hash: sha256(Buffer.from(`block ${index}`)) });
  const voteNumber = (index: number, by = `voter ${index}`) =>
    voteFor(poa, poa.genesis, keyPairNamed(by), targetOf(index));

  it("is bounded in number and time, and once for each voter", async () => {
    const clock = createSimulatedClock(genesisMs);
    const here = new Set<string>();
    const waits = new BlockWaits({ clock, isKnown: (hash) => here.has(toHex(hash)) });
    const settled: (boolean | undefined)[] = [];
    const wait = (index: number, by?: string) =>
      waits.targetOf(voteNumber(index, by)).then((isHere) => {
        settled[index] = isHere;
      });
    for (let index = 0; index < blockWaitsMax; index += 1)
      void wait(index, index === 1 ? "voter 0" : undefined);
    await clock.advance(0);
    assert.deepEqual([settled[0], settled[1], settled.length], [undefined, false, 2], "one of each voter");
    for (let index = blockWaitsMax; index < blockWaitsMax + 2; index += 1) void wait(index);
    await clock.advance(0);
    assert.equal(settled[blockWaitsMax], undefined);
    assert.equal(settled[blockWaitsMax + 1], false, "there is no room for more");
    here.add(toHex(targetOf(3).hash));
    waits.look();
    await clock.advance(blockWaitMs - 1);
    assert.equal(settled[3], true);
    assert.equal(settled[2], undefined);
    await clock.advance(1);
    assert.equal(settled[2], false);
    assert.equal(clock.pending, 0);
    void wait(9);
    waits.close();
    await clock.advance(0);
    assert.equal(settled[9], false);
    assert.equal(clock.pending, 0);
  });
});

describe("messages of finality", () => {
  it("are read back as they were, and nothing else is", () => {
    const vote = voteFor(poa, poa.genesis, authorities[0]!, { height: 1, hash: sha256(Buffer.from("b")) });
    const messages = [
      { kind: "vote", vote },
      { kind: "evidence", evidence: doubleVote(poa, authorities[1]!) },
    ] as const;
    for (const message of messages) {
      const bytes = encodeFinalityMessage(message);
      const decoded = decodeFinalityMessage(bytes);
      assert.ok(decoded.ok);
      assert.deepEqual(Buffer.from(encodeFinalityMessage(decoded.value)), Buffer.from(bytes));
      assert.equal(decodeFinalityMessage(Buffer.concat([bytes, Uint8Array.of(0)])).ok, false);
      for (const kind of [0, 3, 255]) {
        assert.equal(
          decodeFinalityMessage(Buffer.concat([Uint8Array.of(kind), bytes.subarray(1)])).ok,
          false,
        );
      }
    }
  });

  it("junk is a fault and never a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_100 }), (junk) => {
        const decoded = decodeFinalityMessage(junk);
        if (!decoded.ok) assert.equal(decoded.fault.code, "codec/malformed");
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("signs of life", () => {
  it("count for as long as asked, and are bounded", () => {
    const directory = new PeerDirectory();
    const keys = authorities.map(({ publicKey }) => publicKey);
    directory.keyHeard(keys[0]!, 1_000);
    directory.keyHeard(keys[1]!, 5_000);
    const heard = (withinMs: number, atMs: number) =>
      directory.heardWithin(keys, withinMs, atMs).map((key) => keys.indexOf(key));
    assert.deepEqual(heard(10_000, 11_000), [0, 1]);
    assert.deepEqual(heard(10_000, 11_001), [1]);
    directory.keyHeard(keys[0]!, 12_000);
    assert.deepEqual(heard(10_000, 15_001), [0]);
    for (let index = 0; index < 2_000; index += 1)
      directory.keyHeard(sha256(Buffer.from([index >> 8, index])), 15_000);
    assert.deepEqual(heard(10_000, 15_001), [], "what was not heard for long makes room");
  });
});
