/** The genesis ledger and block 0. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { genesisBlockOf, genesisEntries } from "../../src/ledger/genesis-state.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import { decodeBlock } from "../../src/protocol/block.ts";
import { chainSpecOf, type Genesis } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";

const low = new Uint8Array(32).fill(1);
const high = new Uint8Array(32).fill(2);
const genesis: Genesis = {
  version: 2,
  name: Buffer.from("test"),
  engine: 2,
  timestampMs: 1_700_000_000_000,
  easiestTarget: zeroBytes32,
  targetBlockTimeMs: 0,
  minimumIntervalMs: 0,
  retargetHalfLifeMs: 0,
  periodMs: 2_000,
  stepMs: 1_000,
  heartbeatMs: 30_000,
  admission: 1,
  joinWindowMs: 0,
  authorities: [low, high],
  allocations: [
    { account: low, amount: 5n },
    { account: high, amount: 0n },
  ],
  minimumFee: 0n,
  blockReward: 0n,
  halvingIntervalBlocks: 0,
  rewardMaturityBlocks: 0,
  blockBytesMax: 1024 * 1024,
  blockTransactionsMax: 1000,
  salt: new Uint8Array(32).fill(9),
};

test("accounts come first, then authorities, each as listed", () => {
  assert.deepEqual(genesisEntries(genesis), [
    { type: "account", account: toHex(low), sequence: 0, balance: 5n },
    { type: "account", account: toHex(high), sequence: 0, balance: 0n },
    { type: "authority", account: toHex(low), sinceHeight: 0, removed: false },
    { type: "authority", account: toHex(high), sinceHeight: 0, removed: false },
  ]);
});

test("block 0 commits to the genesis ledger and decodes", () => {
  const spec = chainSpecOf(genesis);
  assert.ok(spec.ok);
  const block = genesisBlockOf(spec.value);
  const ledger = LedgerState.fromEntries(genesisEntries(genesis));
  assert.deepEqual(block.header.stateRoot, ledger.stateRoot());
  assert.deepEqual(block.header.chainId, spec.value.chainId);
  assert.equal(block.header.height, 0);
  const decoded = decodeBlock(block.bytes);
  assert.ok(decoded.ok);
  assert.equal(decoded.value.hashHex, block.hashHex);
  assert.equal(ledger.authority(toHex(high))?.sinceHeight, 0);
});
