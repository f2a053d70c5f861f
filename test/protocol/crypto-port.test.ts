/** The two implementations of the ports, held to the same vectors; the browser runs them in test/client/. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as nativeHex from "../../src/base/hex/native.ts";
import type { HexPort } from "../../src/base/hex/port.ts";
import * as portableHex from "../../src/base/hex/portable.ts";
import * as nativeCrypto from "../../src/protocol/crypto/native.ts";
import type { CryptoPort } from "../../src/protocol/crypto/port.ts";
import * as portableCrypto from "../../src/protocol/crypto/portable.ts";
import { meetsConditions } from "../../src/protocol/signing.ts";
import { makePortVectors } from "./make-port-vectors.ts";
import { portMismatches } from "./port-vectors.ts";

const vectors = makePortVectors();
const implementations: Readonly<Record<string, { readonly crypto: CryptoPort; readonly hex: HexPort }>> = {
  native: { crypto: nativeCrypto, hex: nativeHex },
  portable: { crypto: portableCrypto, hex: portableHex },
};

for (const [name, ports] of Object.entries(implementations)) {
  test(`${name}: digests, keys, signatures and the verdicts on edge cases are those of the vectors`, () => {
    const verdicts = vectors.signatures.map(({ valid }) => valid);
    // Both verdicts have to be there in numbers, or a port that always says the same would pass.
    assert.ok(verdicts.filter(Boolean).length >= 24 && verdicts.filter((valid) => !valid).length >= 100);
    assert.deepEqual(portMismatches(vectors, { ...ports, meetsConditions }), []);
  });

  test(`${name}: a vector that is wrong is found`, () => {
    const [digest, pairs, key, signature] = [
      vectors.sha256[1]!,
      vectors.pairs[1]!,
      vectors.keys[1]!,
      vectors.signatures[3]!,
    ];
    const wrong = {
      sha256: [{ ...digest, digest: "00".repeat(32) }],
      pairs: [{ ...pairs, hashes: "00".repeat(32) }],
      keys: [{ ...key, publicKey: "01".repeat(32), signature: "00".repeat(64) }],
      signatures: [{ ...signature, valid: !signature.valid }],
    };
    assert.equal(portMismatches(wrong, { ...ports, meetsConditions }).length, 5);
  });

  test(`${name}: hex is written up to the first character that is no digit, and not beyond its target`, () => {
    const { hexTarget, writeHex } = ports.hex;
    const cases: [digits: string, start: number, written: number, bytes: number[]][] = [
      ["0aF9", 1, 2, [0, 0x0a, 0xf9, 0]],
      ["0a0g", 0, 1, [0x0a, 0, 0, 0]],
      ["g0", 0, 0, [0, 0, 0, 0]],
      ["010203", 2, 2, [0, 0, 1, 2]],
      ["", 0, 0, [0, 0, 0, 0]],
    ];
    for (const [digits, start, written, bytes] of cases) {
      const target = hexTarget(4);
      assert.equal(writeHex(target, digits, start), written, digits);
      assert.deepEqual([...target], bytes, digits);
    }
  });
}
