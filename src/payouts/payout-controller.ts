/** Pays a pool's members: follows the chain, and sends signed transfers until they are there or owed no more. */
import { bytesEqual, fromHex, fromUtf8, toHex } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { HeadChange } from "../chain/chain.ts";
import type { AddOutcome, Mempool } from "../mempool/mempool.ts";
import { replacementFee } from "../mempool/pending-set.ts";
import { describeFault } from "../protocol/faults.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import type { KeyPair } from "../protocol/signing.ts";
import { type DecodedTransaction, decodeTransaction, signTransaction } from "../protocol/transaction.ts";
import { type FollowedBook, followChain } from "./book-follower.ts";
import type { BookEvent, PaymentRecord } from "./book-records.ts";
import { type PayoutChain, type PlannedPayment, planRound, planWithdrawals } from "./payout-plan.ts";
import type { PoolBook } from "./pool-book.ts";

export interface PayoutOptions {
  /** Blocks from one round of payments to the next; 20 unless told. */
  readonly intervalBlocks?: number;
  /** Base units; a member that is owed less waits. One AUR unless told. */
  readonly minimumUnits?: bigint;
  /** Payments that wait for a block at once; 128 unless told, since a mempool holds 256 of one account. */
  readonly waitingMax?: number;
}

export interface PayoutModules {
  readonly chain: PayoutChain;
  readonly book: FollowedBook & Pick<PoolBook, "payable" | "overpaid">;
  /** Into the mempool and out to peers. */
  readonly submit: (transaction: DecodedTransaction) => Promise<AddOutcome>;
  /** Of the pool's account. */
  readonly keyPair: KeyPair;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Has the payments that are on their way, and what the operator sends by hand from the same account. */
  readonly mempool?: Pick<Mempool, "has" | "transactions" | "drop">;
  /** Whether the chain here is known to be behind its peers': nothing is signed or sent then. */
  readonly isBehind?: () => boolean;
}

const memo = fromUtf8("pool payout");
const withdrawalMemo = fromUtf8("pool payout withdrawn");
/** How long after a failure the controller looks again, also without a new head. */
const retryMs = 10_000;

export class PayoutController {
  readonly #options: Required<PayoutOptions>;
  readonly #modules: PayoutModules;
  readonly #poolAccount: string;
  /** The head's height at the last round; undefined before the first look at the chain, which is a round. */
  #lastRoundHeight: number | undefined;
  #isRunning = false;
  /** The chain has moved since the pass that runs began. */
  #isDue = false;
  #passes: Promise<void> = Promise.resolve();
  #retry: Timer | undefined;

  constructor(options: PayoutOptions, modules: PayoutModules) {
    this.#options = { intervalBlocks: 20, minimumUnits: 100_000_000n, waitingMax: 128, ...options };
    this.#modules = modules;
    this.#poolAccount = toHex(modules.keyPair.publicKey);
    invariant(
      modules.book.terms.poolAccount === this.#poolAccount,
      "the books are those of the key's account",
    );
  }

  /** Looks at the chain at once, and at every new head. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#look();
  }

  /** To be called after each change of the head: after the mempool has it, and before a block is drafted on it. */
  headChanged(change: HeadChange): void {
    this.#holdBack(change);
    if (this.#isRunning) this.#look();
  }

  /** Ends for good, after the pass that runs. The next controller goes on with the signed payments. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#retry?.cancel();
    await this.#passes;
  }

  /** Resolves when the controller has dealt with every head that it was told of. */
  async idle(): Promise<void> {
    await this.#passes;
  }

  #look(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#passes = this.#passes.then(async () => {
      this.#isDue = false;
      try {
        if (this.#isRunning) await this.#pass();
      } catch (thrown) {
        // Nothing is half done: what is not in the books yet is decided again.
        this.#modules.logger.error(
          { error: toError(thrown) },
          `the pool's payouts could not go on; tried again in ${retryMs / 1_000} s`,
        );
        this.#retry?.cancel();
        this.#retry = this.#modules.clock.schedule(retryMs, () => this.#look());
      }
    });
  }

  /**
   * Takes payments that a reorganization brought back out of this node's mempool, in the same turn: a block that this
   * node drafts now must not pay for blocks that have just left the chain. Those that are still owed go in again.
   */
  #holdBack({ disconnected }: HeadChange): void {
    const { mempool } = this.#modules;
    for (const { transactions } of disconnected) {
      for (const { senderHex, payload, idHex } of transactions) {
        if (senderHex !== this.#poolAccount || payload.kind !== "transfer") continue;
        if (!bytesEqual(payload.memo, memo)) continue;
        mempool?.drop(idHex, { code: "mempool/withdrawn", reason: "a reorganization reached this payment" });
      }
    }
  }

  async #pass(): Promise<void> {
    const { book, chain } = this.#modules;
    this.#logDecided(await followChain(book, chain));
    if (this.#modules.isBehind?.()) return;
    await this.#withdrawOverpaid();
    await this.#payWhereDue();
    await this.#submitWaiting();
  }

  /** In the books first, as payments are: the withdrawn bytes are never sent again. */
  async #withdrawOverpaid(): Promise<void> {
    const { book, logger } = this.#modules;
    await book.ready();
    const planned = planWithdrawals(book.overpaid(), book.openPayments());
    if (planned.length === 0) return;
    await book.record(planned.map((payment) => this.#signWithdrawal(payment)));
    for (const { sequence, transactionId } of planned) {
      logger.warn(
        { sequence, transaction: transactionId },
        "a payment of the pool is withdrawn: the blocks that it was for have left the chain",
      );
    }
  }

  async #payWhereDue(): Promise<void> {
    const { book, chain } = this.#modules;
    const { intervalBlocks } = this.#options;
    await book.ready();
    const height = chain.head.header.height;
    // After a move to a lower branch, or while the chain is fetched anew, rounds count from the new height.
    if (this.#lastRoundHeight !== undefined && height < this.#lastRoundHeight) this.#lastRoundHeight = height;
    if (this.#lastRoundHeight !== undefined && height < this.#lastRoundHeight + intervalBlocks) return;
    const planned = this.#plan();
    // In the books before anyone else has seen them: a restart sends these bytes again, and makes no others.
    if (planned.length > 0) await book.record(planned.map((payment) => this.#sign(payment)));
    this.#lastRoundHeight = height;
    if (planned.length === 0) return;
    this.#modules.logger.info({ payments: planned.length, height }, "signed the pool's payments");
  }

  #plan(): PlannedPayment[] {
    const { book, chain } = this.#modules;
    const { minimumUnits, waitingMax } = this.#options;
    const account = chain.ledger.account(this.#poolAccount);
    const openPayments = book.openPayments();
    const ours = new Set(
      openPayments.flatMap(({ transactionId, withdrawnBy }) => [transactionId, withdrawnBy?.transactionId]),
    );
    const waiting = (this.#modules.mempool?.transactions() ?? []).filter(
      ({ senderHex, idHex }) => senderHex === this.#poolAccount && !ours.has(idHex),
    );
    return planRound({
      payable: book.payable(minimumUnits),
      openPayments,
      waiting,
      balance: account?.balance ?? 0n,
      sequence: account?.sequence ?? 0,
      fee: chain.spec.genesis.minimumFee,
      minimumUnits,
      waitingMax,
    });
  }

  #sign({ account, sequence, units }: PlannedPayment): BookEvent {
    const { chain, keyPair, clock } = this.#modules;
    const to = fromHex(account);
    invariant(to, "an account is a key in hex");
    const fee = chain.spec.genesis.minimumFee;
    const { idHex, bytes } = signTransaction(
      {
        payload: { kind: "transfer", to, assetId: zeroBytes32, amount: units - fee, memo },
        sequence,
        fee,
        // It has to stay good for as long as nobody knows whether it is in.
        validUntil: 0,
        timestampMs: clock.nowMs(),
      },
      keyPair,
      chain.spec.chainId,
    );
    const transaction = toHex(bytes);
    return { kind: "paymentSigned", account, sequence, units, transactionId: idHex, transaction };
  }

  /** The smallest transfer to the pool itself, with the payment's sequence and the fee that replaces it. */
  #signWithdrawal({ sequence, transaction }: PaymentRecord): BookEvent {
    const { chain, keyPair, clock } = this.#modules;
    const { idHex, bytes } = signTransaction(
      {
        payload: {
          kind: "transfer",
          to: keyPair.publicKey,
          assetId: zeroBytes32,
          amount: 1n,
          memo: withdrawalMemo,
        },
        sequence,
        fee: replacementFee(this.#decode(transaction).transaction.fee),
        validUntil: 0,
        timestampMs: clock.nowMs(),
      },
      keyPair,
      chain.spec.chainId,
    );
    return { kind: "paymentWithdrawn", sequence, transactionId: idHex, transaction: toHex(bytes) };
  }

  #decode(hex: string): DecodedTransaction {
    const bytes = fromHex(hex);
    invariant(bytes, "a signed payment is kept in hex");
    const decoded = decodeTransaction(bytes, this.#modules.chain.spec.chainId);
    invariant(decoded.ok, "a payment that this program has signed decodes");
    return decoded.value;
  }

  /** Again at every head: a mempool forgets, and a reorganization throws out. */
  async #submitWaiting(): Promise<void> {
    const { book, chain, mempool, submit, logger } = this.#modules;
    await book.ready();
    const next = chain.ledger.account(this.#poolAccount)?.sequence ?? 0;
    const { waitingMax } = this.#options;
    for (const payment of book.openPayments()) {
      const { sequence, includedIn } = payment;
      if (includedIn || sequence < next || sequence >= next + waitingMax) continue;
      const { transactionId, transaction } = payment.withdrawnBy ?? payment;
      if (mempool?.has(transactionId)) continue;
      const outcome = await submit(this.#decode(transaction));
      if (outcome.ok || outcome.fault.code === "mempool/known") continue;
      logger.warn(
        { transaction: transactionId, reason: describeFault(outcome.fault) },
        "a pool's payment has to wait",
      );
    }
  }

  #logDecided(events: readonly BookEvent[]): void {
    const { logger } = this.#modules;
    for (const event of events) {
      if (event.kind === "blockMoved") {
        const { hash, height, state } = event.block;
        if (event.to === "orphaned") {
          const was = state === "matured" ? "; its earnings had matured" : "";
          logger.warn({ hash, height }, `a block of the pool left the chain: it pays nobody${was}`);
        } else if (event.to === "matured") {
          logger.info({ hash, height }, "a block of the pool is due to its members");
        } else if (state === "orphaned") {
          logger.info({ hash, height }, "a block of the pool is back in the chain");
        }
      } else if (event.kind === "paymentVoided") {
        logger.warn(
          { sequence: event.sequence },
          "another transaction took the sequence of a pool's payment: what is owed of it is paid anew",
        );
      }
    }
  }
}
