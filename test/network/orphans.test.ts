/** Orphans and blocks from the future: which of them are worth a fetch, how many a peer may send, and what an owed parent costs. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { createPowEngine } from "../../src/consensus/pow/pow-engine.ts";
import { untimelyBurst, untimelyPerSecond } from "../../src/network/gossip/untimely-blocks.ts";
import { chainProtocols, chainTopics } from "../../src/network/messages.ts";
import type { PeerHost } from "../../src/network/peer-host.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { BlockBuilder, type BuiltBlock, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { handshakeOf, serveGreeting, serving, statusOf } from "./greeting-words.ts";
import { headIs, isConnected, memoryNetworkRig, TestNetwork } from "./network-rigs.ts";

const poa = new BlockBuilder(testSpec("poa"));
const pow = new BlockBuilder(testSpec("pow"));

async function sceneOf(t: TestContext, builder: BlockBuilder) {
  const rig = memoryNetworkRig();
  const network = new TestNetwork(rig);
  t.after(() => network.stop());
  const topic = chainTopics(builder.spec.chainId).blocks;
  const protocols = chainProtocols(builder.spec.chainId);
  const node = await network.node("node", builder.spec);
  /** A peer that serves these blocks by their hashes, and counts the requests. */
  const peer = async (name: string, served: readonly BuiltBlock[] = []) => {
    const host = await network.stranger(name, [topic]);
    const asked = { count: 0 };
    serveGreeting(host, handshakeOf(name, {}, builder), () => statusOf([], {}, builder));
    host.serve(protocols.mempool, { ...serving, handle: () => [] });
    host.serve(protocols.blocksByHash, {
      ...serving,
      handle: (request) => {
        asked.count += 1;
        return served
          .filter(({ block }) => Buffer.from(block.hash).equals(request))
          .map(({ block }) => block.bytes);
      },
    });
    await network.connect(node.host, host);
    await rig.until(
      () => node.core.network.directory.peersOnChain().some(({ peerId }) => peerId === host.peerId),
      "it is greeted",
    );
    return { host, asked };
  };
  const publish = (from: PeerHost, { block }: BuiltBlock) => rig.drive(from.publish(topic, block.bytes));
  return { rig, node, peer, publish };
}

describe("an orphan", () => {
  it("that no authority has sealed is not kept, and its sender is not asked for the parent", async (t) => {
    const { rig, node, peer, publish } = await sceneOf(t, poa);
    const parent = poa.on(poa.genesis);
    const sender = await peer("sender", [parent]);
    await publish(sender.host, poa.on(parent, { producer: keyPairNamed("stranger") }));
    await rig.pass(2_000);
    assert.deepEqual([sender.asked.count, node.core.chain.orphanCount], [0, 0]);
    const orphan = poa.on(parent);
    await publish(sender.host, orphan);
    await rig.until(headIs(node, orphan), "the one of an authority is in, with its parent");
    assert.equal(node.host.standing(sender.host.peerId).points, 0);
  });

  it("that comes early is judged by its header alone, if no authority of its parent has sealed it", async (t) => {
    const { rig, node, peer, publish } = await sceneOf(t, poa);
    const { chain } = node.core;
    const early = (producer?: KeyPair) =>
      poa.on(poa.genesis, { laterMs: 3_600_000, ...(producer ? { producer } : {}) });
    const faultOf = ({ block: { header } }: BuiltBlock) => chain.waitingFault(header)?.code;
    const byStranger = early(keyPairNamed("stranger"));
    assert.ok(chain.mustWait(byStranger.block.header));
    assert.equal(faultOf(byStranger), "block/producer-unknown");
    // Its second seal on this parent would be evidence.
    assert.equal(faultOf(early()), undefined);
    const sender = await peer("sender");
    const taken: string[] = [];
    chain.times.watch((stage) => taken.push(stage));
    await publish(sender.host, byStranger);
    await rig.until(() => node.host.standing(sender.host.peerId).points > 0, "its sender is charged");
    assert.deepEqual(taken, []);
  });

  it("whose target is far easier than the chain's is not worth a fetch; one a little easier is", () => {
    const engine = createPowEngine(pow.spec.genesis);
    const { record } = pow.genesis;
    const target = (first: number) => new Uint8Array(32).fill(0xff).fill(0, 0, 4).fill(first, 4, 5);
    const hard = [{ ...record, consensusState: target(0x01) }];
    const faultOf = (first: number) =>
      engine.orphanFault({ ...record.header, target: target(first) }, hard)?.code;
    assert.equal(faultOf(0x0f), undefined);
    assert.equal(faultOf(0xff), "block/orphan-unlikely");
    // The final block may have been easier: a branch from there is a branch of this chain.
    assert.equal(
      engine.orphanFault({ ...record.header, target: target(0xff) }, [...hard, record])?.code,
      undefined,
    );
  });

  it("costs its sender points if it does not serve the parent, and the connection if it goes on", async (t) => {
    const { rig, node, peer, publish } = await sceneOf(t, pow);
    const liar = await peer("liar");
    for (let laterMs = 0; isConnected(node.host, liar.host) && laterMs < 100; laterMs += 1) {
      await publish(liar.host, pow.on(pow.on(pow.genesis, { laterMs })));
      await rig.pass(100);
    }
    assert.equal(isConnected(node.host, liar.host), false);
    assert.equal(node.host.standing(liar.host.peerId).lastOffence?.offence, "parent not served");
    assert.ok(
      !node.host.bans().some(({ peerId }) => peerId === liar.host.peerId),
      "it is cut, and not banned",
    );
  });

  it("is one of ten a second from each peer: more cost nothing but their look, and a flood ends the connection", async (t) => {
    const { rig, node, peer, publish } = await sceneOf(t, pow);
    const parent = pow.on(pow.genesis);
    const flooder = await peer("flooder", [parent]);
    const honest = await peer("honest", [parent]);
    let sent = 0;
    for (; isConnected(node.host, flooder.host) && sent < 3_000; sent += 1) {
      const made = pow.on(parent, { header: { parentHash: keyPairNamed(`${sent}`).publicKey } });
      await publish(flooder.host, made);
      await rig.pass(1);
    }
    assert.equal(isConnected(node.host, flooder.host), false);
    assert.ok(node.core.chain.orphanCount <= untimelyBurst + (sent / 10) * untimelyPerSecond);
    const orphan = pow.on(parent);
    await publish(honest.host, orphan);
    await rig.until(headIs(node, orphan), "another peer's orphan finds its parent meanwhile");
    assert.equal(node.host.standing(honest.host.peerId).points, 0);
  });
});
