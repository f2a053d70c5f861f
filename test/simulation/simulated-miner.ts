/** Mines at a hash rate of simulated time: how long a search takes is drawn, and then a nonce is really found. */
import { type Clock, sleep } from "../../src/base/clock.ts";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import { headerRoot } from "../../src/protocol/block.ts";
import { extraNonceBytes, prepareNonceSearch } from "../../src/sealing/pow/search-nonces.ts";
import type { Sealer } from "../../src/sealing/sealer.ts";

/** What a test may change while the miner runs; a search takes notice with its next draft. */
export interface MiningRig {
  /** 0: it never finds anything. */
  hashesPerSecond: number;
}

export interface SimulatedMinerModules {
  readonly clock: Clock;
  /** In [0, 1), from the seed. */
  readonly random: () => number;
}

const noncesPerRound = 1_024;
/** A target for which this is not enough was not made by simulated rates. */
const noncesMax = 1_000_000;

/** The time that is drawn has no memory, so a search that is given up for a new draft has lost nothing. */
export function createSimulatedMiner(rig: MiningRig, { clock, random }: SimulatedMinerModules): Sealer {
  const closed = new AbortController();
  return {
    async seal(header, { signal }) {
      const until = AbortSignal.any([signal, closed.signal]);
      const { hashesPerSecond } = rig;
      const meanMs = (Number(workOf(header.target)) / hashesPerSecond) * 1_000;
      await sleep(clock, hashesPerSecond === 0 ? Infinity : -Math.log(1 - random()) * meanMs, until);
      if (until.aborted) return undefined;
      const search = prepareNonceSearch({
        headerRoot: headerRoot(header),
        target: header.target,
        extraNonce: new Uint8Array(extraNonceBytes),
      });
      for (let first = 0; first < noncesMax; first += noncesPerRound) {
        const found = search(first, noncesPerRound);
        if (found) return { nonce: found.nonce, signature: new Uint8Array(0) };
      }
      throw new Error(`no nonce among ${noncesMax} meets the target`);
    },
    async close() {
      closed.abort();
    },
  };
}
