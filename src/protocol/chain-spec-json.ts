/** The chain spec as people write it: JSON with names for numbers, addresses for keys and decimal AUR for amounts. */
import { compareBytes, fromHex, fromUtf8, toHex, toUtf8 } from "../base/bytes.ts";
import { fail, type Result } from "../base/result.ts";
import { formatAmount, parseAmount } from "./amount.ts";
import { blockBytesMax, blockTransactionsMax } from "./block.ts";
import {
  type AdmissionPolicy,
  admissionNumbers,
  type ChainSpec,
  type ConsensusName,
  chainSpecOf,
  easiestTargetOf,
  engineNumbers,
  type Genesis,
  type GenesisFault,
  genesisVersion,
} from "./genesis.ts";
import { zeroBytes32 } from "./hashing.ts";
import { addressOf, publicKeyOfAddress } from "./identity.ts";

/** One JSON object; every field that has a default may be left out, and no other field may be there. */
export interface ChainSpecJson {
  readonly name: string;
  readonly consensus: ConsensusName;
  /** ISO 8601 in UTC, with milliseconds. */
  readonly timestamp: string;
  /** 32 random bytes in hex: what makes this network another than one of the same name. */
  readonly salt: string;
  /** pow: leading zero hex digits of a hash, 1 to 4. */
  readonly difficulty?: number;
  readonly targetBlockTimeMs?: number;
  readonly minimumIntervalMs?: number;
  /** pow: a schedule that is late by this much doubles the target; by default 10 target block times. */
  readonly retargetHalfLifeMs?: number;
  /** poa: addresses. */
  readonly authorities?: readonly string[];
  readonly periodMs?: number;
  readonly stepMs?: number;
  readonly heartbeatMs?: number;
  /** poa: how a candidate becomes an authority. */
  readonly admission?: AdmissionPolicy;
  /** poa, open-lan: how long after `timestamp` the authorities admit by themselves. */
  readonly joinWindowMs?: number;
  /** AUR by address. */
  readonly allocations?: Readonly<Record<string, string>>;
  readonly minimumFee?: string;
  readonly blockReward?: string;
  readonly halvingIntervalBlocks?: number;
  readonly rewardMaturityBlocks?: number;
  readonly blockBytesMax?: number;
  readonly blockTransactionsMax?: number;
}

/** What a spec has where it says nothing else. */
export const specDefaults = {
  pow: { difficulty: 2, targetBlockTimeMs: 5_000, minimumIntervalMs: 1_000, halfLifeBlockTimes: 10 },
  poa: { periodMs: 2_000, stepMs: 1_000, heartbeatMs: 30_000, admission: "vote", joinWindowMs: 0 },
  minimumFee: "0",
  blockReward: "0",
  halvingIntervalBlocks: 0,
  rewardMaturityBlocks: 0,
  blockBytesMax,
  blockTransactionsMax,
} as const;

const fieldNames: readonly (keyof ChainSpecJson)[] = [
  "name",
  "consensus",
  "timestamp",
  "salt",
  "difficulty",
  "targetBlockTimeMs",
  "minimumIntervalMs",
  "retargetHalfLifeMs",
  "authorities",
  "periodMs",
  "stepMs",
  "heartbeatMs",
  "admission",
  "joinWindowMs",
  "allocations",
  "minimumFee",
  "blockReward",
  "halvingIntervalBlocks",
  "rewardMaturityBlocks",
  "blockBytesMax",
  "blockTransactionsMax",
];
const powOnly: readonly (keyof ChainSpecJson)[] = [
  "difficulty",
  "targetBlockTimeMs",
  "minimumIntervalMs",
  "retargetHalfLifeMs",
];
const poaOnly: readonly (keyof ChainSpecJson)[] = [
  "authorities",
  "periodMs",
  "stepMs",
  "heartbeatMs",
  "admission",
  "joinWindowMs",
];

class SpecError extends Error {
  readonly field: string;
  constructor(field: string, reason: string) {
    super(reason);
    this.field = field;
  }
}

/**
 * Reads a spec's JSON text.
 *
 * Faults: genesis/invalid with the field and the reason; unknown fields are faults, so that a typing error cannot
 * quietly make another chain.
 */
export function chainSpecFromJson(text: string): Result<ChainSpec, GenesisFault> {
  try {
    return chainSpecOf(genesisOf(parseObject(text)));
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    return fail({ code: "genesis/invalid", field: thrown.field, reason: thrown.message });
  }
}

function parseObject(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw new SpecError("file", `is no JSON: ${(thrown as Error).message}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new SpecError("file", "must be one JSON object");
  }
  const unknown = Object.keys(parsed).find((name) => !fieldNames.some((known) => known === name));
  if (unknown !== undefined)
    throw new SpecError(unknown, `is no field of a chain spec; known are ${fieldNames.join(", ")}`);
  return parsed as Record<string, unknown>;
}

function genesisOf(json: Record<string, unknown>): Genesis {
  const consensus = json.consensus;
  if (consensus !== "pow" && consensus !== "poa") throw new SpecError("consensus", 'must be "pow" or "poa"');
  const misplaced = (consensus === "pow" ? poaOnly : powOnly).find((field) => json[field] !== undefined);
  if (misplaced) throw new SpecError(misplaced, `does not belong to ${consensus}`);
  const isPow = consensus === "pow";
  const { pow, poa } = specDefaults;
  const targetBlockTimeMs = isPow ? readInteger(json, "targetBlockTimeMs", pow.targetBlockTimeMs) : 0;
  const halfLifeMs = pow.halfLifeBlockTimes * targetBlockTimeMs;
  return {
    version: genesisVersion,
    name: fromUtf8(readText(json, "name")),
    engine: engineNumbers[consensus],
    timestampMs: readTimestamp(json),
    easiestTarget: isPow
      ? easiestTargetOf(readInteger(json, "difficulty", pow.difficulty, 1, 4))
      : zeroBytes32,
    targetBlockTimeMs,
    minimumIntervalMs: isPow ? readInteger(json, "minimumIntervalMs", pow.minimumIntervalMs) : 0,
    retargetHalfLifeMs: isPow ? readInteger(json, "retargetHalfLifeMs", halfLifeMs) : 0,
    periodMs: isPow ? 0 : readInteger(json, "periodMs", poa.periodMs),
    stepMs: isPow ? 0 : readInteger(json, "stepMs", poa.stepMs),
    heartbeatMs: isPow ? 0 : readInteger(json, "heartbeatMs", poa.heartbeatMs),
    admission: isPow ? 0 : readAdmission(json),
    joinWindowMs: isPow ? 0 : readInteger(json, "joinWindowMs", poa.joinWindowMs),
    authorities: readAuthorities(json),
    allocations: readAllocations(json),
    minimumFee: readAmount(json.minimumFee ?? specDefaults.minimumFee, "minimumFee"),
    blockReward: readAmount(json.blockReward ?? specDefaults.blockReward, "blockReward"),
    halvingIntervalBlocks: readInteger(json, "halvingIntervalBlocks", specDefaults.halvingIntervalBlocks),
    rewardMaturityBlocks: readInteger(json, "rewardMaturityBlocks", specDefaults.rewardMaturityBlocks),
    blockBytesMax: readInteger(json, "blockBytesMax", specDefaults.blockBytesMax),
    blockTransactionsMax: readInteger(json, "blockTransactionsMax", specDefaults.blockTransactionsMax),
    salt: readSalt(json),
  };
}

function readText(json: Record<string, unknown>, field: string): string {
  const value = json[field];
  if (typeof value !== "string") throw new SpecError(field, "must be a text");
  return value;
}

function readInteger(
  json: Record<string, unknown>,
  field: string,
  fallback: number,
  min = 0,
  max = 2 ** 32 - 1,
): number {
  const value = json[field] ?? fallback;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw new SpecError(field, `must be a whole number from ${min} to ${max}`);
  }
  return value;
}

function readTimestamp(json: Record<string, unknown>): number {
  const timestampMs = Date.parse(readText(json, "timestamp"));
  if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) {
    throw new SpecError("timestamp", "must be a time such as 2026-01-01T00:00:00.000Z");
  }
  return timestampMs;
}

function readAdmission(json: Record<string, unknown>): number {
  const policy = json.admission ?? specDefaults.poa.admission;
  const policies = Object.keys(admissionNumbers) as AdmissionPolicy[];
  const known = policies.find((name) => name === policy);
  if (!known) throw new SpecError("admission", `must be one of ${policies.join(", ")}`);
  return admissionNumbers[known];
}

function readSalt(json: Record<string, unknown>): Uint8Array {
  const salt = fromHex(readText(json, "salt"), 32);
  if (!salt) throw new SpecError("salt", "must be 64 hex digits");
  return salt;
}

function readAddress(address: unknown, field: string): Uint8Array {
  const key = typeof address === "string" ? publicKeyOfAddress(address) : undefined;
  if (!key) throw new SpecError(field, `${String(address)} is no address (aurex1…)`);
  return key;
}

function readAuthorities(json: Record<string, unknown>): Uint8Array[] {
  const addresses = json.authorities ?? [];
  if (!Array.isArray(addresses)) throw new SpecError("authorities", "must be a list of addresses");
  return addresses.map((address) => readAddress(address, "authorities")).sort(compareBytes);
}

function readAllocations(json: Record<string, unknown>): Genesis["allocations"] {
  const allocations = json.allocations ?? {};
  if (typeof allocations !== "object" || allocations === null || Array.isArray(allocations)) {
    throw new SpecError("allocations", "must be an object of amounts by address");
  }
  return Object.entries(allocations)
    .map(([address, amount]) => ({
      account: readAddress(address, "allocations"),
      amount: readAmount(amount, "allocations"),
    }))
    .sort((a, b) => compareBytes(a.account, b.account));
}

function readAmount(amount: unknown, field: string): bigint {
  if (typeof amount !== "string") throw new SpecError(field, 'must be a decimal text such as "10.5"');
  const parsed = parseAmount(amount);
  if (!parsed.ok) throw new SpecError(field, `${amount}: ${parsed.fault.reason}`);
  return parsed.value;
}

/** The JSON text of a spec; reading it again gives the same chain id. */
export function chainSpecToJson(spec: ChainSpec): string {
  const { genesis, consensus } = spec;
  const ofPow = {
    difficulty: difficultyOf(genesis.easiestTarget),
    targetBlockTimeMs: genesis.targetBlockTimeMs,
    minimumIntervalMs: genesis.minimumIntervalMs,
    retargetHalfLifeMs: genesis.retargetHalfLifeMs,
  };
  const ofPoa = {
    authorities: genesis.authorities.map(addressOf),
    periodMs: genesis.periodMs,
    stepMs: genesis.stepMs,
    heartbeatMs: genesis.heartbeatMs,
    ...(spec.admission ? { admission: spec.admission } : {}),
    joinWindowMs: genesis.joinWindowMs,
  };
  const json: ChainSpecJson = {
    name: toUtf8(genesis.name) ?? "",
    consensus,
    timestamp: new Date(genesis.timestampMs).toISOString(),
    salt: toHex(genesis.salt),
    ...(consensus === "pow" ? ofPow : ofPoa),
    allocations: Object.fromEntries(
      genesis.allocations.map(({ account, amount }) => [addressOf(account), formatAmount(amount)]),
    ),
    minimumFee: formatAmount(genesis.minimumFee),
    blockReward: formatAmount(genesis.blockReward),
    halvingIntervalBlocks: genesis.halvingIntervalBlocks,
    rewardMaturityBlocks: genesis.rewardMaturityBlocks,
    blockBytesMax: genesis.blockBytesMax,
    blockTransactionsMax: genesis.blockTransactionsMax,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** Leading zero hex digits of a target. */
export function difficultyOf(target: Uint8Array): number {
  return /^0*/.exec(toHex(target))?.[0].length ?? 0;
}

/** A spec from its JSON form in code. */
export function chainSpecFrom(json: ChainSpecJson): Result<ChainSpec, GenesisFault> {
  return chainSpecFromJson(JSON.stringify(json));
}
