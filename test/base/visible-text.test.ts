/** Text of others cannot hide, turn a line around or move the cursor, and what looks alike can be told apart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { charactersToCompare, groupedAddress, visibleText } from "../../src/base/visible-text.ts";

test("characters that hide are shown by their numbers, and what people write stays as it is", () => {
  const shown: [string, string][] = [
    ["a\u202eb", "a\\u{202e}b"],
    ["a\u200bb\u200db\u2060", "a\\u{200b}b\\u{200d}b\\u{2060}"],
    ["\u001b[2J\u0007\r", "\\u{1b}[2J\\u{7}\\u{d}"],
    ["\ufeffx\u00ad\u3164\u2800", "\\u{feff}x\\u{ad}\\u{3164}\\u{2800}"],
    ["a\u00a0b\u3000c\u2028d", "a\\u{a0}b\\u{3000}c\\u{2028}d"],
    ["\ud800", "\\u{d800}"],
    ["e\u{e0041}", "e\\u{e0041}"],
  ];
  for (const [text, visible] of shown) assert.equal(visibleText(text), visible);
  for (const text of ["Zoë's node, 節点 🔑", "naïve café", "a b"]) assert.equal(visibleText(text), text);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 50 }), (text) => {
      assert.doesNotMatch(visibleText(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
      assert.equal(visibleText(visibleText(text)), visibleText(text));
    }),
  );
});

test("letters outside of ASCII are named, so that a Cyrillic one is not taken for a Latin one", () => {
  assert.equal(charactersToCompare("alice@example.com"), undefined);
  assert.equal(charactersToCompare("\u0430lice"), "\u0430 U+0430");
  assert.equal(charactersToCompare("zoë\u202e🔑ë"), "ë U+00EB, \\u{202e} U+202E, 🔑 U+1F511");
});

test("an address stands in groups, and without the blanks it is the address", () => {
  const address = `aurex1${"q".repeat(58)}`;
  assert.match(groupedAddress(address), /^aurex1( q{4}){14} qq$/);
  assert.equal(groupedAddress(address).replaceAll(" ", ""), address);
});
