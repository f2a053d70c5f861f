/** Words and the keys that they give, against the published vectors; and words as people type them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mnemonicToEntropy, mnemonicToSeed } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { deriveKey } from "../../src/wallet/slip10.ts";
import { accountPath, newWords, readWords, seedFromWords } from "../../src/wallet/words.ts";

const vectorsIn = (file: string) =>
  JSON.parse(readFileSync(new URL(`../vectors/keys/${file}`, import.meta.url), "utf8"));

test("SLIP-0010 gives what its Ed25519 vectors say", () => {
  const vectors = vectorsIn("slip10-ed25519.json");
  assert.equal(vectors.length, 12);
  for (const { seed, path, chainCode, key, publicKey } of vectors) {
    const derived = deriveKey(fromHex(seed) as Uint8Array, path);
    assert.equal(toHex(derived.key), key, `m/${path.join("/")}`);
    assert.equal(toHex(derived.chainCode), chainCode);
    assert.equal(toHex(keyPairFromSeed(derived.key).publicKey), publicKey);
  }
  for (const index of [-1, 0.5, 2 ** 31]) assert.throws(() => deriveKey(new Uint8Array(32), [index]));
});

test("BIP-39 gives what its vectors say, and an account's seed follows from it by the documented path", async () => {
  for (const { entropy, words, seed } of vectorsIn("bip39.json")) {
    assert.equal(toHex(mnemonicToEntropy(words, wordlist)), entropy);
    assert.equal(toHex(await mnemonicToSeed(words, "TREZOR")), seed);
    const own = await mnemonicToSeed(words);
    for (const account of [0, 7, 2 ** 31 - 1]) {
      assert.equal(accountPath(account), `m/44'/1096110680'/${account}'`);
      assert.deepEqual(await seedFromWords(words, account), deriveKey(own, [44, 1_096_110_680, account]).key);
    }
  }
  // Written down once: whoever has these words in 20 years must get this key.
  assert.equal(
    toHex(await seedFromWords("legal winner thank year wave sausage worth useful legal winner thank yellow")),
    "82f52787682704b408605033070af1e8d8f73eeb4b9c6b5ba481aa0c5711eed2",
  );
});

test("new words are 12 or 24, pass their own check, and are never the same", () => {
  const made = new Set<string>();
  for (const count of [12, 24] as const) {
    for (let index = 0; index < 20; index += 1) {
      const words = newWords(count);
      assert.equal(words.split(" ").length, count);
      assert.deepEqual(readWords(words), { ok: true, value: words });
      made.add(words);
    }
  }
  assert.equal(made.size, 40);
});

const phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow";

test("words are the same however they are typed or pasted", () => {
  const words = phrase.split(" ");
  for (const typed of [
    ` ${phrase}\r\n`,
    phrase.toUpperCase(),
    words.join("\n"),
    words.join(" \t "),
    words.join("\u00a0"),
    words.join("\u3000"),
    `\ufeff${phrase}`,
    words.map((word, index) => `${index + 1}. ${word}`).join("\n"),
    words.map((word, index) => `${index + 1}) ${word}`).join("  "),
    // Full-width letters, as some input methods give them.
    phrase.replace(/[a-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)),
  ]) {
    assert.deepEqual(readWords(typed), { ok: true, value: phrase }, JSON.stringify(typed));
  }
});

test("wrong words are refused with the reason, and without showing the others", () => {
  const refused: [string, RegExp][] = [
    ["", /there are 0 words/],
    [phrase.split(" ").slice(1).join(" "), /there are 11 words/],
    [`${phrase} zoo`, /there are 13 words/],
    [phrase.replace("sausage", "sausge"), /word 6, "sausge", is not in the list.*nearest is "sausage"/],
    [phrase.replace("yellow", "zoo"), /checksum is wrong/],
    [phrase.replace("legal winner", "winner legal"), /checksum is wrong/],
    [Array(12).fill("abandon").join(" "), /checksum is wrong/],
  ];
  for (const [typed, why] of refused) {
    const read = readWords(typed);
    assert.ok(!read.ok, typed);
    assert.match(read.fault, why);
    assert.doesNotMatch(read.fault, /winner|useful/);
  }
});
