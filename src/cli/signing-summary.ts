/** What is about to be signed, shown to a person before a key is used. */
import { bytesEqual, toHex, toUtf8 } from "../base/bytes.ts";
import { charactersToCompare, groupedAddress, visibleText } from "../base/visible-text.ts";
import { formatAmount } from "../protocol/amount.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import { addressOf } from "../protocol/identity.ts";
import type { Payload } from "../protocol/transaction.ts";
import { usageError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** How an asset is shown: its symbol, and its places after the decimal point; undefined if they are not known. */
export interface AssetView {
  readonly symbol: string;
  readonly decimals: number;
}

export interface Summary {
  readonly payload: Payload;
  /** As the person named the receiver, e.g. a registered name. */
  readonly toName?: string | undefined;
  /** Of a transfer of another asset than AUR. */
  readonly asset?: AssetView | undefined;
  /** Name, symbol and decimal places are the word of whoever prepared it; nobody here has looked them up. */
  readonly isUnproved?: boolean;
  readonly sender: Uint8Array;
  readonly keyName: string;
  /** In words: "7", or "the next free one". */
  readonly sequence: string;
  /** In words: "0.01 AUR". */
  readonly fee: string;
  /** 0: no limit. */
  readonly validUntil: number;
  /** Hex, and the network's name if it is known. */
  readonly chain: string;
}

/** Shows it and asks; nothing is asked where nobody can be, or with --yes. */
export async function confirmSigning(
  summary: Summary,
  { yes = false, question = "Sign and send it?" }: { readonly yes?: boolean; readonly question?: string },
  terminal: Terminal,
): Promise<void> {
  if (!terminal.canAsk) return;
  terminal.stderr.write(summaryText(summary));
  if (yes) return;
  const answer = (await terminal.ask(`${question} (yes or no): `)).trim().toLowerCase();
  if (answer === "yes" || answer === "y") return;
  throw usageError(
    "nothing was signed",
    "the answer was not yes",
    "run the command again if you want it after all",
    "cli/not-confirmed",
  );
}

export function summaryText(summary: Summary): string {
  const { sender, keyName, sequence, fee, validUntil, chain } = summary;
  const lines: [string, string][] = [
    ...payloadLines(summary),
    ["from", `${keyName}: ${groupedAddress(addressOf(sender))}`],
    ["fee", fee],
    ["sequence", sequence],
    ...(validUntil === 0 ? [] : ([["valid until", `block ${validUntil}`]] as [string, string][])),
    ["chain", chain],
  ];
  const width = Math.max(...lines.map(([title]) => title.length));
  return `To be signed:\n${lines.map(([title, text]) => `  ${title.padEnd(width)}  ${text}\n`).join("")}`;
}

function payloadLines({ payload, toName, asset, isUnproved = false }: Summary): [string, string][] {
  switch (payload.kind) {
    case "transfer": {
      const isAur = bytesEqual(payload.assetId, zeroBytes32);
      const amount = isAur
        ? `${formatAmount(payload.amount)} AUR`
        : asset
          ? `${formatAmount(payload.amount, asset.decimals)} ${visibleText(asset.symbol)}`
          : `${payload.amount} base units`;
      return [
        ["transfer", amount],
        ...(isAur ? [] : assetLines(payload.assetId, payload.amount, isUnproved)),
        ...(toName === undefined ? [] : textLines(isUnproved ? "named (unchecked)" : "to the name", toName)),
        ["to", groupedAddress(addressOf(payload.to))],
        ...(payload.memo.length === 0 ? [] : bytesLines("memo", payload.memo)),
      ];
    }
    case "record":
      return bytesLines("record", payload.data);
    case "registerUser":
      return bytesLines("register name", payload.name);
    case "issueAsset":
      return [
        ...bytesLines("issue asset", payload.symbol),
        ...bytesLines("its name", payload.name),
        ["supply", `${formatAmount(payload.supply, payload.decimals)} (${payload.decimals} decimal places)`],
        ...(payload.metadata.length === 0 ? [] : bytesLines("metadata", payload.metadata)),
      ];
    case "authorityVote":
      return [
        [
          "authority vote",
          payload.action === 1 ? "add" : payload.action === 2 ? "remove" : `action ${payload.action}`,
        ],
        ["authority", groupedAddress(addressOf(payload.authority))],
        ["expires at", `block ${payload.expiresAtHeight}`],
      ];
  }
}

function assetLines(assetId: Uint8Array, units: bigint, isUnproved: boolean): [string, string][] {
  const unproved: [string, string] = [
    "in base units",
    `${units}; symbol and decimal places are the word of the file, compare the asset's id`,
  ];
  return [["asset", toHex(assetId)], ...(isUnproved ? [unproved] : [])];
}

function bytesLines(title: string, bytes: Uint8Array): [string, string][] {
  const text = toUtf8(bytes);
  return text === undefined ? [[title, `0x${toHex(bytes)}`]] : textLines(title, text);
}

/** Quoted, so that blanks at its ends show. */
function textLines(title: string, text: string): [string, string][] {
  const compare = charactersToCompare(text);
  return [
    [title, JSON.stringify(visibleText(text)).replaceAll("\\\\u{", "\\u{")],
    ...(compare === undefined ? [] : ([["", `not ASCII: ${compare}`]] as [string, string][])),
  ];
}
