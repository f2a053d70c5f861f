/** Verifies certificates. A certificate proves that a quorum of the target's authorities voted for the target's link. */
import { toHex } from "../../base/bytes.ts";
import { type Certificate, quorumOf, signersOf } from "../../protocol/certificate.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import { type Vote, voteMessage } from "../../protocol/vote.ts";

/** Whether a signature is valid. An implementation may remember valid ones: a vote from gossip comes again in a certificate. */
export type VerifyVoteSignature = (
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
) => boolean;

/** What the target's own chain says about the target of a certificate. */
export interface CertifiedTarget {
  readonly checkpoint: Checkpoint;
  /** The set after the target, sorted by key. */
  readonly authorities: readonly Uint8Array[];
  /** The source that every vote for the target has. */
  readonly source: Checkpoint;
}

/** Why a certificate proves nothing; undefined if it is valid. */
export function certificateFault(
  { bitmap, signatures }: Certificate,
  { checkpoint, authorities, source }: CertifiedTarget,
  chainId: Uint8Array,
  verify: VerifyVoteSignature,
): string | undefined {
  const signers = signersOf(bitmap, authorities.length);
  if (!signers) return `its bitmap is none for ${authorities.length} authorities`;
  if (signers.length !== signatures.length)
    return `${signers.length} signers and ${signatures.length} signatures`;
  const quorum = quorumOf(authorities.length);
  if (signers.length < quorum) return `${signers.length} signers, needed are ${quorum}`;
  const message = voteMessage(chainId, { source, target: checkpoint });
  for (const [position, index] of signers.entries()) {
    const key = authorities[index] as Uint8Array;
    if (!verify(message, signatures[position] as Uint8Array, key)) {
      return `the signature of ${toHex(key)} does not hold`;
    }
  }
  return undefined;
}

/** The certificate that votes make; undefined if they are fewer than a quorum. All votes are for one link, one of each voter. */
export function certificateOf(votes: readonly Vote[], target: CertifiedTarget): Certificate | undefined {
  const { authorities, checkpoint } = target;
  if (votes.length < quorumOf(authorities.length)) return undefined;
  const signatureOf = new Map(votes.map(({ voter, signature }) => [toHex(voter), signature]));
  const bitmap = new Uint8Array(Math.ceil(authorities.length / 8));
  const signatures: Uint8Array[] = [];
  for (const [index, key] of authorities.entries()) {
    const signature = signatureOf.get(toHex(key));
    if (!signature) continue;
    bitmap[index >> 3] = (bitmap[index >> 3] as number) | (1 << (index & 7));
    signatures.push(signature);
  }
  return { targetHeight: checkpoint.height, targetHash: checkpoint.hash, bitmap, signatures };
}
