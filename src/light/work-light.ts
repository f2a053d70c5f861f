/** Follows a Proof of Work chain by its headers: each one is judged by the chain's own rules, and the heaviest chain of them counts. */
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { bytesEqual, toHex } from "../base/bytes.ts";
import { ok, type Result } from "../base/result.ts";
import {
  childTargetAfter,
  workAheadMaxMs,
  workHeaderFault,
  workOf,
  workSealFault,
} from "../consensus/pow/work-rule.ts";
import { genesisBlockOf } from "../ledger/genesis-state.ts";
import { blockHash, blockVersion, HeaderType, headerRoot } from "../protocol/block.ts";
import { Bytes32, decode, SafeUint64, Uint256 } from "../protocol/codec.ts";
import { describeFault } from "../protocol/faults.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { sha256 } from "../protocol/hashing.ts";
import { type LightFault, lightFault } from "./light-fault.ts";

/** A header and the nonce that seals it. */
export const MinedHeaderType = new ContainerType({ header: HeaderType, nonce: Bytes32 });
export type MinedHeader = ValueOf<typeof MinedHeaderType>;

const WorkPointType = new ContainerType({
  hash: Bytes32,
  timestampMs: SafeUint64,
  /** The target that a child must carry. */
  childTarget: Bytes32,
  /** Of the chain up to here. */
  work: Uint256,
});
/** What is kept of a header. */
export type WorkPoint = ValueOf<typeof WorkPointType>;

/** Points by height from 0: the heaviest chain that the reader has seen. */
export interface WorkLight {
  readonly points: readonly WorkPoint[];
}

export interface WorkLightModules {
  readonly spec: ChainSpec;
  /** The reader's clock: no header may lie further ahead of it than a node would allow. */
  readonly nowMs: number;
}

/** @param spec of a Proof of Work chain; its hash is the chain id, which is all that the reader has to be told */
export function beginWorkLight(spec: ChainSpec): WorkLight {
  const { hash, header } = genesisBlockOf(spec);
  const { easiestTarget } = spec.genesis;
  return { points: [{ hash, timestampMs: header.timestampMs, childTarget: easiestTarget, work: 0n }] };
}

/**
 * Judges headers, each the parent of the next, on any block that the reader knows; they become the reader's chain if they
 * are heavier than what stood above that block.
 *
 * @returns light/block-unknown if the first one's parent is not on the reader's chain: ask from further below
 */
export function followHeaders(
  { points }: WorkLight,
  headers: readonly MinedHeader[],
  modules: WorkLightModules,
): Result<WorkLight, LightFault> {
  const [first] = headers;
  if (!first) return ok({ points });
  const parentHeight = first.header.height - 1;
  const fork = points[parentHeight];
  if (!fork || !bytesEqual(fork.hash, first.header.parentHash)) {
    return lightFault("light/block-unknown", `the parent of block ${first.header.height} is not known`);
  }
  const added: WorkPoint[] = [];
  let parent = fork;
  for (const [index, mined] of headers.entries()) {
    const next = pointOn(parent, mined, parentHeight + 1 + index, modules);
    if (!next.ok) return next;
    added.push(next.value);
    parent = next.value;
  }
  const tip = points.at(-1) as WorkPoint;
  if (parent.work <= tip.work) {
    return lightFault(
      "light/not-heavier",
      `block ${toHex(parent.hash)} has no more work than ${toHex(tip.hash)}`,
    );
  }
  return ok({ points: [...points.slice(0, parentHeight + 1), ...added] });
}

/** The height of a block on the reader's chain; a fault for any other. */
export function heightOf({ points }: WorkLight, { header, nonce }: MinedHeader): Result<number, LightFault> {
  const hash = minedHash({ header, nonce });
  const point = points[header.height];
  if (point && bytesEqual(point.hash, hash)) return ok(header.height);
  return lightFault("light/block-unknown", `${toHex(hash)} is not on the heaviest chain that is known`);
}

export function minedHash({ header, nonce }: MinedHeader): Uint8Array {
  return blockHash(headerRoot(header), nonce);
}

function pointOn(
  parent: WorkPoint,
  { header, nonce }: MinedHeader,
  height: number,
  { spec, nowMs }: WorkLightModules,
): Result<WorkPoint, LightFault> {
  const { genesis, chainId } = spec;
  const broken = (reason: string) => lightFault("light/link-broken", `block ${height}: ${reason}`);
  if (!bytesEqual(header.chainId, chainId)) {
    return lightFault("light/wrong-chain", `block ${height} is of chain ${toHex(header.chainId)}`);
  }
  if (header.version !== blockVersion) return broken(`version ${header.version} is not known`);
  if (header.height !== height) return broken(`it says that its height is ${header.height}`);
  if (!bytesEqual(header.parentHash, parent.hash)) return broken("it has another parent");
  const hash = minedHash({ header, nonce });
  const seal = { nonce, signature: new Uint8Array(0) };
  const fault = workSealFault(header, seal, hash, genesis) ?? workHeaderFault(header, parent, genesis);
  if (fault) return lightFault("light/work-invalid", `block ${height}: ${describeFault(fault)}`);
  if (header.timestampMs > nowMs + workAheadMaxMs(genesis)) {
    return lightFault("light/work-invalid", `block ${height} is of the future`);
  }
  const childTarget = childTargetAfter(header.timestampMs, parent, genesis);
  if (!bytesEqual(sha256(childTarget), header.consensusStateHash)) {
    return lightFault("light/state-not-committed", `block ${height} commits to another next target`);
  }
  const work = parent.work + workOf(header.target);
  return ok({ hash, timestampMs: header.timestampMs, childTarget, work });
}

export function encodeMinedHeader({ header, nonce }: MinedHeader): Uint8Array {
  return MinedHeaderType.serialize({ header, nonce });
}

/** Strict; nothing is verified. */
export function decodeMinedHeader(bytes: Uint8Array): Result<MinedHeader, LightFault> {
  const decoded = decode(MinedHeaderType, bytes, "mined header");
  return decoded.ok ? ok(decoded.value) : lightFault("light/malformed", decoded.fault.reason);
}

const WorkLightType = new ListCompositeType(WorkPointType, 2 ** 32);

/** What a reader knows as bytes, to go on from there another time. Whoever can change them can make the reader believe anything. */
export function encodeWorkLight({ points }: WorkLight): Uint8Array {
  return WorkLightType.serialize([...points]);
}

/** Undefined for bytes that are none of {@link encodeWorkLight}. */
export function decodeWorkLight(bytes: Uint8Array): WorkLight | undefined {
  const decoded = decode(WorkLightType, bytes, "light");
  return decoded.ok && decoded.value.length > 0 ? { points: decoded.value } : undefined;
}
