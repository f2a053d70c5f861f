/** The chain spec: its id, its checks, the constants of Proof of Work, the reward. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bigIntFromBytes, concatBytes, fromUtf8, toHex } from "../../src/base/bytes.ts";
import { chainSpecFrom, chainSpecFromJson, chainSpecToJson } from "../../src/protocol/chain-spec-json.ts";
import { uint64Max } from "../../src/protocol/codec.ts";
import {
  admissionNumbers,
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
import { addressOf } from "../../src/protocol/identity.ts";
import { genesis, keyPair } from "./samples.ts";

const [low, high] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const poaFields: Partial<Genesis> = {
  engine: 2,
  easiestTarget: zeroBytes32,
  targetBlockTimeMs: 0,
  minimumIntervalMs: 0,
  periodMs: 2_000,
  stepMs: 1_000,
  heartbeatMs: 30_000,
  admission: 2,
  joinWindowMs: 3_600_000,
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

test("how candidates are admitted stands behind the timing, in nine bytes", () => {
  const bytes = GenesisType.serialize({ ...genesis, ...poaFields });
  // Version, the name's offset, engine, time, easiest target and six intervals before it.
  assert.equal(1 + 4 + 1 + 8 + 32 + 6 * 8, 94);
  assert.equal(toHex(bytes.subarray(86, 94)), "3075000000000000");
  assert.equal(toHex(bytes.subarray(94, 103)), "0280ee360000000000");
  // Offsets of name, authorities and allocations: the fixed part has 179 bytes.
  assert.equal(toHex(bytes.subarray(1, 5)), "b3000000");
  assert.equal(toHex(bytes.subarray(103, 111)), "b9000000f9000000");
});

test("the admission number is a policy on Proof of Authority, and none on Proof of Work", () => {
  assert.deepEqual(admissionNumbers, { vote: 1, "open-lan": 2, token: 3 });
  for (const [policy, admission] of Object.entries(admissionNumbers)) {
    const spec = chainSpecOf({ ...genesis, ...poaFields, admission });
    assert.equal(spec.ok && spec.value.admission, policy);
  }
  const work = chainSpecOf(genesis);
  assert.ok(work.ok);
  assert.equal(work.value.admission, undefined);
});

test("a spec says its admission in JSON; without a word it is by vote", () => {
  const json = {
    name: "admission",
    consensus: "poa" as const,
    timestamp: "2026-01-01T00:00:00.000Z",
    salt: "ab".repeat(32),
    authorities: [addressOf(keyPair.publicKey)],
  };
  const specOf = (changes: object) => chainSpecFrom({ ...json, ...changes });
  const silent = specOf({});
  assert.ok(silent.ok);
  assert.deepEqual([silent.value.admission, silent.value.genesis.joinWindowMs], ["vote", 0]);
  const open = specOf({ admission: "open-lan", joinWindowMs: 3_600_000 });
  assert.ok(open.ok);
  assert.deepEqual([open.value.admission, open.value.genesis.joinWindowMs], ["open-lan", 3_600_000]);
  const again = chainSpecFromJson(chainSpecToJson(open.value));
  assert.ok(again.ok);
  assert.equal(toHex(again.value.chainId), toHex(open.value.chainId));
  const fieldOf = (changes: object) => {
    const spec = specOf(changes);
    return spec.ok ? undefined : spec.fault.field;
  };
  assert.equal(fieldOf({ admission: "everybody" }), "admission");
  assert.equal(fieldOf({ admission: 2 }), "admission");
  assert.equal(fieldOf({ joinWindowMs: -1 }), "joinWindowMs");
  const work = { consensus: "pow", authorities: undefined };
  assert.equal(fieldOf({ ...work, admission: "vote" }), "admission");
  assert.equal(fieldOf({ ...work, joinWindowMs: 0 }), "joinWindowMs");
  assert.equal(fieldOf(work), undefined);
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
    ["version", { version: 1 }],
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
    ["admission", { admission: 1 }],
    ["admission", { joinWindowMs: 1 }],
    ["admission", { ...poaFields, admission: 0 }],
    ["admission", { ...poaFields, admission: 4 }],
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
