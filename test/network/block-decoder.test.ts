/** A large block of a peer is decoded over many turns of the event loop, and to the same block. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockDecoder } from "../../src/network/host/block-decoder.ts";
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

describe("blocks that peers send", () => {
  it("are decoded at once if they are small", () => {
    const bytes = blockOf(3);
    const decoded = new BlockDecoder().decode(bytes, "peer");
    assert.ok(!(decoded instanceof Promise));
    assert.deepEqual(decoded, decodeBlock(bytes));
  });

  it("leave a turn to everything else after each piece, and to the block of another peer", async () => {
    const bytes = blockOf(2_000);
    const decoder = new BlockDecoder();
    let turns = 0;
    let isDone = false;
    const turn = () => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    const ended: string[] = [];
    const decode = async (size: Uint8Array, peer: string) => {
      const decoded = await decoder.decode(size, peer);
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
    assert.deepEqual(await new BlockDecoder().decode(bytes, "peer"), decodeBlock(bytes));
    assert.ok(!decodeBlock(bytes).ok);
  });
});
