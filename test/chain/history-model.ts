/** The history of every account counted from blocks alone, by arithmetic that shares nothing with the ledger. */
import { toHex } from "../../src/base/bytes.ts";
import type { Block } from "../../src/protocol/block.ts";
import { blockRewardAt, type Genesis } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import type { AccountIndex } from "../../src/store/account-index.ts";

/** An item in words, with the balances after it, e.g. `3/0 out AUR=5 d7…=100`. */
export type ItemText = string;

const aur = toHex(zeroBytes32);

/**
 * @param blocks a whole chain, genesis block included
 * @returns the items by account, in order
 */
export function countHistories(genesis: Genesis, blocks: readonly Block[]): Map<string, ItemText[]> {
  const histories = new Map<string, ItemText[]>();
  const balances = new Map<string, bigint>();
  const add = (account: string, place: string, direction: string, moves: readonly [string, bigint][]) => {
    const after = new Map([[aur, balances.get(account + aur) ?? 0n]]);
    for (const [asset, units] of moves) {
      const balance = (balances.get(account + asset) ?? 0n) + units;
      balances.set(account + asset, balance);
      after.set(asset, balance);
    }
    const said = [...after].map(([asset, balance]) => `${asset === aur ? "AUR" : asset}=${balance}`);
    const items = histories.get(account) ?? [];
    items.push([place, direction, ...said].join(" "));
    histories.set(account, items);
  };
  const { rewardMaturityBlocks: maturity } = genesis;
  const earned = blocks.map(({ header, transactions }) =>
    header.height === 0
      ? 0n
      : transactions.reduce(
          (sum, { transaction }) => sum + transaction.fee,
          blockRewardAt(genesis, header.height),
        ),
  );
  for (const [height, { transactions }] of blocks.entries()) {
    if (height === 0) {
      for (const { account, amount } of genesis.allocations) {
        if (amount > 0n) add(toHex(account), "0/block", "credit", [[aur, amount]]);
      }
    }
    for (const [position, { transaction, payload, idHex, senderHex }] of transactions.entries()) {
      const place = `${height}/${position}`;
      const paid: [string, bigint][] = [[aur, -transaction.fee]];
      if (payload.kind === "transfer") {
        const to = toHex(payload.to);
        const asset = toHex(payload.assetId);
        const isSelf = to === senderHex;
        const taken: [string, bigint][] = [...paid, [asset, -payload.amount]];
        const given: [string, bigint] = [asset, payload.amount];
        add(senderHex, place, isSelf ? "self" : "out", isSelf ? [...taken, given] : taken);
        if (!isSelf) add(to, place, "in", [given]);
      } else if (payload.kind === "issueAsset") {
        add(senderHex, place, "out", [...paid, [idHex, payload.supply]]);
      } else {
        add(senderHex, place, "out", paid);
        if (payload.kind === "authorityVote" && toHex(payload.authority) !== senderHex) {
          add(toHex(payload.authority), place, "about", []);
        }
      }
    }
    const from = blocks[height - maturity];
    const units = earned[height - maturity] ?? 0n;
    if (from && units > 0n) add(toHex(from.header.producer), `${height}/block`, "credit", [[aur, units]]);
  }
  return histories;
}

/** What an index says of an account, in the words of {@link countHistories}. */
export function historyIn(index: AccountIndex, account: Uint8Array): ItemText[] {
  const texts: ItemText[] = [];
  for (let number = 0; number < index.itemCount(account); number += 1) {
    const item = index.item(account, number);
    if (!item) throw new Error(`item ${number} is missing`);
    const { height, position, direction, aurBalance, asset } = item;
    const said = [`AUR=${aurBalance}`];
    if (asset) said.push(`${toHex(asset.assetId)}=${asset.balance}`);
    texts.push([`${height}/${position ?? "block"}`, direction, ...said].join(" "));
  }
  return texts;
}
