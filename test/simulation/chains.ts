/** The chain specs of a simulation: who may seal, and the wallets that have AUR from the start. */
import assert from "node:assert/strict";
import { type ChainSpecJson, chainSpecFrom } from "../../src/protocol/chain-spec-json.ts";
import type { ChainSpec, ConsensusName } from "../../src/protocol/genesis.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed } from "../../src/protocol/signing.ts";

const genesisTime = "2026-01-01T00:00:00.000Z";
export const simulationStartMs: number = Date.parse(genesisTime);

export function keyPairNamed(name: string): KeyPair {
  return keyPairFromSeed(sha256(Buffer.from(name)));
}

const fast = {
  pow: { difficulty: 1, targetBlockTimeMs: 5_000, minimumIntervalMs: 1_000, blockReward: "1" },
  poa: { periodMs: 2_000, stepMs: 1_000, heartbeatMs: 10_000, minimumFee: "0.00000001" },
} as const;

export function simulatedSpec(
  consensus: ConsensusName,
  producers: readonly KeyPair[],
  wallets: readonly KeyPair[],
  changes: Partial<ChainSpecJson> = {},
): ChainSpec {
  const authorities = producers.map(({ publicKey }) => addressOf(publicKey));
  const json: ChainSpecJson = {
    name: `simulated-${consensus}`,
    consensus,
    timestamp: genesisTime,
    salt: "5a".repeat(32),
    allocations: Object.fromEntries(wallets.map(({ publicKey }) => [addressOf(publicKey), "100"])),
    ...(consensus === "poa" ? { ...fast.poa, authorities } : fast.pow),
    ...changes,
  };
  const spec = chainSpecFrom(json);
  assert.ok(spec.ok);
  return spec.value;
}
