/** The answer of `GET /v1/forks`: stored blocks beside the chain, put together to branches. */
import { type Branch, branchBlocksMax, type ForksAnswer } from "../api/forks.ts";
import { toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import { addressOf } from "../protocol/identity.ts";
import { finalReference, headlineOf, headReference, referenceOf } from "./chain-references.ts";
import { nameOf } from "./transaction-answer.ts";

/** @param limit branches shown; those with the highest tips */
export function forksAnswer(chain: Chain, limit: number): ForksAnswer {
  const sides: Sides = new Map(
    chain
      .sideBlocks()
      .map(({ hash, parentHash }) => [toHex(hash), { hash, parentHash, parent: toHex(parentHash) }]),
  );
  const parents = new Set([...sides.values()].map(({ parent }) => parent));
  const branches: Branch[] = [];
  let truncated = false;
  for (const [hashHex, { hash }] of sides) {
    if (parents.has(hashHex)) continue;
    // A block that was judged before a trust recovery has no record any more.
    const tip = chain.headerOf(hash);
    if (!tip) continue;
    truncated = branches.length === limit;
    if (truncated) break;
    branches.push(branchOf(tip, sides, chain));
  }
  return { head: headReference(chain), final: finalReference(chain), branches, truncated };
}

/** By hash in hex. */
type Sides = ReadonlyMap<
  string,
  { readonly hash: Uint8Array; readonly parentHash: Uint8Array; readonly parent: string }
>;

function branchOf(tip: HeaderRecord, sides: Sides, chain: Chain): Branch {
  const records: HeaderRecord[] = [];
  let length = 0;
  let lowest = tip.header.parentHash;
  for (let side = sides.get(tip.hashHex); side; side = sides.get(side.parent)) {
    length += 1;
    const record = records.length < branchBlocksMax ? chain.headerOf(side.hash) : undefined;
    if (record) records.push(record);
    lowest = side.parentHash;
  }
  const below = chain.headerOf(lowest);
  const isOnChain = below !== undefined && chain.isCanonical(below);
  const blocks = records.map((record) => branchBlock(record, chain));
  return {
    tip: branchBlock(tip, chain),
    forkPoint: isOnChain ? referenceOf(below) : null,
    length,
    cumulativeWeight: tip.cumulativeWeight.toString(),
    weightBehindHead: (chain.head.cumulativeWeight - tip.cumulativeWeight).toString(),
    blocks,
    producers: producersOf(blocks),
  };
}

function branchBlock({ header, hashHex }: HeaderRecord, { ledger }: Chain): Branch["tip"] {
  return {
    ...headlineOf({ header, hashHex }),
    producer: addressOf(header.producer),
    producerName: nameOf(toHex(header.producer), ledger),
    transactionCount: header.transactionCount,
  };
}

function producersOf(blocks: Branch["blocks"]): Branch["producers"] {
  const counts = new Map<string, { readonly name: string | null; readonly blocks: number }>();
  for (const { producer, producerName } of blocks) {
    counts.set(producer, { name: producerName, blocks: (counts.get(producer)?.blocks ?? 0) + 1 });
  }
  return [...counts]
    .map(([address, { name, blocks }]) => ({ address, name, blocks }))
    .sort((a, b) => b.blocks - a.blocks);
}
