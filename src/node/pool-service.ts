/** A node's mining pool: the server on a host of its own, the books, and the payments. */

import type { PoolAnswer } from "../api/mining.ts";
import type { PoolSummary } from "../api/node-status.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain, HeadChange } from "../chain/chain.ts";
import type { PoolRow } from "../export/pool-rows.ts";
import type { AddOutcome, Mempool } from "../mempool/mempool.ts";
import type { PoolMemberRow } from "../payouts/book-records.ts";
import { PayoutController } from "../payouts/payout-controller.ts";
import { PoolBook } from "../payouts/pool-book.ts";
import { PoolServer } from "../pool/pool-server.ts";
import { formatAmount } from "../protocol/amount.ts";
import { addressOf } from "../protocol/identity.ts";
import { type KeyPair, seedBytes } from "../protocol/signing.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { WorkBoard } from "../sealing/pow/work-board.ts";
import { dataDirectory } from "./data-directory.ts";
import { createPoolHost } from "./node-host.ts";
import { listenRefusal } from "./operator-error.ts";

export interface PoolServiceOptions {
  /** Multiaddrs for the members, e.g. `/ip4/0.0.0.0/tcp/13247`. */
  readonly listenAddresses: readonly string[];
  /** Percent of what each block earns that the pool keeps, 0 to 10. */
  readonly feePercent: number;
  /** Base units that a member must be due to be paid. */
  readonly payoutMinimumUnits: bigint;
  /** Blocks from one round of payments to the next. */
  readonly payoutEveryBlocks: number;
}

export interface PoolServiceModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly board: WorkBoard;
  /** Into the mempool and out to peers. */
  readonly submit: (transaction: DecodedTransaction) => Promise<AddOutcome>;
  /** While the node catches up nothing is paid: its view of the pool's account is old. */
  readonly isBehind: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

const sessionsMax = 1_000;
const membersShownMax = 1_000;

export class PoolService {
  readonly #options: PoolServiceOptions;
  readonly #server: PoolServer;
  readonly #payouts: PayoutController;
  readonly #book: PoolBook;
  readonly #address: string;

  private constructor(
    options: PoolServiceOptions,
    parts: { server: PoolServer; payouts: PayoutController; book: PoolBook; address: string },
  ) {
    this.#options = options;
    this.#server = parts.server;
    this.#payouts = parts.payouts;
    this.#book = parts.book;
    this.#address = parts.address;
  }

  /**
   * Opens the books; nobody can join yet.
   *
   * @param place the node's data directory, and the key whose account the pool's blocks go to
   * @throws PoolError if the books cannot be used
   */
  static async open(
    options: PoolServiceOptions,
    place: { readonly dataDir: string; readonly keyPair: KeyPair },
    modules: PoolServiceModules,
  ): Promise<PoolService> {
    const { chain, mempool, board, submit, isBehind, clock, logger } = modules;
    const { dataDir, keyPair } = place;
    const { feePercent, payoutMinimumUnits, payoutEveryBlocks } = options;
    const book = await PoolBook.open(
      {
        directory: dataDirectory(dataDir).pool,
        chainId: chain.spec.chainId,
        poolAccount: keyPair.publicKey,
        feePercent,
      },
      { clock, logger },
    );
    const host = await createPoolHost(
      {
        privateKeySeed: keyPair.secretKey.subarray(0, seedBytes),
        listenAddresses: options.listenAddresses,
        bootstrap: [],
        maxConnections: sessionsMax,
      },
      { clock, logger },
    );
    const server = new PoolServer(
      { genesis: chain.spec.genesis, sessionsMax },
      { host, board, book, clock, logger },
    );
    const payouts = new PayoutController(
      { intervalBlocks: payoutEveryBlocks, minimumUnits: payoutMinimumUnits },
      { chain, book, submit, keyPair, clock, logger, mempool, isBehind },
    );
    return new PoolService(options, { server, payouts, book, address: addressOf(keyPair.publicKey) });
  }

  /** @throws OperatorError with exit code 4 if the port is taken */
  async start(): Promise<void> {
    await this.#server.start().catch((thrown: unknown) => {
      throw listenRefusal(thrown, this.#options.listenAddresses.join(", "), "--pool-port");
    });
    this.#payouts.start();
  }

  /** To be called after each change of the head: after the mempool has it, and before a block is drafted on it. */
  headChanged(change: HeadChange): void {
    this.#payouts.headChanged(change);
  }

  /** Nobody is served and nothing is paid from now on. The books stay open for those that still read them. */
  async stopServing(): Promise<void> {
    await this.#server.stop();
    await this.#payouts.stop();
  }

  /** Ends when all that was acknowledged is on disk. Afterwards the books cannot be read. */
  async close(): Promise<void> {
    await this.stopServing();
    await this.#book.close();
  }

  /** For the SQL ledger. */
  rows(): readonly PoolRow[] {
    return this.#book.members();
  }

  /** Asked often, so without the members: there may be thousands. */
  summary(): PoolSummary {
    const { hashesPerSecond, shares, sharesRejected } = this.#book.status();
    return {
      addresses: this.#server.addresses(),
      sessions: this.#server.stats().sessions,
      hashesPerSecond,
      sharesAccepted: shares,
      sharesRejected,
    };
  }

  status(): PoolAnswer {
    const { feePercent, payoutMinimumUnits, payoutEveryBlocks } = this.#options;
    const book = this.#book.status();
    const rows = this.#book.members().sort(byEarnings).slice(0, membersShownMax);
    return {
      address: this.#address,
      ...this.summary(),
      feePercent,
      payoutMinimum: formatAmount(payoutMinimumUnits),
      payoutEveryBlocks,
      dropped: this.#server.stats().dropped,
      blocksFound: book.blocks,
      blocksOrphaned: book.blocksOrphaned,
      earned: formatAmount(book.dueUnits),
      owed: formatAmount(book.dueUnits - book.paidUnits),
      due: formatAmount(book.dueUnits),
      immature: formatAmount(book.immatureUnits),
      paid: formatAmount(book.paidUnits),
      memberCount: book.members,
      members: rows.map((row) => ({
        address: addressOf(row.member),
        sharesAccepted: row.sharesAccepted,
        sharesRejected: row.sharesRejected,
        hashesPerSecond: row.hashesPerSecond,
        blocksFound: row.blocksFound,
        earned: formatAmount(row.dueUnits),
        immature: formatAmount(row.immatureUnits),
        paid: formatAmount(row.paidUnits),
        owed: formatAmount(row.dueUnits - row.paidUnits),
        due: formatAmount(row.dueUnits),
        payoutTransaction: row.payoutTransaction,
      })),
    };
  }
}

function byEarnings(left: PoolMemberRow, right: PoolMemberRow): number {
  if (left.dueUnits === right.dueUnits) return 0;
  return left.dueUnits > right.dueUnits ? -1 : 1;
}
