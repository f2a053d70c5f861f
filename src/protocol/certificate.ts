/** Finality certificates: the votes of a quorum for one block, as a later block carries them. */
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { Bytes32, Bytes64, byteList, SafeUint64 } from "./codec.ts";

export const certificateSignersMax = 256;

/**
 * Bit i of the bitmap (byte i / 8, bit i mod 8) is the i-th authority, by key, of the set at the target; signatures in
 * the order of the bits. The source of the votes is not written down: the target's own chain implies it.
 */
export const CertificateType = new ContainerType({
  targetHeight: SafeUint64,
  targetHash: Bytes32,
  bitmap: byteList(certificateSignersMax / 8),
  signatures: new ListCompositeType(Bytes64, certificateSignersMax),
});
export type Certificate = ValueOf<typeof CertificateType>;

/** Votes that make a certificate: two thirds of the set, rounded up. */
export function quorumOf(authorityCount: number): number {
  return Math.ceil((2 * authorityCount) / 3);
}

/** The indexes that a bitmap names, ascending; undefined where it is not the one encoding for a set of this size. */
export function signersOf(bitmap: Uint8Array, authorityCount: number): number[] | undefined {
  if (bitmap.length !== Math.ceil(authorityCount / 8)) return undefined;
  const signers: number[] = [];
  for (let index = 0; index < bitmap.length * 8; index += 1) {
    if (((bitmap[index >> 3] as number) & (1 << (index & 7))) === 0) continue;
    if (index >= authorityCount) return undefined;
    signers.push(index);
  }
  return signers;
}
