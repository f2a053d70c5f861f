/** Amounts: text and base units are two forms of one number. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAmount, parseAmount } from "../../src/protocol/amount.ts";
import { uint64Max } from "../../src/protocol/codec.ts";

const units = fc.bigInt({ min: 0n, max: uint64Max });
const decimals = fc.nat({ max: 18 });

function parsed(text: string, places?: number): bigint | string {
  const result = parseAmount(text, places);
  return result.ok ? result.value : result.fault.code;
}

test("what is formatted parses to the same units", () => {
  fc.assert(
    fc.property(units, decimals, (amount, places) => parsed(formatAmount(amount, places), places) === amount),
  );
});

test("the text is the number: whole part times 10^decimals plus the fraction, without needless zeros", () => {
  fc.assert(
    fc.property(units, decimals, (amount, places) => {
      const text = formatAmount(amount, places);
      const [whole = "", fraction = ""] = text.split(".");
      assert.equal(
        BigInt(whole) * 10n ** BigInt(places) + BigInt(fraction.padEnd(places, "0") || "0"),
        amount,
      );
      assert.match(text, /^(0|[1-9]\d*)(\.\d*[1-9])?$/);
    }),
  );
});

test("AUR has 8 places by default", () => {
  assert.equal(parsed("10.5"), 1_050_000_000n);
  assert.equal(parsed(" 10.50000000 "), 1_050_000_000n);
  assert.equal(formatAmount(1_050_000_000n), "10.5");
  assert.equal(formatAmount(1n), "0.00000001");
  assert.equal(formatAmount(-1_050_000_000n), "-10.5", "a member of a pool can owe");
  assert.equal(formatAmount(0n), "0");
  assert.equal(parsed("0"), 0n);
  assert.equal(parsed("007"), 700_000_000n);
});

test("the highest amount parses, one unit more does not", () => {
  assert.equal(parsed("184467440737.09551615"), uint64Max);
  assert.equal(parsed("184467440737.09551616"), "amount/invalid");
  assert.equal(parsed(String(uint64Max), 0), uint64Max);
  assert.equal(parsed(String(uint64Max + 1n), 0), "amount/invalid");
});

test("signs, exponents, other digits and more places than the asset has are faults", () => {
  const faulty = [
    "",
    ".",
    "1.",
    ".5",
    "-1",
    "+1",
    "1e3",
    "0x10",
    "1,5",
    "1 000",
    "１",
    "1.000000001",
    "NaN",
    "1\n2",
  ];
  for (const text of faulty) assert.equal(parsed(text), "amount/invalid", JSON.stringify(text));
  assert.equal(parsed("1.5", 0), "amount/invalid");
});
