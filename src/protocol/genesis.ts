/** The chain spec: everything that nodes of one chain must agree on before the first block; its hash is the chain id. */
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { bigIntToBytes, compareBytes, toUtf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import {
  assembleBlock,
  type Block,
  blockBytesMax,
  blockTransactionsMax,
  blockVersion,
  emptyConsensusRoot,
  nonceBytes,
  transactionListDepth,
} from "./block.ts";
import { Bytes32, byteList, decode, SafeUint64, Uint8, Uint32, Uint64, uint64Max } from "./codec.ts";
import type { CodecFault } from "./faults.ts";
import { sha256, zeroBytes32 } from "./hashing.ts";
import { listRoot } from "./merkle.ts";

export const genesisVersion = 2;
export const authoritiesMax = 256;
export const allocationsMax = 65_536;
/** Rewards that wait stand in the ledger, one entry for each block. */
export const rewardMaturityBlocksMax = 1_024;
export const engineNumbers = { pow: 1, poa: 2 } as const;
export type ConsensusName = keyof typeof engineNumbers;
/**
 * How a candidate becomes an authority. vote: operators vote by hand. open-lan: authorities vote by themselves for
 * whoever is on a private address, while the join window is open. token: for whoever has the network's secret, without
 * which nobody can even connect.
 */
export const admissionNumbers = { vote: 1, "open-lan": 2, token: 3 } as const;
export type AdmissionPolicy = keyof typeof admissionNumbers;

const AllocationType = new ContainerType({ account: Bytes32, amount: Uint64 });

export const GenesisType = new ContainerType({
  version: Uint8,
  name: byteList(64),
  engine: Uint8,
  timestampMs: SafeUint64,
  /** Proof of Work: the floor, as a big-endian number, and the times of the retarget rule; else zero. */
  easiestTarget: Bytes32,
  targetBlockTimeMs: SafeUint64,
  minimumIntervalMs: SafeUint64,
  retargetHalfLifeMs: SafeUint64,
  /** Proof of Authority: the slot rule, and the interval of empty blocks; else zero. */
  periodMs: SafeUint64,
  stepMs: SafeUint64,
  heartbeatMs: SafeUint64,
  /** Proof of Authority: an admission number, and how long after `timestampMs` open-lan admits; else zero. */
  admission: Uint8,
  joinWindowMs: SafeUint64,
  /** Sorted by key, unique. */
  authorities: new ListCompositeType(Bytes32, authoritiesMax),
  /** Sorted by key, unique. */
  allocations: new ListCompositeType(AllocationType, allocationsMax),
  minimumFee: Uint64,
  /** Paid to the producer of each block, halved every `halvingIntervalBlocks` (0 = never). */
  blockReward: Uint64,
  halvingIntervalBlocks: SafeUint64,
  /** What a block earns is credited to its producer by the block this many above it; 0: by itself. */
  rewardMaturityBlocks: Uint32,
  blockBytesMax: Uint32,
  blockTransactionsMax: Uint32,
  /** Random, so that two networks of one name differ. */
  salt: Bytes32,
});
export type Genesis = ValueOf<typeof GenesisType>;

export interface GenesisFault {
  readonly code: "genesis/invalid";
  readonly field: string;
  readonly reason: string;
}

/** What a node knows of its chain from the spec alone. */
export interface ChainSpec {
  readonly genesis: Genesis;
  readonly name: string;
  readonly consensus: ConsensusName;
  readonly chainId: Uint8Array;
  /** Undefined on a Proof of Work chain. */
  readonly admission: AdmissionPolicy | undefined;
}

export function chainIdOf(genesis: Genesis): Uint8Array {
  return sha256(GenesisType.serialize(genesis));
}

export function decodeGenesis(bytes: Uint8Array): Result<ChainSpec, CodecFault | GenesisFault> {
  const decoded = decode(GenesisType, bytes, "genesis");
  return decoded.ok ? chainSpecOf(decoded.value) : decoded;
}

/** Checks that a genesis can carry a chain. */
export function chainSpecOf(genesis: Genesis): Result<ChainSpec, GenesisFault> {
  const invalid = (field: string, reason: string) =>
    fail({ code: "genesis/invalid" as const, field, reason });
  if (genesis.version !== genesisVersion)
    return invalid("version", `is ${genesis.version}, known is ${genesisVersion}`);
  const name = toUtf8(genesis.name);
  if (name === undefined || !/^[a-z0-9][a-z0-9-]*$/.test(name)) {
    return invalid("name", "must be lower-case letters, digits and hyphens");
  }
  const consensus = (Object.keys(engineNumbers) as ConsensusName[]).find(
    (engine) => engineNumbers[engine] === genesis.engine,
  );
  if (consensus === undefined) return invalid("engine", `${genesis.engine} is not known`);
  if (!isSortedUnique(genesis.authorities)) return invalid("authorities", "must be sorted by key, each once");
  if (!isSortedUnique(genesis.allocations.map((allocation) => allocation.account))) {
    return invalid("allocations", "must be sorted by key, each once");
  }
  const allocated = genesis.allocations.reduce((sum, allocation) => sum + allocation.amount, 0n);
  if (allocated > uint64Max) return invalid("allocations", "sum to more than a uint64 holds");
  if (genesis.blockBytesMax < 1024 || genesis.blockBytesMax > blockBytesMax) {
    return invalid("blockBytesMax", `must be 1024 to ${blockBytesMax}`);
  }
  if (genesis.blockTransactionsMax < 1 || genesis.blockTransactionsMax > blockTransactionsMax) {
    return invalid("blockTransactionsMax", `must be 1 to ${blockTransactionsMax}`);
  }
  if (genesis.rewardMaturityBlocks > rewardMaturityBlocksMax) {
    return invalid("rewardMaturityBlocks", `must be 0 to ${rewardMaturityBlocksMax}`);
  }
  if (consensus === "pow") {
    if (genesis.easiestTarget.every((byte) => byte === 0))
      return invalid("easiestTarget", "must not be zero");
    if (genesis.targetBlockTimeMs === 0) return invalid("targetBlockTimeMs", "must not be zero");
    if (genesis.retargetHalfLifeMs < genesis.targetBlockTimeMs) {
      return invalid("retargetHalfLifeMs", "must not be below the target block time");
    }
    if (genesis.authorities.length > 0) return invalid("authorities", "belong to Proof of Authority");
    if (genesis.admission !== 0 || genesis.joinWindowMs !== 0) {
      return invalid("admission", "belongs to Proof of Authority");
    }
  } else {
    if (genesis.authorities.length === 0)
      return invalid("authorities", "Proof of Authority needs at least one");
    if (genesis.periodMs === 0) return invalid("periodMs", "must not be zero");
    if (genesis.stepMs === 0) return invalid("stepMs", "must not be zero");
    if (genesis.easiestTarget.some((byte) => byte !== 0))
      return invalid("easiestTarget", "belongs to Proof of Work");
    if (!admissionOf(genesis)) return invalid("admission", `${genesis.admission} is not known`);
  }
  return ok({ genesis, name, consensus, chainId: chainIdOf(genesis), admission: admissionOf(genesis) });
}

function admissionOf({ admission }: Genesis): AdmissionPolicy | undefined {
  return (Object.keys(admissionNumbers) as AdmissionPolicy[]).find(
    (policy) => admissionNumbers[policy] === admission,
  );
}

function isSortedUnique(keys: readonly Uint8Array[]): boolean {
  return keys.every((key, index) => index === 0 || compareBytes(keys[index - 1] as Uint8Array, key) < 0);
}

/**
 * Block 0: no transactions, no producer, no seal.
 *
 * @param stateRoot root of the state that the allocations and authorities make
 */
export function genesisBlock(spec: ChainSpec, stateRoot: Uint8Array): Block {
  return assembleBlock(
    {
      version: blockVersion,
      chainId: spec.chainId,
      height: 0,
      parentHash: zeroBytes32,
      timestampMs: spec.genesis.timestampMs,
      producer: zeroBytes32,
      transactionsRoot: listRoot(new Uint8Array(0), transactionListDepth),
      transactionCount: 0,
      stateRoot,
      consensusRoot: emptyConsensusRoot,
      // The state after block 0 names block 0, so its hash cannot stand in it.
      consensusStateHash: zeroBytes32,
      target: spec.genesis.easiestTarget,
      extraData: zeroBytes32,
    },
    { nonce: new Uint8Array(nonceBytes), signature: new Uint8Array(0) },
    [],
  );
}

/** The easiest target of a documented difficulty: `difficulty` leading zero hex digits, 2^(256 − 4N) − 1. */
export function easiestTargetOf(difficulty: number): Uint8Array {
  return bigIntToBytes(2n ** BigInt(256 - 4 * difficulty) - 1n, 32);
}

/** The reward of a height before fees: `blockReward` halved every `halvingIntervalBlocks`. */
export function blockRewardAt(genesis: Genesis, height: number): bigint {
  if (genesis.halvingIntervalBlocks === 0) return genesis.blockReward;
  return genesis.blockReward >> BigInt(Math.floor((height - 1) / genesis.halvingIntervalBlocks));
}
