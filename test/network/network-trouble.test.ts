/** Peers that lie, stall or flood, under a simulated clock; and what the network keeps within bounds. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { compareHeads } from "../../src/consensus/engine.ts";
import { TransactionBatcher } from "../../src/network/gossip/transaction-batcher.ts";
import {
  announcementBytesMax,
  blockMessageBytesMax,
  chainProtocols,
  chainTopics,
  decodeAnnouncement,
  handshakeProtocol,
  messageFlushBytes,
  messageTransactionsMax,
  RangeRequestType,
} from "../../src/network/messages.ts";
import { PeerDirectory } from "../../src/network/peers/directory.ts";
import { engineNumbers } from "../../src/protocol/genesis.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import {
  encodeNodeRecord,
  type NodeRecord,
  openNodeRecord,
  signNodeRecord,
} from "../../src/protocol/node-record.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, genesisMs, testSpec } from "../chain/block-builder.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { handshakeOf, serveGreeting, serving, statusOf } from "./greeting-words.ts";
import { headIs, isConnected, memoryNetworkRig, type NetworkRig, TestNetwork } from "./network-rigs.ts";

const pow = new BlockBuilder(testSpec("pow"));
const topics = chainTopics(pow.spec.chainId);
const protocols = chainProtocols(pow.spec.chainId);

describe("trouble with peers", () => {
  let rig: NetworkRig;
  let network: TestNetwork;
  beforeEach(() => {
    rig = memoryNetworkRig();
    network = new TestNetwork(rig);
  });
  afterEach(() => network.stop());

  /** A stranger that says that it has these blocks, and answers ranges as it likes. */
  async function claiming(
    name: string,
    blocks: readonly BuiltBlock[],
    answer: (startHeight: number, count: number) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ) {
    const host = await network.stranger(name);
    serveGreeting(host, handshakeOf(name), () => statusOf(blocks));
    host.serve(protocols.mempool, { ...serving, handle: () => [] });
    host.serve(protocols.blocksByRange, {
      ...serving,
      handle: (request) => {
        const { startHeight, count } = RangeRequestType.deserialize(request);
        return answer(startHeight, count);
      },
    });
    return host;
  }

  it("a peer that stalls holds nothing up: another serves", async () => {
    const blocks = pow.branch(pow.genesis, 70);
    const stalled = await claiming("stalled", [...blocks, pow.on(blocks.at(-1)!)], async function* () {
      await new Promise(() => {});
      yield new Uint8Array(0);
    });
    const honest = await network.node("honest", pow.spec);
    await honest.has(...blocks);
    const fresh = await network.node("fresh", pow.spec);
    await network.connect(fresh.host, stalled);
    await network.connect(fresh.host, honest.host);
    await rig.until(headIs(fresh, blocks.at(-1)), "it has caught up");
  });

  it("a peer that announces a head which nobody has is left alone for a while, not banned", async () => {
    const blocks = pow.branch(pow.genesis, 5);
    const claimed = pow.branch(blocks.at(-1)!, 3);
    const host = await claiming("claims too much", [...blocks, ...claimed], (start, count) =>
      blocks.slice(start - 1, start - 1 + count).map(({ block }) => block.bytes),
    );
    const fresh = await network.node("fresh", pow.spec);
    await network.connect(fresh.host, host);
    await rig.pass(40_000);
    assert.ok(isConnected(fresh.host, host));
    assert.equal(fresh.core.network.syncProgress, undefined);
  });

  it("who serves a bad block is banned, and not the peer that is followed", async () => {
    // Four ranges. Each block of this chain is harder than the one before: 200 took a minute.
    const blocks = pow.branch(pow.genesis, 120);
    const honest = await network.node("honest", pow.spec);
    await honest.has(...blocks);
    const liar = await claiming("liar", blocks, (start, count) => {
      const parent = blocks[start - 2] ?? pow.genesis;
      const bad = pow.on(parent, { header: { stateRoot: new Uint8Array(32).fill(1) } });
      return [bad, ...pow.branch(bad, count - 1)].map(({ block }) => block.bytes);
    });
    const fresh = await network.node("fresh", pow.spec);
    // Honest first, so that it is the one that is followed; both stand equally high.
    await network.connect(fresh.host, honest.host);
    await network.connect(fresh.host, liar);
    await rig.until(headIs(fresh, blocks.at(-1)), "it has caught up");
    assert.ok(isConnected(fresh.host, honest.host));
    await rig.until(() => !isConnected(fresh.host, liar), "the liar is banned");
    assert.ok(!fresh.warnings.some(({ fields }) => "peer" in fields && fields.peer === honest.host.peerId));
  });

  it("a better head of the same height is found, though other peers serve that height, too", async () => {
    const common = pow.branch(pow.genesis, 29);
    const tips = [0, 1, 2, 3].map((laterMs) => pow.on(common.at(-1)!, { laterMs }));
    const [better, ...worse] = tips.toSorted((a, b) => compareHeads(a.record, b.record));
    const node = await network.node("node", pow.spec);
    const others = [];
    for (const [index, tip] of worse.entries()) {
      const other = await network.node(`other ${index}`, pow.spec);
      await other.has(...common, tip);
      others.push(other);
    }
    await node.has(...common, worse.at(-1)!);
    for (const other of others) await network.connect(node.host, other.host);
    await rig.pass(3_000);
    const last = await network.node("last", pow.spec);
    await last.has(...common, better!);
    await network.connect(node.host, last.host);
    for (const each of [node, ...others]) await rig.until(headIs(each, better), "all are on the better head");
  });

  it("the parents of a new block are fetched at once, and a block that nobody announced with the next status", async () => {
    const blocks = pow.branch(pow.genesis, 6);
    const [one, two] = [await network.node("one", pow.spec), await network.node("two", pow.spec)];
    await network.connect(one.host, two.host);
    await rig.pass(1_000);
    const beganMs = rig.clock.monotonicMs();
    await one.has(...blocks.slice(0, 5));
    one.core.network.announceBlock(blocks[4]!.block);
    await rig.until(headIs(two, blocks[4]), "all five are there");
    assert.ok(rig.clock.monotonicMs() - beganMs < 1_000, "of simulated time: long before the next status");
    await one.has(blocks[5]!);
    await rig.until(headIs(two, blocks[5]), "the silent one is there, too");
  });

  it("a flood of orphans is bounded, and the good block after it is taken", async () => {
    const node = await network.node("node", pow.spec);
    const flooder = await network.stranger("flooder", [topics.blocks]);
    await network.connect(flooder, node.host);
    const parent = pow.on(pow.genesis, { laterMs: 7 });
    const orphans = Array.from({ length: 400 }, (_, index) => pow.on(parent, { laterMs: index }));
    for (const { block } of orphans) {
      await rig.drive(flooder.publish(topics.blocks, block.bytes));
      await rig.pass(5);
    }
    await rig.pass(1_000);
    assert.ok(node.core.chain.orphanCount <= 256, `${node.core.chain.orphanCount} orphans`);
    assert.ok(isConnected(node.host, flooder), "an orphan says nothing about who sends it");
    const good = pow.on(pow.genesis);
    await rig.drive(flooder.publish(topics.blocks, good.block.bytes));
    await rig.until(headIs(node, good), "the good one is in");
  });

  it("a block from the future is neither relayed nor held against its sender, and taken at its time", async () => {
    const [one, two] = [await network.node("one", pow.spec), await network.node("two", pow.spec)];
    const sender = await network.stranger("sender", [topics.blocks]);
    await network.connect(sender, one.host);
    await network.connect(one.host, two.host);
    const aheadMs = 3_600_000 + 15_000;
    const early = pow.on(pow.genesis, { laterMs: aheadMs });
    await rig.drive(sender.publish(topics.blocks, early.block.bytes));
    await rig.pass(2_000);
    assert.equal(one.core.chain.head.header.height, 0);
    assert.equal(two.core.chain.isKnown(early.block.hash), false);
    assert.ok(isConnected(one.host, sender));
    await rig.until(headIs(one, early), "it is in at its time");
    const beganMs = rig.clock.monotonicMs();
    await rig.until(headIs(two, early), "and the others hear of it");
    assert.ok(rig.clock.monotonicMs() - beganMs < 3_000, "of simulated time: not only with the next status");
  });

  it("messages over the limits are rejected on every topic", async () => {
    for (const [name, bytesMax] of [
      ["blocks", blockMessageBytesMax],
      ["transactions", announcementBytesMax],
    ] as const) {
      const topic = topics[name];
      const node = await network.node(`node-${name}`, pow.spec);
      const hostile = await network.stranger(`hostile-${name}`, [topic]);
      await network.connect(hostile, node.host);
      for (let index = 0; index < 8; index += 1) {
        await rig.drive(hostile.publish(topic, new Uint8Array(bytesMax + 1).fill(index)));
        await rig.pass(50);
      }
      await rig.until(() => !isConnected(node.host, hostile), "it is cut off");
    }
  });

  it("a garbled handshake is survived, on both sides of it", async () => {
    const node = await network.node("node", pow.spec);
    const garbling = await network.stranger("garbling");
    garbling.serve(handshakeProtocol, { ...serving, handle: () => [new Uint8Array(300).fill(9)] });
    await network.connect(node.host, garbling);
    await rig.pass(15_000);
    assert.equal(node.core.network.directory.peer(garbling.peerId), undefined);
    const good = await network.node("good", pow.spec);
    await network.connect(node.host, good.host);
    await rig.until(() => node.core.network.directory.peersOnChain().length === 1, "it greets others");
  });
});

describe("announcing transactions", () => {
  const clock = createSimulatedClock(genesisMs);
  const record = pow.sign(alice, 0).bytes;

  function batched() {
    const messages: Uint8Array[] = [];
    return { messages, batcher: new TransactionBatcher(clock, (message) => messages.push(message)) };
  }

  it("packs what comes within milliseconds into one message", async () => {
    const { messages, batcher } = batched();
    for (let index = 0; index < 100; index += 1) batcher.add(record);
    assert.equal(messages.length, 0);
    await clock.advance(20);
    assert.equal(messages.length, 1);
    const decoded = decodeAnnouncement(messages[0]!);
    assert.equal(decoded.ok && decoded.value.length, 100);
    await clock.advance(1_000);
    assert.equal(messages.length, 1, "and sends nothing where nothing waits");
  });

  it("sends at once when a message is full, by number or by bytes, and never an over-long one", () => {
    const { messages, batcher } = batched();
    for (let index = 0; index < messageTransactionsMax; index += 1) batcher.add(record);
    assert.equal(messages.length, 1);
    const large = pow.sign(alice, 0, { kind: "record", data: new Uint8Array(4_000).fill(1) }).bytes;
    const fitting = Math.ceil(messageFlushBytes / large.length);
    for (let index = 0; index < fitting; index += 1) batcher.add(large);
    assert.equal(messages.length, 2);
    for (const message of messages) assert.ok(message.length <= announcementBytesMax);
  });

  it("reaches the others as one message", async () => {
    const rig = memoryNetworkRig();
    const network = new TestNetwork(rig);
    const node = await network.node("node", pow.spec);
    const heard: number[] = [];
    const listener = await rig.makeHost("listener");
    listener.subscribe(topics.transactions, {
      messageBytesMax: announcementBytesMax,
      queueMax: 64,
      judge: (message) => {
        const decoded = decodeAnnouncement(message);
        heard.push(decoded.ok ? decoded.value.length : -1);
        return "accept";
      },
    });
    await listener.start();
    await network.connect(listener, node.host);
    const sent = Array.from({ length: 50 }, (_, sequence) => pow.transfer(alice, sequence, bob, 1n));
    await Promise.all(sent.map((transaction) => node.core.submit(transaction)));
    await rig.until(() => heard.length > 0, "the message has come");
    await rig.pass(1_000);
    assert.deepEqual(heard, [50]);
    await network.stop();
    await listener.stop();
  });
});

describe("the directory of nodes", () => {
  function recordOf(index: number, timestampMs: number): NodeRecord {
    const record = signNodeRecord(
      {
        name: fromUtf8(`node-${index}`),
        addresses: [fromUtf8("/ip4/127.0.0.1/tcp/1")],
        chainId: pow.spec.chainId,
        engine: engineNumbers.pow,
        role: 1,
        height: 0,
        timestampMs,
        software: fromUtf8("test"),
      },
      keyPairFromSeed(sha256(Buffer.from(`node ${index}`))),
    );
    const opened = openNodeRecord(encodeNodeRecord(record));
    assert.ok(opened.ok);
    return opened.value;
  }

  it("keeps the newest record of each node, and a bounded number of them", () => {
    const directory = new PeerDirectory();
    const outcome = (record: NodeRecord) => {
      const added = directory.addRecord(record, genesisMs);
      return added.ok ? added.value : added.fault.code;
    };
    assert.equal(outcome(recordOf(0, genesisMs)), "new");
    assert.equal(outcome(recordOf(0, genesisMs)), "record/stale");
    assert.equal(outcome(recordOf(0, genesisMs + 1)), "renewed");
    assert.equal(outcome(recordOf(0, genesisMs + 3_600_000)), "record/timestamp-ahead");
    for (let index = 1; index <= 1_100; index += 1) outcome(recordOf(index, genesisMs));
    assert.equal(directory.records().length, 1_000);
    const keys = new Set(directory.records().map(({ publicKey }) => toHex(publicKey)));
    assert.equal(keys.size, 1_000);
  });

  it("refuses records that their node did not sign, of another version or role", () => {
    const bytes = encodeNodeRecord(recordOf(1, genesisMs));
    for (const [index, code] of [
      [0, "record/invalid"],
      [bytes.length - 1, "record/signature-invalid"],
    ] as const) {
      const wrong = new Uint8Array(bytes);
      wrong[index] = wrong[index]! ^ 0x40;
      const opened = openNodeRecord(wrong);
      assert.equal(!opened.ok && opened.fault.code, code);
    }
    assert.equal(openNodeRecord(Buffer.concat([bytes, Uint8Array.of(1)])).ok, false);
  });
});
