/** The chain of a network on one machine: a new one that funds its nodes and whoever else is named. */
import { randomBytes } from "node:crypto";
import { chainSpecFrom, specDefaults } from "../protocol/chain-spec-json.ts";
import type { ChainSpec, ConsensusName } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";

/** What each account has in a new chain. */
const fundedAur = "1000000";
/** Rewards as on the built-in chain, and a first block without much waiting. */
const powTerms = { minimumIntervalMs: 500, blockReward: "50", rewardMaturityBlocks: 10 } as const;

export interface LocalChainTerms {
  /** Leading zero hex digits of a block's hash; of Proof of Work only. */
  readonly difficulty?: number | undefined;
  /** Addresses of who may seal, sorted by public key; of Proof of Authority only. */
  readonly authorities?: readonly string[];
  /** Public keys of the accounts that have AUR from the start. */
  readonly funded: readonly Uint8Array[];
}

/** A chain that nobody else has: its salt is random. */
export function localChainSpec(
  consensus: ConsensusName,
  { difficulty = specDefaults.pow.difficulty, authorities = [], funded }: LocalChainTerms,
): ChainSpec {
  const spec = chainSpecFrom({
    name: `local-${consensus}`,
    consensus,
    timestamp: new Date().toISOString(),
    salt: randomBytes(32).toString("hex"),
    ...(consensus === "pow" ? { ...powTerms, difficulty } : { authorities }),
    allocations: Object.fromEntries(funded.map((key) => [addressOf(key), fundedAur])),
  });
  if (!spec.ok) throw new Error(`the ${consensus} chain cannot be: ${spec.fault.field} ${spec.fault.reason}`);
  return spec.value;
}
