/** What whole nodes relay of what costs its sender nothing: free transactions, records of one key, votes of strangers. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { throttledLogger } from "../../src/base/throttled-logger.ts";
import { freeBurstBytes } from "../../src/network/gossip/free-relay.ts";
import {
  chainTopics,
  encodeAnnouncement,
  encodeFinalityMessage,
  nodesTopic,
} from "../../src/network/messages.ts";
import { engineNumbers } from "../../src/protocol/genesis.ts";
import { encodeNodeRecord, nodeRoles, signNodeRecord } from "../../src/protocol/node-record.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { signTransaction } from "../../src/protocol/transaction.ts";
import { signVote } from "../../src/protocol/vote.ts";
import { alice, BlockBuilder, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { isConnected, memoryNetworkRig, type NetworkRig, TestNetwork } from "./network-rigs.ts";

const poa = new BlockBuilder(testSpec("poa"));
const { chainId } = poa.spec;
const topics = chainTopics(chainId);

/** Pays no fee. */
function record(by: KeyPair, sequence: number, bytes: number) {
  const payload = { kind: "record", data: randomBytes(bytes) } as const;
  return signTransaction({ payload, sequence, fee: 0n, validUntil: 0, timestampMs: 0 }, by, chainId);
}

describe("a node relays of what costs nothing", () => {
  let rig: NetworkRig;
  let stage: TestNetwork;
  beforeEach(() => {
    rig = memoryNetworkRig();
    stage = new TestNetwork(rig);
  });
  afterEach(() => stage.stop());

  /** A stranger that is connected with `a` alone, and `a` with `b`. */
  async function line(topic: string) {
    const [a, b] = [await stage.node("a", poa.spec), await stage.node("b", poa.spec)];
    const stranger = await stage.stranger("stranger", [topic]);
    await stage.connect(a.host, b.host);
    await stage.connect(stranger, a.host);
    await rig.until(() => a.host.topicPeers(topic).length === 2, "all listen");
    return { a, b, stranger };
  }

  it("a small rate of free transactions, and all that comes of an account with a balance", async () => {
    const { a, b, stranger } = await line(topics.transactions);
    const dataBytes = 3_500;
    const count = Math.ceil((6 * freeBurstBytes) / dataBytes);
    const each = 4;
    for (let first = 0; first < count; first += each) {
      const free = Array.from({ length: each }, (_, at) =>
        record(keyPairNamed(`key ${first + at}`), 0, dataBytes),
      );
      const message = encodeAnnouncement(
        first,
        free.map(({ bytes }) => bytes),
      );
      await rig.drive(stranger.publish(topics.transactions, message));
    }
    await rig.until(() => a.core.mempool.bytes > freeBurstBytes / 2, "the budget is used up");
    await rig.pass(1_000);
    // With the share of the peer, and what has been refilled meanwhile.
    for (const { core } of [a, b])
      assert.ok(core.mempool.bytes < 2.5 * freeBurstBytes, `${core.mempool.bytes}`);
    assert.equal(a.host.standing(stranger.peerId).points, 0);
    assert.ok(isConnected(a.host, b.host) && isConnected(a.host, stranger));

    const funded = record(alice, 0, 100);
    await rig.drive(stranger.publish(topics.transactions, encodeAnnouncement(9_999, [funded.bytes])));
    await rig.until(() => b.core.mempool.has(funded.idHex), "it went through both");

    // A node's own users are not asked for room, and the others have it as soon as they have room.
    const local = record(keyPairNamed("local"), 0, dataBytes);
    assert.ok((await rig.drive(a.core.submit(local))).ok);
    assert.ok(a.core.mempool.has(local.idHex));
    await rig.until(() => b.core.mempool.has(local.idHex), "it was announced again");
  });

  it("one record of a key in ten seconds, and remembers the newest", async () => {
    const { a, b, stranger } = await line(nodesTopic);
    const keyPair = keyPairNamed("owner");
    const told = async (height: number) => {
      const said = signNodeRecord(
        {
          name: fromUtf8("owner"),
          addresses: [],
          chainId,
          engine: engineNumbers.poa,
          role: nodeRoles.follower,
          height,
          timestampMs: rig.clock.nowMs(),
          software: fromUtf8("test"),
        },
        keyPair,
      );
      await rig.drive(stranger.publish(nodesTopic, encodeNodeRecord(said)));
      await rig.pass(200);
    };
    const heightAt = ({ core }: typeof a) =>
      core.network.directory
        .records()
        .find(({ publicKey }) => Buffer.compare(publicKey, keyPair.publicKey) === 0)?.height;
    for (const height of [1, 2, 3]) await told(height);
    assert.deepEqual([heightAt(a), heightAt(b)], [3, 1]);
    await rig.pass(10_000);
    await told(4);
    assert.deepEqual([heightAt(a), heightAt(b)], [4, 4]);
    assert.deepEqual(a.host.bans(), []);
  });

  it("no vote of a stranger, and charges the peer that floods with them", async () => {
    const { a, b, stranger } = await line(topics.votes);
    const genesis = { height: 0, hash: poa.genesis.record.hash };
    const flood = async (count: number) => {
      for (let index = 0; index < count; index += 1) {
        const target = { height: 1, hash: randomBytes(32) };
        const vote = signVote(chainId, genesis, target, keyPairNamed(`stranger ${index % 8}`));
        await rig.drive(stranger.publish(topics.votes, encodeFinalityMessage({ kind: "vote", vote })));
      }
    };
    await flood(50);
    await rig.pass(500);
    assert.equal(a.host.standing(stranger.peerId).points, 0, "a few may come of another branch");
    assert.ok(isConnected(a.host, stranger));
    await flood(300);
    await rig.until(() => !isConnected(a.host, stranger), "the stranger is cut");
    assert.equal(a.host.standing(stranger.peerId).lastOffence?.offence, "useless vote");
    assert.ok(isConnected(a.host, b.host));
  });
});

it("says a line about peers a few times at once and then twice a second, and how many were left out", async () => {
  const clock = createSimulatedClock(0);
  const said: object[] = [];
  const logger = throttledLogger({ ...silentLogger, warn: (fields) => void said.push(fields) }, clock);
  for (let index = 0; index < 1_000; index += 1) logger.warn({ index }, "a peer did something");
  logger.warn({ other: true }, "a peer did something else");
  assert.equal(said.length, 21);
  await clock.advance(1_000);
  for (let index = 0; index < 10; index += 1) logger.warn({ index }, "a peer did something");
  assert.equal(said.length, 23);
  assert.deepEqual(said.at(-2), { index: 0, leftOut: 980 });
});
