/** Ed25519: one rule, held to public edge cases, to the text in plain arithmetic, and to another library. */
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { concatBytes, fromHex, fromUtf8, toHex } from "../../src/base/bytes.ts";
import {
  type KeyPair,
  keyPairFromSeed,
  meetsConditions,
  sign,
  verifySignature,
} from "../../src/protocol/signing.ts";
import {
  add,
  basePoint,
  challenge,
  decodePoint,
  encodePoint,
  fieldPrime,
  fromLittleEndian,
  groupOrder,
  holdsCofactorless,
  identity,
  multiply,
  smallOrderPoints,
  toLittleEndian,
  verifyByTheText,
} from "./ed25519-curve.ts";

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  assert.ok(bytes);
  return bytes;
}

function keyPair(number: number): KeyPair {
  return keyPairFromSeed(new Uint8Array(32).fill(number));
}

/** RFC 8032 section 5.1.5: the secret scalar of a seed. */
function secretScalar(seed: Uint8Array): bigint {
  const half = new Uint8Array(createHash("sha512").update(seed).digest().subarray(0, 32));
  half[0] = (half[0] as number) & 248;
  half[31] = ((half[31] as number) & 63) | 64;
  return fromLittleEndian(half);
}

test("RFC 8032's first two test vectors", () => {
  const vectors = [
    {
      seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      message: "",
      signature:
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    },
    {
      seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      message: "72",
      signature:
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    },
  ];
  for (const { seed, publicKey, message, signature } of vectors) {
    const pair = keyPairFromSeed(bytesOf(seed));
    assert.equal(toHex(pair.publicKey), publicKey);
    assert.equal(toHex(sign(bytesOf(message), pair)), signature);
    assert.equal(verifySignature(bytesOf(message), bytesOf(signature), pair.publicKey), true);
  }
});

interface SpeccheckCase {
  readonly message: string;
  readonly pub_key: string;
  readonly signature: string;
}

test("the twelve cases of ed25519-speccheck", () => {
  const file = new URL("../vectors/ed25519/speccheck.json", import.meta.url);
  const cases = JSON.parse(readFileSync(file, "utf8")) as SpeccheckCase[];
  const verdicts = (rule: typeof verifySignature) =>
    cases
      .map((one) => rule(bytesOf(one.message), bytesOf(one.signature), bytesOf(one.pub_key)))
      .map((isValid) => (isValid ? "V" : "X"))
      .join("");
  assert.equal(verdicts(verifySignature), "XXXVXXXXXXXX");
  assert.equal(verdicts(verifyByTheText), "XXXVXXXXXXXX");
});

test("points of small order are refused as keys and as R, also where the equation holds", () => {
  const points = smallOrderPoints();
  assert.equal(new Set(points.map((point) => point.y)).size, 5);
  for (const point of points) {
    const key = encodePoint(point);
    // With k a multiple of 8 the key's part vanishes, so anyone could sign for such a key.
    for (let attempt = 1n; ; attempt += 1n) {
      const r = encodePoint(multiply(attempt, basePoint));
      const message = fromUtf8("anyone");
      if (challenge(r, key, message) % 8n !== 0n) continue;
      const signature = concatBytes([r, toLittleEndian(attempt)]);
      assert.equal(holdsCofactorless(message, signature, key), true);
      assert.equal(verifySignature(message, signature, key), false);
      break;
    }
  }
  const seed = new Uint8Array(32).fill(5);
  const { publicKey } = keyPairFromSeed(seed);
  const message = fromUtf8("R is the identity");
  const r = encodePoint(identity);
  const s = (challenge(r, publicKey, message) * secretScalar(seed)) % groupOrder;
  const signature = concatBytes([r, toLittleEndian(s)]);
  assert.equal(holdsCofactorless(message, signature, publicKey), true);
  assert.equal(verifySignature(message, signature, publicKey), false);
});

test("S + L and lengths other than 32 and 64 are refused", () => {
  const pair = keyPair(1);
  const message = fromUtf8("message");
  const signature = sign(message, pair);
  assert.equal(verifySignature(message, signature, pair.publicKey), true);
  const s = fromLittleEndian(signature.subarray(32));
  for (const factor of [1n, 2n, 7n]) {
    const shifted = concatBytes([signature.subarray(0, 32), toLittleEndian(s + factor * groupOrder)]);
    assert.equal(holdsCofactorless(message, shifted, pair.publicKey), true);
    assert.equal(verifySignature(message, shifted, pair.publicKey), false);
  }
  const zero = new Uint8Array(1);
  assert.equal(verifySignature(message, concatBytes([signature, zero]), pair.publicKey), false);
  assert.equal(verifySignature(message, signature.subarray(0, 63), pair.publicKey), false);
  assert.equal(verifySignature(message, new Uint8Array(0), pair.publicKey), false);
  assert.equal(verifySignature(message, signature, concatBytes([pair.publicKey, zero])), false);
  assert.equal(verifySignature(message, signature, pair.publicKey.subarray(0, 31)), false);
});

test("keys and R whose y is not canonical are refused", () => {
  const message = fromUtf8("message");
  const signature = sign(message, keyPair(2));
  for (let y = fieldPrime; y < 2n ** 255n; y += 1n) {
    for (const sign of [0n, 1n]) {
      const encoded = toLittleEndian(y | (sign << 255n));
      assert.equal(verifySignature(message, signature, encoded), false);
      const withR = concatBytes([encoded, signature.subarray(32)]);
      assert.equal(verifySignature(message, withR, keyPair(2).publicKey), false);
    }
  }
});

function verifyByNode(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") };
  return verify(null, message, createPublicKey({ key: jwk, format: "jwk" }), signature);
}

/** The conditions in front of the equation, from the text. */
function passesTheConditions(signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (fromLittleEndian(signature.subarray(32)) >= groupOrder) return false;
  return [publicKey, signature.subarray(0, 32)].every((encoded) => {
    const { y } = decodePoint(encoded);
    return y < fieldPrime && !smallY.has(y);
  });
}
const smallY = new Set(smallOrderPoints().map((point) => point.y));

test("the conditions, with their constants, are those of the text", () => {
  const honest = keyPair(3);
  const signature = sign(fromUtf8("message"), honest);
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  const offsets = Array.from({ length: 41 }, (_, index) => BigInt(index - 20));
  const landmarks = [20n, fieldPrime, groupOrder, ...smallY].filter((landmark) => landmark >= 20n);
  let met = 0;
  for (const number of landmarks.flatMap((landmark) => offsets.map((offset) => landmark + offset))) {
    for (const signBit of [0n, 1n]) {
      const encoded = toLittleEndian((number % 2n ** 255n) | (signBit << 255n));
      const cases: [Uint8Array, Uint8Array][] = [
        [signature, encoded],
        [concatBytes([encoded, s]), honest.publicKey],
        [concatBytes([r, encoded]), honest.publicKey],
      ];
      for (const [candidate, key] of cases) {
        const expected = passesTheConditions(candidate, key);
        assert.equal(meetsConditions(candidate, key), expected, `${toHex(candidate)} ${toHex(key)}`);
        if (expected) met += 1;
      }
    }
  }
  assert.ok(met > 0);
  for (const point of smallOrderPoints()) {
    assert.equal(meetsConditions(signature, encodePoint(point)), false);
    assert.equal(meetsConditions(concatBytes([encodePoint(point), s]), honest.publicKey), false);
  }
});

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

test("behind the conditions, Node's own verifier gives the same verdict, on good, damaged and crafted signatures", () => {
  const small = smallOrderPoints().map(encodePoint);
  let valid = 0;
  for (let number = 0; number < 120; number += 1) {
    const pair = keyPair(number);
    const message = createHash("sha256")
      .update(String(number))
      .digest()
      .subarray(0, number % 33);
    const signature = sign(message, pair);
    const torsion = small[number % small.length] as Uint8Array;
    const cases: [Uint8Array, Uint8Array, Uint8Array][] = [
      [message, signature, pair.publicKey],
      [concatBytes([message, Uint8Array.of(0)]), signature, pair.publicKey],
      [message, flipped(signature, (number * 37) % 512), pair.publicKey],
      [message, flipped(signature, 255), pair.publicKey],
      [message, flipped(signature, 511), pair.publicKey],
      [message, signature, flipped(pair.publicKey, (number * 11) % 256)],
      [message, signature, flipped(pair.publicKey, 255)],
      [message, concatBytes([torsion, signature.subarray(32)]), pair.publicKey],
      [message, signature, torsion],
      [message, concatBytes([signature.subarray(0, 32), new Uint8Array(32)]), pair.publicKey],
      [message, sign(message, keyPair(number + 1)), pair.publicKey],
    ];
    for (const [text, candidate, key] of cases) {
      const expected = passesTheConditions(candidate, key) && verifyByNode(text, candidate, key);
      assert.equal(verifySignature(text, candidate, key), expected);
      if (expected) valid += 1;
    }
  }
  assert.equal(valid, 120);
});

test("keys with a part of small order: a signature counts if the equation without the cofactor holds", () => {
  const seed = new Uint8Array(32).fill(77);
  const scalar = secretScalar(seed);
  const torsion = smallOrderPoints().find((point) => point.x !== 0n && point.y !== 0n);
  assert.ok(torsion);
  const mixed = encodePoint(add(multiply(scalar, basePoint), torsion));
  const verdicts = new Set<boolean>();
  for (let attempt = 1n; attempt <= 40n; attempt += 1n) {
    const message = fromUtf8(`message ${attempt}`);
    const r = encodePoint(multiply(attempt, basePoint));
    const s = (attempt + challenge(r, mixed, message) * scalar) % groupOrder;
    const signature = concatBytes([r, toLittleEndian(s)]);
    const verdict = verifySignature(message, signature, mixed);
    assert.equal(verdict, challenge(r, mixed, message) % 8n === 0n);
    verdicts.add(verdict);
  }
  assert.deepEqual([...verdicts].sort(), [false, true]);
});
