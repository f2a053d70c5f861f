/** What the drawing of forks says in words: who made each block, and all of it in one sentence. */
import type { ForksAnswer } from "../../../api/forks.ts";
import { visibleText } from "../../../base/visible-text.ts";
import { shortHash } from "../../parts/short-hash.ts";

export interface NamedBlock {
  readonly maker: string;
}

interface MadeBlock {
  readonly height: number;
  readonly hash: string;
  readonly producer: string | null;
  readonly producerName: string | null;
}

const nameMax = 16;

function makerOf({ producer, producerName }: MadeBlock): string | undefined {
  if (producer === null) return undefined;
  const name = [...(visibleText(producerName ?? "") || shortHash(producer))];
  return name.length <= nameMax ? name.join("") : `${name.slice(0, nameMax - 1).join("")}…`;
}

/** By hash; blocks of the chain also by `height N`, as the drawing does not know the hash of each. */
export function blockNames(
  { branches }: Pick<ForksAnswer, "branches">,
  chain: readonly MadeBlock[],
): ReadonlyMap<string, NamedBlock> {
  const names = new Map<string, NamedBlock>();
  const add = (key: string, block: MadeBlock) => {
    const maker = makerOf(block);
    if (maker !== undefined) names.set(key, { maker });
  };
  for (const { blocks } of branches) for (const block of blocks) add(block.hash, block);
  for (const block of chain) {
    add(block.hash, block);
    add(`height ${block.height}`, block);
  }
  return names;
}

/** E.g. "The chain up to block 20, and 2 branches: 2 blocks up to 16, which leave the chain after 14; …". */
export function drawingText({ head, branches }: Pick<ForksAnswer, "head" | "branches">): string {
  const each = branches.map(({ tip, length, forkPoint }) => {
    const blocks = length === 1 ? "1 block" : `${length} blocks`;
    const from = forkPoint ? `, leaving the chain after block ${forkPoint.height}` : "";
    return `${blocks} up to block ${tip.height}${from}`;
  });
  const count = branches.length === 1 ? "1 branch" : `${branches.length} branches`;
  return `The chain up to block ${head.height}, and ${count}: ${each.join("; ")}.`;
}
