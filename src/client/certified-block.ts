/** The certificates behind a final block, opened: who voted for which block, and whether fewer votes would be enough. */
import { certificateFault } from "../consensus/finality/certify.ts";
import { openState } from "../light/attested-block.ts";
import { type Certificate, signersOf } from "../protocol/certificate.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import { verifySignature } from "../protocol/signing.ts";
import { readBlockProof } from "./proof-reader.ts";
import { held, NotVerified, type Verified, verifying } from "./verified.ts";

/** One vote of a certificate. */
export interface CertifiedVote {
  /** Public key of the authority, 32 bytes. */
  readonly voter: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** A block with the votes that certify it. */
export interface CertifiedBlock {
  readonly chainId: Uint8Array;
  /** What the votes are for. */
  readonly target: Checkpoint;
  /** The certified block below it, from which each vote leads to the target. */
  readonly source: Checkpoint;
  /** Public keys of all authorities that may vote for the target, sorted. */
  readonly authorities: readonly Uint8Array[];
  /** In the order of the authorities. */
  readonly votes: readonly CertifiedVote[];
}

/**
 * Opens the certificates in the answer of `GET /v1/blocks/{reference}/proof`. Whether the authorities in them are the
 * chain's own is not asked here: that is `LightClient`'s part.
 *
 * @param chainId 32 bytes
 * @returns the certified blocks, lowest first; none for a block of Proof of Work and for block 0
 */
export function openCertificates(
  answer: unknown,
  chainId: Uint8Array,
): Promise<Verified<readonly CertifiedBlock[]>> {
  return verifying(async () =>
    readBlockProof(answer).link.map(({ header, state, certificate }) => {
      const { hash, state: opened } = held(openState(header, state, chainId));
      const { authorities, justified: source } = opened;
      const target = { height: header.height, hash };
      return { chainId, target, source, authorities, votes: votesOf(certificate, authorities) };
    }),
  );
}

function votesOf({ bitmap, signatures }: Certificate, authorities: readonly Uint8Array[]): CertifiedVote[] {
  const signers = signersOf(bitmap, authorities.length);
  if (signers?.length !== signatures.length) {
    throw new NotVerified("light/malformed", "its bitmap does not fit its signatures");
  }
  return signers.map((index, position) => ({
    voter: authorities[index] as Uint8Array,
    signature: signatures[position] as Uint8Array,
  }));
}

/**
 * Why the votes of a block do not certify it, by the rule that every node judges certificates by; undefined if they do.
 * A program that wants to know what fewer votes are worth leaves some out.
 */
export function certificateProblem({
  chainId,
  target,
  source,
  authorities,
  votes,
}: CertifiedBlock): string | undefined {
  const bitmap = new Uint8Array(Math.ceil(authorities.length / 8));
  for (const { voter } of votes) {
    const index = authorities.findIndex((authority) => authority.every((byte, at) => byte === voter[at]));
    if (index === -1) return "one of its voters is no authority";
    bitmap[index >> 3] = (bitmap[index >> 3] as number) | (1 << (index & 7));
  }
  const certificate: Certificate = {
    targetHeight: target.height,
    targetHash: target.hash,
    bitmap,
    signatures: votes.map(({ signature }) => signature),
  };
  return certificateFault(certificate, { checkpoint: target, authorities, source }, chainId, verifySignature);
}
