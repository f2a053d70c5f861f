/** Evidence convicts whoever signed two things that contradict each other, and nobody else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, toHex } from "../../src/base/bytes.ts";
import { blockHash, type Header, HeaderType, headerRoot, type Seal } from "../../src/protocol/block.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import {
  decodeEvidence,
  doubleSealOf,
  type Evidence,
  encodeEvidence,
  evidenceBytesMax,
  evidenceFault,
  offenderOf,
  sealedHeaderHash,
  votePairOf,
} from "../../src/protocol/evidence.ts";
import { sealDomain, zeroBytes32 } from "../../src/protocol/hashing.ts";
import { type KeyPair, keyPairFromSeed, sign } from "../../src/protocol/signing.ts";
import { encodeVote, signVote, type Vote } from "../../src/protocol/vote.ts";
import { chainId, headerOver, keyPair } from "./samples.ts";

const otherChainId = new Uint8Array(32).fill(0xc2);
const stranger = keyPairFromSeed(new Uint8Array(32).fill(8));

interface SealedHeader {
  readonly header: Header;
  readonly seal: Seal;
}

function sealed(changes: Partial<Header> = {}, signer: KeyPair = keyPair): SealedHeader {
  const header: Header = { ...headerOver([]), target: zeroBytes32, ...changes };
  const hash = blockHash(headerRoot(header), zeroBytes32);
  return { header, seal: { nonce: zeroBytes32, signature: sign(concatBytes([sealDomain, hash]), signer) } };
}

function at(height: number, branch = 1): Checkpoint {
  return { height, hash: new Uint8Array(32).fill(branch) };
}

function voted(source: Checkpoint, target: Checkpoint, voter: KeyPair = keyPair): Vote {
  return signVote(chainId, source, target, voter);
}

/** Evidence as the code orders it; where the two do not offend, the test has made a mistake. */
function sealsOf(a: SealedHeader, b: SealedHeader): Evidence {
  const evidence = doubleSealOf(a, b);
  assert.ok(evidence);
  return evidence;
}

function votesOf(a: Vote, b: Vote): Evidence {
  const evidence = votePairOf(a, b);
  assert.ok(evidence);
  return evidence;
}

function reasonOf(evidence: Evidence, chain: Uint8Array = chainId): string | undefined {
  const fault = evidenceFault(evidence, chain);
  if (fault) assert.equal(fault.code, "evidence/invalid");
  return fault?.code === "evidence/invalid" ? fault.reason : undefined;
}

function swapped(evidence: Evidence): Evidence {
  return { ...evidence, first: evidence.second, second: evidence.first } as Evidence;
}

const twoSeals = sealsOf(sealed(), sealed({ timestampMs: 1_700_000_000_999 }));
const twoVotes = votesOf(voted(at(1), at(5, 2)), voted(at(1), at(5, 3)));

test("two seals on one parent convict their producer", () => {
  assert.equal(reasonOf(twoSeals), undefined);
  assert.deepEqual(offenderOf(twoSeals), keyPair.publicKey);
});

test("two votes for one target height convict, be it another target or another source", () => {
  for (const other of [voted(at(1), at(5, 3)), voted(at(2), at(5, 2)), voted(at(1, 9), at(5, 2))]) {
    const evidence = votesOf(voted(at(1), at(5, 2)), other);
    assert.equal(reasonOf(evidence), undefined);
    assert.deepEqual(offenderOf(evidence), keyPair.publicKey);
  }
});

test("a vote around another convicts, whichever came first", () => {
  const [outer, inner] = [voted(at(1), at(9)), voted(at(2), at(8))];
  const both = [votesOf(outer, inner), votesOf(inner, outer)] as const;
  assert.deepEqual(both[0], both[1]);
  assert.equal(reasonOf(both[0]), undefined);
});

test("what an honest authority does convicts nobody", () => {
  const votes = [voted(at(1), at(2)), voted(at(2), at(3)), voted(at(2), at(7)), voted(at(7), at(8))];
  for (const a of votes) for (const b of votes) assert.equal(votePairOf(a, b), undefined);
  // Sharing an end is no surround.
  assert.equal(votePairOf(voted(at(1), at(9)), voted(at(1), at(8))), undefined);
  assert.equal(votePairOf(voted(at(1), at(9)), voted(at(2), at(9), stranger)), undefined);
  const next = sealed({ parentHash: new Uint8Array(32).fill(0xab), height: 4 });
  assert.equal(doubleSealOf(sealed(), next), undefined);
  assert.equal(doubleSealOf(sealed(), sealed()), undefined);
  const others = sealed({ producer: stranger.publicKey }, stranger);
  assert.equal(doubleSealOf(sealed(), others), undefined);
});

test("one thing twice is no contradiction, however it is signed", () => {
  const reason = "the two do not contradict each other";
  const { header, seal } = sealed();
  const spoiled = { header, seal: { ...seal, signature: new Uint8Array(64) } };
  assert.equal(reasonOf({ kind: "double-seal", first: sealed(), second: sealed() }), reason);
  assert.equal(reasonOf({ kind: "double-seal", first: { header, seal }, second: spoiled }), reason);
  const vote = voted(at(1), at(5));
  assert.equal(reasonOf({ kind: "vote-pair", first: vote, second: vote }), reason);
  const resigned = { ...vote, signature: new Uint8Array(64) };
  assert.equal(reasonOf({ kind: "vote-pair", first: vote, second: resigned }), reason);
});

test("evidence has one order", () => {
  assert.equal(reasonOf(swapped(twoSeals)), "the two are out of order");
  assert.equal(reasonOf(swapped(twoVotes)), "the two are out of order");
  assert.ok(twoSeals.kind === "double-seal");
  const hashes = [twoSeals.first, twoSeals.second].map((one) => toHex(sealedHeaderHash(one)));
  assert.deepEqual(hashes, [...hashes].sort());
});

test("forged evidence does nothing: each signature is the offender's", () => {
  const notSealed = "a header is not sealed by its producer";
  assert.equal(reasonOf(sealsOf(sealed(), sealed({ timestampMs: 1 }, stranger))), notSealed);
  assert.equal(reasonOf(sealsOf(sealed({ timestampMs: 1 }, stranger), sealed())), notSealed);
  const unsigned = {
    ...sealed({ timestampMs: 1 }),
    seal: { nonce: zeroBytes32, signature: new Uint8Array(0) },
  };
  assert.equal(reasonOf(sealsOf(sealed(), unsigned)), notSealed);
  const notSigned = "a vote is not signed by its voter";
  const forged = { ...voted(at(1), at(5, 3), stranger), voter: keyPair.publicKey };
  assert.equal(reasonOf(votesOf(voted(at(1), at(5, 2)), forged)), notSigned);
  assert.equal(reasonOf(votesOf(forged, voted(at(1), at(5, 2)))), notSigned);
});

test("evidence of another chain does nothing here", () => {
  assert.equal(reasonOf(twoSeals, otherChainId), `a header of chain ${toHex(chainId)}`);
  assert.equal(reasonOf(twoVotes, otherChainId), "a vote is not signed by its voter");
  const elsewhere = sealsOf(sealed({ chainId: otherChainId }), sealed());
  assert.equal(reasonOf(elsewhere), `a header of chain ${toHex(otherChainId)}`);
  const abroad = signVote(otherChainId, at(1), at(5, 3), keyPair);
  assert.equal(reasonOf(votesOf(voted(at(1), at(5, 2)), abroad)), "a vote is not signed by its voter");
});

test("the bytes are a number for the kind, and the pair", () => {
  assert.ok(twoVotes.kind === "vote-pair" && twoSeals.kind === "double-seal");
  const votes = `02${toHex(encodeVote(twoVotes.first))}${toHex(encodeVote(twoVotes.second))}`;
  assert.equal(toHex(encodeEvidence(twoVotes)), votes);
  // A header, the offset of its seal (281), the seal's nonce, the offset of its signature (36), the signature.
  const sealedHex = ({ header, seal }: SealedHeader) =>
    `${toHex(HeaderType.serialize(header))}39010000${toHex(seal.nonce)}24000000${toHex(seal.signature)}`;
  const [first, second] = [sealedHex(twoSeals.first), sealedHex(twoSeals.second)];
  // Offsets of the two, each of 281 + 36 + 64 = 381 bytes.
  assert.equal(toHex(encodeEvidence(twoSeals)), `01${"08000000"}${"a5010000"}${first}${second}`);
  for (const evidence of [twoVotes, twoSeals]) {
    const bytes = encodeEvidence(evidence);
    assert.ok(bytes.length <= evidenceBytesMax);
    assert.deepEqual(decodeEvidence(bytes), { ok: true, value: evidence });
  }
});

test("bytes that are not exactly one piece of evidence are the codec's fault", () => {
  const [seals, votes] = [encodeEvidence(twoSeals), encodeEvidence(twoVotes)];
  const others = [
    new Uint8Array(0),
    Uint8Array.of(1),
    concatBytes([Uint8Array.of(0), votes.subarray(1)]),
    concatBytes([Uint8Array.of(3), votes.subarray(1)]),
    concatBytes([Uint8Array.of(1), votes.subarray(1)]),
    concatBytes([Uint8Array.of(2), seals.subarray(1)]),
    concatBytes([votes, new Uint8Array(1)]),
    votes.subarray(0, votes.length - 1),
    seals.subarray(0, 300),
  ];
  for (const bytes of others) {
    const decoded = decodeEvidence(bytes);
    assert.equal(decoded.ok ? "ok" : decoded.fault.code, "codec/malformed");
  }
});

test("two votes convict exactly where the rules say so, in either order of hearing them", () => {
  const checkpoints = fc.record({ height: fc.nat(6), branch: fc.integer({ min: 1, max: 2 }) });
  const links = fc.tuple(checkpoints, checkpoints);
  fc.assert(
    fc.property(links, links, ([s1, t1], [s2, t2]) => {
      const a = voted(at(s1.height, s1.branch), at(t1.height, t1.branch));
      const b = voted(at(s2.height, s2.branch), at(t2.height, t2.branch));
      const isSame = toHex(encodeVote(a)) === toHex(encodeVote(b));
      const doubled = t1.height === t2.height && !isSame;
      const surrounds =
        (s1.height < s2.height && t2.height < t1.height) || (s2.height < s1.height && t1.height < t2.height);
      const evidence = votePairOf(a, b);
      assert.equal(evidence !== undefined, doubled || surrounds);
      assert.deepEqual(votePairOf(b, a), evidence);
      if (evidence) assert.equal(reasonOf(evidence), undefined);
    }),
    { numRuns: 300 },
  );
});

test("no flipped bit of good evidence convicts, but in what no signature covers there is nothing to flip", () => {
  for (const evidence of [twoSeals, twoVotes]) {
    const good = encodeEvidence(evidence);
    fc.assert(
      fc.property(fc.nat(good.length * 8 - 1), (bit) => {
        const bytes = Uint8Array.from(good);
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        const decoded = decodeEvidence(bytes);
        assert.ok(!decoded.ok || evidenceFault(decoded.value, chainId) !== undefined);
      }),
      { numRuns: 300 },
    );
  }
});
