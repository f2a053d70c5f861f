/** The canonical chain of this node as proofs are put together from it. */
import { invariant } from "../base/invariant.ts";
import type { Chain } from "../chain/chain.ts";
import type { LightSource } from "../light/light-source.ts";
import { decodeConsensusSection } from "../protocol/block.ts";

/** Everything that is read from it before the next `await` is of one moment. */
export function lightSourceOf(chain: Chain): LightSource {
  return {
    head: chain.head,
    newestCertificate: chain.sectionOn(chain.head).certificates[0],
    certificateOf: (hash) => chain.certificateOf(hash),
    recordAt: (height) => chain.headerAtHeight(height),
    sectionAt(height) {
      const hash = chain.hashAtHeight(height);
      const bytes = hash && chain.blockBytes(hash);
      if (!bytes) return undefined;
      const section = decodeConsensusSection(bytes);
      invariant(section.ok, "the consensus section of a stored block decodes");
      return section.value;
    },
    contentsAt(height) {
      const block = chain.blockAtHeight(height);
      return block && { ...block, ...block.header };
    },
    advance(contents, parent) {
      const advanced = chain.advance(contents, parent);
      return advanced.ok ? advanced.value : undefined;
    },
  };
}
