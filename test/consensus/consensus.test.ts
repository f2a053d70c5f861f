/** Both engines by their documented rules, and fork choice as an order. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bigIntFromBytes, bigIntToBytes, compareBytes, toHex } from "../../src/base/bytes.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import { authoritiesOf, compareHeads } from "../../src/consensus/engine.ts";
import { rankAt } from "../../src/consensus/poa/poa-engine.ts";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import { genesisBlockOf } from "../../src/ledger/genesis-state.ts";
import { blockVersion, type Header, type HeaderRecord } from "../../src/protocol/block.ts";
import { type ChainSpecJson, chainSpecFrom, difficultyOf } from "../../src/protocol/chain-spec-json.ts";
import { type ChainSpec, easiestTargetOf } from "../../src/protocol/genesis.ts";
import { sha256, zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const timestamp = "2026-01-01T00:00:00.000Z";

function specOf(json: Partial<ChainSpecJson>): ChainSpec {
  const base = { name: "engines", timestamp, salt: "11".repeat(32) };
  const spec = chainSpecFrom({ ...base, consensus: "pow", ...json });
  assert.ok(spec.ok);
  return spec.value;
}

const keys = Array.from({ length: 7 }, (_, index) => keyPairFromSeed(sha256(Uint8Array.of(index))).publicKey);

function poaOf(count: number) {
  const sorted = keys.slice(0, count).sort(compareBytes);
  const spec = specOf({ consensus: "poa", authorities: sorted.map(addressOf) });
  return { engine: createEngine(spec), sorted, spec };
}

/** @param spec whose genesis state is still the one of this block; none where nobody asks for it */
function recordAt(height: number, timestampMs: number, spec?: ChainSpec): HeaderRecord {
  const header = headerAt(height, timestampMs, zeroBytes32);
  const seal = { nonce: zeroBytes32, signature: new Uint8Array(0) };
  const state = spec
    ? createEngine(spec).genesisState(genesisBlockOf(spec))
    : { consensusState: new Uint8Array(0), justifiedHeight: 0 };
  return { header, seal, hash: zeroBytes32, hashHex: toHex(zeroBytes32), cumulativeWeight: 0n, ...state };
}

function headerAt(height: number, timestampMs: number, producer: Uint8Array, target = zeroBytes32): Header {
  return {
    version: blockVersion,
    chainId: zeroBytes32,
    height,
    parentHash: zeroBytes32,
    timestampMs,
    producer,
    transactionsRoot: zeroBytes32,
    transactionCount: 0,
    stateRoot: zeroBytes32,
    consensusRoot: zeroBytes32,
    consensusStateHash: zeroBytes32,
    target,
    extraData: zeroBytes32,
  };
}

describe("Proof of Authority", () => {
  const heights = fc.nat({ max: 2 ** 40 });
  const counts = fc.integer({ min: 1, max: 7 });

  it("gives every authority another rank at every height, and turns by one with each", () => {
    fc.assert(
      fc.property(heights, counts, (height, count) => {
        const ranks = Array.from({ length: count }, (_, index) => rankAt(index, height, count));
        assert.deepEqual(
          ranks.toSorted((a, b) => a - b),
          Array.from({ length: count }, (_, rank) => rank),
        );
        for (let index = 0; index < count; index += 1) {
          const next = rankAt(index, height + 1, count);
          assert.equal(next, (ranks[index]! + count - 1) % count);
        }
        assert.equal(rankAt(height % count, height, count), 0);
      }),
    );
  });

  it("opens a slot at parent + period + rank · step, to the millisecond", () => {
    fc.assert(
      fc.property(heights, counts, fc.nat({ max: 6 }), (height, count, chosen) => {
        const { engine, sorted, spec } = poaOf(count);
        const index = chosen % count;
        const producer = sorted[index]!;
        const parent = recordAt(height, 1_000_000, spec);
        const { periodMs, stepMs } = spec.genesis;
        const earliestMs = 1_000_000 + periodMs + rankAt(index, height + 1, count) * stepMs;
        assert.equal(engine.slot(parent, producer)?.earliestMs, earliestMs);
        const turns = engine.authority!.turns(parent);
        const earliest = turns.map((turn) => turn.earliestMs);
        assert.deepEqual(
          earliest,
          earliest.toSorted((a, b) => a - b),
        );
        assert.deepEqual(
          turns.map(({ authority }) => engine.slot(parent, authority)?.earliestMs),
          earliest,
        );
        assert.equal(turns.length, count);
        assert.equal(engine.verifyHeader(headerAt(height + 1, earliestMs, producer), parent), undefined);
        const early = engine.verifyHeader(headerAt(height + 1, earliestMs - 1, producer), parent);
        assert.equal(early?.code, "block/timestamp-too-early");
      }),
    );
  });

  it("weighs floor(1000 · (n − rank) / n): the turn most, everybody something", () => {
    const expected = { 1: [1000n], 2: [1000n, 500n], 3: [1000n, 666n, 333n], 4: [1000n, 750n, 500n, 250n] };
    for (const [countText, weights] of Object.entries(expected)) {
      const count = Number(countText);
      const { engine, sorted, spec } = poaOf(count);
      for (const height of [1, 2, 3, 4, 1_000]) {
        for (const [index, producer] of sorted.entries()) {
          const weight = engine.weight(headerAt(height, 0, producer), recordAt(height - 1, 0, spec));
          assert.equal(weight, weights[rankAt(index, height, count)]);
        }
      }
    }
  });

  it("knows no slot for a stranger, refuses a target, and names its authorities", () => {
    const { engine, sorted, spec } = poaOf(3);
    const parent = recordAt(0, 0, spec);
    const stranger = keys[6]!;
    assert.equal(engine.slot(parent, stranger), undefined);
    assert.equal(engine.verifyHeader(headerAt(1, 1e9, stranger), parent)?.code, "block/producer-unknown");
    const target = new Uint8Array(32).fill(1);
    const withTarget = headerAt(1, 1e9, sorted[0]!, target);
    assert.equal(engine.verifyHeader(withTarget, parent)?.code, "block/target-wrong");
    assert.deepEqual(engine.authority!.setAt(parent).map(toHex), sorted.map(toHex));
  });

  it("seals an empty block after its heartbeat, or never", () => {
    assert.equal(poaOf(1).engine.authority!.emptyBlockAfterMs, 30_000);
    const silent = specOf({ consensus: "poa", authorities: [addressOf(keys[0]!)], heartbeatMs: 0 });
    assert.equal(createEngine(silent).authority!.emptyBlockAfterMs, undefined);
  });
});

describe("Proof of Work", () => {
  const difficulties = [1, 2, 3, 4] as const;

  for (const difficulty of difficulties) {
    it(`takes a hash of difficulty ${difficulty} exactly when its hex starts with ${difficulty} zeros`, () => {
      const spec = specOf({ difficulty });
      const engine = createEngine(spec);
      const target = easiestTargetOf(difficulty);
      assert.equal(difficultyOf(target), difficulty);
      const seal = { nonce: zeroBytes32, signature: new Uint8Array(0) };
      const header = headerAt(1, 0, keys[0]!, target);
      const nearby = fc.tuple(bytes32, fc.nat({ max: 6 })).map(([hash, zeros]) => {
        const hex = "0".repeat(zeros) + toHex(hash).slice(zeros);
        return new Uint8Array(Buffer.from(hex, "hex"));
      });
      const edge = bigIntFromBytes(target);
      const edges = fc.constantFrom(edge, edge + 1n, edge - 1n).map((value) => bigIntToBytes(value, 32));
      fc.assert(
        fc.property(fc.oneof(nearby, edges), (hash) => {
          const isValid = engine.verifySeal(header, seal, hash) === undefined;
          assert.equal(isValid, toHex(hash).startsWith("0".repeat(difficulty)));
        }),
      );
    });
  }

  it("counts work as 2^256 / (target + 1): sixteen times more for each zero", () => {
    for (const difficulty of difficulties) {
      assert.equal(workOf(easiestTargetOf(difficulty)), 16n ** BigInt(difficulty));
    }
    assert.equal(workOf(zeroBytes32), 2n ** 256n);
    assert.equal(workOf(new Uint8Array(32).fill(255)), 1n);
    fc.assert(
      fc.property(bytes32, bytes32, (a, b) => {
        const harder = compareBytes(a, b) <= 0 ? a : b;
        const easier = harder === a ? b : a;
        assert.ok(workOf(harder) >= workOf(easier));
        assert.ok(workOf(easier) >= 1n);
        // No rounding up: so many times the chance of one hash is at most certainty.
        assert.ok(workOf(a) * (bigIntFromBytes(a) + 1n) <= 2n ** 256n);
      }),
    );
  });

  it("lets anyone mine, one minimum interval after the parent", () => {
    const spec = specOf({ difficulty: 2, minimumIntervalMs: 700, targetBlockTimeMs: 60_000 });
    const engine = createEngine(spec);
    const parent = recordAt(5, 10_000, spec);
    const slot = engine.slot(parent, keys[3]!);
    assert.equal(slot?.earliestMs, 10_700);
    const at = (timestampMs: number, target: Uint8Array) =>
      engine.verifyHeader(headerAt(6, timestampMs, keys[3]!, target), parent)?.code;
    assert.equal(at(10_700, easiestTargetOf(2)), undefined);
    assert.equal(at(10_699, easiestTargetOf(2)), "block/timestamp-too-early");
    assert.equal(at(10_700, easiestTargetOf(3)), "block/target-wrong");
    assert.equal(engine.authority, undefined);
    assert.deepEqual(authoritiesOf(engine, parent), []);
    assert.equal(engine.aheadMaxMs, 60_000);
    assert.equal(createEngine(specOf({ targetBlockTimeMs: 1_000 })).aheadMaxMs, 5_000);
  });
});

describe("fork choice", () => {
  const head = (justifiedHeight: number, cumulativeWeight: bigint, hash: Uint8Array): HeaderRecord => {
    return { ...recordAt(1, 0), justifiedHeight, cumulativeWeight, hash, hashHex: toHex(hash) };
  };
  const heads = fc
    .tuple(fc.nat({ max: 2 }), fc.bigInt({ min: 0n, max: 3n }), bytes32)
    .map(([justifiedHeight, weight, hash]) => head(justifiedHeight, weight, hash));

  it("is a total order: whoever compares, in whatever order, finds the same best", () => {
    fc.assert(
      fc.property(heads, heads, heads, (a, b, c) => {
        assert.equal(Math.sign(compareHeads(a, b)), -Math.sign(compareHeads(b, a)) + 0);
        assert.equal(compareHeads(a, a), 0);
        if (compareHeads(a, b) <= 0 && compareHeads(b, c) <= 0) assert.ok(compareHeads(a, c) <= 0);
        if (a.hashHex !== b.hashHex) assert.notEqual(compareHeads(a, b), 0);
      }),
    );
    fc.assert(
      fc.property(fc.array(heads, { minLength: 1, maxLength: 8 }), (some) => {
        const [best] = some.toSorted(compareHeads);
        const [sameBest] = some.toReversed().toSorted(compareHeads);
        assert.equal(best?.hashHex, sameBest?.hashHex);
      }),
    );
  });

  it("asks for the certified height first, then for weight, then for the lower hash", () => {
    const of = (justifiedHeight: number, weight: bigint, byte: number) =>
      head(justifiedHeight, weight, new Uint8Array(32).fill(byte));
    assert.ok(compareHeads(of(3, 1n, 9), of(2, 9n, 1)) < 0);
    assert.ok(compareHeads(of(3, 2n, 9), of(3, 1n, 1)) < 0);
    assert.ok(compareHeads(of(3, 1n, 1), of(3, 1n, 9)) < 0);
    assert.ok(compareHeads(of(0, 2n ** 70n, 9), of(0, 2n ** 70n - 1n, 1)) < 0);
  });
});
