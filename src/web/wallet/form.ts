/** From what a person typed to a wish: each input that does not fit is named with the reason. */
import { fromHex, fromUtf8 } from "../../base/bytes.ts";
import {
  formatAmount,
  parseAmount,
  parseAssetName,
  parseAssetSymbol,
  parseUserName,
  publicKeyOfAddress,
} from "../../client/index.ts";
import {
  assetMetadataBytesMax,
  assetNameBytesMax,
  memoBytesMax,
  nameBytesMax,
  recordBytesMax,
} from "../../protocol/transaction.ts";
import type { Wish } from "./draft.ts";

export type WishKind = Wish["kind"];

/** The texts of all inputs; what a kind does not have is not looked at. */
export interface FormTexts {
  readonly to: string;
  /** "AUR", or an asset's id. */
  readonly asset: string;
  readonly amount: string;
  readonly memo: string;
  readonly data: string;
  readonly name: string;
  readonly symbol: string;
  readonly assetName: string;
  readonly decimals: string;
  readonly supply: string;
  readonly metadata: string;
  readonly fee: string;
  readonly validUntil: string;
}

export type FormField = keyof FormTexts;

export const emptyForm: FormTexts = {
  to: "",
  asset: "AUR",
  amount: "",
  memo: "",
  data: "",
  name: "",
  symbol: "",
  assetName: "",
  decimals: "2",
  supply: "",
  metadata: "",
  fee: "",
  validUntil: "",
};

/** An asset that the sender holds. */
export interface Holding {
  /** "AUR", or 64 hex digits. */
  readonly id: string;
  readonly symbol: string;
  readonly decimals: number;
  /** What can be sent now, before the fee. */
  readonly spendableUnits: bigint;
}

export interface FormFacts {
  readonly holdings: readonly Holding[];
  readonly minimumFeeUnits: bigint;
  readonly headHeight: number;
}

export interface ReadForm {
  readonly wish: Wish;
  readonly fee: bigint;
  readonly validUntil: number;
}

export type FormFaults = Readonly<Partial<Record<FormField, string>>>;

/** How a recipient was named. */
export type Recipient =
  | { readonly kind: "key"; readonly publicKey: Uint8Array }
  /** A registered name, as names are looked up; whose it is, the node says. */
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "fault"; readonly reason: string };

export function readRecipient(text: string): Recipient {
  const typed = text.trim();
  if (typed === "") return { kind: "fault", reason: "Write who gets it: an address, or a registered name." };
  // People copy addresses in groups, as they are shown when they are to be compared.
  const joined = typed.replace(/\s+/g, "");
  const publicKey = publicKeyOfAddress(joined) ?? fromHex(joined, 32);
  if (publicKey) return { kind: "key", publicKey };
  if (/^aurex1/i.test(joined)) {
    return {
      kind: "fault",
      reason: "This is no address: a letter is wrong or missing. Copy the whole address again.",
    };
  }
  const name = typed.normalize("NFC").toLowerCase().normalize("NFC");
  const parsed = parseUserName(fromUtf8(name));
  return parsed.ok
    ? { kind: "name", name: parsed.value }
    : { kind: "fault", reason: `This is neither an address nor a name: ${parsed.fault}.` };
}

/**
 * Reads a whole form.
 *
 * @param to the key that the recipient was found to have; undefined if it was not found, which is a fault of its own
 */
export function readForm(
  kind: WishKind,
  texts: FormTexts,
  facts: FormFacts,
  to: Uint8Array | undefined,
): { readonly ok: true; readonly value: ReadForm } | { readonly ok: false; readonly faults: FormFaults } {
  const reader = new FormReader(texts);
  const fee = reader.fee(facts);
  const validUntil = reader.validUntil(facts);
  const wish = reader.wish(kind, facts, fee ?? 0n, to);
  const { faults } = reader;
  if (Object.keys(faults).length > 0 || !wish || fee === undefined || validUntil === undefined) {
    return { ok: false, faults };
  }
  return { ok: true, value: { wish, fee, validUntil } };
}

/** The most that can be sent of an asset; of AUR the fee is left. */
export function sendableUnits({ id, spendableUnits }: Holding, fee: bigint): bigint {
  const units = id === "AUR" ? spendableUnits - fee : spendableUnits;
  return units > 0n ? units : 0n;
}

class FormReader {
  readonly faults: Partial<Record<FormField, string>> = {};
  readonly #texts: FormTexts;

  constructor(texts: FormTexts) {
    this.#texts = texts;
  }

  wish(kind: WishKind, facts: FormFacts, fee: bigint, to: Uint8Array | undefined): Wish | undefined {
    if (kind !== "transfer") this.#affordable(facts, fee);
    switch (kind) {
      case "transfer":
        return this.#transfer(facts, fee, to);
      case "record": {
        const data = this.#text("data", recordBytesMax);
        if (data === "") this.#fault("data", "Write what is to be recorded: one letter at least.");
        return { kind, data };
      }
      case "registerUser": {
        const name = this.#text("name", nameBytesMax).trim().normalize("NFC").toLowerCase().normalize("NFC");
        const parsed = parseUserName(fromUtf8(name));
        if (!parsed.ok) this.#fault("name", `This name cannot be registered: ${parsed.fault}.`);
        return { kind, name };
      }
      case "issueAsset":
        return this.#asset();
    }
  }

  fee({ minimumFeeUnits }: FormFacts): bigint | undefined {
    const fee = this.#amount("fee", 8);
    if (fee !== undefined && fee < minimumFeeUnits) {
      this.#fault("fee", `The chain's minimum is ${formatAmount(minimumFeeUnits)} AUR.`);
    }
    return fee;
  }

  validUntil({ headHeight }: FormFacts): number | undefined {
    const text = this.#texts.validUntil.trim();
    if (text === "") return 0;
    const height = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(height)) {
      this.#fault("validUntil", "Write the height of a block, such as 1200, or nothing for no limit.");
      return undefined;
    }
    if (height !== 0 && height <= headHeight) {
      this.#fault("validUntil", `Block ${height} is there already: the head is ${headHeight}.`);
    }
    return height;
  }

  #transfer(facts: FormFacts, fee: bigint, to: Uint8Array | undefined): Wish | undefined {
    if (!to && this.faults.to === undefined) {
      const recipient = readRecipient(this.#texts.to);
      this.#fault("to", recipient.kind === "fault" ? recipient.reason : "Nobody was found by this name.");
    }
    const memo = this.#text("memo", memoBytesMax);
    const holding = facts.holdings.find(({ id }) => id === this.#texts.asset);
    if (!holding) {
      this.#fault("asset", "This key does not hold this asset.");
      return undefined;
    }
    const amount = this.#amount("amount", holding.decimals);
    const { symbol, decimals } = holding;
    if (amount === 0n) this.#fault("amount", "The amount is zero.");
    const most = sendableUnits(holding, fee);
    if (amount !== undefined && amount > most) {
      const less = holding.id === "AUR" ? ` after the fee of ${formatAmount(fee)} AUR` : "";
      this.#fault("amount", `This key can send ${formatAmount(most, decimals)} ${symbol} at most${less}.`);
    }
    if (holding.id !== "AUR") this.#affordable(facts, fee);
    if (amount === undefined || !to) return undefined;
    const assetId = holding.id === "AUR" ? undefined : fromHex(holding.id, 32);
    return { kind: "transfer", to, assetId, amount, memo };
  }

  #asset(): Wish | undefined {
    const symbol = this.#texts.symbol.trim();
    const parsedSymbol = parseAssetSymbol(fromUtf8(symbol));
    if (!parsedSymbol.ok) this.#fault("symbol", sentence(parsedSymbol.fault));
    const name = this.#text("assetName", assetNameBytesMax).trim().normalize("NFC");
    const parsedName = parseAssetName(fromUtf8(name));
    if (!parsedName.ok) this.#fault("assetName", sentence(parsedName.fault));
    const metadata = this.#text("metadata", assetMetadataBytesMax);
    const decimalsText = this.#texts.decimals.trim();
    const decimals = /^\d{1,2}$/.test(decimalsText) ? Number(decimalsText) : Number.NaN;
    if (!(decimals <= decimalsMax)) {
      this.#fault("decimals", `Write a whole number from 0 to ${decimalsMax}.`);
      return undefined;
    }
    const supply = this.#amount("supply", decimals);
    if (supply === 0n) this.#fault("supply", "The supply is zero.");
    return supply === undefined
      ? undefined
      : { kind: "issueAsset", symbol, name, decimals, supply, metadata };
  }

  /** The fee is paid in AUR, whatever is sent. */
  #affordable({ holdings }: FormFacts, fee: bigint): void {
    const aur = holdings.find(({ id }) => id === "AUR")?.spendableUnits ?? 0n;
    if (fee > aur) this.#fault("fee", `This key has ${formatAmount(aur)} AUR to pay the fee with.`);
  }

  #amount(field: "amount" | "fee" | "supply", decimals: number): bigint | undefined {
    const text = this.#texts[field];
    const parsed = parseAmount(text, decimals);
    if (parsed.ok) return parsed.value;
    const isComma = /^\s*\d+,\d+\s*$/.test(text);
    const hint = isComma ? `Write a point instead of the comma: ${text.trim().replace(",", ".")}` : "";
    this.#fault(
      field,
      text.trim() === "" ? "Write an amount, such as 10.5." : hint || sentence(parsed.fault.reason),
    );
    return undefined;
  }

  #text(field: "memo" | "data" | "name" | "assetName" | "metadata", bytesMax: number): string {
    const text = this.#texts[field];
    if (!text.isWellFormed()) this.#fault(field, "It is not whole Unicode text.");
    const { length } = fromUtf8(text);
    if (length > bytesMax) this.#fault(field, `It has ${length} bytes as UTF-8; ${bytesMax} fit.`);
    return text;
  }

  /** The first fault of a field is the one that is said. */
  #fault(field: FormField, reason: string): void {
    this.faults[field] ??= reason;
  }
}

/** More would not help: a uint64 has room for 19 digits. */
const decimalsMax = 18;

function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}
