/** The answers about mining: what the next block takes, and how the last ones came. */
import { hashRateBlocks, type MiningAnswer, type MiningHistoryAnswer } from "../api/difficulty.ts";
import type { NodeStatus } from "../api/node-status.ts";
import { isoTime } from "../api/shapes.ts";
import { toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { formatAmount } from "../protocol/amount.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import { blockRewardAt } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import { blockPage, type PageWish, pageCodec } from "./block-pages.ts";
import { headReference } from "./chain-references.ts";
import { difficultyOf, nextTarget } from "./consensus-answer.ts";
import { nameOf } from "./transaction-answer.ts";

export function miningAnswer(
  chain: Chain,
  { mining, hashesPerSecond, hashesTried }: Pick<NodeStatus, "mining" | "hashesPerSecond" | "hashesTried">,
): MiningAnswer {
  const { head, spec } = chain;
  const { targetBlockTimeMs, minimumIntervalMs, retargetHalfLifeMs } = spec.genesis;
  const target = nextTarget(chain);
  const reward = blockRewardAt(spec.genesis, head.header.height + 1);
  return {
    head: headReference(chain),
    final: false,
    target: toHex(target),
    difficulty: difficultyOf(target, chain).toString(),
    cumulativeWork: head.cumulativeWeight.toString(),
    ...hashRate(chain),
    targetBlockTimeMs,
    minimumIntervalMs,
    retargetHalfLifeMs,
    blockReward: formatAmount(reward),
    blockRewardUnits: reward.toString(),
    self: { mining, hashesPerSecond, hashesTried },
  };
}

/** From the newest blocks; the genesis block is none of them, since the time before block 1 is nobody's work. */
function hashRate(
  chain: Chain,
): Pick<MiningAnswer, "networkHashesPerSecond" | "averageBlockTimeMs" | "estimatedOverBlocks"> {
  const { head } = chain;
  const first = chain.headerAtHeight(Math.max(1, head.header.height - hashRateBlocks));
  const blocks = first ? Math.max(0, head.header.height - first.header.height) : 0;
  if (!first || blocks === 0) {
    return { networkHashesPerSecond: null, averageBlockTimeMs: null, estimatedOverBlocks: 0 };
  }
  const durationMs = head.header.timestampMs - first.header.timestampMs;
  const work = head.cumulativeWeight - first.cumulativeWeight;
  return {
    networkHashesPerSecond: perSecond(work, durationMs),
    averageBlockTimeMs: durationMs / blocks,
    estimatedOverBlocks: blocks,
  };
}

const historyCursor = pageCodec("mining history");

export function miningHistoryAnswer(
  chain: Chain,
  wish: Pick<PageWish, "limit" | "cursor">,
): MiningHistoryAnswer {
  const { records, next } = blockPage(chain, historyCursor, { ...wish, lowest: 1 });
  return { items: records.map((record) => minedBlock(record, chain)), next, head: headReference(chain) };
}

function minedBlock(record: HeaderRecord, chain: Chain): MiningHistoryAnswer["items"][number] {
  const { header, hashHex } = record;
  const parent = chain.headerOf(header.parentHash) ?? chain.head;
  const intervalMs = header.timestampMs - parent.header.timestampMs;
  const work = chain.engine.weight(header, parent);
  return {
    height: header.height,
    hash: hashHex,
    timestampMs: header.timestampMs,
    time: isoTime(header.timestampMs),
    producer: addressOf(header.producer),
    producerName: nameOf(toHex(header.producer), chain.ledger),
    intervalMs,
    target: toHex(header.target),
    difficulty: work.toString(),
    hashesPerSecond: perSecond(work, intervalMs),
  };
}

/** Null where there is no time to divide by. */
function perSecond(work: bigint, durationMs: number): number | null {
  return durationMs > 0 ? (Number(work) / durationMs) * 1_000 : null;
}
