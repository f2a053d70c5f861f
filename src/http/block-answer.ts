/** Blocks as the API shows them. */

import type { BlockAnswer, BlockSummary, BlocksAnswer } from "../api/blocks.ts";
import { toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { readableText } from "../export/readable.ts";
import type { Block, HeaderRecord } from "../protocol/block.ts";
import { documentedSignature } from "../protocol/documented-signature.ts";
import { addressOf } from "../protocol/identity.ts";
import { nameOf, transactionFields } from "./transaction-answer.ts";

/** The block with all that it holds. */
export function blockAnswer(block: Block, record: HeaderRecord, chain: Chain): BlockAnswer {
  const { header, seal } = block;
  return {
    ...blockSummary(block, record, chain),
    chainId: toHex(header.chainId),
    transactionsRoot: toHex(header.transactionsRoot),
    stateRoot: toHex(header.stateRoot),
    consensusRoot: toHex(header.consensusRoot),
    target: toHex(header.target),
    extraData: readableText(withoutPadding(header.extraData)),
    nonce: toHex(seal.nonce),
    signature:
      seal.signature.length > 0 ? documentedSignature(header.producer, block.hash, seal.signature) : null,
    cumulativeWeight: record.cumulativeWeight.toString(),
    transactions: block.transactions.map((transaction, position) => ({
      id: transaction.idHex,
      position,
      ...transactionFields(transaction, chain.ledger),
    })),
  };
}

/** Canonical blocks from a height upward, as many of `limit` as there are; by default the newest. */
export function blocksAnswer(chain: Chain, from: number | undefined, limit: number): BlocksAnswer {
  const headHeight = chain.head.header.height;
  const lowest = from ?? Math.max(0, headHeight - limit + 1);
  const blocks: BlockSummary[] = [];
  for (let height = lowest; height <= headHeight && blocks.length < limit; height += 1) {
    const block = chain.blockAtHeight(height);
    const record = block && chain.headerOf(block.hash);
    if (block && record) blocks.push(blockSummary(block, record, chain));
  }
  return { headHeight, blocks };
}

function blockSummary({ header, hashHex, bytes }: Block, record: HeaderRecord, chain: Chain): BlockSummary {
  const isGenesis = header.height === 0;
  const canonical = chain.isCanonical(record);
  return {
    height: header.height,
    hash: hashHex,
    parentHash: toHex(header.parentHash),
    timestampMs: header.timestampMs,
    producer: isGenesis ? null : addressOf(header.producer),
    producerName: isGenesis ? null : nameOf(toHex(header.producer), chain.ledger),
    transactionCount: header.transactionCount,
    bytes: bytes.length,
    canonical,
    final: canonical && header.height <= (chain.final?.height ?? -1),
  };
}

function withoutPadding(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}
