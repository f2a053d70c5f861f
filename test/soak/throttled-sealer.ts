/** A real mining thread that searches only part of the time: how several miners of unequal strength share a machine. */

import { compareBytes } from "../../src/base/bytes.ts";
import { type Clock, sleep } from "../../src/base/clock.ts";
import { blockHash, headerRoot } from "../../src/protocol/block.ts";
import { type MiningThreads, noncePrefixBytes } from "../../src/sealing/pow/mining-threads.ts";
import type { Sealer } from "../../src/sealing/sealer.ts";

export interface ThrottledSealer extends Sealer {
  /** Tried since the start; what a slice had tried when it was cut off by a new head is not in it. */
  readonly hashes: number;
}

/** One in 2^18 hashes ends a slice: some 10 ms of a thread. */
const sliceTarget = new Uint8Array(32).fill(0xff);
sliceTarget.set([0, 0, 0x3f]);
const counterAt = 8;

/**
 * Searches in slices and rests between them. A slice ends with the first hash below an easy target, as a pool member's
 * search ends with a share: so the thread itself says how many nonces it tried, and the length of a slice says nothing
 * about the next one. Rests go on over a new head, so that no miner gains by heads that come often.
 *
 * @param duty part of the time that is searched, above 0 and at most 1
 */
export function createThrottledSealer(
  { duty }: { readonly duty: number },
  { threads, clock }: { readonly threads: MiningThreads; readonly clock: Clock },
): ThrottledSealer {
  let hashes = 0;
  let slices = 0;
  let restUntilMs = 0;

  /** No two slices of a header try the same nonces. */
  const nextPrefix = () => {
    slices += 1;
    const prefix = new Uint8Array(noncePrefixBytes);
    new DataView(prefix.buffer).setUint32(counterAt, slices, true);
    return prefix;
  };

  return {
    get hashes() {
      return hashes;
    },
    async seal(header, { signal, onProgress }) {
      const root = headerRoot(header);
      const target = compareBytes(header.target, sliceTarget) > 0 ? header.target : sliceTarget;
      const before = hashes;
      const beganMs = clock.monotonicMs();
      while (!signal.aborted) {
        const restMs = restUntilMs - clock.monotonicMs();
        if (restMs > 0) await sleep(clock, restMs, signal);
        if (signal.aborted) break;
        const startMs = clock.monotonicMs();
        let attempts = 0;
        const nonce = await threads.search(
          { headerRoot: root, target, noncePrefix: nextPrefix() },
          {
            signal,
            onProgress: (progress) => {
              attempts = progress.attempts;
            },
          },
        );
        const nowMs = clock.monotonicMs();
        restUntilMs = nowMs + (nowMs - startMs) * (1 / duty - 1);
        hashes += attempts;
        const tried = hashes - before;
        onProgress?.({ attempts: tried, hashesPerSecond: (tried * 1_000) / Math.max(1, nowMs - beganMs) });
        if (!nonce) break;
        if (compareBytes(blockHash(root, nonce), header.target) <= 0) {
          return { nonce, signature: new Uint8Array(0) };
        }
      }
      return undefined;
    },
    close: () => threads.close(),
  };
}
