/** How far back an authority's two journals remember, and why they refuse to sign. */
import { ActionableError } from "../../base/actionable-error.ts";

/** A journal keeps everything of at least this many heights below the highest signed one. */
export const journalHeightsKept = 1024;

/** The lowest height that a journal remembers in full, if `highest` is the highest signed one. */
export function floorHeightOf(highest: number, heightsKept: number): number {
  return Math.max(0, highest - heightsKept + 1);
}

export type JournalErrorCode =
  /** A record that was once whole is damaged. */
  | "journal/corrupt"
  /** The height is below those that the journal remembers. */
  | "journal/height-forgotten"
  | "journal/io";

/** Why an authority cannot sign now, with what to do about it. */
export class JournalError extends ActionableError<JournalErrorCode> {
  override name = "JournalError";
}
