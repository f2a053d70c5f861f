/** An account's history as pages: what is in the index, with the transactions themselves out of their blocks. */
import { Type } from "typebox";
import type { HistoryItem, HistoryPage } from "../api/accounts.ts";
import { cursorCodec } from "../api/cursor.ts";
import { limitOf } from "../api/shapes.ts";
import { toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import { type AccountIndex, indexLack, type StoredItem } from "../chain/account-indexer.ts";
import type { Chain } from "../chain/chain.ts";
import { isoTimestamp } from "../export/readable.ts";
import { aurDecimals, aurSymbol, formatAmount } from "../protocol/amount.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import { transactionAt } from "../protocol/block-parts.ts";
import { blockRewardAt, type Genesis } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import { ApiError } from "./api-error.ts";
import { assetIdOf, assetUnit } from "./asset-reference.ts";
import { headReference, isOnChain } from "./chain-references.ts";
import { cursorUndone, positionOf } from "./serve-route.ts";
import { nameOf, transactionFields } from "./transaction-answer.ts";

/** Items that one page looks at, of which filters may leave none: a longer search goes on at the next cursor. */
const lookedAtMax = 2_000;
/** Blocks that one page reads: 100 items may lie in 100 full blocks. */
const readBytesMax = 16 * 1024 * 1024;

export interface HistoryQuery {
  readonly limit?: string;
  readonly cursor?: string;
  readonly order?: "newest" | "oldest";
  readonly direction?: StoredItem["direction"];
  readonly asset?: string;
  readonly from?: string;
}

/** The item that was looked at last, with its block: whether that is still on the chain. */
const historyCursor = cursorCodec(
  "account history",
  Type.Object({
    account: Type.String(),
    list: Type.String(),
    number: Type.Integer({ minimum: 0 }),
    height: Type.Integer({ minimum: 0 }),
    hash: Type.String(),
  }),
);

/** @throws ApiError 503 while the index lacks blocks, 409 if it is off */
export function readyIndex(chain: Chain): AccountIndex {
  const { accountIndex, head } = chain;
  const lack = indexLack(accountIndex, head.header.height);
  if (!lack) return accountIndex;
  if (!accountIndex.isKept) {
    throw new ApiError(
      409,
      "index/off",
      "this node keeps no account index",
      "start it without --no-account-index, or ask another node",
    );
  }
  const percent = Math.floor((100 * lack.blocks) / lack.of);
  throw new ApiError(
    503,
    "index/building",
    `the account index is being built: ${lack.blocks} of ${lack.of} blocks (${percent} %)`,
    "ask again later; all other routes answer meanwhile",
    { blocks: lack.blocks, of: lack.of, percent },
    { "retry-after": "5" },
  );
}

export function historyPage(account: Uint8Array, query: HistoryQuery, chain: Chain): HistoryPage {
  const index = readyIndex(chain);
  const itemCount = index.itemCount(account);
  const order = query.order ?? "newest";
  const step = order === "newest" ? -1 : 1;
  const accountHex = toHex(account);
  const wanted = query.asset === undefined ? undefined : assetIdOf(query.asset);
  const list = `${order}/${query.direction ?? ""}/${wanted ?? ""}${query.from === undefined ? "" : `/${query.from}`}`;
  const cursor = query.cursor === undefined ? undefined : positionOf(historyCursor, query.cursor);
  if (cursor && (cursor.account !== accountHex || cursor.list !== list)) throw cursorOfAnotherList();
  if (cursor && !isThere(cursor, index.item(account, cursor.number), chain)) throw cursorUndone();

  const reader = new BlockReader(chain);
  const limit = limitOf(query.limit);
  const items: HistoryItem[] = [];
  let number = cursor ? cursor.number + step : firstNumber(account, query, index);
  let last = cursor?.number;
  const isIn = (at: number) => at >= 0 && at < itemCount;
  for (let lookedAt = 0; isIn(number) && items.length < limit && lookedAt < lookedAtMax; lookedAt += 1) {
    if (reader.bytesRead > readBytesMax) break;
    const item = itemAt(index, account, number);
    const aurBefore = number === 0 ? 0n : itemAt(index, account, number - 1).aurBalance;
    const moved = item.aurBalance - aurBefore;
    const isAsked =
      (query.direction === undefined || query.direction === item.direction) &&
      (wanted === undefined || concerns(item, wanted, moved));
    if (isAsked) items.push(historyItem({ accountHex, number, item, moved }, reader, chain));
    last = number;
    number += step;
  }
  const cursorAt = (at: number) => {
    const { height } = itemAt(index, account, at);
    const hash = reader.record(height).hashHex;
    return historyCursor.encode({ account: accountHex, list, number: at, height, hash });
  };
  return {
    items,
    next: isIn(number) && last !== undefined ? cursorAt(last) : null,
    resume: order === "oldest" && last !== undefined ? cursorAt(last) : null,
    itemCount,
    head: headReference(chain),
  };
}

/** Where a list begins; a number that no item has if there is none. */
function firstNumber(account: Uint8Array, { order, from }: HistoryQuery, index: AccountIndex): number {
  if (order === "oldest") return from === undefined ? 0 : itemsUpTo(account, Number(from) - 1, index);
  return (from === undefined ? index.itemCount(account) : itemsUpTo(account, Number(from), index)) - 1;
}

/** AUR of an account at a height, in base units: what the last item up to it has left. */
export function aurAt(account: Uint8Array, height: number, index: AccountIndex): bigint {
  const count = itemsUpTo(account, height, index);
  return count === 0 ? 0n : itemAt(index, account, count - 1).aurBalance;
}

/** How many items of an account stand in blocks up to a height. */
function itemsUpTo(account: Uint8Array, height: number, index: AccountIndex): number {
  let low = 0;
  let high = index.itemCount(account);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (itemAt(index, account, middle).height <= height) low = middle + 1;
    else high = middle;
  }
  return low;
}

function itemAt(index: AccountIndex, account: Uint8Array, number: number): StoredItem {
  const item = index.item(account, number);
  if (item) return item;
  // The index has just been found damaged, which has set it back.
  throw new ApiError(503, "index/building", "the account index is being built anew", "ask again later");
}

function isThere(
  { height, hash }: { readonly height: number; readonly hash: string },
  item: StoredItem | undefined,
  chain: Chain,
): boolean {
  return item?.height === height && isOnChain({ height, hash }, chain);
}

function concerns({ asset, direction }: StoredItem, wanted: string, moved: bigint): boolean {
  if (wanted !== aurSymbol) return asset !== undefined && toHex(asset.assetId) === wanted;
  return moved !== 0n || (direction === "self" && !asset);
}

/** Headers and transactions of the line, each block read once. */
class BlockReader {
  readonly #chain: Chain;
  readonly #records = new Map<number, HeaderRecord>();
  #block: { readonly height: number; readonly bytes: Uint8Array } | undefined;
  bytesRead = 0;

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  record(height: number): HeaderRecord {
    const known = this.#records.get(height);
    if (known) return known;
    const record = this.#chain.headerAtHeight(height);
    invariant(record, "an indexed block is on the line");
    this.#records.set(height, record);
    return record;
  }

  transaction(height: number, position: number): DecodedTransaction {
    if (this.#block?.height !== height) {
      const bytes = this.#chain.blockBytes(this.record(height).hash);
      invariant(bytes, "an indexed block is stored");
      this.#block = { height, bytes };
      this.bytesRead += bytes.length;
    }
    return transactionAt(this.#block.bytes, position, this.#chain.spec.chainId);
  }
}

interface Found {
  readonly accountHex: string;
  readonly number: number;
  readonly item: StoredItem;
  /** AUR that the item adds, in base units. */
  readonly moved: bigint;
}

function historyItem(found: Found, reader: BlockReader, chain: Chain): HistoryItem {
  const { item, number, moved, accountHex } = found;
  const { height, position, direction } = item;
  const { header, hashHex } = reader.record(height);
  const decoded = position === undefined ? undefined : reader.transaction(height, position);
  const paid = direction === "out" || direction === "self" ? (decoded?.transaction.fee ?? 0n) : 0n;
  const other = decoded && otherSide(decoded, accountHex);
  const { timestampMs } = header;
  return {
    number,
    kind: decoded ? "transaction" : height === 0 ? "allocation" : "reward",
    direction,
    block: { height, hash: hashHex, timestampMs, time: isoTimestamp(timestampMs) ?? null },
    confirmations: chain.head.header.height - height + 1,
    final: height <= (chain.final?.height ?? -1),
    changes: changesOf(item, moved, decoded, chain),
    feePaid: formatAmount(paid),
    feePaidUnits: paid.toString(),
    counterparty: other ? addressOf(other) : null,
    counterpartyName: other ? nameOf(toHex(other), chain.ledger) : null,
    id: decoded?.idHex ?? null,
    position: position ?? null,
    transaction: decoded ? transactionFields(decoded, chain.ledger) : null,
    reward: decoded || height === 0 ? null : rewardOf(item, chain.spec.genesis),
  };
}

function otherSide({ transaction, payload, senderHex }: DecodedTransaction, accountHex: string) {
  if (senderHex !== accountHex) return transaction.sender;
  if (payload.kind === "transfer" && toHex(payload.to) !== accountHex) return payload.to;
  if (payload.kind === "authorityVote" && toHex(payload.authority) !== accountHex) return payload.authority;
  return undefined;
}

function changesOf(
  { aurBalance, asset, direction }: StoredItem,
  moved: bigint,
  decoded: DecodedTransaction | undefined,
  { ledger }: Chain,
): HistoryItem["changes"] {
  const changes = [];
  if (moved !== 0n) {
    changes.push({
      assetId: aurSymbol,
      symbol: aurSymbol,
      amount: formatAmount(moved, aurDecimals),
      amountUnits: moved.toString(),
      balance: formatAmount(aurBalance, aurDecimals),
      balanceUnits: aurBalance.toString(),
    });
  }
  if (asset && decoded) {
    const assetId = toHex(asset.assetId);
    // The head knows every asset of its own line.
    const { symbol, decimals } = assetUnit(assetId, ledger) ?? { symbol: assetId, decimals: 0 };
    const units = assetUnitsMoved(decoded, direction);
    changes.push({
      assetId,
      symbol,
      amount: formatAmount(units, decimals),
      amountUnits: units.toString(),
      balance: formatAmount(asset.balance, decimals),
      balanceUnits: asset.balance.toString(),
    });
  }
  return changes;
}

function assetUnitsMoved({ payload }: DecodedTransaction, direction: StoredItem["direction"]): bigint {
  if (payload.kind === "issueAsset") return payload.supply;
  if (payload.kind !== "transfer" || direction === "self") return 0n;
  return direction === "in" ? payload.amount : -payload.amount;
}

/** A block pays its producer the fees and the new AUR in one credit, once they are mature. */
function rewardOf({ height, credited }: StoredItem, genesis: Genesis): NonNullable<HistoryItem["reward"]> {
  const earnedAtHeight = height - genesis.rewardMaturityBlocks;
  const due = blockRewardAt(genesis, earnedAtHeight);
  const subsidy = due < credited ? due : credited;
  const fees = credited - subsidy;
  return {
    earnedAtHeight,
    subsidy: formatAmount(subsidy),
    subsidyUnits: subsidy.toString(),
    fees: formatAmount(fees),
    feesUnits: fees.toString(),
  };
}

function cursorOfAnotherList(): ApiError {
  return new ApiError(
    400,
    "api/cursor-invalid",
    "the cursor is of another account, order or filter",
    "ask with the same account, order, direction, asset and from as for the page before",
  );
}
