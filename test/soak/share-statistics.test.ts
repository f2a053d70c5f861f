/** The soak's statistics: known quantiles, fair draws that pass, unfair ones that do not. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../network/host-rigs.ts";
import { chiSquareTail, isFair, testShares } from "./share-statistics.ts";

/** Blocks fall to miners by chance, each by its weight. */
function draw(weights: readonly number[], blocks: number, random: () => number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const counts = weights.map(() => 0);
  for (let block = 0; block < blocks; block += 1) {
    let left = random() * total;
    const winner = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    counts[winner] = (counts[winner] ?? 0) + 1;
  }
  return counts;
}

const weights = [1, 2, 3, 4, 6];
const testOf = (hashes: readonly number[], blocks: readonly number[]) =>
  testShares(hashes.map((each, index) => ({ hashes: each * 1e9, blocks: blocks[index] ?? 0 })));

describe("the tail of chi-square", () => {
  // From published tables: the value that is exceeded with this chance.
  const table: [degrees: number, value: number, chance: number][] = [
    [1, 3.841, 0.05],
    [2, 5.991, 0.05],
    [3, 7.815, 0.05],
    [4, 9.488, 0.05],
    [4, 18.467, 0.001],
    [5, 20.515, 0.001],
    [10, 2.558, 0.99],
  ];
  for (const [degrees, value, chance] of table) {
    it(`${value} or more with ${degrees} degrees of freedom: ${chance}`, () => {
      assert.ok(Math.abs(chiSquareTail(value, degrees) / chance - 1) < 0.002);
    });
  }

  it("is exp(−x/2)(1 + x/2) with four degrees, far out as well", () => {
    for (const x of [0.01, 1, 9.488, 23.51, 40]) {
      assert.ok(Math.abs(chiSquareTail(x, 4) - Math.exp(-x / 2) * (1 + x / 2)) < 1e-13);
    }
    assert.equal(chiSquareTail(0, 4), 1);
    assert.ok(chiSquareTail(2_000, 4) < 1e-12);
  });
});

describe("shares of blocks against shares of hashes", () => {
  it("has each miner's deviation by the binomial distribution", () => {
    const { miners, chiSquare, blocks } = testOf([1, 3], [30, 70]);
    assert.equal(blocks, 100);
    assert.equal(miners[0]?.hashShare, 0.25);
    assert.equal(miners[0]?.blockShare, 0.3);
    assert.ok(Math.abs((miners[0]?.deviation ?? 0) - 0.0433) < 1e-4);
    assert.ok(Math.abs((miners[0]?.z ?? 0) - 1.1547) < 1e-4);
    // With two miners chi-square is the square of either's deviation.
    assert.ok(Math.abs(chiSquare - (miners[0]?.z ?? 0) ** 2) < 1e-9);
  });

  it("finds fair draws fair, and its p-values spread as chance says", () => {
    const random = seededRandom(4);
    const runs = 2_000;
    let belowTwentieth = 0;
    let unfair = 0;
    for (let run = 0; run < runs; run += 1) {
      const test = testOf(weights, draw(weights, 400, random));
      if (test.pValue < 0.05) belowTwentieth += 1;
      if (!isFair(test)) unfair += 1;
    }
    assert.ok(belowTwentieth > runs * 0.035 && belowTwentieth < runs * 0.065, `${belowTwentieth}`);
    assert.ok(unfair <= 3, `${unfair}`);
  });

  it("sees a miner that gets twice what it hashes", () => {
    const random = seededRandom(5);
    for (let run = 0; run < 50; run += 1) {
      assert.ok(!isFair(testOf(weights, draw([1, 2, 6, 4, 6], 400, random))));
    }
  });

  it("sees a miner that gets nothing", () => {
    assert.ok(!isFair(testOf(weights, [25, 50, 75, 0, 250])));
  });

  it("says where there is nothing to test", () => {
    assert.throws(() => testOf([1, 2], [0, 0]), RangeError);
    assert.throws(() => testOf([1, 0], [1, 1]), RangeError);
    assert.throws(() => testOf([1], [1]), RangeError);
  });
});
