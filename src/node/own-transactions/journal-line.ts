/** One line of the journal of own transactions: a checksum, and a record as JSON. */
import { crc32 } from "node:zlib";
import type { AdmissionFault } from "../../mempool/admission.ts";

export type JournalLine =
  /** Submitted here; `bytes` in hex. */
  | { readonly is: "sent"; readonly id: string; readonly bytes: string }
  | { readonly is: "dropped"; readonly id: string; readonly reason: AdmissionFault }
  /** Committed, and nothing can undo it. */
  | { readonly is: "settled"; readonly id: string };

const checksumDigits = 8;

/** With the line feed at its end. */
export function encodeLine(line: object): string {
  const json = JSON.stringify(line, (_, value) =>
    typeof value === "bigint" ? { units: value.toString() } : value,
  );
  return `${checksumOf(json)} ${json}\n`;
}

/** Undefined if the line is not what was written. */
export function decodeLine(text: string): Readonly<Record<string, unknown>> | undefined {
  const json = text.slice(checksumDigits + 1);
  if (text.slice(0, checksumDigits) !== checksumOf(json)) return undefined;
  return JSON.parse(json, (_, value) => (isUnits(value) ? BigInt(value.units) : value));
}

function isUnits(value: unknown): value is { readonly units: string } {
  return typeof value === "object" && value !== null && "units" in value;
}

function checksumOf(json: string): string {
  return crc32(json).toString(16).padStart(checksumDigits, "0");
}
