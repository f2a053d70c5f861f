/** The frozen table of characters against the Unicode of the runtime. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isCapital, isVisible } from "../../src/ledger/characters.ts";

const codePointsMax = 0x110000;
/** Nothing of their own to see: control, format, private use, surrogate, unassigned, spaces, ignorable by default. */
const unseen = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

test("every character of the table is visible, alone in NFC, and a capital just where lower-casing changes it", () => {
  const wrong: number[] = [];
  let visible = 0;
  let capitals = 0;
  for (let codePoint = 0; codePoint < codePointsMax; codePoint += 1) {
    const character = String.fromCodePoint(codePoint);
    if (!isVisible(codePoint)) {
      if (isCapital(codePoint)) wrong.push(codePoint);
      continue;
    }
    visible += 1;
    if (isCapital(codePoint)) capitals += 1;
    if (unseen.test(character) || character.normalize("NFC") !== character) wrong.push(codePoint);
    if (isCapital(codePoint) !== (character.toLowerCase() !== character)) wrong.push(codePoint);
  }
  assert.deepEqual(wrong, []);
  // As many as Unicode 17 has: a rule of the chain, whatever the runtime knows.
  assert.deepEqual({ visible, capitals }, { visible: 158_227, capitals: 1_478 });
});

test("the edges of the ranges", () => {
  for (const codePoint of [0x21, 0x7e, 0xa1, 0xe4]) assert.equal(isVisible(codePoint), true);
  for (const codePoint of [0, 0x20, 0x7f, 0x9f, 0xa0, 0xad, 0x0378, 0xd800, 0xe000, 0x10ffff]) {
    assert.equal(isVisible(codePoint), false);
  }
  assert.deepEqual(
    [..."AZ[@azÄäΩωДд"].map((character) => isCapital(character.codePointAt(0) as number)),
    [true, true, false, false, false, false, true, false, true, false, true, false],
  );
});
