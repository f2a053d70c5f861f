/** A running process's word that it runs with a key: how two machines with one key find out about each other. */
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { concatBytes } from "../base/bytes.ts";
import { Bytes32, Bytes64, SafeUint64 } from "./codec.ts";
import { presenceDomain } from "./hashing.ts";
import { type KeyPair, sign, verifySignature } from "./signing.ts";

const said = {
  /** Random, drawn by each process when it starts. */
  instance: Bytes32,
  /** The process's wall clock at its start, and now. */
  startedMs: SafeUint64,
  timestampMs: SafeUint64,
};
const SaidType = new ContainerType(said);
export const PresenceType = new ContainerType({ ...said, signature: Bytes64 });
export type Presence = ValueOf<typeof PresenceType>;

/** "aurex/presence/1" ‖ chainId ‖ instance ‖ startedMs ‖ timestampMs. */
function presenceMessage(chainId: Uint8Array, presence: ValueOf<typeof SaidType>): Uint8Array {
  return concatBytes([presenceDomain, chainId, SaidType.serialize(presence)]);
}

export function signPresence(
  chainId: Uint8Array,
  presence: ValueOf<typeof SaidType>,
  keyPair: KeyPair,
): Presence {
  return { ...presence, signature: sign(presenceMessage(chainId, presence), keyPair) };
}

export function verifyPresence(chainId: Uint8Array, presence: Presence, publicKey: Uint8Array): boolean {
  return verifySignature(presenceMessage(chainId, presence), presence.signature, publicKey);
}
