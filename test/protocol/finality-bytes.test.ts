/** Votes, certificates and consents: their bytes by hand, their signatures by another library, and nothing but them. */
import assert from "node:assert/strict";
import { createPrivateKey, sign as signByNode } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { bigIntToBytes, concatBytes, toHex } from "../../src/base/bytes.ts";
import { signConsent, verifyConsent } from "../../src/protocol/authority-consent.ts";
import { ConsensusSectionType } from "../../src/protocol/block.ts";
import {
  type Certificate,
  CertificateType,
  certificateSignersMax,
  quorumOf,
  signersOf,
} from "../../src/protocol/certificate.ts";
import { type Checkpoint, CheckpointType, isSameCheckpoint } from "../../src/protocol/checkpoint.ts";
import { decode } from "../../src/protocol/codec.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import {
  decodeVote,
  encodeVote,
  signVote,
  type Vote,
  verifyVote,
  voteBytes,
  voteMessage,
} from "../../src/protocol/vote.ts";
import { chainId, keyPair } from "./samples.ts";

const source: Checkpoint = { height: 258, hash: new Uint8Array(32).fill(0xaa) };
const target: Checkpoint = { height: 65_536, hash: new Uint8Array(32).fill(0xbb) };
const sourceHex = `0201000000000000${"aa".repeat(32)}`;
const targetHex = `0000010000000000${"bb".repeat(32)}`;
const otherChainId = new Uint8Array(32).fill(0xc2);
const stranger = keyPairFromSeed(new Uint8Array(32).fill(8));
const vote = signVote(chainId, source, target, keyPair);

/** Ed25519 of the samples' key by OpenSSL: PKCS #8 (RFC 8410) around the seed. */
function signatureOf(messageHex: string): string {
  const der = Buffer.from(`302e020100300506032b657004220420${"01".repeat(32)}`, "hex");
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return signByNode(null, Buffer.from(messageHex, "hex"), key).toString("hex");
}

const textHex = (text: string) => Buffer.from(text).toString("hex");

test("a vote's message is the domain, the chain, and height and hash of source and target", () => {
  const message = `${textHex("aurex/vote/1")}${"c1".repeat(32)}${sourceHex}${targetHex}`;
  assert.equal(toHex(voteMessage(chainId, { source, target })), message);
  assert.equal(toHex(vote.signature), signatureOf(message));
  assert.equal(verifyVote(chainId, vote), true);
});

test("a vote is 176 bytes: source, target, voter, signature", () => {
  const bytes = encodeVote(vote);
  const hex = `${sourceHex}${targetHex}${toHex(keyPair.publicKey)}${toHex(vote.signature)}`;
  assert.equal(toHex(bytes), hex);
  assert.equal(bytes.length, voteBytes);
  assert.equal(voteBytes, 176);
  assert.deepEqual(decodeVote(bytes), { ok: true, value: vote });
});

test("a vote holds for its chain, its link and its voter only", () => {
  assert.equal(verifyVote(otherChainId, vote), false);
  const changes: Partial<Vote>[] = [
    { source: { ...source, height: 259 } },
    { source: { ...source, hash: target.hash } },
    { target: { ...target, height: 65_537 } },
    { target: { ...target, hash: source.hash } },
    { source: target, target: source },
    { voter: stranger.publicKey },
    { signature: signVote(chainId, source, target, stranger).signature },
    { signature: new Uint8Array(64) },
  ];
  for (const change of changes) {
    assert.equal(verifyVote(chainId, { ...vote, ...change }), false, Object.keys(change).join());
  }
});

test("bytes that are not exactly one vote are the codec's fault", () => {
  const bytes = encodeVote(vote);
  const tooHigh = Uint8Array.from(bytes);
  tooHigh.fill(0xff, 0, 8);
  const others = [
    new Uint8Array(0),
    bytes.subarray(1),
    bytes.subarray(0, voteBytes - 1),
    concatBytes([bytes, new Uint8Array(1)]),
    concatBytes([bytes, bytes]),
    tooHigh,
  ];
  for (const other of others) {
    const decoded = decodeVote(other);
    assert.equal(decoded.ok ? "ok" : decoded.fault.code, "codec/malformed");
  }
});

const checkpoints = fc.record(
  {
    height: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  },
  { noNullPrototype: true },
);

test("any vote comes back from its bytes, and no flipped bit leaves it valid", () => {
  fc.assert(
    fc.property(checkpoints, checkpoints, fc.nat(voteBytes * 8 - 1), (from, to, bit) => {
      const signed = signVote(chainId, from, to, keyPair);
      const bytes = encodeVote(signed);
      assert.deepEqual(decodeVote(bytes), { ok: true, value: signed });
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      const flipped = decodeVote(bytes);
      assert.equal(flipped.ok && verifyVote(chainId, flipped.value), false);
    }),
    { numRuns: 200 },
  );
});

test("a checkpoint is its height and its hash", () => {
  assert.equal(toHex(CheckpointType.serialize(source)), sourceHex);
  assert.equal(isSameCheckpoint(source, { height: 258, hash: new Uint8Array(32).fill(0xaa) }), true);
  assert.equal(isSameCheckpoint(source, { ...source, height: 259 }), false);
  assert.equal(isSameCheckpoint(source, { ...source, hash: target.hash }), false);
});

const certificate: Certificate = {
  targetHeight: target.height,
  targetHash: target.hash,
  bitmap: Uint8Array.of(0x01, 0x02),
  signatures: [new Uint8Array(64).fill(1), new Uint8Array(64).fill(2)],
};

test("a certificate has the documented bytes, and stands first in the consensus section", () => {
  // Offsets: bitmap at 40 + 4 + 4, signatures two bytes later.
  const hex = `${targetHex}3000000032000000${"0102"}${"01".repeat(64)}${"02".repeat(64)}`;
  assert.equal(toHex(CertificateType.serialize(certificate)), hex);
  const section = ConsensusSectionType.serialize({ certificates: [certificate], evidence: [] });
  // Offsets of the two lists, then of the one certificate in its list.
  assert.equal(toHex(section), `08000000${"be000000"}04000000${hex}`);
});

test("a certificate's bytes with more, less or too many are refused", () => {
  const bytes = CertificateType.serialize(certificate);
  assert.deepEqual(decode(CertificateType, bytes, "certificate"), { ok: true, value: certificate });
  const tooManySigners = Array.from({ length: certificateSignersMax + 1 }, () => new Uint8Array(64));
  const encodedTooMany = concatBytes([
    bytes.subarray(0, 40),
    Buffer.from("3000000031000000ff", "hex"),
    ...tooManySigners,
  ]);
  const longBitmap = concatBytes([
    bytes.subarray(0, 40),
    Buffer.from("3000000051000000", "hex"),
    new Uint8Array(33),
  ]);
  for (const other of [
    concatBytes([bytes, new Uint8Array(1)]),
    bytes.subarray(0, bytes.length - 1),
    bytes.subarray(0, 47),
    encodedTooMany,
    longBitmap,
  ]) {
    const decoded = decode(CertificateType, other, "certificate");
    assert.equal(decoded.ok ? "ok" : decoded.fault.code, "codec/malformed");
  }
});

test("bit i of the bitmap is the i-th authority", () => {
  assert.deepEqual(signersOf(Uint8Array.of(0x00), 3), []);
  assert.deepEqual(signersOf(Uint8Array.of(0x05), 3), [0, 2]);
  assert.deepEqual(signersOf(Uint8Array.of(0x80), 8), [7]);
  assert.deepEqual(signersOf(Uint8Array.of(0, 1), 9), [8]);
  assert.deepEqual(signersOf(new Uint8Array(32).fill(0x80, 31), 256), [255]);
});

test("a bitmap of another length, or with a bit over the set, names nobody", () => {
  assert.equal(signersOf(new Uint8Array(0), 3), undefined);
  assert.equal(signersOf(Uint8Array.of(1, 0), 3), undefined);
  assert.equal(signersOf(Uint8Array.of(0x08), 3), undefined);
  assert.equal(signersOf(Uint8Array.of(0x81), 7), undefined);
  assert.equal(signersOf(Uint8Array.of(1), 9), undefined);
  assert.deepEqual(signersOf(Uint8Array.of(0x80), 8), [7]);
});

/** The bitmap as a number, little-endian: 2^i for the i-th authority. */
function bitmapWith(signers: readonly number[], count: number): Uint8Array {
  const number = signers.reduce((sum, index) => sum + 2n ** BigInt(index), 0n);
  return bigIntToBytes(number, Math.ceil(count / 8)).reverse();
}

test("any signers are read back from their bitmap, and a set of signers has one bitmap", () => {
  const sets = fc
    .integer({ min: 1, max: certificateSignersMax })
    .chain((count) => fc.tuple(fc.constant(count), fc.uniqueArray(fc.nat(count - 1))));
  fc.assert(
    fc.property(sets, ([count, signers]) => {
      const ascending = [...signers].sort((a, b) => a - b);
      assert.deepEqual(signersOf(bitmapWith(signers, count), count), ascending);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.uint8Array({ maxLength: 4 }), (count, bitmap) => {
      const signers = signersOf(bitmap, count);
      if (signers) assert.deepEqual(bitmapWith(signers, count), bitmap);
    }),
  );
});

test("the quorum is two thirds of the set, rounded up: any two share more than a third", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7].map(quorumOf), [1, 2, 2, 3, 4, 4, 5]);
  for (let count = 1; count <= certificateSignersMax; count += 1) {
    assert.ok(quorumOf(count) * 3 >= count * 2 && (quorumOf(count) - 1) * 3 < count * 2);
    assert.ok((2 * quorumOf(count) - count) * 3 >= count);
  }
});

test("a consent is signed over the domain, the chain and the last height", () => {
  const message = `${textHex("aurex/consent/1")}${"c1".repeat(32)}0201000000000000`;
  const consent = signConsent(chainId, 258, keyPair);
  assert.equal(toHex(consent), signatureOf(message));
  assert.equal(verifyConsent(chainId, 258, consent, keyPair.publicKey), true);
  assert.equal(verifyConsent(otherChainId, 258, consent, keyPair.publicKey), false);
  assert.equal(verifyConsent(chainId, 259, consent, keyPair.publicKey), false);
  assert.equal(verifyConsent(chainId, 258, consent, stranger.publicKey), false);
  assert.equal(verifyConsent(chainId, 258, new Uint8Array(64), keyPair.publicKey), false);
  assert.equal(verifyConsent(chainId, 258, new Uint8Array(0), keyPair.publicKey), false);
});
