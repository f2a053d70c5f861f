/** Retargeting as plain arithmetic: the public vectors, and what must hold for any numbers. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bigIntFromBytes, bigIntToBytes } from "../../src/base/bytes.ts";
import { nextTarget } from "../../src/consensus/pow/asert.ts";
import { asert } from "../../src/index.ts";

const vectors = new URL("../vectors/asert/", import.meta.url);

/** A target from its compact form: a byte of length, three of mantissa. */
function targetOf(bits: number): bigint {
  const mantissa = BigInt(bits & 0x7fffff);
  const shift = 8 * ((bits >>> 24) - 3);
  return shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
}

/** The compact form; the mantissa's highest bit stays free, since it is a sign there. */
function bitsOf(target: bigint): number {
  let length = Math.ceil(target.toString(16).length / 2);
  let mantissa = length <= 3 ? target << BigInt(8 * (3 - length)) : target >> BigInt(8 * (length - 3));
  if (mantissa & 0x800000n) {
    mantissa >>= 8n;
    length += 1;
  }
  return length * 2 ** 24 + Number(mantissa);
}

interface Run {
  readonly anchorHeight: bigint;
  readonly anchorParentTime: bigint;
  readonly anchorBits: number;
  readonly rows: readonly { readonly height: bigint; readonly time: bigint; readonly bits: number }[];
}

function parseRun(text: string): Run {
  const stated = (name: string) => {
    const found = new RegExp(`^## +${name}: (\\S+)$`, "m").exec(text)?.[1];
    assert.ok(found, `the file states its ${name}`);
    return found;
  };
  const rows = text
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const [, height, time, bits] = line.split(/\s+/) as [string, string, string, string];
      return { height: BigInt(height), time: BigInt(time), bits: Number(bits) };
    });
  assert.equal(rows.length, Number(stated("iterations")));
  return {
    anchorHeight: BigInt(stated("anchor height")),
    anchorParentTime: BigInt(stated("anchor parent time")),
    anchorBits: Number(stated("anchor nBits")),
    rows,
  };
}

describe("the public vectors", async () => {
  const names = (await readdir(vectors)).filter((name) => name.endsWith(".txt"));
  assert.equal(names.length, 12);
  for (const name of names) {
    it(`of ${name}, every row`, async () => {
      const run = parseRun(await readFile(new URL(name, vectors), "utf8"));
      for (const { height, time, bits } of run.rows) {
        const target = asert({
          anchorTarget: targetOf(run.anchorBits),
          timeDelta: time - run.anchorParentTime,
          heightDelta: height - run.anchorHeight,
          spacing: 600n,
          halfLife: 172_800n,
          easiestTarget: targetOf(0x1d00ffff),
        });
        assert.equal(bitsOf(target).toString(16), bits.toString(16), `height ${height}`);
      }
    });
  }
});

const easiestTarget = 2n ** 248n - 1n;
const common = { spacing: 5_000n, halfLife: 60_000n, easiestTarget };

it("takes exact numbers for bigints, and refuses what is no integer", () => {
  const input = {
    anchorTarget: 1_000_000,
    timeDelta: 1_500,
    heightDelta: 0,
    spacing: 1_000,
    halfLife: 10_000,
  };
  const asBigints = Object.fromEntries(Object.entries(input).map(([name, value]) => [name, BigInt(value)]));
  assert.equal(
    asert({ ...input, easiestTarget }),
    asert({ ...(asBigints as unknown as typeof input), easiestTarget }),
  );
  assert.throws(() => asert({ ...input, timeDelta: 0.5, easiestTarget }), RangeError);
  assert.throws(() => asert({ ...input, halfLife: 0, easiestTarget }), RangeError);
});

describe("for any numbers, the target", () => {
  const anchorTargets = fc.bigInt({ min: 1n, max: easiestTarget });
  const timeDeltas = fc.oneof(
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.bigInt({ min: 0n, max: 200_000n }),
  );
  const heightDeltas = fc.bigInt({ min: 0n, max: 2n ** 40n });

  it("is 1 to the easiest one", () => {
    fc.assert(
      fc.property(anchorTargets, timeDeltas, heightDeltas, (anchorTarget, timeDelta, heightDelta) => {
        const target = asert({ ...common, anchorTarget, timeDelta, heightDelta });
        assert.ok(target >= 1n && target <= easiestTarget);
      }),
    );
  });

  it("never gets harder where the block comes later", () => {
    fc.assert(
      fc.property(anchorTargets, timeDeltas, timeDeltas, heightDeltas, (anchorTarget, a, b, heightDelta) => {
        const [earlier, later] = a <= b ? [a, b] : [b, a];
        const at = (timeDelta: bigint) => asert({ ...common, anchorTarget, timeDelta, heightDelta });
        assert.ok(at(earlier) <= at(later));
      }),
    );
  });

  it("stays on schedule, doubles a half-life late and halves a half-life early, to the unit", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 2n, max: 2n ** 200n }),
        fc.bigInt({ min: 0n, max: 1_000n }),
        (anchorTarget, heightDelta) => {
          const onTime = (heightDelta + 1n) * common.spacing;
          const at = (timeDelta: bigint) => asert({ ...common, anchorTarget, timeDelta, heightDelta });
          assert.equal(at(onTime), anchorTarget);
          assert.equal(at(onTime + common.halfLife), anchorTarget * 2n);
          assert.equal(at(onTime - common.halfLife), anchorTarget / 2n);
        },
      ),
    );
  });

  it("is within a hundredth of a percent of 2^x times the anchor's between whole half-lives", () => {
    const anchorTarget = 2n ** 200n;
    for (let lateMs = -60_000; lateMs <= 60_000; lateMs += 500) {
      const target = asert({
        ...common,
        anchorTarget,
        timeDelta: common.spacing + BigInt(lateMs),
        heightDelta: 0n,
      });
      const factor = Number((target * 2n ** 40n) / anchorTarget) / 2 ** 40;
      const exact = 2 ** (lateMs / 60_000);
      assert.ok(Math.abs(factor / exact - 1) < 2e-4, `${lateMs} ms late: ${factor}, exactly ${exact}`);
    }
  });

  it("truncates toward zero: a hair early is no change at all", () => {
    const at = (timeDelta: bigint) =>
      asert({ ...common, halfLife: 2n ** 20n, anchorTarget: 2n ** 200n, timeDelta, heightDelta: 0n });
    assert.equal(at(common.spacing - 15n), 2n ** 200n);
    assert.ok(at(common.spacing - 16n) < 2n ** 200n);
  });
});

describe("the chain's own rule", () => {
  const rule = {
    easiestTarget: bigIntToBytes(easiestTarget, 32),
    minimumIntervalMs: 1_000,
    targetBlockTimeMs: 5_000,
    retargetHalfLifeMs: 60_000,
  };
  const after = (target: bigint, intervalMs: number) =>
    bigIntFromBytes(nextTarget({ target: bigIntToBytes(target, 32), intervalMs }, rule));

  it("is asert on the parent alone, in 32 bytes", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: easiestTarget }),
        fc.integer({ min: 1_000, max: 50_000 }),
        (anchorTarget, intervalMs) => {
          const timeDelta = BigInt(intervalMs);
          assert.equal(
            after(anchorTarget, intervalMs),
            asert({ ...common, anchorTarget, timeDelta, heightDelta: 0n }),
          );
        },
      ),
    );
    const bytes = nextTarget({ target: bigIntToBytes(1n, 32), intervalMs: 1_000 }, rule);
    assert.deepEqual(bytes, bigIntToBytes(1n, 32));
  });

  it("counts no interval as shorter than the minimum or longer than ten block times", () => {
    const target = 2n ** 200n;
    assert.equal(after(target, 0), after(target, 1_000));
    assert.equal(after(target, 50_000), after(target, 12 * 3_600_000));
    assert.ok(after(target, 49_000) < after(target, 50_000));
    assert.ok(after(target, 1_000) < after(target, 2_000));
  });

  it("holds the floor", () => {
    for (const intervalMs of [1_000, 5_000, 5_001, 50_000, Number.MAX_SAFE_INTEGER]) {
      assert.ok(after(easiestTarget, intervalMs) <= easiestTarget);
    }
    assert.equal(after(easiestTarget, 50_000), easiestTarget);
  });
});
