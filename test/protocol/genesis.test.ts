/** The chain spec: its id, its checks, the constants of Proof of Work, the reward. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bigIntFromBytes, concatBytes, fromUtf8, toHex } from "../../src/base/bytes.ts";
import { uint64Max } from "../../src/protocol/codec.ts";
import {
  blockRewardAt,
  chainIdOf,
  chainSpecOf,
  decodeGenesis,
  easiestTargetOf,
  type Genesis,
  GenesisType,
  genesisBlock,
} from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { genesis } from "./samples.ts";

const [low, high] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const poaFields: Partial<Genesis> = {
  engine: 2,
  easiestTarget: zeroBytes32,
  targetBlockTimeMs: 0,
  minimumIntervalMs: 0,
  periodMs: 2_000,
  stepMs: 1_000,
  heartbeatMs: 30_000,
  authorities: [low, high],
};

function faultyField(fields: Partial<Genesis>): string | undefined {
  const spec = chainSpecOf({ ...genesis, ...fields });
  return spec.ok ? undefined : spec.fault.field;
}

test("the chain id is SHA-256 of the genesis, and changes with every field", () => {
  const id = createHash("sha256").update(GenesisType.serialize(genesis)).digest("hex");
  assert.equal(toHex(chainIdOf(genesis)), id);
  const others: Genesis[] = [
    { ...genesis, name: fromUtf8("test-2") },
    { ...genesis, salt: new Uint8Array(32).fill(4) },
    { ...genesis, minimumFee: 1n },
    { ...genesis, allocations: [] },
    { ...genesis, timestampMs: genesis.timestampMs + 1 },
  ];
  assert.equal(new Set([id, ...others.map((other) => toHex(chainIdOf(other)))]).size, 6);
});

test("a spec is read back from its bytes, for both engines", () => {
  for (const [consensus, fields] of [
    ["pow", {}],
    ["poa", poaFields],
  ] as const) {
    const decoded = decodeGenesis(GenesisType.serialize({ ...genesis, ...fields }));
    assert.ok(decoded.ok);
    assert.equal(decoded.value.consensus, consensus);
    assert.equal(decoded.value.name, "test-1");
    assert.deepEqual(decoded.value.genesis, { ...genesis, ...fields });
  }
  const trailing = decodeGenesis(concatBytes([GenesisType.serialize(genesis), new Uint8Array(1)]));
  assert.equal(trailing.ok ? undefined : trailing.fault.code, "codec/malformed");
});

test("what cannot carry a chain names the field", () => {
  const account = (key: Uint8Array, amount = 1n) => ({ account: key, amount });
  const cases: [keyof Genesis, Partial<Genesis>][] = [
    ["version", { version: 2 }],
    ["name", { name: fromUtf8("Upper") }],
    ["name", { name: new Uint8Array(0) }],
    ["name", { name: Uint8Array.of(0xff) }],
    ["engine", { engine: 3 }],
    ["allocations", { allocations: [account(high), account(low)] }],
    ["allocations", { allocations: [account(low), account(low)] }],
    ["allocations", { allocations: [account(low, uint64Max), account(high)] }],
    ["blockBytesMax", { blockBytesMax: 100 }],
    ["blockBytesMax", { blockBytesMax: 1024 * 1024 + 1 }],
    ["blockTransactionsMax", { blockTransactionsMax: 0 }],
    ["blockTransactionsMax", { blockTransactionsMax: 8193 }],
    ["easiestTarget", { easiestTarget: zeroBytes32 }],
    ["targetBlockTimeMs", { targetBlockTimeMs: 0 }],
    ["authorities", { authorities: [low] }],
    ["authorities", { ...poaFields, authorities: [] }],
    ["authorities", { ...poaFields, authorities: [high, low] }],
    ["authorities", { ...poaFields, authorities: [low, low] }],
    ["periodMs", { ...poaFields, periodMs: 0 }],
    ["stepMs", { ...poaFields, stepMs: 0 }],
    ["easiestTarget", { ...poaFields, easiestTarget: easiestTargetOf(1) }],
  ];
  for (const [field, fields] of cases) assert.equal(faultyField(fields), field);
  assert.equal(faultyField({}), undefined);
  assert.equal(faultyField(poaFields), undefined);
  assert.equal(faultyField({ allocations: [account(low, uint64Max - 1n), account(high)] }), undefined);
});

test("a difficulty of N is N leading zero hex digits and all ones after", () => {
  for (let difficulty = 1; difficulty <= 4; difficulty += 1) {
    assert.equal(toHex(easiestTargetOf(difficulty)), "0".repeat(difficulty) + "f".repeat(64 - difficulty));
    assert.equal(bigIntFromBytes(easiestTargetOf(difficulty)) + 1n, 2n ** BigInt(256 - 4 * difficulty));
  }
});

test("the reward halves after each interval, down to nothing; an interval of 0 never halves", () => {
  const rewards = [1, 10, 11, 20, 21, 70, 71, 1_000_000].map((height) => blockRewardAt(genesis, height));
  assert.deepEqual(rewards, [100n, 100n, 50n, 50n, 25n, 1n, 0n, 0n]);
  assert.equal(blockRewardAt({ ...genesis, halvingIntervalBlocks: 0 }, 1_000_000), 100n);
});

test("block 0 has no parent, no producer, no seal, and the spec's time", () => {
  const spec = chainSpecOf(genesis);
  assert.ok(spec.ok);
  const block = genesisBlock(spec.value, high);
  assert.deepEqual(block.header.stateRoot, high);
  assert.deepEqual(block.header.parentHash, zeroBytes32);
  assert.deepEqual(block.header.producer, zeroBytes32);
  assert.deepEqual(block.header.target, genesis.easiestTarget);
  assert.equal(block.header.timestampMs, genesis.timestampMs);
  assert.deepEqual(block.seal, { nonce: zeroBytes32, signature: new Uint8Array(0) });
  assert.equal(block.transactions.length, 0);
});
