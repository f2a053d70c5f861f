/** The documented text form of an authority's seal. */
import { toHex } from "../base/bytes.ts";
import type { Block } from "../protocol/block.ts";
import { nodeIdOf } from "../protocol/identity.ts";

/** `SIG_{node_id}_{hash}_{signature}`: the documented shape alone can be made by anyone, so the signature follows it. */
export function sealText(block: Block): string {
  return `SIG_${nodeIdOf(block.header.producer)}_${block.hashHex}_${toHex(block.seal.signature)}`;
}
