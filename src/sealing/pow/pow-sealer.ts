/** Seals by work: has each header's root searched by this node's own mining threads. */
import { headerRoot } from "../../protocol/block.ts";
import type { Sealer } from "../sealer.ts";
import { type MiningThreads, noncePrefixBytes } from "./mining-threads.ts";

/** The space of nonces that is never given to searchers outside of the process. */
const ownSpace = new Uint8Array(noncePrefixBytes);

/** Owns the threads: closing it closes them. */
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
