/** Votes, certificates and evidence over built blocks. */
import assert from "node:assert/strict";
import { certificateOf } from "../../src/consensus/finality/certify.ts";
import { type ConsensusSection, emptyConsensusSection } from "../../src/protocol/block.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import { type Evidence, votePairOf } from "../../src/protocol/evidence.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { signVote, type Vote } from "../../src/protocol/vote.ts";
import { authorities, type BlockBuilder, type BuiltBlock } from "../chain/block-builder.ts";

function checkpointOf({ record }: BuiltBlock): Checkpoint {
  return { height: record.header.height, hash: record.hash };
}

/** The vote that an honest authority gives to a block, or one for another target with the same source. */
export function voteFor(
  builder: BlockBuilder,
  built: BuiltBlock,
  keyPair: KeyPair,
  target: Checkpoint = checkpointOf(built),
): Vote {
  const source = builder.engine.authority!.finality(built.record)?.justified;
  assert.ok(source);
  return signVote(builder.spec.chainId, source, target, keyPair);
}

/** What the next block carries to show that a quorum voted for this one. */
export function certifying(builder: BlockBuilder, built: BuiltBlock): ConsensusSection {
  const source = builder.engine.authority!.finality(built.record)?.justified;
  assert.ok(source);
  const votes = authorities.slice(0, 2).map((keyPair) => voteFor(builder, built, keyPair));
  const set = builder.engine.authority!.setAt(built.record);
  const certificate = certificateOf(votes, { checkpoint: checkpointOf(built), authorities: set, source });
  assert.ok(certificate);
  return { ...emptyConsensusSection, certificates: [certificate] };
}

/** Two votes of one authority for one height. */
export function doubleVote(builder: BlockBuilder, keyPair: KeyPair, height = 1): Evidence {
  const [first, second] = ["first", "second"].map((name) =>
    voteFor(builder, builder.genesis, keyPair, { height, hash: sha256(Buffer.from(name)) }),
  );
  const evidence = votePairOf(first!, second!);
  assert.ok(evidence);
  return evidence;
}
