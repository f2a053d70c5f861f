/** Mines every broken copy of a chain again, from the lowest up: each names its parent's new hash. */
import { headerRoot } from "../../protocol/block.ts";
import { type EditableBlock, judgeChain, readyToMine, withNonce } from "./editable-chain.ts";
import type { FoundNonce, NonceSearch } from "./nonce-search.ts";

/**
 * @param mine resolves to undefined if it was stopped
 * @param onBlock with the chain as it is after each block
 * @returns whether all are sound again
 */
export async function mineAll(
  chain: readonly EditableBlock[],
  target: Uint8Array,
  mine: (search: NonceSearch) => Promise<FoundNonce | undefined>,
  onBlock: (chain: readonly EditableBlock[]) => void,
): Promise<boolean> {
  let now = [...chain];
  for (;;) {
    const at = judgeChain(now).findIndex(({ isBroken }) => isBroken);
    const block = now[at];
    if (!block) return true;
    const ready = readyToMine(block, now[at - 1], target);
    const found = await mine({ headerRoot: headerRoot(ready.header), target });
    if (!found) return false;
    now = now.with(at, withNonce(ready, found.nonce));
    onBlock(now);
  }
}
