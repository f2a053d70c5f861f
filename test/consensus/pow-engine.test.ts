/** The Proof of Work engine on a chain of blocks: the target that each must carry, the times, and the weight. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bigIntFromBytes, bigIntToBytes, compareBytes, toHex } from "../../src/base/bytes.ts";
import { ancestryOf } from "../../src/consensus/ancestry.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import { nextTarget } from "../../src/consensus/pow/asert.ts";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import { genesisBlockOf } from "../../src/ledger/genesis-state.ts";
import {
  type Block,
  emptyConsensusSection,
  type Header,
  type HeaderRecord,
} from "../../src/protocol/block.ts";
import { chainSpecFrom, difficultyOf } from "../../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";

function specOf(difficulty: number): ChainSpec {
  const made = chainSpecFrom({
    name: "pow-engine",
    consensus: "pow",
    timestamp: "2026-01-01T00:00:00.000Z",
    salt: "51".repeat(32),
    difficulty,
  });
  assert.ok(made.ok);
  return made.value;
}

const spec = specOf(2);
const { easiestTarget, minimumIntervalMs, targetBlockTimeMs, timestampMs: genesisMs } = spec.genesis;
const engine = createEngine(spec);
const { publicKey: producer } = keyPairFromSeed(sha256(Uint8Array.of(1)));
const genesis = recordOf(genesisBlockOf(spec));

function recordOf(block: Block): HeaderRecord {
  const { hash, hashHex, header, seal } = block;
  return { hash, hashHex, header, seal, cumulativeWeight: 0n, ...engine.genesisState(block) };
}

function headerOn(parent: HeaderRecord, intervalMs: number, target: Uint8Array): Header {
  const { header } = parent;
  return { ...header, height: header.height + 1, timestampMs: header.timestampMs + intervalMs, target };
}

/** A child as the rules want it, so many milliseconds after its parent; without the work, which nothing here looks at. */
function childOf(parent: HeaderRecord, intervalMs: number): HeaderRecord {
  const slot = engine.slot(parent, producer);
  assert.ok(slot);
  const header = headerOn(parent, intervalMs, slot.target);
  assert.equal(engine.verifyHeader(header, parent), undefined);
  const { height, timestampMs } = header;
  const contents = { height, timestampMs, producer, transactions: [] };
  const ancestry = ancestryOf(() => assert.fail("the parent is enough"));
  const advanced = engine.advance({ ...contents, consensusSection: emptyConsensusSection }, parent, ancestry);
  assert.ok(advanced.ok);
  const cumulativeWeight = parent.cumulativeWeight + engine.weight(header, parent);
  return { ...parent, header, cumulativeWeight, ...advanced.value };
}

const intervals = fc.integer({ min: minimumIntervalMs, max: 12 * 3_600_000 });

describe("the target of a block", () => {
  it("is the easiest one on genesis, however long ago that was", () => {
    assert.deepEqual(engine.slot(genesis, producer)?.target, easiestTarget);
    assert.deepEqual(childOf(genesis, 300 * 86_400_000).header.target, easiestTarget);
  });

  it("follows from its parent's target and from how long the parent took", () => {
    fc.assert(
      fc.property(fc.array(intervals, { minLength: 1, maxLength: 30 }), (steps) => {
        let record = genesis;
        for (const intervalMs of steps) {
          const child = childOf(record, intervalMs);
          const { target } = child.header;
          assert.deepEqual(target, record.consensusState);
          assert.deepEqual(child.consensusState, nextTarget({ target, intervalMs }, spec.genesis));
          assert.ok(compareBytes(child.consensusState, easiestTarget) <= 0);
          assert.equal(child.justifiedHeight, 0);
          record = child;
        }
      }),
    );
  });

  it("gets harder with fast blocks and easier again with slow ones, never than the floor", () => {
    let record = genesis;
    for (let count = 0; count < 50; count += 1) {
      const child = childOf(record, minimumIntervalMs);
      assert.ok(compareBytes(child.consensusState, record.consensusState) < 0);
      record = child;
    }
    // Fifty blocks, each eight tenths of a block time early, with a half-life of ten block times: four halvings.
    const ratio = bigIntFromBytes(easiestTarget) / bigIntFromBytes(record.consensusState);
    assert.equal(ratio, 15n);
    for (let count = 0; count < 10; count += 1) record = childOf(record, 20 * targetBlockTimeMs);
    assert.deepEqual(record.consensusState, easiestTarget);
  });

  it("has at least as many leading zeros as the chain's difficulty, whatever happens", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(intervals, { maxLength: 20 }),
        (difficulty, steps) => {
          const { genesis: rule } = specOf(difficulty);
          let target = rule.easiestTarget;
          for (const intervalMs of steps) {
            target = nextTarget({ target, intervalMs }, rule);
            assert.ok(difficultyOf(target) >= difficulty);
          }
        },
      ),
    );
  });

  it("is refused where it is another, harder or easier by one, with both targets named", () => {
    const parent = childOf(childOf(genesis, minimumIntervalMs), minimumIntervalMs);
    const expected = bigIntFromBytes(parent.consensusState);
    for (const wrong of [expected + 1n, expected - 1n, bigIntFromBytes(easiestTarget)]) {
      const target = bigIntToBytes(wrong, 32);
      assert.deepEqual(engine.verifyHeader(headerOn(parent, minimumIntervalMs, target), parent), {
        code: "block/target-wrong",
        expected: toHex(parent.consensusState),
        actual: toHex(target),
      });
    }
  });
});

describe("the time of a block", () => {
  it("is at least the minimum interval after its parent's", () => {
    assert.equal(engine.slot(genesis, producer)?.earliestMs, genesisMs + minimumIntervalMs);
    assert.deepEqual(engine.verifyHeader(headerOn(genesis, minimumIntervalMs - 1, easiestTarget), genesis), {
      code: "block/timestamp-too-early",
      earliestMs: genesisMs + minimumIntervalMs,
      actualMs: genesisMs + minimumIntervalMs - 1,
    });
  });
});

describe("the weight of a block", () => {
  it("is the work behind its own target, so fewer blocks of harder targets outweigh more of easier ones", () => {
    const grow = (count: number, intervalMs: number) => {
      let record = genesis;
      for (let mined = 0; mined < count; mined += 1) record = childOf(record, intervalMs);
      return record;
    };
    const fast = grow(60, minimumIntervalMs);
    const slow = grow(150, targetBlockTimeMs);
    assert.equal(slow.cumulativeWeight, 150n * workOf(easiestTarget));
    assert.ok(fast.header.height < slow.header.height);
    assert.ok(fast.cumulativeWeight > slow.cumulativeWeight);
  });
});
