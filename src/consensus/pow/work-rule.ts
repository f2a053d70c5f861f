/** The rules of a Proof of Work header, as functions of two headers: a light client without a store uses them, too. */
import { bigIntFromBytes, bytesEqual, compareBytes, toHex } from "../../base/bytes.ts";
import type { Header, Seal } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import { nextTarget } from "./asert.ts";

const aheadFloorMs = 5_000;

/** What the rules need of a header's parent. */
export interface WorkParent {
  readonly timestampMs: number;
  /** The target that a child must carry: the consensus state of the parent. */
  readonly childTarget: Uint8Array;
}

/** How far a timestamp may lie ahead of the judging clock. */
export function workAheadMaxMs({ targetBlockTimeMs }: Genesis): number {
  return Math.max(aheadFloorMs, targetBlockTimeMs);
}

/** Checks that the work was done that the header names. */
export function workSealFault(
  header: Header,
  seal: Seal,
  hash: Uint8Array,
  { easiestTarget }: Genesis,
): BlockFault | undefined {
  if (seal.signature.length !== 0) {
    return { code: "block/seal-malformed", reason: "Proof of Work has no signature" };
  }
  if (compareBytes(header.target, easiestTarget) > 0) {
    return { code: "block/target-above-floor", easiest: toHex(easiestTarget), actual: toHex(header.target) };
  }
  if (compareBytes(hash, header.target) > 0) {
    return { code: "block/work-insufficient", hash: toHex(hash), target: toHex(header.target) };
  }
  return undefined;
}

/** Checks that the header has the target that its parent asks for, and a late enough timestamp. */
export function workHeaderFault(
  header: Header,
  { timestampMs, childTarget }: WorkParent,
  { minimumIntervalMs }: Genesis,
): BlockFault | undefined {
  const earliestMs = timestampMs + minimumIntervalMs;
  if (header.timestampMs < earliestMs) {
    return { code: "block/timestamp-too-early", earliestMs, actualMs: header.timestampMs };
  }
  if (!bytesEqual(header.target, childTarget)) {
    return { code: "block/target-wrong", expected: toHex(childTarget), actual: toHex(header.target) };
  }
  return undefined;
}

/** The target that the child of a header must carry. */
export function childTargetAfter(timestampMs: number, parent: WorkParent, genesis: Genesis): Uint8Array {
  return nextTarget({ target: parent.childTarget, intervalMs: timestampMs - parent.timestampMs }, genesis);
}

/** The expected number of hashes for a block: 2^256 / (target + 1), as Bitcoin counts work. */
export function workOf(target: Uint8Array): bigint {
  return 2n ** 256n / (bigIntFromBytes(target) + 1n);
}
