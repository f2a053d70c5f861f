/** Why a reader without the blocks does not believe what it was handed. */
import { fail } from "../base/result.ts";

export type LightFaultCode =
  /** Bytes that are none of what they should be. */
  | "light/malformed"
  /** Of another chain than the one that the reader follows. */
  | "light/wrong-chain"
  /** A state that is not the one under its header. */
  | "light/state-not-committed"
  /** The certificate does not hold for the authorities that the state names. */
  | "light/certificate-invalid"
  /** Authorities that differ from those known by more than changes and evidence explain. */
  | "light/authorities-unexplained"
  /** Headers that do not follow one another. */
  | "light/link-broken"
  /** Two final blocks that exclude each other: more than a third of the authorities signed both, or the reader was lied to before. */
  | "light/contradiction"
  | "light/evidence-invalid"
  /** Operators declared a block final; the reader was not told to trust that. */
  | "light/recovery-not-trusted"
  /** Not shown to be final. */
  | "light/not-final"
  /** The header breaks a rule of Proof of Work. */
  | "light/work-invalid"
  /** A branch that is not heavier than the chain that is known. */
  | "light/not-heavier"
  /** A block that is not on the chain of work that is known. */
  | "light/block-unknown"
  | "light/signature-invalid"
  /** The proof does not lead to the root in the header. */
  | "light/proof-invalid"
  /** Something else than what was asked for. */
  | "light/not-what-was-asked";

export interface LightFault {
  readonly code: LightFaultCode;
  readonly reason: string;
}

export function lightFault(
  code: LightFaultCode,
  reason: string,
): { readonly ok: false; readonly fault: LightFault } {
  return fail({ code, reason });
}
