/** What happened by minute and by hour: equal to a count of the canonical chain, whatever was reorganized and when it began. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Chain } from "../../src/chain/chain.ts";
import { ChainActivity, hourMs, minuteMs } from "../../src/http/chain-activity.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import {
  alice,
  BlockBuilder,
  type BuiltBlock,
  bob,
  genesisMs,
  miner,
  testSpec,
} from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";

/** A small generator of its own: the same blocks at every run. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const widths = [minuteMs, hourMs] as const;

function assertCounted(activity: ChainActivity, chain: Chain, unknown = new Set<string>()): void {
  const headMs = chain.head.header.timestampMs;
  for (const [index, widthMs] of widths.entries()) {
    const count = [180, 168][index] as number;
    const countedAfterMs = activity.countedAfterMs(widthMs);
    const lastMs = Math.floor(headMs / widthMs) * widthMs;
    const expected = new Map<number, { blocks: number; fees: bigint; bytes: number; senders: string[] }>();
    for (let height = 1; height <= chain.head.header.height; height += 1) {
      const block = chain.blockAtHeight(height);
      assert.ok(block);
      if (block.header.timestampMs <= countedAfterMs) continue;
      const startMs = Math.floor(block.header.timestampMs / widthMs) * widthMs;
      const bucket = expected.get(startMs) ?? { blocks: 0, fees: 0n, bytes: 0, senders: [] };
      bucket.blocks += 1;
      bucket.bytes += block.bytes.length;
      for (const { transaction, senderHex } of block.transactions) {
        bucket.fees += transaction.fee;
        bucket.senders.push(senderHex);
      }
      expected.set(startMs, bucket);
    }
    for (const bucket of activity.buckets(widthMs, count, headMs)) {
      assert.equal((lastMs - bucket.startMs) % widthMs, 0);
      if (bucket.startMs <= countedAfterMs) continue;
      const counted = expected.get(bucket.startMs);
      assert.equal(bucket.blocks, counted?.blocks ?? 0);
      assert.equal(bucket.bytes, counted?.bytes ?? 0);
      assert.equal(bucket.fees, counted?.fees ?? 0n);
      assert.equal(bucket.transactions, counted?.senders.length ?? 0);
      if (bucket.senders === undefined) unknown.add(`${widthMs} ${bucket.startMs}`);
      else assert.equal(bucket.senders, new Set(counted?.senders).size);
    }
  }
}

it("counts what the canonical chain holds through 120 blocks with reorganizations, from any beginning", async () => {
  for (const seed of [1, 2, 3]) {
    const below = numbersFrom(seed);
    const spec = testSpec("pow", { minimumFee: "0", rewardMaturityBlocks: 0, targetBlockTimeMs: 60_000 });
    const builder = new BlockBuilder(spec);
    const { chain, give, clock, headChanges } = await openChain({ spec });
    await clock.advance(30 * 24 * hourMs);
    const whole = new ChainActivity({ chain, clock });
    const tight = new ChainActivity({ chain, clock }, { sendersMax: 2 });
    const late: ChainActivity[] = [];
    const unknown = new Set<string>();
    let tips: BuiltBlock[] = [builder.genesis];
    const sequences = new Map<BuiltBlock, readonly number[]>([[builder.genesis, [0, 0]]]);
    for (let count = 0; count < 120; count += 1) {
      const parent = tips[Math.max(0, tips.length - 1 - below(4))] as BuiltBlock;
      const next = [...(sequences.get(parent) ?? [0, 0])];
      const transactions: DecodedTransaction[] = [];
      for (let each = below(4); each > 0; each -= 1) {
        const who = below(2);
        const payload = { kind: "record" as const, data: fromUtf8(`${count} ${each}`) };
        const fee = who === 0 ? BigInt(below(50)) : 0n;
        const sequence = next[who] as number;
        transactions.push(builder.sign([alice, bob][who] as typeof alice, sequence, payload, fee));
        next[who] = sequence + 1;
      }
      const laterMs = below(5) === 0 ? below(3 * hourMs) : below(2 * minuteMs);
      const built = builder.on(parent, { producer: miner, transactions, laterMs });
      const outcome = await give(built);
      assert.ok(outcome === "head" || outcome === "side", outcome);
      sequences.set(built, next);
      tips = [...tips.slice(-6), built];
      if (count % 40 === 20) {
        const activity = new ChainActivity({ chain, clock });
        late.push(activity);
        if (count === 60) await activity.readBack();
        else void activity.readBack();
      }
      for (const activity of [whole, ...late]) assertCounted(activity, chain);
      assertCounted(tight, chain, unknown);
    }
    assert.ok(
      headChanges.some(({ disconnected }) => disconnected.length > 1),
      "there were reorganizations",
    );
    assert.ok(chain.head.header.timestampMs - genesisMs > 10 * hourMs);
    assert.ok(unknown.size > 0, "two senders are not enough for all buckets");
    for (const activity of late) {
      await clock.advance(1_000);
      assertCounted(activity, chain);
      assert.ok(activity.countedAfterMs(hourMs) < genesisMs);
    }
    for (const activity of [whole, tight, ...late]) activity.close();
    await chain.close();
  }
});

it("says from when on it counts, where it reads back less than there is", async () => {
  const spec = testSpec("pow", { minimumFee: "0" });
  const builder = new BlockBuilder(spec);
  const { chain, give } = await openChain({ spec });
  let tip = builder.genesis;
  const times: number[] = [];
  for (let count = 0; count < 9; count += 1) {
    tip = builder.on(tip, { producer: miner, laterMs: minuteMs });
    times.push(tip.record.header.timestampMs);
    assert.equal(await give(tip), "head");
  }
  const activity = new ChainActivity({ chain, clock: systemClock }, { readBackBlocksMax: 4 });
  assert.equal(activity.countedAfterMs(minuteMs), times[8]);
  await activity.readBack();
  assert.equal(activity.countedAfterMs(minuteMs), times[4]);
  assert.equal(activity.countedAfterMs(hourMs), times[4]);
  assertCounted(activity, chain);
  activity.close();
  await chain.close();
});
