/** What a batch must satisfy against what is stored; both twins ask before they change anything. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { ChainStore, CommitBatch, StoredHead } from "./chain-store.ts";

export interface BatchLookups {
  /** Whether a block is stored already. */
  hasBlock(hash: Uint8Array): boolean;
  /** Of the canonical line, up to the head. */
  hashAtHeight(height: number): Uint8Array | undefined;
}

/**
 * Throws an InvariantError where the batch would leave a line with holes, or one that the final block is not on: that
 * is the chain's own bug.
 *
 * @param before head and final block as they are stored
 */
export function checkBatch(
  batch: CommitBatch,
  before: Pick<ChainStore, "head" | "final">,
  stored: BatchLookups,
): void {
  for (const { hash } of batch.restated ?? []) {
    invariant(stored.hasBlock(hash), "a record is restated of a stored block");
  }
  const joining = new Set(batch.connected.map(({ hash }) => toHex(hash)));
  for (const { hash, height } of batch.dropped ?? []) {
    const canonical = stored.hashAtHeight(height);
    invariant(stored.hasBlock(hash), "a block that is removed is stored");
    invariant(
      !(canonical && bytesEqual(canonical, hash)) && !joining.has(toHex(hash)),
      "a block that is removed lies beside the chain",
    );
  }
  for (const { hash, height } of batch.indexed ?? []) {
    const canonical = stored.hashAtHeight(height);
    invariant(
      batch.head === undefined && canonical && bytesEqual(canonical, hash),
      "a block that is added to the account index is canonical and stays so",
    );
  }
  const lowest = batch.disconnected.at(-1)?.height ?? (before.head?.height ?? -1) + 1;
  checkMove(batch, before.head, stored);
  const final = batch.final ?? before.final;
  if (!final) return;
  const connected = batch.connected.find(({ height }) => height === final.height)?.hash;
  const hash = final.height < lowest ? stored.hashAtHeight(final.height) : connected;
  invariant(hash && bytesEqual(hash, final.hash), "the final block is canonical");
}

function checkMove(batch: CommitBatch, head: StoredHead | undefined, { hasBlock }: BatchLookups): void {
  const { disconnected, connected, entries } = batch;
  if (!batch.head) {
    const moves = disconnected.length + connected.length + entries.size;
    invariant(moves === 0, "a batch without a head moves no block and no entry");
    return;
  }
  let height = head ? head.height : -1;
  for (const [position, block] of disconnected.entries()) {
    invariant(block.height === height, "blocks are disconnected from the head downward");
    if (position === 0) {
      invariant(head && bytesEqual(block.hash, head.hash), "the head is disconnected first");
    }
    height -= 1;
  }
  const arriving = new Set(batch.blocks.map((block) => block.record.hashHex));
  for (const block of connected) {
    height += 1;
    invariant(arriving.has(toHex(block.hash)) || hasBlock(block.hash), "a connected block is stored");
    invariant(block.height === height, "blocks are connected upward without a gap");
  }
  invariant(batch.head.height === height, "the head is the highest connected block");
  const highest = connected.at(-1);
  if (highest) invariant(bytesEqual(highest.hash, batch.head.hash), "the head is the last connected block");

  const { entryCount } = batch.head;
  for (const index of entries.keys()) {
    invariant(
      Number.isSafeInteger(index) && index >= 0 && index < entryCount,
      "an entry's index is in range",
    );
  }
  for (let index = head?.entryCount ?? 0; index < entryCount; index++) {
    invariant(entries.has(index), "new entries leave no index out");
  }
}
