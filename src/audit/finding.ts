/** A finding of the audit: what stands in the file, what should stand there, and what that means to an auditor. */
import { toHex } from "../base/bytes.ts";
import { visibleText } from "../base/visible-text.ts";
import type { CheckName } from "./check-name.ts";
import type { SqlValue } from "./ledger-block.ts";

export { type CheckName, checkNames } from "./check-name.ts";

export interface Finding {
  readonly check: CheckName;
  /** Hex; null if the finding is about the file and not about one of its chains. */
  readonly chainId: string | null;
  /** The table, view or index; empty if it is about the whole file. */
  readonly table: string;
  /** Which row, in words: "block 7", "transaction 3f…"; empty if it is about the whole table. */
  readonly row: string;
  readonly column: string | null;
  /** Visible text of at most 200 characters, as `found`. */
  readonly expected: string;
  readonly found: string;
  /** One plain sentence. */
  readonly meaning: string;
}

/** A finding as a check says it: its values may be those of the file. */
export interface FindingDraft extends Omit<Finding, "check" | "chainId" | "expected" | "found"> {
  /** If it belongs to another check than the one that came upon it. */
  readonly check?: CheckName;
  readonly expected: SqlValue | undefined;
  readonly found: SqlValue | undefined;
}

const shownCharactersMax = 200;

/** A value as a finding shows it: visible, short, and with its type if the type is not plain. */
export function shownValue(value: SqlValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "NULL";
  if (value instanceof Uint8Array) {
    const head = toHex(value.subarray(0, 64));
    return value.length <= 64 ? `x'${head}'` : `x'${head}…' (${value.length} bytes)`;
  }
  if (typeof value === "number") return Number.isInteger(value) ? `${value}.0` : String(value);
  return shownText(String(value));
}

/** Text of a file in a finding: a hostile one can hide nothing in it, and not fill the screen. */
export function shownText(text: string): string {
  // Cut first: a file may hold megabytes of text.
  const visible = visibleText(text.slice(0, 2 * shownCharactersMax).toWellFormed());
  const points = Array.from(visible);
  if (points.length <= shownCharactersMax && text.length <= 2 * shownCharactersMax) return visible;
  return `${points.slice(0, shownCharactersMax - 1).join("")}…`;
}
