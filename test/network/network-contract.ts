/** What the network must do over either host: run against both twins by network-twins.test.ts. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import {
  chainProtocols,
  chainTopics,
  encodeTransactionsMessage,
  genesisProtocol,
  type Hello,
  HelloType,
  helloProtocol,
  nodesTopic,
  RangeRequestType,
} from "../../src/network/messages.ts";
import { decodeBlock } from "../../src/protocol/block.ts";
import { decodeGenesis, engineNumbers } from "../../src/protocol/genesis.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, testSpec } from "../chain/block-builder.ts";
import { ask, isConnected, type NetworkRig, TestNetwork, type TestNode } from "./network-rigs.ts";

const pow = new BlockBuilder(testSpec("pow"));
const poa = new BlockBuilder(testSpec("poa"));
const topics = chainTopics(pow.spec.chainId);
const protocols = chainProtocols(pow.spec.chainId);
const junk = new Uint8Array(200).fill(7);

/** Says hello as a peer of the PoW chain that has all these blocks. */
export function helloOf(blocks: readonly BuiltBlock[], builder: BlockBuilder = pow): Uint8Array {
  const { record } = blocks.at(-1) ?? builder.genesis;
  const hello: Hello = {
    version: 1,
    network: fromUtf8("test"),
    engine: engineNumbers[builder.spec.consensus],
    chainId: builder.spec.chainId,
    height: record.header.height,
    head: record.hash,
    cumulativeWeight: record.cumulativeWeight,
    clockMs: 0,
    name: fromUtf8("stranger"),
  };
  return HelloType.serialize(hello);
}

export const serving = {
  requestBytesMax: 1_024,
  chunkBytesMax: 1 << 20,
  timeoutMs: 60_000,
  rateLimit: { requests: 1_000, perMs: 1_000 },
};

export function networkContract(name: string, makeRig: () => NetworkRig): void {
  describe(`network: ${name}`, { timeout: 120_000 }, () => {
    let rig: NetworkRig;
    let network: TestNetwork;
    beforeEach(() => {
      rig = makeRig();
      network = new TestNetwork(rig);
    });
    afterEach(() => network.stop());

    const headIs = (node: TestNode, built: BuiltBlock | undefined) => () =>
      node.core.chain.head.hashHex === built?.block.hashHex;

    /** Nodes in a row, each connected to the next, greeted and seeing each other in the block topic. */
    async function row(count: number, builder = pow): Promise<TestNode[]> {
      const nodes: TestNode[] = [];
      for (let index = 0; index < count; index += 1) {
        nodes.push(await network.node(`node ${index}`, builder.spec));
        if (index > 0) await network.connect(nodes[index - 1]!.host, nodes[index]!.host);
      }
      const { blocks, transactions } = chainTopics(builder.spec.chainId);
      await rig.until(
        () =>
          nodes.every(({ host, core }, index) => {
            const neighbours = index === 0 || index === count - 1 ? 1 : 2;
            const seen = [blocks, transactions, nodesTopic].map((topic) => host.topicPeers(topic).length);
            return (
              seen.every((peers) => peers === neighbours) &&
              core.network.directory.peersOnChain().length === neighbours
            );
          }),
        "all have greeted their neighbours",
      );
      // A mesh over libp2p forms with its heartbeat.
      await rig.pass(1_500);
      return nodes;
    }

    it("carries blocks and transactions over three hops", async () => {
      const nodes = await row(4);
      const [first] = nodes;
      const sent = pow.transfer(alice, 0, bob, 5n);
      assert.ok((await rig.drive(first!.core.submit(sent))).ok);
      await rig.until(
        () => nodes.every(({ core }) => core.mempool.has(sent.idHex)),
        "the transaction is in every mempool",
      );
      const block = pow.on(pow.genesis, { transactions: [sent] });
      await first!.has(block);
      first!.core.network.announceBlock(block.block);
      for (const node of nodes) {
        await rig.until(headIs(node, block), "the block is everybody's head");
        assert.equal(node.core.mempool.count, 0);
        assert.equal(node.core.chain.ledger.account(toHex(bob.publicKey))?.balance, 5n);
      }
    });

    it("names a genesis mismatch on both sides, and parts", async () => {
      const other = new BlockBuilder(testSpec("pow", { salt: "dd".repeat(32) }));
      const ours = await network.node("ours", pow.spec);
      const theirs = await network.node("theirs", other.spec);
      const told: string[][] = [[], []];
      for (const [index, node] of [ours, theirs].entries()) {
        node.core.network.events.on("genesisMismatch", (...event) => told[index]?.push(event.join(" ")));
      }
      await network.connect(ours.host, theirs.host);
      await rig.until(() => !isConnected(ours.host, theirs.host), "they part");
      const [a, b] = [toHex(pow.spec.chainId), toHex(other.spec.chainId)];
      assert.ok(told[0]?.includes(`${theirs.host.peerId} ${a} ${b}`), "ours names it");
      assert.ok(told[1]?.includes(`${ours.host.peerId} ${b} ${a}`), "theirs names it");
      for (const { warnings } of [ours, theirs]) {
        assert.ok(warnings.some(({ message }) => message.startsWith("genesis mismatch")));
      }
    });

    it("parts from another network quietly", async () => {
      const ours = await network.node("ours", pow.spec);
      const theirs = await network.node("theirs", pow.spec, "another");
      let mismatches = 0;
      ours.core.network.events.on("genesisMismatch", () => {
        mismatches += 1;
      });
      await network.connect(ours.host, theirs.host);
      await rig.until(() => !isConnected(ours.host, theirs.host), "they part");
      assert.equal(mismatches, 0);
    });

    it("shares the mesh with the other engine: connected, node records, no blocks of the other's", async () => {
      const miner = await network.node("miner", pow.spec);
      const authority = await network.node("authority", poa.spec);
      await network.connect(miner.host, authority.host);
      const names = (node: TestNode) =>
        node.core.network.directory
          .records()
          .map((record) => Buffer.from(record.name).toString())
          .sort();
      await rig.until(
        () => names(miner).length === 2 && names(authority).length === 2,
        "each has the other's record",
      );
      assert.deepEqual(names(miner), ["authority", "miner"]);
      await miner.has(...pow.branch(pow.genesis, 3));
      miner.core.network.announceBlock(miner.core.chain.block(miner.core.chain.head.hash)!);
      await rig.pass(1_500);
      assert.equal(authority.core.chain.head.header.height, 0);
      assert.ok(isConnected(miner.host, authority.host));
      assert.equal(miner.core.network.directory.peersOnChain().length, 0);
    });

    it("catches up from zero over several peers, and shows how far it is", async () => {
      const blocks = pow.branch(pow.genesis, 150);
      const sources = [];
      for (const source of ["one", "two", "three"]) {
        const node = await network.node(source, pow.spec);
        await node.has(...blocks);
        sources.push(node);
      }
      const fresh = await network.node("fresh", pow.spec);
      const progress: number[] = [];
      fresh.core.chain.events.on("headChanged", () => {
        const { syncProgress } = fresh.core.network;
        if (syncProgress) progress.push(syncProgress.height);
        if (syncProgress) assert.equal(syncProgress.targetHeight, 150);
      });
      for (const source of sources) await network.connect(fresh.host, source.host);
      await rig.until(headIs(fresh, blocks.at(-1)), "it has caught up");
      assert.ok(progress.length > 100, `${progress.length} steps`);
      await rig.until(() => fresh.core.network.syncProgress === undefined, "it is no longer catching up");
      assert.equal(
        toHex(fresh.core.chain.ledger.stateRoot()),
        toHex(sources[0]!.core.chain.ledger.stateRoot()),
      );
    });

    it("leaves a long branch of its own for a heavier one", async () => {
      const common = pow.branch(pow.genesis, 10);
      const light = pow.branch(common.at(-1)!, 40);
      const heavy = pow.branch(common.at(-1)!, 45, { laterMs: 1 });
      const one = await network.node("one", pow.spec);
      const two = await network.node("two", pow.spec);
      const three = await network.node("three", pow.spec);
      await one.has(...common, ...light);
      await three.has(...common, ...light);
      await two.has(...common, ...heavy);
      await network.connect(one.host, three.host);
      await network.connect(one.host, two.host);
      for (const node of [one, two])
        await rig.until(headIs(node, heavy.at(-1)), "both are on the heavier one");
    });

    it("fetches the parents that a new block lacks", async () => {
      const [one, two] = (await row(2)) as [TestNode, TestNode];
      const blocks = pow.branch(pow.genesis, 5);
      await one.has(...blocks);
      one.core.network.announceBlock(blocks.at(-1)!.block);
      await rig.until(headIs(two, blocks.at(-1)), "all five are there");
    });

    it("fetches the mempool of a peer when they connect, in both directions", async () => {
      const one = await network.node("one", pow.spec);
      const two = await network.node("two", pow.spec);
      const sent = [0, 1, 2].map((sequence) => pow.transfer(alice, sequence, bob, 1n));
      const note = pow.sign(bob, 0);
      for (const transaction of sent) assert.ok((await rig.drive(one.core.mempool.add(transaction))).ok);
      assert.ok((await rig.drive(two.core.mempool.add(note))).ok);
      await network.connect(one.host, two.host);
      await rig.until(
        () => one.core.mempool.count === 4 && two.core.mempool.count === 4,
        "both have all of them",
      );
    });

    it("passes on what it fetched from a peer's mempool to those behind it", async () => {
      const alone = await network.node("alone", pow.spec);
      const middle = await network.node("middle", pow.spec);
      const behind = await network.node("behind", pow.spec);
      await network.connect(middle.host, behind.host);
      // Until neither asks the other for its mempool any more.
      await rig.pass(4_000);
      const sent = pow.transfer(alice, 0, bob, 1n);
      assert.ok((await rig.drive(alone.core.mempool.add(sent))).ok);
      await network.connect(alone.host, middle.host);
      await rig.until(() => behind.core.mempool.has(sent.idHex), "the node behind has it");
    });

    const bad: [string, string, (index: number) => Uint8Array][] = [
      ["junk for a block", topics.blocks, (index) => junk.fill(index)],
      [
        "a block with trailing bytes",
        topics.blocks,
        (index) => Buffer.concat([pow.on(pow.genesis, { laterMs: index }).block.bytes, Uint8Array.of(0)]),
      ],
      [
        "a block with too little work",
        topics.blocks,
        (index) =>
          pow.on(pow.genesis, { header: { target: new Uint8Array(32) }, laterMs: index }).block.bytes,
      ],
      ["junk for transactions", topics.transactions, (index) => junk.fill(index)],
      ["no transaction at all", topics.transactions, () => encodeTransactionsMessage([])],
      [
        "a transaction with a wrong signature",
        topics.transactions,
        (index) =>
          encodeTransactionsMessage([pow.spoil(pow.transfer(alice, 0, bob, BigInt(index + 1))).bytes]),
      ],
      [
        "a transaction with trailing bytes",
        topics.transactions,
        (index) => {
          const { bytes } = pow.transfer(alice, 0, bob, BigInt(index + 1));
          return encodeTransactionsMessage([Buffer.concat([bytes, Uint8Array.of(0)])]);
        },
      ],
      ["junk for a node record", nodesTopic, (index) => junk.fill(index)],
    ];
    for (const [what, topic, message] of bad) {
      it(`cuts off who keeps sending ${what}`, async () => {
        const node = await network.node("node", pow.spec);
        const hostile = await network.stranger("hostile", [topics.blocks, topics.transactions, nodesTopic]);
        await network.connect(hostile, node.host);
        await rig.until(() => hostile.topicPeers(topic).includes(node.host.peerId), "it sees the topic");
        await rig.pass(1_000);
        for (let index = 0; index < 8; index += 1) {
          await rig.drive(hostile.publish(topic, Buffer.concat([message(index)]))).catch(() => 0);
          await rig.pass(50);
        }
        // No transaction at all is one message only, however often it is sent.
        const isOneMessage = toHex(message(0)) === toHex(message(1));
        if (isOneMessage) assert.ok(isConnected(node.host, hostile));
        else await rig.until(() => !isConnected(node.host, hostile), "it is cut off");
        assert.equal(node.core.chain.head.header.height, 0);
        assert.equal(node.core.mempool.count, 0);
      });
    }

    it("answers good requests, resets bad ones, and goes on", async () => {
      const node = await network.node("node", pow.spec);
      const blocks = pow.branch(pow.genesis, 140);
      await node.has(...blocks);
      const asking = await network.stranger("asking");
      await network.connect(asking, node.host);
      const request = (protocol: string, bytes: Uint8Array) => ask(rig, asking, node.host, protocol, bytes);
      const range = (startHeight: number, count: number, headersOnly = 0) =>
        RangeRequestType.serialize({ startHeight, count, headersOnly });

      const all = [helloProtocol, genesisProtocol, ...Object.values(protocols)];
      for (const protocol of all) {
        const tooLong = await request(protocol, new Uint8Array(5_000));
        assert.equal(tooLong, "request/reset", `${protocol} refuses an over-long request`);
      }
      for (const protocol of [helloProtocol, protocols.blocksByRange, protocols.blocksByHash]) {
        assert.equal(await request(protocol, new Uint8Array(31).fill(3)), "request/reset", protocol);
      }
      const trailing = Buffer.concat([range(1, 1), Uint8Array.of(0)]);
      assert.equal(await request(protocols.blocksByRange, trailing), "request/reset");

      const genesis = await request(genesisProtocol, pow.spec.chainId);
      assert.ok(Array.isArray(genesis));
      const spec = decodeGenesis(genesis[0]!);
      assert.ok(spec.ok);
      assert.equal(toHex(spec.value.chainId), toHex(pow.spec.chainId));
      assert.deepEqual(await request(genesisProtocol, new Uint8Array(32)), []);

      const served = await request(protocols.blocksByRange, range(1, 1_000_000));
      assert.equal(served.length, 128, "an answer has its limit");
      const first = decodeBlock(served[0] as Uint8Array);
      assert.equal(first.ok && first.value.hashHex, blocks[0]?.block.hashHex);
      assert.deepEqual(await request(protocols.blocksByRange, range(141, 5)), []);
      assert.equal((await request(protocols.blocksByRange, range(139, 5, 1))).length, 2);
      const wanted = Buffer.concat([blocks[3]!.block.hash, new Uint8Array(32), blocks[4]!.block.hash]);
      assert.equal((await request(protocols.blocksByHash, wanted)).length, 2);
      assert.deepEqual(await request(protocols.mempool, new Uint8Array(0)), []);
      const answer = await request(helloProtocol, helloOf([]));
      assert.ok(Array.isArray(answer));
      assert.equal(HelloType.deserialize(answer[0]!).height, 140);
    });

    const lies: [string, (blocks: readonly BuiltBlock[]) => (request: Uint8Array) => Iterable<Uint8Array>][] =
      [
        ["garbage", () => () => [junk]],
        [
          "blocks that break a rule",
          (blocks) => (request) => {
            const { startHeight, count } = RangeRequestType.deserialize(request);
            const bad = pow.on(blocks.at(startHeight - 2) ?? pow.genesis, {
              header: { stateRoot: junk.slice(0, 32) },
            });
            return [bad.block.bytes, ...pow.branch(bad, count - 1).map(({ block }) => block.bytes)];
          },
        ],
        ["blocks of other heights", (blocks) => () => blocks.slice(5, 8).map(({ block }) => block.bytes)],
      ];
    for (const [what, lie] of lies) {
      it(`bans a peer that serves ${what}, and catches up with another`, async () => {
        const blocks = pow.branch(pow.genesis, 20);
        const liar = await network.stranger("liar");
        const claimed = [...blocks, pow.on(blocks.at(-1)!)];
        liar.serve(helloProtocol, { ...serving, handle: () => [helloOf(claimed)] });
        liar.serve(protocols.mempool, { ...serving, handle: () => [] });
        liar.serve(protocols.blocksByRange, { ...serving, handle: lie(blocks) });
        const honest = await network.node("honest", pow.spec);
        await honest.has(...blocks);
        const fresh = await network.node("fresh", pow.spec);
        await network.connect(fresh.host, liar);
        await rig.until(() => !isConnected(fresh.host, liar), "the liar is banned");
        assert.ok(fresh.warnings.some(({ message }) => message.includes("is banned")));
        await network.connect(fresh.host, honest.host);
        await rig.until(headIs(fresh, blocks.at(-1)), "it has caught up with the honest one");
      });
    }

    it("spreads node records to all", async () => {
      const nodes = await row(3);
      await rig.until(
        () => nodes.every(({ core }) => core.network.directory.records().length === 3),
        "everybody knows everybody",
      );
      const [record] = nodes[0]!.core.network.directory.records();
      assert.equal(record?.engine, engineNumbers.pow);
      assert.ok(record.addresses.length > 0);
    });
  });
}
