/** What goes wrong with a digest, statement, proof or bundle, in words that tell what to do. */
import { ActionableError } from "../base/actionable-error.ts";

export type AttestErrorCode =
  /** The file is no ledger, or lacks what the command needs of it. */
  | "attest/not-a-ledger"
  /** The ledger holds no such chain, or several and none was named. */
  | "attest/chain"
  /** The ledger has no such block, transaction or account. */
  | "attest/not-found"
  /** The rows of the ledger do not follow from one another. */
  | "attest/does-not-follow"
  /** The ledger cannot prove it (not final yet, or too long). */
  | "attest/not-provable"
  /** The document that was given is none. */
  | "attest/malformed"
  /** The work was stopped before its end. */
  | "attest/stopped";

export class AttestError extends ActionableError<AttestErrorCode> {
  override name = "AttestError";
}
