/** What a draft says, line by line, as a person reads it before signing. */
import { bytesEqual, toHex, toUtf8 } from "../../base/bytes.ts";
import { charactersToCompare, groupedAddress, visibleText } from "../../base/visible-text.ts";
import { addressOf, formatAmount, type Payload } from "../../client/index.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";

/** What the bytes do not say of an asset; the node says it. */
export interface AssetView {
  readonly symbol: string;
  readonly decimals: number;
}

export interface SummaryLine {
  readonly label: string;
  readonly text: string;
  /** An address or hash: in letters of one width, whole. */
  readonly isCode?: boolean;
  /** The characters outside of ASCII with their numbers: some look like others. */
  readonly compare?: string;
}

/** One line for lists and titles: "Send 5 AUR to bob". */
export function actionText(payload: Payload, asset: AssetView | undefined, toName?: string): string {
  switch (payload.kind) {
    case "transfer":
      return `Send ${amountText(payload, asset)} to ${toName ? visibleText(toName) : shortAddress(addressOf(payload.to))}`;
    case "record":
      return `Record ${payload.data.length} bytes`;
    case "registerUser":
      return `Register the name ${textOf(payload.name)}`;
    case "issueAsset":
      return `Issue ${formatAmount(payload.supply, payload.decimals)} ${textOf(payload.symbol)}`;
    case "authorityVote":
      return "Vote on an authority";
  }
}

/** @param toName the registered name by which the recipient was named */
export function summaryLines(payload: Payload, asset: AssetView | undefined, toName?: string): SummaryLine[] {
  switch (payload.kind) {
    case "transfer":
      return [
        { label: "Send", text: amountText(payload, asset) },
        ...(isAur(payload.assetId)
          ? []
          : [{ label: "Asset", text: toHex(payload.assetId), isCode: true } as const]),
        ...(toName === undefined ? [] : [textLine("To the name", toName)]),
        { label: "To", text: groupedAddress(addressOf(payload.to)), isCode: true },
        ...(payload.memo.length === 0 ? [] : [bytesLine("Memo, public", payload.memo)]),
      ];
    case "record":
      return [bytesLine("Record, public", payload.data)];
    case "registerUser":
      return [bytesLine("Register the name", payload.name)];
    case "issueAsset":
      return [
        bytesLine("Issue the asset", payload.symbol),
        bytesLine("Its name", payload.name),
        { label: "Supply", text: formatAmount(payload.supply, payload.decimals) },
        { label: "Decimal places", text: String(payload.decimals) },
        ...(payload.metadata.length === 0 ? [] : [bytesLine("Metadata, public", payload.metadata)]),
      ];
    case "authorityVote":
      return [{ label: "Vote on", text: groupedAddress(addressOf(payload.authority)), isCode: true }];
  }
}

function amountText(
  { amount, assetId }: Extract<Payload, { readonly kind: "transfer" }>,
  asset: AssetView | undefined,
): string {
  if (isAur(assetId)) return `${formatAmount(amount)} AUR`;
  return asset
    ? `${formatAmount(amount, asset.decimals)} ${visibleText(asset.symbol)}`
    : `${amount} base units of ${toHex(assetId).slice(0, 8)}…`;
}

function isAur(assetId: Uint8Array): boolean {
  return bytesEqual(assetId, zeroBytes32);
}

function bytesLine(label: string, bytes: Uint8Array): SummaryLine {
  const text = toUtf8(bytes);
  return text === undefined ? { label, text: `0x${toHex(bytes)}`, isCode: true } : textLine(label, text);
}

function textLine(label: string, text: string): SummaryLine {
  const compare = charactersToCompare(text);
  return { label, text: `“${visibleText(text)}”`, ...(compare === undefined ? {} : { compare }) };
}

function textOf(bytes: Uint8Array): string {
  const text = toUtf8(bytes);
  return text === undefined ? `0x${toHex(bytes)}` : visibleText(text);
}

function shortAddress(address: string): string {
  return `${address.slice(0, 12)}…${address.slice(-6)}`;
}
