/** Signs for a simulation and remembers what it signed: a fifth of its time went into proving again what it had just made. */
import { bytesEqual } from "../../../src/base/bytes.ts";
import { rememberingVerifier } from "../../../src/consensus/finality/verified-votes.ts";
import type { PoaSignatures } from "../../../src/consensus/poa/poa-engine.ts";
import type { Checkpoint } from "../../../src/protocol/checkpoint.ts";
import { type KeyPair, sign } from "../../../src/protocol/signing.ts";
import { signVote, type Vote, voteMessage } from "../../../src/protocol/vote.ts";

interface Signed {
  readonly message: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** By the array that `sign` gave. A copy, as in evidence that was encoded, is verified as anywhere. */
const made = new WeakMap<Uint8Array, Signed>();

export function madeSignature(message: Uint8Array, keyPair: KeyPair): Uint8Array {
  const signature = sign(message, keyPair);
  made.set(signature, { message, publicKey: keyPair.publicKey });
  return signature;
}

export function madeVote(
  chainId: Uint8Array,
  source: Checkpoint,
  target: Checkpoint,
  keyPair: KeyPair,
): Vote {
  const vote = signVote(chainId, source, target, keyPair);
  made.set(vote.signature, { message: voteMessage(chainId, vote), publicKey: vote.voter });
  return vote;
}

/** For an engine: true at once for what was made here of this message by this key, else the real equation. */
export function signaturesKnown(): PoaSignatures {
  const verify = rememberingVerifier();
  const holds: PoaSignatures["vote"] = (message, signature, publicKey) => {
    const known = made.get(signature);
    if (known && bytesEqual(known.message, message) && bytesEqual(known.publicKey, publicKey)) return true;
    return verify(message, signature, publicKey);
  };
  return { seal: holds, vote: holds };
}
