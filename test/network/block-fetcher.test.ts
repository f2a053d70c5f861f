/** Fetching missing blocks by hash under a simulated clock: one request for many orphans, other peers if one does not serve, and bounds. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import {
  answerPatienceMs,
  lookupsPerPeerMax,
  othersAskedBurst,
} from "../../src/network/fetch/ancestor-lookup.ts";
import { chainProtocols, chainTopics, RangeRequestType } from "../../src/network/messages.ts";
import type { PeerHost } from "../../src/network/peer-host.ts";
import { SealedHeaderType } from "../../src/protocol/block.ts";
import { alice, BlockBuilder, type BuiltBlock, testSpec } from "../chain/block-builder.ts";
import { handshakeOf, serveGreeting, serving, statusOf } from "./greeting-words.ts";
import {
  headIs,
  isConnected,
  memoryNetworkRig,
  type NetworkRig,
  TestNetwork,
  type TestNode,
} from "./network-rigs.ts";

const pow = new BlockBuilder(testSpec("pow"));
const { blocks: blocksTopic } = chainTopics(pow.spec.chainId);
const protocols = chainProtocols(pow.spec.chainId);

type Answer = (hashHex: string) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

const silence = async function* () {
  await new Promise(() => {});
  yield new Uint8Array(0);
};
const serve =
  (...served: readonly BuiltBlock[]): Answer =>
  (hashHex) =>
    served.filter(({ block }) => block.hashHex === hashHex).map(({ block }) => block.bytes);

describe("fetching missing blocks by hash", () => {
  let rig: NetworkRig;
  let network: TestNetwork;
  let node: TestNode;
  beforeEach(async () => {
    rig = memoryNetworkRig();
    network = new TestNetwork(rig);
    node = await network.node("node", pow.spec);
  });
  afterEach(() => network.stop());

  /** A peer of the node that claims no block beyond genesis, and answers requests by hash as the test says. */
  async function peer(name: string, answer: Answer) {
    const host = await network.stranger(name, [blocksTopic]);
    const asked: string[] = [];
    serveGreeting(host, handshakeOf(name), () => statusOf([]));
    host.serve(protocols.mempool, { ...serving, handle: () => [] });
    host.serve(protocols.blocksByHash, {
      ...serving,
      handle: (request) => {
        asked.push(toHex(request));
        return answer(toHex(request));
      },
    });
    await network.connect(node.host, host);
    await rig.until(
      () => node.core.network.directory.peersOnChain().some(({ peerId }) => peerId === host.peerId),
      "it is greeted",
    );
    return { host, asked };
  }

  const publish = (from: PeerHost, { block }: BuiltBlock) =>
    rig.drive(from.publish(blocksTopic, block.bytes));

  it("a burst of orphans of one parent asks for that parent once", async () => {
    const parent = pow.on(pow.genesis);
    const orphans = [0, 1, 2, 3, 4].map((laterMs) => pow.on(parent, { laterMs }));
    const sender = await peer("sender", serve(parent));
    const other = await peer("other", serve(parent));
    for (const [index, orphan] of orphans.entries()) {
      await publish(index % 2 === 0 ? sender.host : other.host, orphan);
    }
    await rig.until(() => node.core.chain.head.header.height === 2, "they are imported");
    for (const { block } of orphans) {
      await rig.until(() => node.core.chain.headerOf(block.hash) !== undefined, "each of them");
    }
    assert.deepEqual([...sender.asked, ...other.asked], [parent.block.hashHex]);
  });

  it("a peer that does not answer delays nobody: another peer is asked after a moment", async () => {
    const parent = pow.on(pow.genesis);
    const orphan = pow.on(parent);
    const silent = await peer("silent", silence);
    const honest = await peer("honest", serve(parent));
    const beganMs = rig.clock.monotonicMs();
    await publish(silent.host, orphan);
    await rig.until(headIs(node, orphan), "parent and orphan are here");
    assert.deepEqual([silent.asked.length, honest.asked], [1, [parent.block.hashHex]]);
    assert.ok(
      rig.clock.monotonicMs() - beganMs < answerPatienceMs + 500,
      "of simulated time: no request timed out",
    );
    assert.ok(isConnected(node.host, silent.host));
    assert.equal(node.host.standing(silent.host.peerId).points, 0, "it may only have been slow");
  });

  it("a peer that names a block while another one is being asked for it is asked next", async () => {
    const parent = pow.on(pow.genesis);
    const [first, second] = [pow.on(parent), pow.on(parent, { laterMs: 1 })];
    const silent = await peer("silent", silence);
    const bystander = await peer("bystander", serve());
    const namer = await peer("namer", serve(parent));
    await publish(silent.host, first);
    await rig.pass(100);
    await publish(namer.host, second);
    await rig.until(() => node.core.chain.headerOf(parent.block.hash) !== undefined, "the parent is here");
    assert.deepEqual([namer.asked.length, bystander.asked.length], [1, 0]);
  });

  it("a peer that lacks the block is passed over at once", async () => {
    const parent = pow.on(pow.genesis);
    const orphan = pow.on(parent);
    const without = await peer("without", serve());
    await peer("with", serve(parent));
    const beganMs = rig.clock.monotonicMs();
    await publish(without.host, orphan);
    await rig.until(headIs(node, orphan), "parent and orphan are here");
    assert.ok(rig.clock.monotonicMs() - beganMs < answerPatienceMs, "of simulated time");
  });

  it("a false body under the true header bans the peer that served it, and the true body comes from another", async () => {
    const transactions = [pow.sign(alice, 0)];
    const parent = pow.on(pow.genesis, { transactions });
    const { header } = parent.block;
    const spoiled = pow.on(pow.genesis, { transactions, body: [pow.sign(alice, 5)], header });
    assert.equal(spoiled.block.hashHex, parent.block.hashHex);
    const orphan = pow.on(parent);
    const liar = await peer("liar", serve(spoiled));
    await peer("honest", serve(parent));
    await publish(liar.host, orphan);
    await rig.until(headIs(node, orphan), "parent and orphan are here");
    assert.equal(isConnected(node.host, liar.host), false);
  });

  it("a row of missing ancestors is fetched one by one, each from whoever has it", async () => {
    const row = pow.branch(pow.genesis, 6);
    const even = await peer("even", serve(...row.filter((_, index) => index % 2 === 0)));
    const odd = await peer("odd", serve(...row.filter((_, index) => index % 2 === 1)));
    await publish(even.host, row[5]!);
    await rig.until(headIs(node, row[5]), "the whole row is here");
    assert.ok(even.asked.length <= 5 && odd.asked.length <= 5);
  });

  it("made-up parents cost their sender its lookups, and other peers a bounded number of requests", async () => {
    const flooder = await peer("flooder", silence);
    const honest = await peer("honest", serve());
    for (let laterMs = 0; laterMs < 100; laterMs += 1) {
      await publish(flooder.host, pow.on(pow.on(pow.genesis, { laterMs })));
    }
    await rig.pass(500);
    assert.equal(flooder.asked.length, lookupsPerPeerMax);
    // Meanwhile a good orphan of another peer finds its parent.
    const parent = pow.on(pow.genesis, { laterMs: 5_000 });
    const orphan = pow.on(parent);
    const good = await peer("good", serve(parent));
    await publish(good.host, orphan);
    await rig.until(() => node.core.chain.headerOf(orphan.block.hash) !== undefined, "it is imported");
    await rig.pass(60_000);
    assert.ok(
      honest.asked.length <= othersAskedBurst,
      `${honest.asked.length} requests to a peer that named nothing`,
    );
    assert.equal(node.host.standing(flooder.host.peerId).lastOffence?.offence, "parent not served");
    assert.equal(node.host.standing(honest.host.peerId).points, 0, "who named nothing owes nothing");
    assert.equal(node.host.standing(good.host.peerId).points, 0);
  });

  it("a block that is far from our head is not fetched by hash", async () => {
    const row = pow.branch(pow.genesis, 30);
    const far = await peer("far", serve(...row));
    await publish(far.host, row.at(-1)!);
    await rig.pass(2_000);
    assert.deepEqual(far.asked, []);
  });

  describe("a large block that is being decoded", () => {
    const large = (parent: BuiltBlock) =>
      pow.on(parent, {
        transactions: Array.from({ length: 2_000 }, (_, sequence) =>
          pow.sign(alice, sequence, undefined, 1n),
        ),
      });

    /** Tells how many blocks the node has decoded since. */
    const decodings = () => {
      let count = 0;
      node.core.chain.times.watch((stage) => {
        if (stage === "decode") count += 1;
      });
      return () => count;
    };

    it("is not fetched for its child, nor is the child an orphan", async () => {
      const parent = large(pow.genesis);
      const child = pow.on(parent);
      const sender = await peer("sender", serve(parent));
      const other = await peer("other", serve(parent));
      const decoded = decodings();
      let orphans = 0;
      const both = [
        sender.host.publish(blocksTopic, parent.block.bytes),
        other.host.publish(blocksTopic, child.block.bytes),
      ];
      await rig.until(() => {
        orphans = Math.max(orphans, node.core.chain.orphanCount);
        return headIs(node, child)();
      }, "both are here");
      await rig.drive(Promise.all(both));
      assert.deepEqual([sender.asked, other.asked, orphans, decoded()], [[], [], 0, 2]);
    });

    it("with a false body under the true header delays the true one only", async () => {
      const parent = large(pow.genesis);
      const { header, transactions } = parent.block;
      const body = transactions.with(-1, pow.sign(alice, 5_000));
      const spoiled = pow.on(pow.genesis, { transactions, body, header });
      assert.equal(spoiled.block.hashHex, parent.block.hashHex);
      const child = pow.on(parent);
      const liar = await peer("liar", serve(spoiled));
      const honest = await peer("honest", serve(parent));
      const both = [
        liar.host.publish(blocksTopic, spoiled.block.bytes),
        honest.host.publish(blocksTopic, child.block.bytes),
      ];
      await rig.until(headIs(node, child), "the parent was fetched after all");
      await rig.drive(Promise.all(both));
      assert.deepEqual([liar.asked.length, honest.asked], [0, [parent.block.hashHex]]);
    });

    /** A peer that claims this block as its head in the moment in which another one sends `sent` by gossip. */
    async function claimant(head: BuiltBlock, sent: BuiltBlock) {
      const host = await network.stranger("claimant", [blocksTopic]);
      const sender = await peer("sender", serve());
      const claim = { height: 1, head: head.block.hash, cumulativeWeight: head.record.cumulativeWeight };
      let sending: Promise<unknown> | undefined;
      let ranges = 0;
      serveGreeting(host, handshakeOf("claimant"), () => {
        sending ??= sender.host.publish(blocksTopic, sent.block.bytes);
        return statusOf([], claim);
      });
      host.serve(protocols.mempool, { ...serving, handle: () => [] });
      host.serve(protocols.blocksByRange, {
        ...serving,
        handle: (request) => {
          ranges += 1;
          const { headersOnly } = RangeRequestType.deserialize(request);
          return [headersOnly === 1 ? SealedHeaderType.serialize(head.block) : head.block.bytes];
        },
      });
      await network.connect(node.host, host);
      await rig.until(headIs(node, head), "it is here");
      if (sending) await rig.drive(sending);
      return { ranges: () => ranges };
    }

    it("is not fetched as the head of a peer", async () => {
      const head = large(pow.genesis);
      const decoded = decodings();
      const { ranges } = await claimant(head, head);
      await rig.pass(20_000);
      assert.deepEqual([ranges(), decoded()], [0, 1]);
    });

    it("is fetched as the head of a peer at once if what came had a false body", async () => {
      const head = large(pow.genesis);
      const { header, transactions } = head.block;
      const body = transactions.with(-1, pow.sign(alice, 5_000));
      const beganMs = rig.clock.monotonicMs();
      const { ranges } = await claimant(head, pow.on(pow.genesis, { transactions, body, header }));
      assert.ok(rig.clock.monotonicMs() - beganMs < 2_000, "of simulated time: before its next status");
      assert.ok(ranges() > 0);
    });
  });

  it("a block that comes by gossip while a peer is asked for it is asked of no other peer", async () => {
    const parent = pow.on(pow.genesis);
    const orphan = pow.on(parent);
    const silent = await peer("silent", silence);
    const bystander = await peer("bystander", serve(parent));
    await publish(silent.host, orphan);
    await rig.until(() => silent.asked.length === 1, "it is asked");
    await publish(bystander.host, parent);
    await rig.until(headIs(node, orphan), "parent and orphan are here");
    await rig.pass(20_000);
    assert.deepEqual(bystander.asked, []);
    assert.equal(node.host.standing(silent.host.peerId).points, 0, "it was not waited for to the end");
  });
});
