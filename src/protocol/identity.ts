/** The three faces of one Ed25519 key: the account's address, the node's libp2p peer id, and the bare bytes. */
import { base58, bech32m } from "@scure/base";
import { concatBytes } from "../base/bytes.ts";
import { publicKeyBytes } from "./signing.ts";

const addressPrefix = "aurex";

/** Bech32m with the prefix `aurex`, e.g. `aurex1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn…`. */
export function addressOf(publicKey: Uint8Array): string {
  return bech32m.encode(addressPrefix, bech32m.toWords(publicKey));
}

/** The public key of an address; undefined where it is none (a wrong checksum, prefix or length). */
export function publicKeyOfAddress(address: string): Uint8Array | undefined {
  const decoded = bech32m.decodeUnsafe(address);
  if (decoded?.prefix !== addressPrefix) return undefined;
  const key = bech32m.fromWordsUnsafe(decoded.words);
  return key instanceof Uint8Array && key.length === publicKeyBytes ? key : undefined;
}

/** Identity multihash of libp2p's protobuf PublicKey {Type: Ed25519, Data: 32 bytes} (libp2p peer-ids specification). */
const peerIdPrefix = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);

/** The libp2p peer id of a key in base58btc: `12D3Koo…`. */
export function nodeIdOf(publicKey: Uint8Array): string {
  return base58.encode(concatBytes([peerIdPrefix, publicKey]));
}

/** The key of an Ed25519 peer id; undefined where it is none. */
export function publicKeyOfNodeId(nodeId: string): Uint8Array | undefined {
  try {
    const bytes = base58.decode(nodeId);
    const isEd25519 =
      bytes.length === peerIdPrefix.length + publicKeyBytes &&
      peerIdPrefix.every((byte, index) => bytes[index] === byte);
    return isEd25519 ? bytes.slice(peerIdPrefix.length) : undefined;
  } catch {
    return undefined;
  }
}
