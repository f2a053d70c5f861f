/** What the API has to answer about a transaction, computed from the bytes that were proven. */
import { toHex, toUtf8 } from "../../base/bytes.ts";
import type { DecodedTransaction } from "../../client/index.ts";
import { aurDecimals, aurSymbol, formatAmount } from "../../protocol/amount.ts";
import { addressOf, nodeIdOf } from "../../protocol/identity.ts";
import { authorityActions, issuedAssetId } from "../../protocol/transaction.ts";
import type { Proven } from "./differences.ts";

/** What the transaction that issued an asset says of it. */
export interface ProvenAsset {
  readonly symbol: string;
  readonly decimals: number;
}

/** By id in hex. */
export type ProvenAssets = ReadonlyMap<string, ProvenAsset>;

/** Without what a ledger adds: names, and the symbol of an asset that is not in `assets`. */
export function provenTransaction(decoded: DecodedTransaction, assets: ProvenAssets): Proven {
  const { transaction, idHex } = decoded;
  return {
    id: idHex,
    sender: addressOf(transaction.sender),
    sequence: transaction.sequence,
    fee: formatAmount(transaction.fee),
    feeUnits: transaction.fee.toString(),
    validUntil: transaction.validUntil,
    timestampMs: transaction.timestampMs,
    time: isoTimeOf(transaction.timestampMs),
    payload: provenPayload(decoded, assets),
    signature: toHex(transaction.signature),
  };
}

function provenPayload(decoded: DecodedTransaction, assets: ProvenAssets): Proven {
  const { payload } = decoded;
  switch (payload.kind) {
    case "transfer": {
      const isAur = payload.assetId.every((byte) => byte === 0);
      const assetId = isAur ? aurSymbol : toHex(payload.assetId);
      const asset = isAur ? { symbol: aurSymbol, decimals: aurDecimals } : assets.get(assetId);
      return {
        kind: "transfer",
        to: addressOf(payload.to),
        assetId,
        amountUnits: payload.amount.toString(),
        memo: shownText(payload.memo),
        ...(asset ? { symbol: asset.symbol, amount: formatAmount(payload.amount, asset.decimals) } : {}),
      };
    }
    case "record":
      return { kind: "record", data: shownText(payload.data) };
    case "registerUser":
      return { kind: "registerUser", name: shownText(payload.name) };
    case "issueAsset":
      return {
        kind: "issueAsset",
        assetId: toHex(issuedAssetId(decoded)),
        symbol: shownText(payload.symbol),
        name: shownText(payload.name),
        decimals: payload.decimals,
        supply: formatAmount(payload.supply, payload.decimals),
        supplyUnits: payload.supply.toString(),
        metadata: shownText(payload.metadata),
      };
    case "authorityVote":
      return {
        kind: "authorityVote",
        action: actionName(payload.action),
        authority: addressOf(payload.authority),
        nodeId: nodeIdOf(payload.authority),
        expiresAtHeight: payload.expiresAtHeight,
      };
  }
}

function actionName(action: number): string {
  if (action === authorityActions.add) return "add";
  return action === authorityActions.remove ? "remove" : String(action);
}

/** As the API writes bytes that people wrote: the text if it is UTF-8 and no text of another kind, else 0x and hex. */
export function shownText(bytes: Uint8Array): string {
  const text = toUtf8(bytes);
  const isPlain =
    text !== undefined && !text.includes("\0") && !text.startsWith("0x") && !text.startsWith("\ufeff");
  return isPlain ? text : `0x${toHex(bytes)}`;
}

const lastIsoTimestampMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Null after the year 9999: a sender may write any number. */
export function isoTimeOf(timestampMs: number): string | null {
  return timestampMs <= lastIsoTimestampMs ? new Date(timestampMs).toISOString() : null;
}

/** What an asset's own transaction says of it; undefined for a transaction that issues none. */
export function provenAsset({ payload }: DecodedTransaction): ProvenAsset | undefined {
  if (payload.kind !== "issueAsset") return undefined;
  return { symbol: shownText(payload.symbol), decimals: payload.decimals };
}
