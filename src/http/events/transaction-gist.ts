/** What an event says of a transaction: enough to tell whether it is one's own. */
import { toHex } from "../../base/bytes.ts";
import { readableText } from "../../export/readable.ts";
import { aurSymbol, formatAmount } from "../../protocol/amount.ts";
import { addressOf } from "../../protocol/identity.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";

export interface TransactionGist {
  readonly id: string;
  readonly kind: string;
  readonly sender: string;
  readonly sequence: number;
  readonly feeUnits: string;
  readonly to: string | null;
  readonly assetId: string | null;
  readonly amountUnits: string | null;
  readonly amount: string | null;
  readonly memo: string | null;
}

const noTransfer = { to: null, assetId: null, amountUnits: null, amount: null, memo: null };

export function transactionGist({ idHex, transaction, payload }: DecodedTransaction): TransactionGist {
  const { sender, sequence, fee } = transaction;
  const base = {
    id: idHex,
    kind: payload.kind,
    sender: addressOf(sender),
    sequence,
    feeUnits: fee.toString(),
  };
  if (payload.kind !== "transfer") return { ...base, ...noTransfer };
  const isAur = payload.assetId.every((byte) => byte === 0);
  return {
    ...base,
    to: addressOf(payload.to),
    assetId: isAur ? aurSymbol : toHex(payload.assetId),
    amountUnits: payload.amount.toString(),
    amount: isAur ? formatAmount(payload.amount) : null,
    memo: readableText(payload.memo),
  };
}

/** Keys (hex) of the accounts that a transaction is about: who signed it, who is paid, whom a vote is for. */
export function accountsOf({ senderHex, payload }: DecodedTransaction): readonly string[] {
  switch (payload.kind) {
    case "transfer":
      return [senderHex, toHex(payload.to)];
    case "authorityVote":
      return [senderHex, toHex(payload.authority)];
    default:
      return [senderHex];
  }
}
