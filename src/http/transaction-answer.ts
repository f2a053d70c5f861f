/** Transactions as the API shows them. */

import type { PayloadAnswer, Reason, TransactionAnswer, TransactionFields } from "../api/transactions.ts";
import { toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { nameOfNumber, readableText } from "../export/readable.ts";
import type { PendingStatus } from "../mempool/mempool.ts";
import { replacementFee } from "../mempool/pending-set.ts";
import { aurDecimals, aurSymbol, formatAmount } from "../protocol/amount.ts";
import { addressOf, nodeIdOf } from "../protocol/identity.ts";
import {
  authorityActions,
  type DecodedTransaction,
  issuedAssetId,
  type Transfer,
} from "../protocol/transaction.ts";
import type { ApiModules, OwnTransactionsView } from "./api-modules.ts";
import { refusalOf, type SubmitFault } from "./refusals.ts";

type Ledger = Chain["ledger"];

/** What the node knows of a transaction; undefined where it never saw it or has forgotten it. */
export function transactionAnswer(
  id: Uint8Array,
  { chain, mempool, own }: Pick<ApiModules, "chain" | "mempool" | "own">,
): TransactionAnswer | undefined {
  const idHex = toHex(id);
  const located = chain.transaction(id);
  if (located) {
    const { block, position } = located;
    const transaction = block.transactions[position] as DecodedTransaction;
    return {
      id: idHex,
      status: "committed",
      block: { height: block.header.height, hash: block.hashHex },
      position,
      ...transactionFields(transaction, chain.ledger),
    };
  }
  const waiting = mempool.status(idHex);
  if (!waiting) return ownAnswer(idHex, chain, own);
  if (waiting.status === "dropped") return { id: idHex, status: "dropped", reason: reasonOf(waiting.reason) };
  return pendingAnswer(mempool.get(idHex) as DecodedTransaction, waitsFor(waiting), chain);
}

/** What only this node knows, since it was submitted here. */
function ownAnswer(
  idHex: string,
  chain: Chain,
  own: OwnTransactionsView | undefined,
): TransactionAnswer | undefined {
  const unplaced = own?.unplaced(idHex);
  if (unplaced) {
    const waitingFor = `a chain on which it can be executed: ${refusalOf(unplaced.fault).message}`;
    const waits = { ready: false, waitingFor, missingSequence: null, missingBecause: null };
    return pendingAnswer(unplaced.transaction, waits, chain);
  }
  const reason = own?.droppedBecause(idHex);
  return reason && { id: idHex, status: "dropped", reason: reasonOf(reason) };
}

type PendingAnswer = Extract<TransactionAnswer, { readonly status: "pending" }>;
type Waits = Pick<PendingAnswer, "ready" | "waitingFor" | "missingSequence" | "missingBecause">;

function pendingAnswer(transaction: DecodedTransaction, waits: Waits, { ledger }: Chain): PendingAnswer {
  const replacementUnits = replacementFee(transaction.transaction.fee);
  return {
    id: transaction.idHex,
    status: "pending",
    ...waits,
    replacementFee: formatAmount(replacementUnits),
    replacementFeeUnits: replacementUnits.toString(),
    ...transactionFields(transaction, ledger),
  };
}

type Waiting = Extract<PendingStatus, { readonly status: "pending" }>;

function waitsFor(waiting: Waiting): Waits {
  if (waiting.ready) {
    return { ready: true, waitingFor: "the next block", missingSequence: null, missingBecause: null };
  }
  const { missing, gone } = waiting;
  const because = gone && { id: gone.idHex, reason: reasonOf(gone.reason) };
  const why = because && ` (${because.id} had it and was dropped: ${because.reason.message})`;
  return {
    ready: false,
    waitingFor: `sequence ${missing}, which is missing${why ?? ""}`,
    missingSequence: missing,
    missingBecause: because ?? null,
  };
}

function reasonOf(fault: SubmitFault): Reason {
  return { code: fault.code, message: refusalOf(fault).message };
}

/** @param ledger where names and assets are looked up: the head's, whenever the transaction was */
export function transactionFields(decoded: DecodedTransaction, ledger: Ledger): TransactionFields {
  const { transaction, senderHex } = decoded;
  return {
    sender: addressOf(transaction.sender),
    senderName: nameOf(senderHex, ledger),
    sequence: transaction.sequence,
    fee: formatAmount(transaction.fee),
    feeUnits: transaction.fee.toString(),
    validUntil: transaction.validUntil,
    timestampMs: transaction.timestampMs,
    payload: payloadAnswer(decoded, ledger),
    signature: toHex(transaction.signature),
  };
}

export function nameOf(accountHex: string, ledger: Ledger): string | null {
  return ledger.userOfAccount(accountHex)?.name ?? null;
}

function payloadAnswer(decoded: DecodedTransaction, ledger: Ledger): PayloadAnswer {
  const { payload } = decoded;
  switch (payload.kind) {
    case "transfer":
      return transferAnswer(payload, ledger);
    case "record":
      return { kind: "record", data: readableText(payload.data) };
    case "registerUser":
      return { kind: "registerUser", name: readableText(payload.name) };
    case "issueAsset":
      return {
        kind: "issueAsset",
        assetId: toHex(issuedAssetId(decoded)),
        symbol: readableText(payload.symbol),
        name: readableText(payload.name),
        decimals: payload.decimals,
        supply: formatAmount(payload.supply, payload.decimals),
        supplyUnits: payload.supply.toString(),
        metadata: readableText(payload.metadata),
      };
    case "authorityVote":
      return {
        kind: "authorityVote",
        action: nameOfNumber(authorityActions, payload.action),
        authority: addressOf(payload.authority),
        authorityName: nameOf(toHex(payload.authority), ledger),
        nodeId: nodeIdOf(payload.authority),
        expiresAtHeight: payload.expiresAtHeight,
      };
  }
}

function transferAnswer({ to, assetId, amount, memo }: Transfer, ledger: Ledger): PayloadAnswer {
  const isAur = assetId.every((byte) => byte === 0);
  const asset = isAur ? { symbol: aurSymbol, decimals: aurDecimals } : ledger.asset(toHex(assetId));
  return {
    kind: "transfer",
    to: addressOf(to),
    toName: nameOf(toHex(to), ledger),
    assetId: toHex(assetId),
    symbol: asset?.symbol ?? null,
    amount: asset ? formatAmount(amount, asset.decimals) : null,
    amountUnits: amount.toString(),
    memo: readableText(memo),
  };
}
