/** The block interval through steps of the hash rate and a pause, over many seeds, on the ready chain specs. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { compareBytes } from "../../src/base/bytes.ts";
import { chainSpecFromJson, specDefaults } from "../../src/protocol/chain-spec-json.ts";
import type { Genesis } from "../../src/protocol/genesis.ts";
import { easeOf, type Phase, type SimulatedBlock, simulateMining, targetFor } from "./retarget-simulation.ts";

const hashesPerMs = 20_000;
const warmUp: Phase = { blocks: 100, hashesPerMs };
const blocks = 200;
const steps: Readonly<Record<string, Phase>> = {
  "×10 up": { blocks, hashesPerMs: hashesPerMs * 10 },
  "×10 down": { blocks, hashesPerMs: hashesPerMs / 10 },
  "a pause of 12 h": { blocks, hashesPerMs, pauseMs: 12 * 3_600_000 },
};
const seeds = Array.from({ length: 200 }, (_, index) => index + 1);

async function genesisIn(file: string): Promise<Genesis> {
  const spec = chainSpecFromJson(await readFile(new URL(`../../config/${file}`, import.meta.url), "utf8"));
  assert.ok(spec.ok);
  return spec.value.genesis;
}

const pow = await genesisIn("pow.json");
const classroom = await genesisIn("pow-classroom.json");

/** Of every seed, the blocks from the step on. */
function runsOf(rule: Genesis, step: Phase): SimulatedBlock[][] {
  const start = targetFor(hashesPerMs, rule);
  return seeds.map((seed) => [...simulateMining(rule, start, [warmUp, step], seed)].slice(warmUp.blocks));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const isWithinAFifth = (ratio: number) => Math.abs(ratio - 1) <= 0.2;

/** The mean over all seeds of the interval to be expected, in target block times, block by block after a step. */
function expectedAfter(runs: readonly SimulatedBlock[][], { targetBlockTimeMs }: Genesis): number[] {
  return Array.from({ length: blocks }, (_, index) =>
    mean(runs.map((run) => run[index]!.expectedIntervalMs / targetBlockTimeMs)),
  );
}

describe("a hash rate that stays", () => {
  it("has the wanted block time to a hundredth, and targets that spread by less than a fifth", () => {
    const steady = { blocks: 20_000, hashesPerMs };
    const start = targetFor(hashesPerMs, pow);
    const run = [...simulateMining(pow, start, [warmUp, steady], 1)].slice(warmUp.blocks);
    const interval = mean(run.map(({ intervalMs }) => intervalMs)) / pow.targetBlockTimeMs;
    assert.ok(Math.abs(interval - 1) < 0.01, `${interval} target block times`);
    const logs = run.map(({ target }) => Math.log(easeOf(target, start)));
    const middle = mean(logs);
    const spread = Math.sqrt(mean(logs.map((log) => (log - middle) ** 2)));
    assert.ok(spread < 0.2, `spread ${spread}`);
  });
});

for (const [what, step] of Object.entries(steps)) {
  describe(`after ${what}`, () => {
    const runs = runsOf(pow, step);

    it("the expected interval is within a fifth of the target inside 100 blocks, and stays there", () => {
      const expected = expectedAfter(runs, pow);
      const back = expected.findLastIndex((ratio) => !isWithinAFifth(ratio)) + 1;
      assert.ok(back <= 70, `within a fifth only from block ${back} on`);
      assert.ok(back > 10, "the step itself is seen");
    });

    it("every single chain has been there inside 100 blocks", () => {
      for (const [index, run] of runs.entries()) {
        // The first block's target is from before the step.
        const there = run
          .slice(1, 100)
          .some((block) => isWithinAFifth(block.expectedIntervalMs / pow.targetBlockTimeMs));
        assert.ok(there, `seed ${seeds[index]}`);
      }
    });

    for (const rule of [pow, classroom]) {
      it(`every chain of ${Buffer.from(rule.name)} keeps within a fifth over blocks 100 to 200`, () => {
        const observed = (rule === pow ? runs : runsOf(rule, step)).map(
          (run) => mean(run.slice(100).map(({ intervalMs }) => intervalMs)) / rule.targetBlockTimeMs,
        );
        for (const [index, ratio] of observed.entries()) {
          assert.ok(isWithinAFifth(ratio), `seed ${seeds[index]}: ${ratio} target block times`);
        }
        assert.ok(Math.abs(mean(observed) - 1) < 0.02, `${mean(observed)} over all seeds`);
      });
    }
  });
}

describe("the half-life", () => {
  it("is what the specs say and the default: ten block times", () => {
    for (const rule of [pow, classroom]) assert.equal(rule.retargetHalfLifeMs, 10 * rule.targetBlockTimeMs);
    assert.equal(specDefaults.pow.halfLifeBlockTimes, 10);
  });

  it("of twenty block times does not do: 100 blocks after ×10 up the interval is still a quarter short", () => {
    const slow = { ...pow, retargetHalfLifeMs: 20 * pow.targetBlockTimeMs };
    const expected = expectedAfter(runsOf(slow, steps["×10 up"]!), slow);
    assert.ok(expected[99]! < 0.8, `${expected[99]}`);
  });
});

describe("blocks far apart", () => {
  it("a pause, however long, eases the target by less than double", () => {
    const [before, after] = runsOf(pow, steps["a pause of 12 h"]!)[0]!;
    const eased = easeOf(after!.target, before!.target);
    assert.ok(Math.abs(eased - 2 ** 0.9) < 0.001, `${eased}`);
  });

  it("of a chain that mines on demand drift to the floor, and no further", () => {
    const start = targetFor(hashesPerMs, pow);
    const hourly = Array.from({ length: 60 }, () => ({ blocks: 1, hashesPerMs, pauseMs: 3_600_000 }));
    const run = [...simulateMining(pow, start, hourly, 1)];
    const atFloor = run.findIndex(({ target }) => compareBytes(target, pow.easiestTarget) === 0);
    assert.ok(atFloor > 10, `at the floor from block ${atFloor} on`);
    for (const { target } of run.slice(atFloor)) assert.deepEqual(target, pow.easiestTarget);
  });

  it("of miners too weak for the floor get no easier target than the floor", () => {
    const weak = { blocks: 1_000, hashesPerMs: 1e-3 };
    const run = [...simulateMining(pow, pow.easiestTarget, [weak], 1)];
    for (const { target } of run) assert.ok(compareBytes(target, pow.easiestTarget) <= 0);
    const atFloor = run.filter(({ target }) => compareBytes(target, pow.easiestTarget) === 0);
    assert.ok(atFloor.length > 900, `${atFloor.length} of 1,000 blocks at the floor`);
    assert.ok(mean(run.map(({ intervalMs }) => intervalMs)) > 40 * pow.targetBlockTimeMs);
  });
});
