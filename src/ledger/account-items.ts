/** What a block is to each account: the items of its history, with the balance after each, so that the items add up. */
import { fromHex, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import { type DecodedTransaction, issuedAssetId } from "../protocol/transaction.ts";
import { aurSpentBy } from "./apply-transaction.ts";
import type { StateChange } from "./entry.ts";

/**
 * How an item concerns its account. "out": the account sent the transaction; "in": it received a transfer; "self": both;
 * "about": an authority's vote names it, which moves nothing; "credit": the block itself pays it, without a transaction
 * (a reward that is mature, or in block 0 an allocation).
 */
export type ItemDirection = "out" | "in" | "self" | "about" | "credit";

export interface AssetAfter {
  /** 32 bytes. */
  readonly assetId: Uint8Array;
  /** Of the item's account after the item, in base units. */
  readonly balance: bigint;
}

/** One item of an account's history. In a block, an account has at most one for each transaction, then one credit. */
export interface AccountItem {
  /** Public key. */
  readonly account: Uint8Array;
  /** The same in hex. */
  readonly accountHex: string;
  readonly direction: ItemDirection;
  /** The transaction's place in its block; undefined for a credit. */
  readonly position: number | undefined;
  /** AUR of the account after the item; undefined if the item moves none of the account's AUR. */
  readonly aurBalance: bigint | undefined;
  /** An asset beside AUR that the item moves. */
  readonly asset: AssetAfter | undefined;
  /** AUR that a credit pays; 0 otherwise. */
  readonly credited: bigint;
}

const zeroHex = toHex(zeroBytes32);

/**
 * The items that a block adds to histories, in the order of the block: its transactions, then what it credits.
 *
 * @param transactions the block's
 * @param change what the block did to the ledger, as it is kept for undoing it: it has every balance from before
 */
export function accountItems(
  transactions: readonly DecodedTransaction[],
  change: StateChange,
): readonly AccountItem[] {
  const balances = new Balances(change);
  const items: AccountItem[] = [];
  for (const [position, transaction] of transactions.entries()) {
    items.push(...itemsOf(transaction, position, balances));
  }
  for (const { after } of change.changes) {
    if (after.type !== "account") continue;
    const credited = after.balance - balances.aur(after.account);
    invariant(credited >= 0n, "a block's transactions take all that its change takes");
    if (credited === 0n) continue;
    const { account: accountHex, balance: aurBalance } = after;
    const account = fromHex(accountHex, 32);
    invariant(account, "an account's key is 32 bytes in hex");
    items.push({
      account,
      accountHex,
      direction: "credit",
      position: undefined,
      aurBalance,
      asset: undefined,
      credited,
    });
  }
  return items;
}

function itemsOf(decoded: DecodedTransaction, position: number, balances: Balances): AccountItem[] {
  const { transaction, payload, senderHex } = decoded;
  const spent = transaction.fee + aurSpentBy(payload);
  const sender = {
    account: transaction.sender,
    accountHex: senderHex,
    direction: "out" as ItemDirection,
    position,
    aurBalance: balances.addAur(senderHex, -spent),
    asset: undefined as AssetAfter | undefined,
    credited: 0n,
  };
  switch (payload.kind) {
    case "transfer": {
      const { assetId, amount } = payload;
      const toHexKey = toHex(payload.to);
      const isAur = toHex(assetId) === zeroHex;
      const move = (accountHex: string, units: bigint) => {
        if (isAur) return { aurBalance: balances.addAur(accountHex, units), asset: undefined };
        return {
          aurBalance: undefined,
          asset: { assetId, balance: balances.add(accountHex, assetId, units) },
        };
      };
      // What a sender pays in AUR is taken above, with the fee.
      const taken = isAur ? undefined : move(senderHex, -amount).asset;
      const given = move(toHexKey, amount);
      if (toHexKey !== senderHex) {
        const to = { account: payload.to, accountHex: toHexKey };
        const receiver = { ...sender, ...to, direction: "in" as const, ...given };
        return [{ ...sender, asset: taken }, receiver];
      }
      const aurBalance = given.aurBalance ?? sender.aurBalance;
      return [{ ...sender, direction: "self", aurBalance, asset: given.asset }];
    }
    case "issueAsset": {
      const assetId = issuedAssetId(decoded);
      return [{ ...sender, asset: { assetId, balance: balances.add(senderHex, assetId, payload.supply) } }];
    }
    case "authorityVote": {
      const accountHex = toHex(payload.authority);
      if (accountHex === senderHex) return [sender];
      const about = { account: payload.authority, accountHex, direction: "about" as const };
      return [sender, { ...sender, ...about, aurBalance: undefined }];
    }
    default:
      return [sender];
  }
}

/** The balances of all accounts that a block touches, from before it on. */
class Balances {
  readonly #units = new Map<string, bigint>();

  constructor({ changes }: StateChange) {
    for (const { before } of changes) {
      if (before?.type === "account") this.#units.set(before.account, before.balance);
      if (before?.type === "assetBalance") this.#units.set(before.account + before.assetId, before.balance);
    }
  }

  aur(accountHex: string): bigint {
    return this.#units.get(accountHex) ?? 0n;
  }

  /** @returns the balance after it */
  addAur(accountHex: string, units: bigint): bigint {
    const balance = this.aur(accountHex) + units;
    this.#units.set(accountHex, balance);
    return balance;
  }

  add(accountHex: string, assetId: Uint8Array, units: bigint): bigint {
    return this.addAur(accountHex + toHex(assetId), units);
  }
}
