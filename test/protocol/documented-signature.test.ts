/** The documented `SIG_…` text: written, read back, and refused where it is anything else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { documentedSignature, parseDocumentedSignature } from "../../src/protocol/documented-signature.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

test("reads SIG_{node_id}_{hash}_{signature}", () => {
  const key = new Uint8Array(32).fill(1);
  const text = documentedSignature(key, new Uint8Array(32).fill(0xab), new Uint8Array(64).fill(0xcd));
  assert.equal(text, `SIG_${nodeIdOf(key)}_${"ab".repeat(32)}_${"cd".repeat(64)}`);
});

test("every key, hash and signature comes back", () => {
  fc.assert(
    fc.property(bytes(32), bytes(32), bytes(64), (producerKey, hash, signature) => {
      const text = documentedSignature(producerKey, hash, signature);
      assert.deepEqual(parseDocumentedSignature(text), { producerKey, hash, signature });
    }),
  );
});

test("a text that anyone can make, or that is cut, lengthened or changed in form, is none", () => {
  const key = new Uint8Array(32).fill(1);
  const text = documentedSignature(key, new Uint8Array(32).fill(2), new Uint8Array(64).fill(3));
  const wrong = [
    "",
    "SIG_PoA_Authority_xyz123",
    text.slice(0, -1),
    text.slice(0, -2),
    `${text}00`,
    `${text}\n`,
    ` ${text}`,
    text.toUpperCase(),
    text.replace("SIG_", "sig_"),
    text.replace("12D3KooW", "12D3Koo_"),
    text.replace(nodeIdOf(key), "1".repeat(100_000)),
    text.replaceAll("_", "__"),
  ];
  for (const each of wrong) {
    assert.equal(parseDocumentedSignature(each), undefined, each.slice(0, 80));
  }
});
