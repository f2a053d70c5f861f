/** What each miner of a Proof of Work chain found and earned: the rows of `mining_pool` that follow from the blocks. */
import { fromHex } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import { aurDecimals } from "../../protocol/amount.ts";
import { addressOf, nodeIdOf } from "../../protocol/identity.ts";
import { allPlaces, largeOf, unitsOf } from "../readable-value.ts";
import type { Rebuilt } from "../rebuilt-rows.ts";

interface Sum {
  blocks: bigint;
  dueUnits: bigint;
  paidUnits: bigint;
}

interface Gain {
  readonly producerHex: string;
  readonly units: bigint;
}

export class MinerSums {
  readonly #maturityBlocks: number;
  readonly #sums = new Map<string, Sum>();
  /** What the last blocks earned, by height modulo the maturity. */
  readonly #waiting: (Gain | undefined)[] = [];

  constructor(rewardMaturityBlocks: number) {
    this.#maturityBlocks = rewardMaturityBlocks;
  }

  /** @param units reward and fees of the block at `height`, whose blocks below came before */
  add(height: number, producerHex: string, units: bigint): void {
    const sum = this.#sums.get(producerHex) ?? { blocks: 0n, dueUnits: 0n, paidUnits: 0n };
    this.#sums.set(producerHex, sum);
    sum.blocks += 1n;
    sum.dueUnits += units;
    const gain = { producerHex, units };
    if (this.#maturityBlocks === 0) {
      this.#pay(gain);
      return;
    }
    const slot = height % this.#maturityBlocks;
    this.#pay(this.#waiting[slot]);
    this.#waiting[slot] = gain;
  }

  #pay(gain: Gain | undefined): void {
    const sum = gain && this.#sums.get(gain.producerHex);
    if (gain && sum) sum.paidUnits += gain.units;
  }

  /** The row of each miner, by its address. */
  rows(chainId: string): Map<string, Rebuilt> {
    return new Map(
      Array.from(this.#sums, ([producerHex, sum]) => {
        const row = rowOf(producerHex, sum, chainId);
        return [String(row.member), row];
      }),
    );
  }
}

function rowOf(producerHex: string, { blocks, dueUnits, paidUnits }: Sum, chainId: string): Rebuilt {
  const key = fromHex(producerHex, 32);
  invariant(key, "a producer's key is 32 bytes in hex");
  return {
    member: addressOf(key),
    node_id: nodeIdOf(key),
    pool: "solo",
    blocks_found: blocks,
    ...{ shares_accepted: null, shares_rejected: null, hash_rate: null },
    ...amountColumns("rewards_due", dueUnits),
    ...amountColumns("rewards_paid", paidUnits),
    payout_transaction: null,
    chain_id: chainId,
    origin: "chain",
  };
}

/** The three columns of an amount. */
export function amountColumns(prefix: string, units: bigint, decimals: number = aurDecimals): Rebuilt {
  return {
    [`${prefix}_units`]: unitsOf(units),
    [`${prefix}_units_large`]: largeOf(units),
    [`${prefix}_text`]: allPlaces(units, decimals),
  };
}
