/** The rows that a block must have in a ledger file, rebuilt from its bytes alone. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { aurDecimals, aurSymbol, formatAmount } from "../protocol/amount.ts";
import {
  blockHash,
  type ConsensusSection,
  ConsensusSectionType,
  countingNonceOf,
  type Header,
  HeaderType,
  headerRoot,
  type Seal,
} from "../protocol/block.ts";
import { documentedSignature } from "../protocol/documented-signature.ts";
import { blockRewardAt, type ChainSpec } from "../protocol/genesis.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import { nodeIdOf } from "../protocol/identity.ts";
import { authorityActions, type DecodedTransaction, type Payload } from "../protocol/transaction.ts";
import type { SqlValue } from "./ledger-block.ts";
import { firstKeyOf } from "./ledger-keys.ts";
import { allPlaces, isoOf, largeOf, nameOfNumber, sqlIntegerMax, textOf, unitsOf } from "./readable-value.ts";

export interface AssetLabel {
  readonly symbol: string;
  readonly decimals: number;
}

/** What rows say that the block's bytes do not. */
export interface Surroundings {
  readonly spec: ChainSpec;
  readonly chainNumber: bigint;
  /** @param hex of the key, if it is at hand */
  addressOf(publicKey: Uint8Array, hex?: string): string;
  /** The name of an account as of the end of the block at `height`. */
  nameOf(address: string, height: number): string | undefined;
  /** Symbol and places of an asset, by the transaction that issued it. */
  assetOf(assetId: string): AssetLabel | undefined;
}

/** The value of every column, by name. */
export type Rebuilt = Readonly<Record<string, SqlValue>>;

/** Transactions that `blocks.data` names, and characters of each one's text. */
const summariesMax = 8;
const summaryCharactersMax = 80;

const aur: AssetLabel = { symbol: aurSymbol, decimals: aurDecimals };

/** What one transaction moves, and to whom. */
interface Movement {
  readonly to: string | null;
  readonly toUser: string | null;
  readonly amount: bigint | null;
  readonly assetId: string | null;
  /** Undefined if there is no amount, or if nobody issued the asset. */
  readonly asset: AssetLabel | undefined;
  readonly text: string;
}

export interface RebuiltTransaction {
  readonly row: Rebuilt;
  /** An entry of `blocks.data`, which names the first transactions; undefined for the others. */
  readonly summary: object | undefined;
  /** An asset that nobody issued: then the columns about its places are not in the row. */
  readonly unknownAsset: string | undefined;
}

/** The row of a transaction at a position of the block at a height. */
export function rebuiltTransaction(
  decoded: DecodedTransaction,
  height: number,
  position: number,
  around: Surroundings,
): RebuiltTransaction {
  const { transaction, payload } = decoded;
  const from = around.addressOf(transaction.sender, decoded.senderHex);
  const fromUser = around.nameOf(from, height) ?? from;
  const moved = movementOf(decoded, payload, from, height, around);
  const { amount, asset } = moved;
  const plain = amount === null || !asset ? undefined : formatAmount(amount, asset.decimals);
  const isUnknown = amount !== null && !asset;
  const summary = position < summariesMax && {
    kind: payload.kind,
    from: fromUser,
    to: moved.toUser ?? undefined,
    amount: plain,
    asset: asset?.symbol,
    data: moved.text === "" ? undefined : cut(moved.text),
  };
  const row: Record<string, SqlValue> = {
    id: decoded.idHex,
    from_user: fromUser,
    to_user: moved.toUser,
    timestamp: isoOf(transaction.timestampMs),
    block_id: BigInt(height),
    status: "committed",
    chain_id: toHex(around.spec.chainId),
    position: BigInt(position),
    kind: payload.kind,
    from_account: from,
    to_account: moved.to,
    asset_id: moved.assetId,
    amount_units: amount === null ? null : unitsOf(amount),
    amount_units_large: amount === null ? null : largeOf(amount),
    fee_units: unitsOf(transaction.fee),
    fee_units_large: largeOf(transaction.fee),
    fee_text: allPlaces(transaction.fee, aurDecimals),
    sequence: BigInt(transaction.sequence),
    valid_until: BigInt(transaction.validUntil),
    timestamp_ms: BigInt(transaction.timestampMs),
    data: moved.text,
    bytes: decoded.bytes,
    signature: toHex(transaction.signature),
    transaction_key: firstKeyOf(around.chainNumber, height) + BigInt(position),
    origin: "chain",
  };
  if (!isUnknown) {
    row.amount = plain === undefined ? null : Number(plain);
    row.decimals = asset === undefined ? null : BigInt(asset.decimals);
    row.amount_text = amount === null || !asset ? null : allPlaces(amount, asset.decimals);
  }
  return { row, summary: summary || undefined, unknownAsset: isUnknown ? (moved.assetId ?? "") : undefined };
}

function movementOf(
  decoded: DecodedTransaction,
  payload: Payload,
  from: string,
  height: number,
  around: Surroundings,
): Movement {
  const nothing = { amount: null, assetId: null, asset: undefined };
  const named = (address: string) => ({ to: address, toUser: around.nameOf(address, height) ?? address });
  switch (payload.kind) {
    case "transfer": {
      const isAur = bytesEqual(payload.assetId, zeroBytes32);
      const assetId = isAur ? aurSymbol : toHex(payload.assetId);
      return {
        ...named(around.addressOf(payload.to)),
        amount: payload.amount,
        assetId,
        asset: isAur ? aur : around.assetOf(assetId),
        text: textOf(payload.memo),
      };
    }
    case "record":
      return { ...nothing, to: null, toUser: null, text: textOf(payload.data) };
    case "registerUser":
      return { ...nothing, ...named(from), text: textOf(payload.name) };
    case "issueAsset":
      return {
        ...named(from),
        amount: payload.supply,
        assetId: decoded.idHex,
        asset: { symbol: textOf(payload.symbol), decimals: payload.decimals },
        text: textOf(payload.metadata),
      };
    case "authorityVote": {
      const action = nameOfNumber(authorityActions, payload.action);
      const text = `${action} ${nodeIdOf(payload.authority)} until block ${payload.expiresAtHeight}`;
      return { ...nothing, ...named(around.addressOf(payload.authority)), text };
    }
  }
}

function cut(text: string): string {
  const points = Array.from(text.slice(0, 2 * summaryCharactersMax + 2));
  return points.length > summaryCharactersMax ? `${points.slice(0, summaryCharactersMax).join("")}…` : text;
}

/** What `blocks.data` says of a block's transactions. */
export function summaryText(summaries: readonly (object | undefined)[], count: number): string {
  const first = summaries.slice(0, summariesMax);
  return JSON.stringify(count > first.length ? [...first, { more: count - first.length }] : first);
}

export interface BlockBytes {
  readonly header: Header;
  readonly seal: Seal;
  readonly section: ConsensusSection;
}

/**
 * The row of a block, without `cumulative_weight`, which follows from the blocks before it, and without `data` and the
 * fees, which follow from its transactions.
 */
export function rebuiltBlock({ header, seal, section }: BlockBytes, around: Surroundings): Rebuilt {
  const { spec } = around;
  const { height } = header;
  const hash = blockHash(headerRoot(header), seal.nonce);
  const producer = height === 0 ? null : around.addressOf(header.producer);
  const isWork = spec.consensus === "pow";
  const nonce = countingNonceOf(seal.nonce);
  const isSigned = !isWork && height > 0;
  const reward = height === 0 ? 0n : blockRewardAt(spec.genesis, height);
  return {
    index: BigInt(height),
    timestamp: header.timestampMs / 1000,
    previous_hash: toHex(header.parentHash),
    nonce: isWork && nonce <= sqlIntegerMax ? nonce : null,
    hash: toHex(hash),
    miner: isWork && producer !== null ? (around.nameOf(producer, height) ?? producer) : null,
    signer_id: isSigned ? nodeIdOf(header.producer) : null,
    signature: isSigned ? documentedSignature(header.producer, hash, seal.signature) : null,
    chain_id: toHex(header.chainId),
    timestamp_ms: BigInt(header.timestampMs),
    timestamp_iso: isoOf(header.timestampMs),
    producer,
    transaction_count: BigInt(header.transactionCount),
    header_version: BigInt(header.version),
    transactions_root: toHex(header.transactionsRoot),
    state_root: toHex(header.stateRoot),
    consensus_root: toHex(header.consensusRoot),
    consensus_state_hash: toHex(header.consensusStateHash),
    target: toHex(header.target),
    extra_data: toHex(header.extraData),
    reward_units: unitsOf(reward),
    reward_units_large: largeOf(reward),
    reward_text: allPlaces(reward, aurDecimals),
    header_bytes: HeaderType.serialize(header),
    nonce_bytes: seal.nonce,
    seal_signature: seal.signature,
    consensus_bytes: ConsensusSectionType.serialize(section),
    origin: height === 0 ? "genesis" : "chain",
  };
}

/** What a block's row says of its transactions. */
export function rebuiltTotals(
  transactions: readonly DecodedTransaction[],
  summaries: readonly (object | undefined)[],
): Rebuilt {
  const fees = transactions.reduce((sum, { transaction }) => sum + transaction.fee, 0n);
  return {
    data: summaryText(summaries, transactions.length),
    fees_units: unitsOf(fees),
    fees_units_large: largeOf(fees),
    fees_text: allPlaces(fees, aurDecimals),
  };
}
