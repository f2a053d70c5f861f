/** Blocks and node records as rows of the ledger's tables: pure, so that an audit can rebuild them. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { AuthorityChange } from "../consensus/engine.ts";
import { aurDecimals, aurSymbol, formatAmount } from "../protocol/amount.ts";
import {
  type Block,
  ConsensusSectionType,
  countingNonceOf,
  HeaderType,
  transactionListDepth,
} from "../protocol/block.ts";
import { documentedSignature } from "../protocol/documented-signature.ts";
import { blockRewardAt, type ChainSpec, engineNumbers } from "../protocol/genesis.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import { addressOf, nodeIdOf } from "../protocol/identity.ts";
import { encodeNodeRecord, type NodeRecord, nodeRoles } from "../protocol/node-record.ts";
import {
  type AuthorityVote,
  authorityActions,
  type DecodedTransaction,
  issuedAssetId,
} from "../protocol/transaction.ts";
import { isoTimestamp, nameOfNumber, readableText } from "./readable.ts";
import { decimalText, sqlIntegerMax, storeUnits } from "./units.ts";

export type SqlValue = null | number | bigint | string | Uint8Array;
/** Values by column name; every stored column of its table is there. */
export type Row = Readonly<Record<string, SqlValue>>;

export interface AssetLabel {
  readonly symbol: string;
  readonly decimals: number;
}

/** What the rows of a block need to know of the blocks before it. */
export interface RowContext {
  readonly spec: ChainSpec;
  readonly chainNumber: number;
  /** The engine's measure up to this block. */
  readonly cumulativeWeight: bigint | undefined;
  /** What the block changed in the set of authorities. */
  readonly authorityChanges: readonly AuthorityChange[];
  /** The name that an address bears after the parent block. */
  nameOf(address: string): string | undefined;
  /** An asset that was issued up to the parent block. */
  assetOf(assetId: string): AssetLabel | undefined;
  /** {@link addressOf}, or a memory of it. */
  addressOf(publicKey: Uint8Array): string;
}

export interface BlockRows {
  readonly block: Row;
  readonly transactions: readonly Row[];
  readonly users: readonly Row[];
  readonly assets: readonly Row[];
  readonly authorityChanges: readonly Row[];
}

const keyHeightFactor = 2n ** BigInt(transactionListDepth);
const keyChainFactor = 2n ** 49n;

/** Key of a block's first transaction: chains, blocks and positions in order. */
export function transactionKey(chainNumber: number, height: number): bigint {
  return BigInt(chainNumber) * keyChainFactor + BigInt(height) * keyHeightFactor;
}

export const aurAssetId = aurSymbol;

/** The rows that a block adds to the canonical chain's tables. */
export function blockToRows(block: Block, context: RowContext): BlockRows {
  const { header } = block;
  const chainId = toHex(header.chainId);
  const named = namesIn(block, context);
  const issued = new Map<string, AssetLabel>();
  const nameOf = (address: string) => named.get(address) ?? context.nameOf(address);
  const users: Row[] = [];
  const assets: Row[] = [];
  const transactions: Row[] = [];
  const summaries: object[] = [];
  const firstKey = transactionKey(context.chainNumber, header.height);
  let fees = 0n;
  if (header.height === 0) assets.push(nativeAssetRow(block, context.spec, chainId));

  for (const [position, decoded] of block.transactions.entries()) {
    const { transaction, payload } = decoded;
    fees += transaction.fee;
    const from = context.addressOf(transaction.sender);
    const fromUser = nameOf(from) ?? from;
    const effect = effectOf(decoded, from, context);
    if (payload.kind === "registerUser") {
      users.push({
        name: effect.data,
        account: from,
        registered_in: header.height,
        registered_at_ms: header.timestampMs,
        transaction_id: decoded.idHex,
        chain_id: chainId,
        origin: "chain",
      });
    }
    if (payload.kind === "issueAsset") {
      const label = { symbol: readableText(payload.symbol), decimals: payload.decimals };
      issued.set(decoded.idHex, label);
      assets.push({
        asset_id: decoded.idHex,
        ...label,
        name: readableText(payload.name),
        ...units("supply", payload.supply, payload.decimals),
        issuer: fromUser,
        issuer_account: from,
        metadata: effect.data,
        issued_in: header.height,
        issued_at_ms: header.timestampMs,
        chain_id: chainId,
        origin: "chain",
      });
    }
    const to = effect.to === undefined ? undefined : (nameOf(effect.to) ?? effect.to);
    const asset = effect.assetId === undefined ? undefined : assetLabel(effect.assetId, issued, context);
    const amountText =
      effect.amount === undefined || !asset ? undefined : decimalText(effect.amount, asset.decimals);
    if (position < summariesMax) {
      summaries.push({
        kind: payload.kind,
        from: fromUser,
        to,
        amount:
          effect.amount === undefined || !asset ? undefined : formatAmount(effect.amount, asset.decimals),
        asset: asset?.symbol,
        data: effect.data === "" ? undefined : shortened(effect.data),
      });
    }
    const amount = storeUnits(effect.amount);
    const fee = storeUnits(transaction.fee);
    // Written out, without spreads: this object is made for every transaction of a chain.
    transactions.push({
      id: decoded.idHex,
      from_user: fromUser,
      to_user: to ?? null,
      amount: amountText === undefined ? null : Number(amountText),
      timestamp: isoTimestamp(transaction.timestampMs) ?? null,
      block_id: header.height,
      status: "committed",
      chain_id: chainId,
      position,
      kind: payload.kind,
      from_account: from,
      to_account: effect.to ?? null,
      asset_id: effect.assetId ?? null,
      decimals: asset?.decimals ?? null,
      amount_units: amount.units,
      amount_units_large: amount.large,
      amount_text: amountText ?? null,
      fee_units: fee.units,
      fee_units_large: fee.large,
      fee_text: decimalText(transaction.fee, aurDecimals),
      sequence: transaction.sequence,
      valid_until: transaction.validUntil,
      timestamp_ms: transaction.timestampMs,
      data: effect.data,
      bytes: decoded.bytes,
      signature: toHex(transaction.signature),
      transaction_key: firstKey + BigInt(position),
      origin: "chain",
    });
  }
  const hidden = block.transactions.length - summaries.length;
  if (hidden > 0) summaries.push({ more: hidden });
  return {
    block: blockRow(block, { ...context, nameOf }, JSON.stringify(summaries), fees),
    transactions,
    users,
    assets,
    authorityChanges: authorityRows(block, context),
  };
}

/** The names that accounts get in a block: they stand in all of its rows, whatever their order. */
function namesIn({ transactions }: Block, context: RowContext): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const { payload, transaction } of transactions) {
    if (payload.kind === "registerUser") {
      named.set(context.addressOf(transaction.sender), readableText(payload.name));
    }
  }
  return named;
}

function authorityRows({ header }: Block, { authorityChanges, addressOf }: RowContext): Row[] {
  return authorityChanges
    .map(({ authority, change }) => ({
      chain_id: toHex(header.chainId),
      block_id: header.height,
      account: addressOf(authority),
      node_id: nodeIdOf(authority),
      change,
      origin: header.height === 0 ? "genesis" : "chain",
    }))
    .sort((left, right) => (left.account < right.account ? -1 : 1));
}

/** Transactions that the readable summary of a block names, and characters of each one's text. */
const summariesMax = 8;
const summaryTextMax = 80;

function shortened(text: string): string {
  // By code points, so that no surrogate pair is cut.
  const points = Array.from(text.slice(0, 2 * summaryTextMax + 2));
  return points.length <= summaryTextMax ? text : `${points.slice(0, summaryTextMax).join("")}…`;
}

interface Effect {
  readonly to: string | undefined;
  readonly amount: bigint | undefined;
  readonly assetId: string | undefined;
  readonly data: string;
}

/** What a transaction moves, to whom, and the text in it. */
function effectOf(decoded: DecodedTransaction, from: string, context: RowContext): Effect {
  const { payload } = decoded;
  switch (payload.kind) {
    case "transfer":
      return {
        to: context.addressOf(payload.to),
        amount: payload.amount,
        assetId: bytesEqual(payload.assetId, zeroBytes32) ? aurAssetId : toHex(payload.assetId),
        data: readableText(payload.memo),
      };
    case "record":
      return { to: undefined, amount: undefined, assetId: undefined, data: readableText(payload.data) };
    case "registerUser":
      return { to: from, amount: undefined, assetId: undefined, data: readableText(payload.name) };
    case "issueAsset":
      return {
        to: from,
        amount: payload.supply,
        assetId: toHex(issuedAssetId(decoded)),
        data: readableText(payload.metadata),
      };
    case "authorityVote":
      return {
        to: context.addressOf(payload.authority),
        amount: undefined,
        assetId: undefined,
        data: authorityVoteText(payload),
      };
  }
}

/** E.g. "add 12D3KooW… until block 500". */
function authorityVoteText({ action, authority, expiresAtHeight }: AuthorityVote): string {
  return `${nameOfNumber(authorityActions, action)} ${nodeIdOf(authority)} until block ${expiresAtHeight}`;
}

function assetLabel(
  assetId: string,
  issued: ReadonlyMap<string, AssetLabel>,
  context: RowContext,
): AssetLabel {
  if (assetId === aurAssetId) return nativeAsset;
  const label = issued.get(assetId) ?? context.assetOf(assetId);
  invariant(label, `the canonical chain transfers the asset ${assetId}, which nobody issued`);
  return label;
}

const nativeAsset: AssetLabel = { symbol: aurSymbol, decimals: aurDecimals };

/** What the genesis gives to whom. */
export function allocationRows({ genesis, chainId }: ChainSpec): Row[] {
  const chain_id = toHex(chainId);
  return genesis.allocations.map(({ account, amount }) => ({
    chain_id,
    account: addressOf(account),
    ...units("amount", amount),
  }));
}

function nativeAssetRow(genesis: Block, spec: ChainSpec, chainId: string): Row {
  const allocated = spec.genesis.allocations.reduce((sum, allocation) => sum + allocation.amount, 0n);
  return {
    asset_id: aurAssetId,
    ...nativeAsset,
    name: "Aurex",
    ...units("supply", allocated),
    issuer: null,
    issuer_account: null,
    metadata: "",
    issued_in: 0,
    issued_at_ms: genesis.header.timestampMs,
    chain_id: chainId,
    origin: "genesis",
  };
}

function blockRow(block: Block, context: RowContext, summary: string, fees: bigint): Row {
  const { header, seal } = block;
  const isGenesis = header.height === 0;
  const isWork = context.spec.consensus === "pow";
  const producer = isGenesis ? undefined : context.addressOf(header.producer);
  const reward = isGenesis ? 0n : blockRewardAt(context.spec.genesis, header.height);
  const nonce = countingNonceOf(seal.nonce);
  return {
    index: header.height,
    timestamp: header.timestampMs / 1000,
    data: summary,
    previous_hash: toHex(header.parentHash),
    nonce: isWork && nonce <= sqlIntegerMax ? nonce : null,
    hash: block.hashHex,
    miner: isWork && producer !== undefined ? (context.nameOf(producer) ?? producer) : null,
    signer_id: isWork || isGenesis ? null : nodeIdOf(header.producer),
    signature: isWork || isGenesis ? null : documentedSignature(header.producer, block.hash, seal.signature),
    chain_id: toHex(header.chainId),
    timestamp_ms: header.timestampMs,
    timestamp_iso: isoTimestamp(header.timestampMs) ?? null,
    producer: producer ?? null,
    transaction_count: header.transactionCount,
    header_version: header.version,
    transactions_root: toHex(header.transactionsRoot),
    state_root: toHex(header.stateRoot),
    consensus_root: toHex(header.consensusRoot),
    consensus_state_hash: toHex(header.consensusStateHash),
    target: toHex(header.target),
    extra_data: toHex(header.extraData),
    cumulative_weight: context.cumulativeWeight?.toString() ?? null,
    ...units("reward", reward),
    ...units("fees", fees),
    header_bytes: HeaderType.serialize(header),
    nonce_bytes: seal.nonce,
    seal_signature: seal.signature,
    consensus_bytes: ConsensusSectionType.serialize(block.consensusSection),
    origin: isGenesis ? "genesis" : "chain",
  };
}

/** The columns of an amount, by default of AUR. */
export function units(prefix: string, amount: bigint, decimals: number = aurDecimals): Row {
  const stored = storeUnits(amount);
  return {
    [`${prefix}_units`]: stored.units,
    [`${prefix}_units_large`]: stored.large,
    [`${prefix}_text`]: decimalText(amount, decimals),
  };
}

/** What a node says of itself; `seenAtMs` is the export's own clock. */
export function nodeRow(record: NodeRecord, seenAtMs: number): Row {
  const addresses = record.addresses.map(readableText);
  const endpoint = endpointOf(addresses[0] ?? "");
  return {
    node_id: nodeIdOf(record.publicKey),
    name: readableText(record.name),
    host: endpoint?.host ?? null,
    port: endpoint?.port ?? null,
    addresses: JSON.stringify(addresses),
    engine: nameOfNumber(engineNumbers, record.engine),
    role: nameOfNumber(nodeRoles, record.role),
    height: record.height,
    version: readableText(record.software),
    first_seen_ms: seenAtMs,
    last_seen_ms: seenAtMs,
    record_timestamp_ms: record.timestampMs,
    record_bytes: encodeNodeRecord(record),
    chain_id: toHex(record.chainId),
    origin: "observed",
  };
}

/** Host and TCP port of a multiaddr in text form. */
function endpointOf(address: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/|$)/.exec(address);
  return match ? { host: match[1] as string, port: Number(match[2]) } : undefined;
}
