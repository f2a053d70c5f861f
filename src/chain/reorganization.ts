/** Which blocks leave and join when the head moves, and what the ledger has to know of a block that it executes. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { BlockContext } from "../ledger/apply-transaction.ts";
import type { Header, HeaderRecord } from "../protocol/block.ts";
import { blockRewardAt, type Genesis } from "../protocol/genesis.ts";

export interface ReorganizationPlan {
  /** Canonical blocks that leave, highest first; empty where the new head extends the old one. */
  readonly disconnect: readonly HeaderRecord[];
  /** Blocks that join, lowest first; the last is the new head. */
  readonly connect: readonly HeaderRecord[];
}

type RecordOf = (hash: Uint8Array) => HeaderRecord | undefined;

/** The way from the head to a new one over their common ancestor. */
export function planReorganization(
  head: HeaderRecord,
  target: HeaderRecord,
  recordOf: RecordOf,
): ReorganizationPlan {
  const disconnect: HeaderRecord[] = [];
  const connect: HeaderRecord[] = [];
  const parentOf = (record: HeaderRecord): HeaderRecord => {
    const parent = recordOf(record.header.parentHash);
    invariant(parent, `the parent of the stored block ${record.hashHex} is not stored`);
    return parent;
  };
  let old = head;
  let next = target;
  while (!bytesEqual(old.hash, next.hash)) {
    if (next.header.height >= old.header.height) {
      connect.push(next);
      next = parentOf(next);
    } else {
      disconnect.push(old);
      old = parentOf(old);
    }
  }
  return { disconnect, connect: connect.reverse() };
}

/** What the ledger needs to know of the block that it executes. */
export function ledgerContext(
  { height, producer }: Pick<Header, "height" | "producer">,
  genesis: Genesis,
): BlockContext {
  return {
    height,
    producerHex: toHex(producer),
    rewardUnits: blockRewardAt(genesis, height),
    rewardMaturityBlocks: genesis.rewardMaturityBlocks,
    minimumFee: genesis.minimumFee,
  };
}
