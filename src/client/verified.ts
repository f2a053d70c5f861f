/** What verifying returns: the value with everything that was checked, or what did not hold. */
import type { Result } from "../base/result.ts";
import type { LightFault, LightFaultCode } from "../light/light-fault.ts";

/** What an answer was held against. */
export type CheckName =
  /** The chain spec's hash is the chain id. */
  | "chain-id"
  /** The way from set to set of authorities, each explained by final changes and evidence. */
  | "authorities"
  /** Headers that each carry the work that the chain's rules demand. */
  | "work"
  /** The header's hash, recomputed. */
  | "header"
  /** The authorities' signatures in the certificates that the proof stands on. */
  | "certificates"
  /** The certificates of the authorities' quorums make the block final. */
  | "final"
  /** The producer's signature over the hash (Proof of Authority), or the work in the hash (Proof of Work). */
  | "seal"
  /** The block stands on the heaviest chain that is known. */
  | "heaviest"
  /** It is no older than what this client knows already. */
  | "newest"
  /** It is what was asked for. */
  | "asked"
  /** The transaction's id, recomputed from its bytes. */
  | "id"
  /** The sender's signature. */
  | "signature"
  /** The transaction's leaf, recomputed from all of its bytes. */
  | "leaf"
  /** The proof leads from the transaction, or from all of them in their order, to the root in the header. */
  | "transactions"
  /** The proof leads from the ledger's entry to the root in the header. */
  | "entry";

/** One thing that was checked and holds. */
export interface CheckedStep {
  readonly check: CheckName;
  /** For people, e.g. "3 of 4 authorities certify block 120". */
  readonly what: string;
}

export type VerifyFaultCode =
  | LightFaultCode
  /** The chain spec is not the one whose hash is the chain id. */
  | "light/wrong-genesis"
  /** Older than what this client has seen proven. */
  | "light/stale"
  /** Stored state that is not of this chain, or damaged. */
  | "light/stored-invalid";

export interface VerifyFault {
  readonly code: VerifyFaultCode;
  /** What did not hold, for people. */
  readonly reason: string;
}

export type Verified<Value> =
  | { readonly ok: true; readonly value: Value; readonly steps: readonly CheckedStep[] }
  | { readonly ok: false; readonly fault: VerifyFault; readonly steps: readonly CheckedStep[] };

/** Ends a verification from within; it never leaves this room. */
export class NotVerified extends Error {
  override name = "NotVerified";
  readonly fault: VerifyFault;

  constructor(code: VerifyFaultCode, reason: string) {
    super(reason);
    this.fault = { code, reason };
  }
}

/** The value of a result; a fault ends the verification. */
export function held<Value>(result: Result<Value, LightFault>): Value {
  if (result.ok) return result.value;
  throw new NotVerified(result.fault.code, result.fault.reason);
}

/** Runs a verification; `check` notes what holds. Errors of the network are thrown as they are. */
export async function verifying<Value>(
  verify: (check: (name: CheckName, what: string) => void) => Promise<Value>,
): Promise<Verified<Value>> {
  const steps: CheckedStep[] = [];
  try {
    const value = await verify((check, what) => void steps.push({ check, what }));
    return { ok: true, value, steps };
  } catch (thrown) {
    if (!(thrown instanceof NotVerified)) throw thrown;
    return { ok: false, fault: thrown.fault, steps };
  }
}
