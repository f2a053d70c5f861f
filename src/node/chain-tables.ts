/** Status and chains as text tables, for terminals of about 120 columns. */
import type { Chain } from "../chain/chain.ts";
import type { NodeStatus } from "../http/node-status.ts";
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

export function statusTable(statuses: readonly NodeStatus[]): string {
  return textTable(
    ["node", "engine", "role", "height", "head", "peers", "mempool", "not sealing because"],
    statuses.map((status) => [
      status.name,
      status.consensus,
      status.authority ? "authority" : status.mining ? "miner" : "follower",
      String(status.head.height),
      status.head.hash.slice(0, 16),
      String(status.peers),
      String(status.mempool),
      status.notSealingBecause ?? "",
    ]),
  );
}

export function chainTable(title: string, blocks: readonly BlockSummary[]): string {
  const rows = blocks.map((block) => [
    String(block.height),
    block.hash.slice(0, 24),
    block.parentHash.slice(0, 12),
    new Date(block.timestampMs).toISOString(),
    block.producer.slice(-10),
    block.nonce,
    String(block.transactions),
  ]);
  const header = ["height", "hash", "parent", "time", "producer", "nonce", "transactions"];
  return `${title}\n${textTable(header, rows)}`;
}

/** Columns as wide as their widest cell; ends with a line feed. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd();
  return `${[line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n")}\n`;
}
