/** How much of each topic a node takes and relays: one table. */
import type { AcceptanceRates, ByteRate } from "../peer-host.ts";

const KiB = 2 ** 10;
const MiB = 2 ** 20;

/**
 * Chosen by what one core can judge, and far above what honest nodes send: see docs/decisions/060-acceptance-budgets.md.
 * One peer may fill a topic's total, or an honest neighbour that relays so much would lose a part of it on each hop. All
 * totals together stay far below the raw bytes and items at which a neighbour hangs up (`host/peer-limits.ts`).
 */
export const acceptanceRates = {
  /** Blocks have up to 1 MiB. */
  blocks: { perPeer: rate(4 * MiB, 16 * MiB), reserved: rate(MiB, 4 * MiB), total: rate(4 * MiB, 16 * MiB) },
  /** Some 10,000 transfers a second in batches of 64 KiB, or 900 messages with one each. */
  transactions: {
    perPeer: { ...rate(2 * MiB, 12 * MiB), atFirstBytes: 3 * MiB },
    reserved: rate(128 * KiB, MiB),
    total: rate(2 * MiB, 12 * MiB),
    // Some 300 a second in batches that the chain or the pool has already. An honest neighbour announces as much again.
    onTrust: { ...rate(64 * KiB, 2 * MiB), atFirstBytes: 256 * KiB },
  },
  /** Some 450 votes a second: 256 authorities that vote once a second. */
  votes: {
    perPeer: { ...rate(MiB, 4 * MiB), atFirstBytes: MiB },
    reserved: rate(128 * KiB, 512 * KiB),
    total: rate(MiB, 4 * MiB),
  },
  /** Some 27 records a second: a network of 1,600 nodes. A hundred at once, since what is dropped is announced again in a minute. */
  nodes: {
    perPeer: rate(64 * KiB, 256 * KiB),
    reserved: rate(4 * KiB, 16 * KiB),
    total: rate(64 * KiB, 256 * KiB),
  },
  /** More than the handler's own bound of 16 a second. */
  candidates: {
    perPeer: rate(48 * KiB, 256 * KiB),
    reserved: rate(4 * KiB, 32 * KiB),
    total: rate(48 * KiB, 256 * KiB),
  },
} as const satisfies Record<string, AcceptanceRates>;

function rate(bytesPerSecond: number, burstBytes: number): ByteRate {
  return { bytesPerSecond, burstBytes };
}
