/** Invitations: one line of text with all that a machine needs to join a network that is closed to others. */
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { base64urlnopad } from "@scure/base";
import { bytesEqual, concatBytes, fromUtf8, toUtf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { Bytes32, byteList, decode } from "./codec.ts";
import type { CodecFault } from "./faults.ts";
import { domainHash, invitationDomain } from "./hashing.ts";

export const invitationPrefix = "aurex1.";
export const invitationAddressesMax = 8;
export const networkSecretBytes = 32;
const addressBytesMax = 128;
const checksumBytes = 4;
/** What the longest invitation takes, with room to spare; longer text is not looked at. */
const textLengthMax = 4_096;

const InvitationType = new ContainerType({
  chainId: Bytes32,
  /** The network key: who does not have it cannot even connect. */
  secret: Bytes32,
  /** Nodes accept only those that name the same network. */
  network: byteList(64),
  /** Multiaddrs in text form of nodes that are there already. */
  addresses: new ListCompositeType(byteList(addressBytesMax), invitationAddressesMax),
});

export interface Invitation {
  readonly chainId: Uint8Array;
  /** 32 bytes; whoever reads it is in. */
  readonly secret: Uint8Array;
  readonly network: string;
  /** Multiaddrs. */
  readonly addresses: readonly string[];
}

/**
 * "aurex1." and base64url, without padding, of the SSZ and four bytes of its hash. Addresses over the limits of the
 * type are left out.
 */
export function encodeInvitation({ chainId, secret, network, addresses }: Invitation): string {
  const bytes = InvitationType.serialize({
    chainId,
    secret,
    network: fromUtf8(network),
    addresses: addresses
      .map(fromUtf8)
      .filter(({ length }) => length <= addressBytesMax)
      .slice(0, invitationAddressesMax),
  });
  return invitationPrefix + base64urlnopad.encode(concatBytes([bytes, checksumOf(bytes)]));
}

/** Strict: one invitation has one text. The checksum tells a token that was mistyped or cut off from a wrong one. */
export function decodeInvitation(text: string): Result<Invitation, CodecFault> {
  const malformed = (reason: string) =>
    fail({ code: "codec/malformed" as const, what: "invitation", reason });
  if (!text.startsWith(invitationPrefix)) return malformed(`it does not begin with ${invitationPrefix}`);
  if (text.length > textLengthMax) return malformed("it is too long");
  const whole = bytesOf(text.slice(invitationPrefix.length));
  if (!whole.ok) return malformed(whole.fault);
  const end = whole.value.length - checksumBytes;
  if (end <= 0) return malformed("it is too short");
  const bytes = whole.value.subarray(0, end);
  if (!bytesEqual(checksumOf(bytes), whole.value.subarray(end))) {
    return malformed("its checksum is wrong: a letter is wrong or missing");
  }
  const decoded = decode(InvitationType, bytes, "invitation");
  if (!decoded.ok) return decoded;
  const { chainId, secret } = decoded.value;
  const [network, ...addresses] = [decoded.value.network, ...decoded.value.addresses].map(toUtf8);
  if (network === undefined || !addresses.every((address) => address !== undefined)) {
    return malformed("it holds text that is not UTF-8");
  }
  return ok({ chainId, secret, network, addresses });
}

function checksumOf(bytes: Uint8Array): Uint8Array {
  return domainHash(invitationDomain, bytes).subarray(0, checksumBytes);
}

function bytesOf(text: string): Result<Uint8Array, string> {
  try {
    return ok(base64urlnopad.decode(text));
  } catch {
    return fail("it is not base64url: a letter is wrong or missing");
  }
}
