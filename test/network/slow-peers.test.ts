/** Peers that serve slowly, hang, or claim a height that they do not have: a newcomer catches up from the honest ones all the same. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { sleep } from "../../src/base/clock.ts";
import { rangeBlocks, rangePatienceMs } from "../../src/network/fetch/range-window.ts";
import { chainProtocols, RangeRequestType } from "../../src/network/messages.ts";
import type { PeerHost } from "../../src/network/peer-host.ts";
import { SealedHeaderType } from "../../src/protocol/block.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { recordBytesMax, signTransaction } from "../../src/protocol/transaction.ts";
import { alice, BlockBuilder, type BuiltBlock, genesisMs, testSpec } from "../chain/block-builder.ts";
import { handshakeOf, serveGreeting, serving, statusOf } from "./greeting-words.ts";
import { headIs, isConnected, memoryNetworkRig, type NetworkRig, TestNetwork } from "./network-rigs.ts";

const largeTransactions = 60;
const pow = new BlockBuilder(testSpec("pow"));
const protocols = chainProtocols(pow.spec.chainId);
const blocks: BuiltBlock[] = [];
/** The first block of each range is a large one. */
for (let height = 1, sequence = 0; height <= 100; height += 1) {
  const isLarge = height % rangeBlocks === 1;
  const transactions = Array.from({ length: isLarge ? largeTransactions : 0 }, () => {
    const payload = { kind: "record", data: Buffer.alloc(recordBytesMax) } as const;
    const draft = { payload, sequence, fee: 100_000n, validUntil: 0, timestampMs: genesisMs };
    sequence += 1;
    return signTransaction(draft, alice, pow.spec.chainId);
  });
  blocks.push(pow.on(blocks.at(-1) ?? pow.genesis, { transactions }));
}
const tip = blocks.at(-1)!;
const secondMs = 1_000;

type Served = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const blockAt = (height: number) => (height === 0 ? pow.genesis : blocks[height - 1]);

function* headers(start: number, count: number): Iterable<Uint8Array> {
  for (let height = start; height < start + count; height += 1) {
    const built = blockAt(height);
    if (built) yield SealedHeaderType.serialize(built.block);
  }
}

function* bodies(start: number, count: number): Iterable<Uint8Array> {
  for (let height = start; height < start + count; height += 1) {
    const built = blockAt(height);
    if (built) yield built.block.bytes;
  }
}

/** What a hostile peer claims, and how it answers. */
interface Trick {
  readonly above: number;
  headers(rig: NetworkRig, start: number, count: number): Served;
  bodies(rig: NetworkRig, start: number, count: number): Served;
}

async function* hang(): AsyncIterable<Uint8Array> {
  await new Promise(() => {});
  yield new Uint8Array(0);
}

async function* firstAndHang(answer: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* answer;
  yield* hang();
}

async function* drip(
  rig: NetworkRig,
  answer: Iterable<Uint8Array>,
  everyMs: number,
): AsyncIterable<Uint8Array> {
  for (const chunk of answer) {
    await sleep(rig.clock, everyMs);
    yield chunk;
  }
}

const tricks: Readonly<Record<string, Trick>> = {
  "hang on everything": { above: 0, headers: hang, bodies: hang },
  "hang on ranges": { above: 0, headers: (_rig, ...range) => headers(...range), bodies: hang },
  "hang after the first block of a range, a large one": {
    above: 1,
    headers: (_rig, ...range) => headers(...range),
    bodies: (_rig, start) => firstAndHang(bodies(start, 1)),
  },
  "serve a block every 9.5 s": {
    above: 1,
    headers: (_rig, ...range) => headers(...range),
    bodies: (rig, ...range) => drip(rig, bodies(...range), 9_500),
  },
  "answer one block at a time, just in time": {
    above: 1,
    headers: (rig, ...range) => drip(rig, headers(...range), 900),
    bodies: (rig, start) => drip(rig, bodies(start, 1), 900),
  },
  "claim a height that they do not have": {
    above: 10_000,
    headers: (_rig, ...range) => headers(...range),
    bodies: (_rig, ...range) => bodies(...range),
  },
  "claim a height, and hang where the chain ends": {
    above: 10_000,
    headers: (_rig, ...range) => headers(...range),
    bodies: (_rig, start, count) => (start + count > blocks.length ? hang() : bodies(start, count)),
  },
};

async function hostile(network: TestNetwork, name: string, trick: Trick): Promise<PeerHost> {
  const { rig } = network;
  const host = await network.stranger(name);
  const { record } = tip;
  const claims = trick.above > 0 && {
    height: record.header.height + trick.above,
    head: sha256(Buffer.from(name)),
    cumulativeWeight: record.cumulativeWeight + BigInt(trick.above),
  };
  serveGreeting(host, handshakeOf(name), () => statusOf(blocks, claims || {}));
  host.serve(protocols.mempool, { ...serving, handle: () => [] });
  host.serve(protocols.blocksByRange, {
    ...serving,
    handle: (request) => {
      const { startHeight, count, headersOnly } = RangeRequestType.deserialize(request);
      return headersOnly === 1
        ? trick.headers(rig, startHeight, count)
        : trick.bodies(rig, startHeight, count);
    },
  });
  return host;
}

/** How long a newcomer takes to catch up with one honest peer, in simulated time. */
async function catchUp(t: TestContext, count: number, trick: Trick) {
  const rig = memoryNetworkRig();
  const network = new TestNetwork(rig);
  t.after(() => network.stop());
  const honest = await network.node("honest", pow.spec);
  await honest.has(...blocks);
  const newcomer = await network.node("newcomer", pow.spec);
  const others = [];
  for (let index = 0; index < count; index += 1) {
    const other = await hostile(network, `hostile ${index}`, trick);
    others.push(other);
    await network.connect(newcomer.host, other);
  }
  const beganMs = rig.clock.monotonicMs();
  await network.connect(newcomer.host, honest.host);
  await rig.until(headIs(newcomer, tip), "it has caught up");
  return { rig, newcomer, honest, others, tookMs: rig.clock.monotonicMs() - beganMs };
}

describe("a newcomer among peers that hold it up", () => {
  for (const [name, trick] of Object.entries(tricks)) {
    it(`catches up in twice the time and 10 s where 1, 4 and 8 of them ${name}`, async (t) => {
      const undisturbed = await catchUp(t, 0, trick);
      for (const count of [1, 4, 8]) {
        const { newcomer, honest, tookMs } = await catchUp(t, count, trick);
        const mostMs = 2 * undisturbed.tookMs + 10 * secondMs;
        t.diagnostic(`${count}: ${tookMs} ms of simulated time, undisturbed ${undisturbed.tookMs} ms`);
        assert.ok(tookMs <= mostMs, `with ${count} of them: ${tookMs} of ${mostMs} ms`);
        assert.ok(isConnected(newcomer.host, honest.host));
        assert.equal(
          newcomer.host.standing(honest.host.peerId).points,
          0,
          "nothing is held against who serves",
        );
      }
    });
  }

  it("holds against a peer that it said a height which it does not serve, and follows it no more", async (t) => {
    const { rig, newcomer, others } = await catchUp(t, 1, tricks["claim a height that they do not have"]!);
    const [liar] = others;
    await rig.until(() => newcomer.host.standing(liar!.peerId).points > 0, "it is charged");
    assert.equal(newcomer.host.standing(liar!.peerId).lastOffence?.offence, "head not served");
  });

  it("does not lose a range to the patience: a slow peer that is the only one is waited for", async (t) => {
    const rig = memoryNetworkRig();
    const network = new TestNetwork(rig);
    t.after(() => network.stop());
    const slow = await hostile(network, "slow", {
      above: 0,
      headers: (_rig, ...range) => headers(...range),
      bodies: (_rig, ...range) => drip(rig, bodies(...range), rangePatienceMs / 2),
    });
    const newcomer = await network.node("newcomer", pow.spec);
    await network.connect(newcomer.host, slow);
    await rig.until(headIs(newcomer, tip), "it has caught up");
  });
});
