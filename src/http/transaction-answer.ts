/** Transactions as the API shows them. */

import type {
  Certainty,
  PayloadAnswer,
  PendingTransaction,
  Reason,
  TransactionAnswer,
  TransactionFields,
  Waits,
} from "../api/transaction-shapes.ts";
import { toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { Chain } from "../chain/chain.ts";
import { type CommittedTransaction, committedTransaction } from "../chain/committed-transaction.ts";
import { isoTimestamp, nameOfNumber, readableText } from "../export/readable.ts";
import type { AdmissionFault } from "../mempool/admission.ts";
import type { Mempool, PendingStatus } from "../mempool/mempool.ts";
import { replacementFee } from "../mempool/pending-set.ts";
import type { Waiting } from "../mempool/waiting-view.ts";
import { aurDecimals, aurSymbol, formatAmount } from "../protocol/amount.ts";
import { addressOf, nodeIdOf } from "../protocol/identity.ts";
import {
  authorityActions,
  type DecodedTransaction,
  issuedAssetId,
  type Transfer,
} from "../protocol/transaction.ts";
import { addressText } from "./address-text.ts";
import type { ApiModules, OwnTransactionsView } from "./api-modules.ts";
import { headReference } from "./chain-references.ts";
import { blocksBefore } from "./fee-suggestion.ts";
import { refusalOf } from "./refusals.ts";

type Ledger = Chain["ledger"];

/** What the node knows of a transaction; undefined where it never saw it or has forgotten it. */
export function transactionAnswer(
  id: Uint8Array,
  { chain, mempool, own }: Pick<ApiModules, "chain" | "mempool" | "own">,
): TransactionAnswer | undefined {
  const idHex = toHex(id);
  const committed = committedTransaction(chain, id);
  if (committed) return committedAnswer(committed, chain);
  const uncertain: Certainty = { confirmations: 0, final: false, head: headReference(chain) };
  const waiting = mempool.waiting.get(idHex);
  if (waiting) return { ...pendingAnswer(waiting, mempool, chain), ...uncertain };
  const status = mempool.status(idHex);
  if (status?.status === "dropped") return { ...droppedAnswer(idHex, status.reason), ...uncertain };
  const answer = ownAnswer(idHex, chain, own);
  return answer && { ...answer, ...uncertain };
}

function committedAnswer(committed: CommittedTransaction, chain: Chain): TransactionAnswer {
  const { transaction, position, record } = committed;
  const { header, hashHex } = record;
  return {
    id: transaction.idHex,
    status: "committed",
    block: {
      height: header.height,
      hash: hashHex,
      timestampMs: header.timestampMs,
      time: isoTimestamp(header.timestampMs) ?? null,
    },
    position,
    bytes: transaction.bytes.length,
    ...transactionFields(transaction, chain.ledger),
    confirmations: chain.head.header.height - header.height + 1,
    final: header.height <= (chain.final?.height ?? -1),
    head: headReference(chain),
  };
}

/** What only this node knows, since it was submitted here. */
function ownAnswer(
  idHex: string,
  chain: Chain,
  own: OwnTransactionsView | undefined,
): PendingTransaction | DroppedAnswer | undefined {
  const unplaced = own?.unplaced(idHex);
  if (unplaced) {
    const waitingFor = `a chain on which it can be executed: ${refusalOf(unplaced.fault).message}`;
    const waits = { ready: false, waitingFor, missingSequence: null, missingBecause: null };
    const unseen = { queue: null, firstSeenMs: null, firstSeen: null };
    return { ...waitingFields(unplaced.transaction, chain), ...waits, ...unseen };
  }
  const reason = own?.droppedBecause(idHex);
  return reason && droppedAnswer(idHex, reason);
}

type DroppedAnswer = Omit<Extract<TransactionAnswer, { readonly status: "dropped" }>, keyof Certainty>;

function droppedAnswer(idHex: string, fault: AdmissionFault): DroppedAnswer {
  const replacedBy = fault.code === "mempool/replaced" ? fault.by : null;
  return { id: idHex, status: "dropped", reason: reasonOf(fault), replacedBy };
}

/** One that waits in the mempool, with its place there. */
export function pendingAnswer(
  { decoded, sinceMs }: Waiting,
  mempool: Pick<Mempool, "status" | "waiting">,
  chain: Chain,
): PendingTransaction {
  const { idHex } = decoded;
  const status = mempool.status(idHex);
  const ahead = mempool.waiting.aheadOf(idHex);
  invariant(status?.status === "pending" && ahead, "what waits is pending");
  return {
    ...waitingFields(decoded, chain),
    ...waitsFor(status),
    queue: {
      transactionsAhead: ahead.count,
      bytesAhead: ahead.bytes,
      blocksAhead: blocksBefore(ahead, chain.spec.genesis),
    },
    firstSeenMs: sinceMs,
    firstSeen: isoTimestamp(sinceMs) ?? null,
  };
}

function waitingFields(decoded: DecodedTransaction, { ledger }: Chain) {
  const replacementUnits = replacementFee(decoded.transaction.fee);
  return {
    id: decoded.idHex,
    status: "pending" as const,
    bytes: decoded.bytes.length,
    replacementFee: formatAmount(replacementUnits),
    replacementFeeUnits: replacementUnits.toString(),
    ...transactionFields(decoded, ledger),
  };
}

function waitsFor(waiting: Extract<PendingStatus, { readonly status: "pending" }>): Waits {
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

/** The bytes of a transaction that stands in a block or waits. */
export function transactionBytes(
  id: Uint8Array,
  { chain, mempool, own }: Pick<ApiModules, "chain" | "mempool" | "own">,
): { readonly bytes: Uint8Array; readonly final: boolean } | undefined {
  const committed = committedTransaction(chain, id);
  if (committed) {
    const { transaction, record } = committed;
    return { bytes: transaction.bytes, final: record.header.height <= (chain.final?.height ?? -1) };
  }
  const idHex = toHex(id);
  const waiting = mempool.get(idHex) ?? own?.unplaced(idHex)?.transaction;
  return waiting && { bytes: waiting.bytes, final: false };
}

function reasonOf(fault: AdmissionFault): Reason {
  return { code: fault.code, message: refusalOf(fault).message };
}

/** @param ledger where names and assets are looked up: the head's, whenever the transaction was */
export function transactionFields(decoded: DecodedTransaction, ledger: Ledger): TransactionFields {
  const { transaction, senderHex } = decoded;
  return {
    sender: addressText(transaction.sender, senderHex),
    senderName: nameOf(senderHex, ledger),
    sequence: transaction.sequence,
    fee: formatAmount(transaction.fee),
    feeUnits: transaction.fee.toString(),
    validUntil: transaction.validUntil,
    timestampMs: transaction.timestampMs,
    time: isoTimestamp(transaction.timestampMs) ?? null,
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
  const receiverHex = toHex(to);
  const asset = isAur ? { symbol: aurSymbol, decimals: aurDecimals } : ledger.asset(toHex(assetId));
  return {
    kind: "transfer",
    to: addressText(to, receiverHex),
    toName: nameOf(receiverHex, ledger),
    assetId: isAur ? aurSymbol : toHex(assetId),
    symbol: asset?.symbol ?? null,
    amount: asset ? formatAmount(amount, asset.decimals) : null,
    amountUnits: amount.toString(),
    memo: readableText(memo),
  };
}
