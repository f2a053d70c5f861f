/** What a batch must satisfy against the head it starts from; both twins ask before they change anything. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { CommitBatch, StoredHead } from "./chain-store.ts";

/**
 * Throws an InvariantError where the batch would leave a line with holes: that is the chain's own bug.
 *
 * @param hasBlock whether a block is stored already
 */
export function checkBatch(
  batch: CommitBatch,
  head: StoredHead | undefined,
  hasBlock: (hash: Uint8Array) => boolean,
): void {
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
