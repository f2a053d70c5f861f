/** One node that seals, alone under a simulated clock: when it does, when it waits, and what it does again. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { NodeCore } from "../../src/node/node-core.ts";
import type { Block } from "../../src/protocol/block.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, type Payload, signTransaction } from "../../src/protocol/transaction.ts";
import { BlockBuilder } from "../chain/block-builder.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock, type SimulatedClock } from "../support/simulated-clock.ts";
import { keyPairNamed, simulatedSpec, simulationStartMs } from "./chains.ts";
import { SimulatedNode } from "./simulated-node.ts";

const wallets = ["anna", "ben"].map(keyPairNamed) as [KeyPair, KeyPair];
const own = keyPairNamed("the node");
const poa = simulatedSpec("poa", [own], wallets);
const pow = simulatedSpec("pow", [], wallets);
const { periodMs, heartbeatMs } = poa.genesis;

function note(spec: ChainSpec, sender: KeyPair, sequence: number, payload?: Payload): DecodedTransaction {
  const record: Payload = { kind: "record", data: Buffer.from("note") };
  const draft = { payload: payload ?? record, sequence, fee: 1n, validUntil: 0, timestampMs: 0 };
  return signTransaction(draft, sender, spec.chainId);
}

describe("a node that seals", () => {
  let clock: SimulatedClock;
  let network: MemoryNetwork;
  let sealed: Block[];
  let nodes: SimulatedNode[];

  beforeEach(() => {
    clock = createSimulatedClock(simulationStartMs);
    network = createMemoryNetwork({ latencyMs: [1, 5], loss: 0 }, { clock, random: () => 0.5 });
    sealed = [];
    nodes = [];
  });
  afterEach(async () => {
    for (const node of nodes) await node.stop();
  });

  async function started(spec: ChainSpec, keyPair = own): Promise<SimulatedNode> {
    const observer = {
      sealed: (_: SimulatedNode, block: Block) => sealed.push(block),
      headMoved: () => {},
      finalMoved: () => {},
    };
    const options = {
      name: "node",
      spec,
      keyPair,
      bootstrap: [],
      rulesOff: {},
      listensFirst: false as const,
    };
    const node = new SimulatedNode(options, { clock, network, observer });
    await node.start();
    nodes.push(node);
    return node;
  }

  function coreOf(node: SimulatedNode): NodeCore {
    assert.ok(node.core);
    return node.core;
  }

  it("says that it has nothing to seal, and seals as soon as it has", async () => {
    const node = await started(pow);
    await clock.advance(60_000);
    assert.equal(sealed.length, 0);
    assert.equal(coreOf(node).producer?.notSealingBecause, "nothing to seal");
    const sent = note(pow, wallets[0], 0);
    assert.ok((await coreOf(node).submit(sent)).ok);
    await clock.advance(1_000);
    assert.equal(coreOf(node).chain.transaction(sent.id)?.block.header.height, 1);
    assert.equal(coreOf(node).mempool.count, 0);
  });

  it("keeps the period between blocks, and packs what comes meanwhile into one", async () => {
    const node = await started(poa);
    for (let sequence = 0; sequence < 20; sequence += 1) {
      assert.ok((await coreOf(node).submit(note(poa, wallets[0], sequence))).ok);
      await clock.advance(periodMs / 10);
    }
    await clock.advance(2 * periodMs);
    const times = sealed.map(({ header }) => header.timestampMs);
    for (const [index, timestampMs] of times.entries()) {
      assert.ok(timestampMs - (times[index - 1] ?? simulationStartMs) >= periodMs);
    }
    assert.equal(sealed.flatMap(({ transactions }) => transactions).length, 20);
    assert.ok(sealed.length <= 3);
  });

  it("seals an empty block with each heartbeat", async () => {
    const node = await started(poa);
    await clock.advance(10 * (periodMs + heartbeatMs));
    assert.ok(Math.abs(sealed.length - 10) <= 1, `${sealed.length} blocks`);
    assert.ok(sealed.every(({ transactions }) => transactions.length === 0));
    assert.equal(coreOf(node).chain.head.header.height, sealed.length);
  });

  it("seals one of two that want one name, and no block for the other, and says why it went", async () => {
    const node = await started(pow);
    const register = (sender: KeyPair) =>
      note(pow, sender, 0, { kind: "registerUser", name: Buffer.from("anna@example.com") });
    const tooLate = register(wallets[1]);
    const both = [register(wallets[0]), tooLate].map((one) => coreOf(node).submit(one));
    assert.ok((await Promise.all(both)).every(({ ok }) => ok));
    await clock.advance(60_000);
    assert.equal(sealed.length, 1);
    assert.equal(sealed[0]?.transactions.length, 1);
    const status = coreOf(node).mempool.status(tooLate.idHex);
    assert.equal(status?.status === "dropped" && status.reason.code, "transaction/name-taken");
    const again = await coreOf(node).submit(tooLate);
    assert.equal(!again.ok && again.fault.code, "transaction/name-taken");
    // What stands behind it in the same account waits, and comes in when the gap is filled.
    assert.ok((await coreOf(node).submit(note(pow, wallets[1], 1))).ok);
    assert.ok((await coreOf(node).submit(note(pow, wallets[1], 0))).ok);
    await clock.advance(5_000);
    assert.equal(sealed.length, 2);
    assert.equal(sealed[1]?.transactions.length, 2);
  });

  it("says that it is no authority", async () => {
    const node = await started(poa, keyPairNamed("a stranger"));
    await clock.advance(60_000);
    assert.equal(sealed.length, 0);
    assert.equal(coreOf(node).producer?.notSealingBecause, "waiting for admission");
  });

  it("sends the block again that it signed before its disk was full, and signs no other", async () => {
    const node = await started(poa);
    const sent = note(poa, wallets[0], 0);
    await clock.advance(periodMs);
    node.failNextCommit();
    assert.ok((await coreOf(node).submit(sent)).ok);
    await clock.advance(100);
    assert.equal(sealed.length, 1);
    assert.equal(coreOf(node).chain.head.header.height, 0);
    assert.equal(coreOf(node).producer?.notSealingBecause, "disk full");
    assert.ok((await coreOf(node).submit(note(poa, wallets[1], 0))).ok);
    await clock.advance(3_000);
    assert.equal(coreOf(node).chain.blockAtHeight(1)?.hashHex, sealed[0]?.hashHex);
  });

  it("sends it again after a crash, too, and after the loss of all its blocks", async () => {
    const node = await started(poa);
    assert.ok((await coreOf(node).submit(note(poa, wallets[0], 0))).ok);
    await clock.advance(periodMs + 100);
    const [first] = sealed;
    assert.ok(first);
    node.crash();
    node.loseDisk();
    await clock.advance(5_000);
    await node.start();
    await clock.advance(heartbeatMs + 2 * periodMs);
    assert.equal(coreOf(node).chain.blockAtHeight(1)?.hashHex, first.hashHex);
    const parents = sealed.map(({ header }) => Buffer.from(header.parentHash).toString("hex"));
    assert.equal(new Set(parents).size, sealed.length);
  });

  it("waits while its clock is behind its chain, and goes on soon after the clock is right again", async () => {
    const node = await started(poa);
    assert.ok((await coreOf(node).submit(note(poa, wallets[0], 0))).ok);
    await clock.advance(periodMs + 100);
    node.setClockWrongBy(-3_600_000);
    assert.ok((await coreOf(node).submit(note(poa, wallets[0], 1))).ok);
    await clock.advance(60_000);
    assert.equal(sealed.length, 1);
    assert.equal(coreOf(node).producer?.notSealingBecause, "chain ahead of this clock");
    node.setClockWrongBy(0);
    await clock.advance(15_000);
    assert.ok(sealed.length >= 2);
    assert.equal(coreOf(node).mempool.count, 0);
  });

  it("searches at once on a block whose timestamp is ahead, and keeps what it finds until its time", async () => {
    const node = await started(pow);
    const builder = new BlockBuilder(pow);
    const aheadMs = 4_900;
    const ahead = builder.on(builder.genesis, { header: { timestampMs: simulationStartMs + aheadMs } });
    assert.ok((await coreOf(node).chain.importBlock(ahead.block)).ok);
    assert.ok((await coreOf(node).submit(note(pow, wallets[0], 0))).ok);
    await clock.advance(100);
    const dueMs = aheadMs + pow.genesis.minimumIntervalMs;
    assert.deepEqual(
      sealed.map(({ header }) => header.timestampMs - simulationStartMs),
      [dueMs],
    );
    assert.equal(coreOf(node).chain.head.header.height, 1);
    await clock.advance(dueMs);
    assert.equal(coreOf(node).chain.head.hashHex, sealed[0]?.hashHex);
  });

  it("leaves out what does not fit, and takes it into the next block", async () => {
    const node = await started(pow);
    const data = new Uint8Array(4_000).fill(1);
    const send = (sender: KeyPair, sequence: number) =>
      coreOf(node).submit(note(pow, sender, sequence, { kind: "record", data }));
    for (const sender of wallets) {
      for (let sequence = 0; sequence < 150; sequence += 1) assert.ok((await send(sender, sequence)).ok);
    }
    await clock.advance(20_000);
    assert.equal(coreOf(node).mempool.count, 0);
    for (const { bytes } of sealed) assert.ok(bytes.length <= pow.genesis.blockBytesMax);
    assert.equal(sealed.flatMap(({ transactions }) => transactions).length, 300);
  });

  it("pays itself reward and fees", async () => {
    const node = await started(pow);
    const to = wallets[1].publicKey;
    const transfer: Payload = {
      kind: "transfer",
      to,
      assetId: zeroBytes32,
      amount: 5n,
      memo: new Uint8Array(0),
    };
    assert.ok((await coreOf(node).submit(note(pow, wallets[0], 0, transfer))).ok);
    await clock.advance(5_000);
    const account = coreOf(node).chain.ledger.account(Buffer.from(own.publicKey).toString("hex"));
    assert.equal(account?.balance, pow.genesis.blockReward + 1n);
  });
});
