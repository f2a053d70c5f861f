/** Seals by work on the calling thread, a slice at a time: deterministic, for simulations and tests. */
import { type Clock, sleep } from "../../src/base/clock.ts";
import { headerRoot } from "../../src/protocol/block.ts";
import { batchLanes, extraNonceBytes, prepareNonceSearch } from "../../src/sealing/pow/search-nonces.ts";
import type { Sealer } from "../../src/sealing/sealer.ts";

const progressEveryMs = 250;

/** Counts from nonce 0 with a zero extra nonce, so that a header always gets the same seal. */
export function createInlinePowSealer({ clock }: { readonly clock: Clock }): Sealer {
  let closed = false;
  return {
    async seal(header, { signal, onProgress }) {
      const search = prepareNonceSearch({
        headerRoot: headerRoot(header),
        target: header.target,
        extraNonce: new Uint8Array(extraNonceBytes),
      });
      const startedMs = clock.monotonicMs();
      let reportedMs = startedMs;
      const report = (attempts: number, nowMs: number) => {
        reportedMs = nowMs;
        // A simulated clock stands still while the search runs.
        onProgress?.({ attempts, hashesPerSecond: (attempts * 1000) / Math.max(1, nowMs - startedMs) });
      };
      for (let firstNonce = 0; !closed && !signal.aborted; firstNonce += batchLanes) {
        const found = search(firstNonce, batchLanes);
        const nowMs = clock.monotonicMs();
        if (found) {
          report(firstNonce + found.attempts, nowMs);
          return { nonce: found.nonce, signature: new Uint8Array(0) };
        }
        if (nowMs - reportedMs >= progressEveryMs) report(firstNonce + batchLanes, nowMs);
        await sleep(clock, 0, signal);
      }
      return undefined;
    },
    async close() {
      closed = true;
    },
  };
}
