/** Evidence: two signatures of one authority that no honest one gives both; anyone can check it without a chain. */
import { ContainerType } from "@chainsafe/ssz";
import { bytesEqual, compareBytes, concatBytes, toHex } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { blockHash, headerRoot, SealedHeaderType } from "./block.ts";
import { decode } from "./codec.ts";
import type { CodecFault, EvidenceFault } from "./faults.ts";
import { sealDomain } from "./hashing.ts";
import { verifySignature } from "./signing.ts";
import { type Vote, VoteType, verifyVote } from "./vote.ts";

const DoubleSealType = new ContainerType({ first: SealedHeaderType, second: SealedHeaderType });
const VotePairType = new ContainerType({ first: VoteType, second: VoteType });

type SealedHeader = typeof SealedHeaderType extends { defaultValue(): infer Value } ? Value : never;

export type Evidence =
  | { readonly kind: "double-seal"; readonly first: SealedHeader; readonly second: SealedHeader }
  | { readonly kind: "vote-pair"; readonly first: Vote; readonly second: Vote };

const kindBytes = { "double-seal": 1, "vote-pair": 2 } as const;
/** As a block's consensus section limits it. */
export const evidenceBytesMax = 2048;

/** One byte for the kind, then the SSZ of the pair. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  const bytes =
    evidence.kind === "double-seal" ? DoubleSealType.serialize(evidence) : VotePairType.serialize(evidence);
  return concatBytes([Uint8Array.of(kindBytes[evidence.kind]), bytes]);
}

/** Strict; the pair is not verified. */
export function decodeEvidence(bytes: Uint8Array): Result<Evidence, CodecFault> {
  const body = bytes.subarray(1);
  switch (bytes[0]) {
    case kindBytes["double-seal"]: {
      const pair = decode(DoubleSealType, body, "evidence");
      return pair.ok ? ok({ kind: "double-seal", ...pair.value }) : pair;
    }
    case kindBytes["vote-pair"]: {
      const pair = decode(VotePairType, body, "evidence");
      return pair.ok ? ok({ kind: "vote-pair", ...pair.value }) : pair;
    }
    default:
      return fail({ code: "codec/malformed", what: "evidence", reason: `kind ${bytes[0]} is not known` });
  }
}

export function offenderOf(evidence: Evidence): Uint8Array {
  return evidence.kind === "double-seal" ? evidence.first.header.producer : evidence.first.voter;
}

/** The hash of the block that a sealed header belongs to. */
export function sealedHeaderHash({ header, seal }: SealedHeader): Uint8Array {
  return blockHash(headerRoot(header), seal.nonce);
}

/** Evidence of two seals, in the one order that counts; undefined where they do not offend. */
export function doubleSealOf(a: SealedHeader, b: SealedHeader): Evidence | undefined {
  const order = compareBytes(sealedHeaderHash(a), sealedHeaderHash(b));
  if (order === 0 || !bytesEqual(a.header.parentHash, b.header.parentHash)) return undefined;
  if (!bytesEqual(a.header.producer, b.header.producer)) return undefined;
  const [first, second] = order < 0 ? [a, b] : [b, a];
  return { kind: "double-seal", first, second };
}

/** Evidence of two votes, in the one order that counts; undefined where they do not offend. */
export function votePairOf(a: Vote, b: Vote): Evidence | undefined {
  if (!bytesEqual(a.voter, b.voter) || !(isDoubleVote(a, b) || surrounds(a, b) || surrounds(b, a))) {
    return undefined;
  }
  const [first, second] = compareBytes(VoteType.serialize(a), VoteType.serialize(b)) < 0 ? [a, b] : [b, a];
  return { kind: "vote-pair", first, second };
}

function isDoubleVote(a: Vote, b: Vote): boolean {
  if (a.target.height !== b.target.height) return false;
  return !bytesEqual(a.target.hash, b.target.hash) || !isSameSource(a, b);
}

function isSameSource(a: Vote, b: Vote): boolean {
  return a.source.height === b.source.height && bytesEqual(a.source.hash, b.source.hash);
}

function surrounds(outer: Vote, inner: Vote): boolean {
  return outer.source.height < inner.source.height && inner.target.height < outer.target.height;
}

/** What is wrong with evidence, whatever the chain holds; undefined where it convicts. */
export function evidenceFault(evidence: Evidence, chainId: Uint8Array): EvidenceFault | undefined {
  const invalid = (reason: string): EvidenceFault => ({ code: "evidence/invalid", reason });
  const again =
    evidence.kind === "double-seal"
      ? doubleSealOf(evidence.first, evidence.second)
      : votePairOf(evidence.first, evidence.second);
  if (!again) return invalid("the two do not contradict each other");
  if (!bytesEqual(encodeEvidence(again), encodeEvidence(evidence)))
    return invalid("the two are out of order");
  if (evidence.kind === "vote-pair") {
    return verifyVote(chainId, evidence.first) && verifyVote(chainId, evidence.second)
      ? undefined
      : invalid("a vote is not signed by its voter");
  }
  for (const sealed of [evidence.first, evidence.second]) {
    const { header, seal } = sealed;
    if (!bytesEqual(header.chainId, chainId)) return invalid(`a header of chain ${toHex(header.chainId)}`);
    const message = concatBytes([sealDomain, sealedHeaderHash(sealed)]);
    if (!verifySignature(message, seal.signature, header.producer)) {
      return invalid("a header is not sealed by its producer");
    }
  }
  return undefined;
}
