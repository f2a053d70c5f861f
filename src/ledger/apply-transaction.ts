/** The rules of one transaction: those of the transaction alone, and those against the ledger before it. */
import { bytesEqual, toHex, toUtf8 } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { aurSymbol } from "../protocol/amount.ts";
import { uint64Max } from "../protocol/codec.ts";
import type { TransactionFault } from "../protocol/faults.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import {
  type AuthorityVote,
  authorityActions,
  type DecodedTransaction,
  type IssueAsset,
  issuedAssetId,
  type Payload,
  type Transfer,
} from "../protocol/transaction.ts";
import type { AccountEntry, AssetEntry } from "./entry.ts";
import type { EntryReader, EntryScope } from "./entry-scope.ts";
import { parseAssetName, parseAssetSymbol, parseUserName } from "./text-rules.ts";

export const assetDecimalsMax = 18;

/** The block that a transaction is executed in. */
export interface BlockContext {
  readonly height: number;
  /** The producer's key in hex; its account is paid the fees and the reward, once they are mature. */
  readonly producerHex: string;
  readonly rewardUnits: bigint;
  /** How many blocks later; 0: by this block. */
  readonly rewardMaturityBlocks: number;
  readonly minimumFee: bigint;
}

/** What is wrong with a transaction whatever the ledger holds; undefined where nothing is. The signature is not looked at. */
export function statelessFault(
  { transaction, payload }: DecodedTransaction,
  minimumFee: bigint,
): TransactionFault | undefined {
  // Votes are free: a new authority has nothing yet, and only authorities' votes may stand in a block.
  const minimum = payload.kind === "authorityVote" ? 0n : minimumFee;
  if (transaction.fee < minimum) {
    return { code: "transaction/fee-too-low", minimum, actual: transaction.fee };
  }
  switch (payload.kind) {
    case "transfer":
      return payload.amount === 0n ? { code: "transaction/amount-zero" } : undefined;
    case "record":
      return payload.data.length === 0 ? { code: "transaction/data-empty" } : undefined;
    case "registerUser": {
      const name = parseUserName(payload.name);
      return name.ok ? undefined : { code: "transaction/name-invalid", reason: name.fault };
    }
    case "issueAsset": {
      const terms = parseAssetTerms(payload);
      return terms.ok ? undefined : { code: "transaction/asset-invalid", reason: terms.fault };
    }
    case "authorityVote":
      return voteFormFault(payload);
  }
}

function voteFormFault({ action, consent }: AuthorityVote): TransactionFault | undefined {
  const invalid = (reason: string) => ({ code: "transaction/vote-invalid" as const, reason });
  if (action === authorityActions.add) return undefined;
  if (action !== authorityActions.remove) return invalid(`action ${action} is not known`);
  return consent.some((byte) => byte !== 0) ? invalid("a removal carries no consent") : undefined;
}

/** Whether a block of this height is too late for the transaction. */
export function expiryFault(
  { transaction }: DecodedTransaction,
  height: number,
): TransactionFault | undefined {
  const { validUntil } = transaction;
  return validUntil !== 0 && validUntil < height
    ? { code: "transaction/expired", validUntil, height }
    : undefined;
}

/** The account as it is, or as it would first appear. */
export function accountOrNew(ledger: EntryReader, accountHex: string): AccountEntry {
  return ledger.account(accountHex) ?? { type: "account", account: accountHex, sequence: 0, balance: 0n };
}

/**
 * Writes what a transaction does into `scope`. Where it returns a fault, the scope is to be dropped. The order of the
 * writes is a rule, since new entries take their indexes in it: the sender's account first, then as below.
 */
export function applyTransaction(
  scope: EntryScope,
  decoded: DecodedTransaction,
  context: BlockContext,
): TransactionFault | undefined {
  const { transaction, payload, senderHex } = decoded;
  const fault = statelessFault(decoded, context.minimumFee) ?? expiryFault(decoded, context.height);
  if (fault) return fault;
  const sender = accountOrNew(scope, senderHex);
  const expected = sender.sequence;
  const actual = transaction.sequence;
  if (actual < expected) return { code: "transaction/sequence-used", expected, actual };
  if (actual > expected) return { code: "transaction/sequence-gap", expected, actual };
  const needed = transaction.fee + aurSpentBy(payload);
  if (sender.balance < needed) {
    return { code: "transaction/balance-too-low", asset: aurSymbol, balance: sender.balance, needed };
  }
  scope.put({ ...sender, sequence: expected + 1, balance: sender.balance - needed });
  switch (payload.kind) {
    case "transfer":
      return isAur(payload)
        ? creditAur(scope, toHex(payload.to), payload.amount)
        : transferAsset(scope, senderHex, payload);
    case "record":
      return undefined;
    case "registerUser":
      return registerUser(scope, senderHex, payload.name);
    case "issueAsset":
      return issueAsset(scope, senderHex, decoded, payload);
    case "authorityVote":
      // What it does to the set is the consensus engine's matter; the ledger is told when a change is in force.
      return undefined;
  }
}

function isAur(transfer: Transfer): boolean {
  return bytesEqual(transfer.assetId, zeroBytes32);
}

/** What a transaction takes from its sender's AUR besides the fee. */
export function aurSpentBy(payload: Payload): bigint {
  return payload.kind === "transfer" && isAur(payload) ? payload.amount : 0n;
}

function creditAur(scope: EntryScope, accountHex: string, amount: bigint): TransactionFault | undefined {
  const account = accountOrNew(scope, accountHex);
  const balance = account.balance + amount;
  if (balance > uint64Max) return { code: "transaction/amount-overflow" };
  scope.put({ ...account, balance });
  return undefined;
}

function transferAsset(
  scope: EntryScope,
  senderHex: string,
  { assetId, to, amount }: Transfer,
): TransactionFault | undefined {
  const assetIdHex = toHex(assetId);
  if (scope.asset(assetIdHex) === undefined) return { code: "transaction/asset-unknown", asset: assetIdHex };
  const held = scope.assetBalance(senderHex, assetIdHex);
  const balance = held?.balance ?? 0n;
  if (held === undefined || balance < amount) {
    return { code: "transaction/balance-too-low", asset: assetIdHex, balance, needed: amount };
  }
  scope.put({ ...held, balance: balance - amount });
  creditAsset(scope, toHex(to), assetIdHex, amount);
  return undefined;
}

function creditAsset(scope: EntryScope, accountHex: string, assetIdHex: string, amount: bigint): void {
  const balance = (scope.assetBalance(accountHex, assetIdHex)?.balance ?? 0n) + amount;
  // All balances of an asset sum up to its supply, which is a uint64.
  invariant(balance <= uint64Max, "an asset's balances never exceed its supply");
  scope.put({ type: "assetBalance", account: accountHex, assetId: assetIdHex, balance });
}

function registerUser(
  scope: EntryScope,
  senderHex: string,
  nameBytes: Uint8Array,
): TransactionFault | undefined {
  const name = parseUserName(nameBytes);
  invariant(name.ok, "the name was checked before");
  const own = scope.userOfAccount(senderHex);
  if (own !== undefined) return { code: "transaction/sender-has-name", name: own.name };
  if (scope.userByName(name.value) !== undefined) {
    return { code: "transaction/name-taken", name: name.value };
  }
  scope.put({ type: "user", account: senderHex, name: name.value });
  return undefined;
}

function issueAsset(
  scope: EntryScope,
  senderHex: string,
  transaction: DecodedTransaction,
  payload: IssueAsset,
): TransactionFault | undefined {
  const terms = parseAssetTerms(payload);
  invariant(terms.ok, "the terms were checked before");
  const assetId = toHex(issuedAssetId(transaction));
  invariant(scope.asset(assetId) === undefined, "a transaction's id is its own");
  scope.put({ type: "asset", assetId, issuer: senderHex, ...terms.value });
  creditAsset(scope, senderHex, assetId, terms.value.supply);
  return undefined;
}

type AssetTerms = Pick<AssetEntry, "symbol" | "name" | "decimals" | "supply" | "metadata">;

function parseAssetTerms({ decimals, supply, ...texts }: IssueAsset): Result<AssetTerms, string> {
  const symbol = parseAssetSymbol(texts.symbol);
  if (!symbol.ok) return symbol;
  const name = parseAssetName(texts.name);
  if (!name.ok) return name;
  const metadata = toUtf8(texts.metadata);
  if (metadata === undefined) return fail("the metadata is not UTF-8");
  if (decimals > assetDecimalsMax) return fail(`more than ${assetDecimalsMax} decimals`);
  if (supply === 0n) return fail("the supply is zero");
  return ok({ symbol: symbol.value, name: name.value, decimals, supply, metadata });
}
