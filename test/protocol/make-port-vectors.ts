/** The vectors of the ports: digests and keys by Node's own crypto, verdicts by libsodium, which signing.test.ts holds to the text. */
import { createHash, createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { concatBytes, fromUtf8, toHex } from "../../src/base/bytes.ts";
import { keyPairFromSeed, verifySignature } from "../../src/protocol/signing.ts";
import {
  add,
  basePoint,
  challenge,
  encodePoint,
  fieldPrime,
  fromLittleEndian,
  groupOrder,
  identity,
  multiply,
  smallOrderPoints,
  toLittleEndian,
} from "./ed25519-curve.ts";
import type { PortVectors } from "./port-vectors.ts";

/** The first bytes of a stream that depends on `label` only. */
function stream(label: string, length: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let index = 0; index * 32 < length; index += 1) {
    parts.push(createHash("sha256").update(`${label} ${index}`).digest());
  }
  return concatBytes(parts).slice(0, length);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

/** RFC 8410's wrapping of a seed. */
function signByNode(seed: Uint8Array, message: Uint8Array): Uint8Array {
  const der = concatBytes([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return sign(null, message, createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" }));
}

type Case = readonly [message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array];

function secretScalar(seed: Uint8Array): bigint {
  const half = new Uint8Array(createHash("sha512").update(seed).digest().subarray(0, 32));
  half[0] = (half[0] as number) & 248;
  half[31] = ((half[31] as number) & 63) | 64;
  return fromLittleEndian(half);
}

/** What libraries disagree on: the twelve of speccheck, small order, torsion, S + L, encodings that are not canonical. */
function edgeCases(): Case[] {
  const file = new URL("../vectors/ed25519/speccheck.json", import.meta.url);
  const published = JSON.parse(readFileSync(file, "utf8")) as Record<
    "message" | "signature" | "pub_key",
    string
  >[];
  const cases: Case[] = published.map(({ message, signature, pub_key }) => [
    Buffer.from(message, "hex"),
    Buffer.from(signature, "hex"),
    Buffer.from(pub_key, "hex"),
  ]);
  const seed = new Uint8Array(32).fill(77);
  const { publicKey } = keyPairFromSeed(seed);
  const scalar = secretScalar(seed);
  const message = fromUtf8("an edge");
  const signature = signByNode(seed, message);
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  for (const point of smallOrderPoints()) {
    const small = encodePoint(point);
    cases.push([message, signature, small], [message, concatBytes([small, s]), publicKey]);
    // Without the cofactor one of eight such signatures holds, with it all eight do.
    const mixed = encodePoint(add(multiply(scalar, basePoint), point));
    for (let attempt = 1n; attempt <= 10n; attempt += 1n) {
      const commitment = encodePoint(multiply(attempt, basePoint));
      const text = fromUtf8(`mixed ${attempt}`);
      const answer = (attempt + challenge(commitment, mixed, text) * scalar) % groupOrder;
      cases.push([text, concatBytes([commitment, toLittleEndian(answer)]), mixed]);
    }
    const mixedR = encodePoint(add(multiply(5n, basePoint), point));
    const answer = (5n + challenge(mixedR, publicKey, message) * scalar) % groupOrder;
    cases.push([message, concatBytes([mixedR, toLittleEndian(answer)]), publicKey]);
  }
  const identityR = encodePoint(identity);
  const overIdentity = (challenge(identityR, publicKey, message) * scalar) % groupOrder;
  cases.push([message, concatBytes([identityR, toLittleEndian(overIdentity)]), publicKey]);
  for (const factor of [1n, 2n, 7n]) {
    cases.push([
      message,
      concatBytes([r, toLittleEndian(fromLittleEndian(s) + factor * groupOrder)]),
      publicKey,
    ]);
  }
  for (const y of [fieldPrime, fieldPrime + 1n, fieldPrime + 18n, 2n ** 255n - 1n]) {
    for (const signBit of [0n, 1n]) {
      const encoded = toLittleEndian(y | (signBit << 255n));
      cases.push([message, signature, encoded], [message, concatBytes([encoded, s]), publicKey]);
    }
  }
  return cases;
}

function honestAndDamaged(): Case[] {
  const cases: Case[] = [];
  for (let number = 0; number < 24; number += 1) {
    const seed = stream(`seed ${number}`, 32);
    const { publicKey } = keyPairFromSeed(seed);
    const message = stream(`message ${number}`, number * 7);
    const signature = signByNode(seed, message);
    const flipped = Uint8Array.from(signature);
    flipped[(number * 5) % 64]! ^= 1 << (number % 8);
    const otherKey = Uint8Array.from(publicKey);
    otherKey[number]! ^= 0x10;
    const zeroS = concatBytes([signature.subarray(0, 32), new Uint8Array(32)]);
    cases.push(
      [message, signature, publicKey],
      [message, flipped, publicKey],
      [message, signature, otherKey],
    );
    cases.push([concatBytes([message, Uint8Array.of(0)]), signature, publicKey], [message, zeroS, publicKey]);
  }
  return cases;
}

export function makePortVectors(): PortVectors {
  const lengths = [...Array.from({ length: 140 }, (_, length) => length), 511, 512, 513, 4096, 70_000];
  return {
    sha256: lengths.map((length) => {
      const bytes = stream("sha256", length);
      return { bytes: toHex(bytes), digest: toHex(sha256(bytes)) };
    }),
    pairs: [0, 1, 2, 3, 7, 64].map((count) => {
      const pairs = stream("pairs", count * 64);
      const each = Array.from({ length: count }, (_, index) =>
        sha256(pairs.subarray(index * 64, index * 64 + 64)),
      );
      return { pairs: toHex(pairs), hashes: toHex(concatBytes(each)) };
    }),
    keys: Array.from({ length: 16 }, (_, number) => {
      const seed = stream(`key ${number}`, 32);
      const message = stream(`signed ${number}`, number * 9);
      const publicKey = encodePoint(multiply(secretScalar(seed) % groupOrder, basePoint));
      const signature = signByNode(seed, message);
      return {
        seed: toHex(seed),
        publicKey: toHex(publicKey),
        message: toHex(message),
        signature: toHex(signature),
      };
    }),
    signatures: [...edgeCases(), ...honestAndDamaged()].map(([message, signature, publicKey]) => ({
      message: toHex(message),
      signature: toHex(signature),
      publicKey: toHex(publicKey),
      valid: verifySignature(message, signature, publicKey),
    })),
  };
}
