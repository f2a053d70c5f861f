/** Status and chains as text tables that fit a terminal. */

import { type NodeStatus, stateText } from "../api/node-status.ts";
import { columnsDefault, textTable } from "../base/text-table.ts";
import type { Chain } from "../chain/chain.ts";
import { type Block, countingNonceOf } from "../protocol/block.ts";
import { nodeIdOf } from "../protocol/identity.ts";

export interface BlockSummary {
  readonly height: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestampMs: number;
  /** Node id of the producer; empty in block 0. */
  readonly producer: string;
  /** The counting nonce of Proof of Work as a decimal number; "0" in Proof of Authority. */
  readonly nonce: string;
  readonly transactions: number;
}

/** The canonical chain, lowest block first. */
export function blockSummaries(chain: Chain): BlockSummary[] {
  const summaries: BlockSummary[] = [];
  for (let height = 0; height <= chain.head.header.height; height += 1) {
    const block = chain.blockAtHeight(height);
    if (block) summaries.push(summaryOf(block));
  }
  return summaries;
}

function summaryOf({ header, seal, hashHex, transactions }: Block): BlockSummary {
  return {
    height: header.height,
    hash: hashHex,
    parentHash: Buffer.from(header.parentHash).toString("hex"),
    timestampMs: header.timestampMs,
    producer: header.height === 0 ? "" : nodeIdOf(header.producer),
    nonce: countingNonceOf(seal.nonce).toString(),
    transactions: transactions.length,
  };
}

/** @param width columns of the terminal; undefined: nothing is cut */
export function statusTable(
  statuses: readonly NodeStatus[],
  width: number | undefined = columnsDefault,
): string {
  return textTable(
    [
      { title: "node", cut: "end" },
      "engine",
      "role",
      { title: "height", right: true },
      "head",
      { title: "peers", right: true },
      { title: "txs", right: true },
      { title: "state", cut: "end", widthMin: 10 },
    ],
    statuses.map((status) => [
      status.name,
      status.consensus,
      status.authority ? "authority" : status.mining ? "miner" : "follower",
      String(status.head.height),
      status.head.hash.slice(0, 12),
      String(status.peers),
      String(status.mempool),
      // The column says that it is about a state: the reason alone is enough.
      status.sealing === "waiting" || status.sealing === "blocked"
        ? (status.notSealingBecause ?? "")
        : stateText(status),
    ]),
    width,
  );
}

/** @param width columns of the terminal; undefined: nothing is cut */
export function chainTable(
  title: string,
  blocks: readonly BlockSummary[],
  width: number | undefined = columnsDefault,
): string {
  const rows = blocks.map((block) => [
    String(block.height),
    block.hash.slice(0, 24),
    block.parentHash.slice(0, 8),
    timeOfDay(block.timestampMs),
    block.producer.slice(-8),
    block.nonce,
    String(block.transactions),
  ]);
  const columns = [
    { title: "height", right: true },
    { title: "hash", cut: "end" as const, widthMin: 12 },
    "parent",
    "time",
    "producer",
    { title: "nonce", right: true },
    { title: "txs", right: true },
  ];
  return `${title}\n${textTable(columns, rows, width)}`;
}

/** E.g. "14:03:07.120", in UTC. */
function timeOfDay(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}
