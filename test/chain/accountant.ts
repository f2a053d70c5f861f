/** Balances counted from blocks alone, by arithmetic that shares nothing with the ledger. */
import { toHex } from "../../src/base/bytes.ts";
import type { Block } from "../../src/protocol/block.ts";
import { blockRewardAt, type Genesis } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";

export interface Counted {
  /** AUR that an account can spend, in base units, by its key in hex. */
  readonly balances: ReadonlyMap<string, bigint>;
  /** What its blocks have earned beside that. */
  readonly immature: ReadonlyMap<string, bigint>;
}

/** @param blocks a whole chain from height 1 on; only transfers may move AUR */
export function countBalances(genesis: Genesis, blocks: readonly Block[]): Counted {
  const balances = new Map<string, bigint>();
  const immature = new Map<string, bigint>();
  const add = (to: Map<string, bigint>, account: Uint8Array, units: bigint) => {
    if (units !== 0n) to.set(toHex(account), (to.get(toHex(account)) ?? 0n) + units);
  };
  for (const { account, amount } of genesis.allocations) add(balances, account, amount);
  const matureUpTo = blocks.length - genesis.rewardMaturityBlocks;
  for (const { header, transactions } of blocks) {
    let earned = blockRewardAt(genesis, header.height);
    for (const { transaction, payload } of transactions) {
      earned += transaction.fee;
      add(balances, transaction.sender, -transaction.fee);
      if (payload.kind !== "transfer" || toHex(payload.assetId) !== toHex(zeroBytes32)) continue;
      add(balances, transaction.sender, -payload.amount);
      add(balances, payload.to, payload.amount);
    }
    add(header.height <= matureUpTo ? balances : immature, header.producer, earned);
  }
  return { balances, immature };
}
