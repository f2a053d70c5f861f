/** What both journals of an authority have in common: how far back they remember, and why they refuse. */
import { ActionableError } from "../../base/actionable-error.ts";

/** Heights below the highest signed one of which everything is kept at least. */
export const journalHeightsKept = 1024;

/** The lowest height that a journal remembers in full, once `highest` is the highest signed one. */
export function floorHeightOf(highest: number, heightsKept: number): number {
  return Math.max(0, highest - heightsKept + 1);
}

export type JournalErrorCode =
  /** Damaged where it was once whole. */
  | "journal/corrupt"
  /** Below what the journal still remembers. */
  | "journal/height-forgotten"
  | "journal/io";

/** Why an authority cannot sign now, with what to do about it. */
export class JournalError extends ActionableError<JournalErrorCode> {
  override name = "JournalError";
}
