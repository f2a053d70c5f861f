/** Seals by work: this node's own mining threads search a nonce for each header's root. */
import { headerRoot } from "../../protocol/block.ts";
import type { Sealer } from "../sealer.ts";
import { type MiningThreads, noncePrefixBytes } from "./mining-threads.ts";

/** Searchers outside of the process never get this space of nonces. */
const ownSpace = new Uint8Array(noncePrefixBytes);

/** Closing the sealer closes the threads. */
export function createPowSealer(threads: MiningThreads): Sealer {
  return {
    async seal(header, options) {
      const input = { headerRoot: headerRoot(header), target: header.target, noncePrefix: ownSpace };
      const nonce = await threads.search(input, options);
      return nonce && { nonce, signature: new Uint8Array(0) };
    },
    close: () => threads.close(),
  };
}
