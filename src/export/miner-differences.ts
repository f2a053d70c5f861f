/** What blocks change in the `mining_pool` rows of solo miners, summed up over one SQL transaction; for any database. */
import { invariant } from "../base/invariant.ts";
import { nodeIdOf, publicKeyOfAddress } from "../protocol/identity.ts";
import { type Row, units } from "./rows.ts";
import { loadUnits } from "./units.ts";

/** Who found a block, and what it earned. */
export interface MinerGain {
  readonly member: string;
  readonly units: bigint;
}

export interface MinerDifference {
  readonly blocks: bigint;
  readonly due: bigint;
  readonly paid: bigint;
}

const nothing: MinerDifference = { blocks: 0n, due: 0n, paid: 0n };

/** Value of the column `pool` in the rows of solo miners. */
export const solo = "solo";

export class MinerDifferences {
  #changes = new Map<string, MinerDifference>();

  /** A block came into the chain; undefined stands for one that nobody found. */
  found(gain: MinerGain | undefined): void {
    if (gain) this.#change(gain.member, 1n, gain.units, 0n);
  }

  /** What a block earned became its producer's to spend. */
  paid(gain: MinerGain | undefined): void {
    if (gain) this.#change(gain.member, 0n, 0n, gain.units);
  }

  /** The block left the chain again. */
  lost(gain: MinerGain | undefined): void {
    if (gain) this.#change(gain.member, -1n, -gain.units, 0n);
  }

  /** The block that paid it left the chain again. */
  unpaid(gain: MinerGain | undefined): void {
    if (gain) this.#change(gain.member, 0n, 0n, -gain.units);
  }

  #change(member: string, blocks: bigint, due: bigint, paid: bigint): void {
    const before = this.#changes.get(member) ?? nothing;
    this.#changes.set(member, {
      blocks: before.blocks + blocks,
      due: before.due + due,
      paid: before.paid + paid,
    });
  }

  clear(): void {
    this.#changes.clear();
  }

  /** The changes by miner; none are left afterwards. */
  take(): ReadonlyMap<string, MinerDifference> {
    const taken = this.#changes;
    this.#changes = new Map();
    return taken;
  }
}

/**
 * A miner's row with a change.
 *
 * @param before the row that is there, INTEGER as bigint; undefined if there is none
 * @returns undefined if the miner has no block any more
 */
export function minerRow(
  chainId: string,
  member: string,
  before: Readonly<Record<string, unknown>> | undefined,
  change: MinerDifference,
): Row | undefined {
  const found = loadUnits(before?.blocks_found, null) + change.blocks;
  const due = loadUnits(before?.rewards_due_units, before?.rewards_due_units_large) + change.due;
  const paid = loadUnits(before?.rewards_paid_units, before?.rewards_paid_units_large) + change.paid;
  invariant(found >= 0n && paid >= 0n && due >= paid, "a miner loses only what it had gained");
  if (found === 0n) return undefined;
  const key = publicKeyOfAddress(member);
  invariant(key, "a miner's address");
  return {
    member,
    node_id: nodeIdOf(key),
    pool: solo,
    blocks_found: found,
    shares_accepted: null,
    shares_rejected: null,
    hash_rate: null,
    ...units("rewards_due", due),
    ...units("rewards_paid", paid),
    payout_transaction: null,
    chain_id: chainId,
    origin: "chain",
  };
}
