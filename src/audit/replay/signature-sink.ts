/** Where the replay puts the signatures of seals and votes: verified at once, or later and on other cores. */
import { verifySignature } from "../../protocol/signing.ts";

export interface SignatureSink {
  /**
   * Takes one signature.
   *
   * @param onInvalid called, at the latest before the audit of the chain ends, if the signature does not hold
   */
  add(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array, onInvalid: () => void): void;
}

/** Verifies each signature when it comes. */
export const inlineSignatures: SignatureSink = {
  add(message, signature, publicKey, onInvalid) {
    if (!verifySignature(message, signature, publicKey)) onInvalid();
  },
};
