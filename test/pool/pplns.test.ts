/** PPLNS by numbers that were worked out by hand, and what holds for all numbers. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { splitEarnings, type WindowShare } from "../../src/payouts/pplns.ts";

const share = (account: string, work: bigint): WindowShare => ({ account, work });
const terms = { earnedUnits: 1000n, windowWork: 100n, feePercent: 0 };
const partsOf = (...parameters: Parameters<typeof splitEarnings>) =>
  Object.fromEntries(splitEarnings(...parameters).parts);

describe("a block's split", () => {
  it("follows the work in the window", () => {
    // 10 + 30 + 60 = 100: all of the window.
    const window = [share("finder", 10n), share("big", 60n), share("mid", 30n)];
    assert.deepEqual(partsOf(window, terms), { finder: 100n, big: 600n, mid: 300n });
  });

  it("counts of the oldest share only what fits, and nothing before it", () => {
    // The window is 100: 40, then 50 of the other's, then the last 10 of 60.
    const window = [share("a", 40n), share("b", 50n), share("c", 60n), share("d", 1_000n)];
    assert.deepEqual(partsOf(window, terms), { a: 400n, b: 500n, c: 100n });
  });

  it("adds up a member's shares, wherever they stand", () => {
    const window = [share("a", 25n), share("b", 25n), share("a", 50n)];
    assert.deepEqual(partsOf(window, terms), { a: 750n, b: 250n });
  });

  it("divides over what is there while the window is not full", () => {
    assert.deepEqual(partsOf([share("a", 1n), share("b", 3n)], terms), { a: 250n, b: 750n });
  });

  it("gives what does not divide to the finder", () => {
    // A third of 1000 is 333; 1 is left.
    const window = [share("finder", 1n), share("b", 1n), share("c", 1n)];
    assert.deepEqual(partsOf(window, terms), { finder: 334n, b: 333n, c: 333n });
  });

  it("keeps the pool's fee first, rounded down", () => {
    // 3 % of 999 is 29.97; 970 are left, of which halves are 485.
    const split = splitEarnings([share("a", 5n), share("b", 5n)], {
      ...terms,
      earnedUnits: 999n,
      feePercent: 3,
    });
    assert.deepEqual(split, {
      keptUnits: 29n,
      parts: [
        ["a", 485n],
        ["b", 485n],
      ],
    });
  });

  it("names nobody who gets nothing", () => {
    const window = [share("a", 99n), share("b", 1n)];
    assert.deepEqual(partsOf(window, { ...terms, earnedUnits: 1n }), { a: 1n });
    assert.deepEqual(partsOf(window, { ...terms, earnedUnits: 0n }), {});
  });

  it("sums up exactly, gives nobody but the finder more than its part, and cares for no order behind the finder", () => {
    const shares = fc.array(
      fc.record({ account: fc.constantFrom("a", "b", "c", "d"), work: fc.bigInt(1n, 2n ** 70n) }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(
        shares,
        fc.bigInt(0n, 2n ** 64n),
        fc.bigInt(1n, 2n ** 75n),
        fc.integer({ min: 0, max: 10 }),
        (window, earnedUnits, windowWork, feePercent) => {
          const { keptUnits, parts } = splitEarnings(window, { earnedUnits, windowWork, feePercent });
          const shared = earnedUnits - keptUnits;
          assert.equal(keptUnits, (earnedUnits * BigInt(feePercent)) / 100n);
          assert.equal(
            parts.reduce((sum, [, units]) => sum + units, 0n),
            shared,
          );
          // Counted another way: each share's stretch of the window, from the work that is newer.
          const total = window.reduce((sum, { work }) => sum + work, 0n);
          const counted = total < windowWork ? total : windowWork;
          const exact = new Map<string, bigint>();
          let newer = 0n;
          for (const { account, work } of window) {
            const end = newer + work < counted ? newer + work : counted;
            if (end > newer) exact.set(account, (exact.get(account) ?? 0n) + end - newer);
            newer = end;
          }
          for (const [account, units] of parts) {
            const share = exact.get(account) ?? 0n;
            assert.ok(units * counted <= shared * share || account === window[0]?.account);
            assert.ok((units + 1n) * counted > shared * share, "nobody loses a whole unit");
          }
        },
      ),
    );
  });
});
