/** A certificate that a learner takes apart: the votes of a real one, or of authorities that were made for this page alone. */

import { bytesEqual, compareBytes } from "../../base/bytes.ts";
import { type CertifiedBlock, certificateProblem } from "../../client/index.ts";
import { quorumOf } from "../../protocol/certificate.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import { keyPairFromSeed, seedBytes } from "../../protocol/signing.ts";
import { signVote } from "../../protocol/vote.ts";

/** What the page says of the votes that are left. */
export interface VotesVerdict {
  readonly votes: number;
  readonly quorum: number;
  readonly authorities: number;
  /** Authorities that may be silent before nothing is final any more. */
  readonly silentMax: number;
  /** Why the votes make nothing final; undefined if they do. */
  readonly problem: string | undefined;
}

/** Judges the votes of a block, without those of the authorities at the places in `dropped`. */
export function judgeVotes(block: CertifiedBlock, dropped: ReadonlySet<number>): VotesVerdict {
  const authorities = block.authorities.length;
  const quorum = quorumOf(authorities);
  const votes = block.votes.filter(({ voter }) => !dropped.has(placeOf(block, voter)));
  return {
    votes: votes.length,
    quorum,
    authorities,
    silentMax: authorities - quorum,
    problem: certificateProblem({ ...block, votes }),
  };
}

/** The place of a voter among the authorities, from 0. */
export function placeOf({ authorities }: CertifiedBlock, voter: Uint8Array): number {
  return authorities.findIndex((authority) => bytesEqual(authority, voter));
}

/**
 * Has authorities that did not exist before vote for a block, each with a true signature of its own key. Nobody else ever
 * sees these keys: they are forgotten at once.
 *
 * @param count 1 to 256
 * @param randomBytes of a given length, e.g. by `crypto.getRandomValues`
 */
export function throwawayVotes(
  chainId: Uint8Array,
  { source, target }: { readonly source: Checkpoint; readonly target: Checkpoint },
  count: number,
  randomBytes: (length: number) => Uint8Array,
): CertifiedBlock {
  const keyPairs = Array.from({ length: count }, () => keyPairFromSeed(randomBytes(seedBytes))).sort((a, b) =>
    compareBytes(a.publicKey, b.publicKey),
  );
  const votes = keyPairs.map((keyPair) => {
    const { voter, signature } = signVote(chainId, source, target, keyPair);
    return { voter, signature };
  });
  return { chainId, source, target, authorities: keyPairs.map(({ publicKey }) => publicKey), votes };
}
