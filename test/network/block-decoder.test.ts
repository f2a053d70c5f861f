/** A large block of a peer is decoded over many turns of the event loop, and to the same block. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StageTimes } from "../../src/base/stage-times.ts";
import { BlockDecoder, type BlockDecoderModules } from "../../src/network/host/block-decoder.ts";
import { decodeBlock } from "../../src/protocol/block.ts";
import { signTransaction } from "../../src/protocol/transaction.ts";
import { alice, BlockBuilder, genesisMs, testSpec } from "../chain/block-builder.ts";

const builder = new BlockBuilder(testSpec("poa"));

function blockOf(transactions: number): Uint8Array {
  const records = Array.from({ length: transactions }, (_, sequence) => {
    const payload = { kind: "record", data: Buffer.from(`record ${sequence}`) } as const;
    const draft = { payload, sequence, fee: 1n, validUntil: 0, timestampMs: genesisMs };
    return signTransaction(draft, alice, builder.spec.chainId);
  });
  return builder.on(builder.genesis, { transactions: records }).block.bytes;
}

const same = <Decoded>(decoded: Decoded) => decoded;
const decoderOf = (modules: Partial<BlockDecoderModules> = {}) =>
  new BlockDecoder({
    decodedBlock: () => undefined,
    times: new StageTimes({ monotonicMs: () => 0 }),
    ...modules,
  });

describe("blocks that peers send", () => {
  it("are decoded at once if they are small", () => {
    const bytes = blockOf(3);
    const decoded = decoderOf().decode(bytes, "peer", same);
    assert.ok(!(decoded instanceof Promise));
    assert.deepEqual(decoded, decodeBlock(bytes));
  });

  it("leave a turn to everything else after each piece, and to the block of another peer", async () => {
    const bytes = blockOf(2_000);
    const decoder = decoderOf();
    let turns = 0;
    let isDone = false;
    const turn = () => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    const ended: string[] = [];
    const decode = async (size: Uint8Array, peer: string) => {
      const decoded = await decoder.decode(size, peer, same);
      ended.push(peer);
      return decoded;
    };
    const [large] = await Promise.all([decode(bytes, "flood"), decode(blockOf(600), "other")]);
    isDone = true;
    assert.deepEqual(large, decodeBlock(bytes));
    assert.deepEqual(ended, ["other", "flood"]);
    assert.ok(turns >= 8, `${turns} turns`);
  });

  it("tell the same fault in the same place", async () => {
    const bytes = blockOf(1_000).slice();
    bytes[bytes.length - 300] = (bytes[bytes.length - 300] as number) ^ 0xff;
    bytes.fill(0xff, bytes.length - 700, bytes.length - 500);
    assert.deepEqual(await decoderOf().decode(bytes, "peer", same), decodeBlock(bytes));
    assert.ok(!decodeBlock(bytes).ok);
  });

  /** A decoder that counts what it decodes. */
  function counting(modules: Partial<BlockDecoderModules> = {}) {
    const times = new StageTimes({ monotonicMs: () => 0 });
    let count = 0;
    times.watch(() => {
      count += 1;
    });
    return { decoder: decoderOf({ ...modules, times }), decodings: () => count };
  }

  it("are decoded once if several peers send the same bytes meanwhile", async () => {
    const bytes = blockOf(600);
    const { decoder, decodings } = counting();
    const all = await Promise.all(["a", "b", "c"].map((peer) => decoder.decode(bytes.slice(), peer, same)));
    assert.deepEqual(all[0], decodeBlock(bytes));
    assert.equal(all[1], all[0]);
    assert.deepEqual([all[2] === all[0], decodings()], [true, 1]);
    assert.deepEqual(await decoder.decode(bytes, "d", same), all[0]);
    assert.equal(decodings(), 2);
  });

  it("are not decoded if the block is in memory", () => {
    const bytes = blockOf(600);
    const known = decodeBlock(bytes);
    assert.ok(known.ok);
    const asked: string[] = [];
    const { decoder, decodings } = counting({
      decodedBlock: (hashHex) => {
        asked.push(hashHex);
        return known.value;
      },
    });
    assert.deepEqual(decoder.decode(bytes.slice(), "peer", same), known);
    assert.deepEqual([asked, decodings()], [[known.value.hashHex], 0]);
  });

  it("count for the same bytes alone: a false body under a true header is one block, the true body another", async () => {
    const bytes = blockOf(600);
    const spoiled = bytes.slice();
    spoiled[bytes.length - 300] = (bytes[bytes.length - 300] as number) ^ 1;
    const known = decodeBlock(bytes);
    assert.ok(known.ok);
    for (const [first, second] of [
      [spoiled, bytes],
      [bytes, spoiled],
    ] as const) {
      const { decoder } = counting();
      const both = await Promise.all([first, second].map((each) => decoder.decode(each, "peer", same)));
      assert.deepEqual(both, [decodeBlock(first), decodeBlock(second)]);
    }
    const { decoder } = counting({ decodedBlock: () => known.value });
    assert.deepEqual(await decoder.decode(spoiled, "peer", same), decodeBlock(spoiled));
    assert.notDeepEqual(decodeBlock(spoiled), known);
  });

  it("are used before those go on who wait for their end", async () => {
    const bytes = blockOf(600);
    const decoder = decoderOf();
    const { hash } = (decodeBlock(bytes) as { value: { hash: Uint8Array } }).value;
    assert.equal(decoder.end(hash), undefined);
    const said: string[] = [];
    const decoding = decoder.decode(bytes, "peer", () => said.push("used"));
    const waiting = decoder.end(hash)?.then(() => said.push(`over: ${decoder.end(hash) === undefined}`));
    await Promise.all([decoding, waiting]);
    assert.deepEqual(said, ["used", "over: true"]);
  });
});
