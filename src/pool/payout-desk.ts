/** Pays a pool's members: follows the chain, writes down what is due, and sends signed transfers until they are there. */
import { fromHex, fromUtf8, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { AddOutcome, Mempool } from "../mempool/mempool.ts";
import { describeFault } from "../protocol/faults.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import type { KeyPair } from "../protocol/signing.ts";
import { type DecodedTransaction, decodeTransaction, signTransaction } from "../protocol/transaction.ts";
import type { BookEvent } from "./book-transitions.ts";
import {
  type PayoutChain,
  type PlannedPayment,
  planRound,
  reviewBlocks,
  reviewPayments,
} from "./payout-plan.ts";
import type { PoolBook } from "./pool-book.ts";

export interface PayoutDeskOptions {
  /** Blocks from one round of payments to the next; 20 unless told. */
  readonly intervalBlocks?: number;
  /** Base units; who is owed less waits until it is more. One AUR unless told. */
  readonly minimumUnits?: bigint;
  /** Payments that wait for a block at once; 128 unless told, since a mempool holds 256 of one account. */
  readonly waitingMax?: number;
}

export interface PayoutDeskModules {
  readonly chain: PayoutChain;
  readonly book: Pick<PoolBook, "terms" | "ready" | "record" | "openBlocks" | "openPayments" | "payable">;
  /** Into the mempool and out to peers. */
  readonly submit: (transaction: DecodedTransaction) => Promise<AddOutcome>;
  /** Of the pool's account. */
  readonly keyPair: KeyPair;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tells what is on its way already, payments and what the operator sends by hand. */
  readonly mempool?: Pick<Mempool, "has" | "transactions">;
  /** Whether the chain here is known to be behind its peers': nothing is signed or sent then. */
  readonly isBehind?: () => boolean;
}

const memo = "pool payout";

export class PayoutDesk {
  readonly #options: Required<PayoutDeskOptions>;
  readonly #modules: PayoutDeskModules;
  readonly #poolAccount: string;
  /** The head's height at the last round; none yet: the first look at the chain is one. */
  #lastRoundHeight: number | undefined;
  #isRunning = false;
  /** The chain has moved since the pass that runs began. */
  #isDue = false;
  #passes: Promise<void> = Promise.resolve();
  readonly #onHeadChanged = () => this.#look();

  constructor(options: PayoutDeskOptions, modules: PayoutDeskModules) {
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
    this.#modules.chain.events.on("headChanged", this.#onHeadChanged);
    this.#look();
  }

  /** Ends after the pass that runs; signed payments go on in the next start. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#modules.chain.events.off("headChanged", this.#onHeadChanged);
    await this.#passes;
  }

  /** Resolves when all that the desk has seen of the chain so far is dealt with. */
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
        // Nothing is half done: what is not in the books is decided again at the next head.
        this.#modules.logger.error({ error: toError(thrown) }, "the pool's payouts could not go on");
      }
    });
  }

  async #pass(): Promise<void> {
    const { book, chain } = this.#modules;
    await book.ready();
    const events = [
      ...reviewBlocks(book.openBlocks(), chain),
      ...reviewPayments(book.openPayments(), this.#poolAccount, chain),
    ];
    if (events.length > 0) await book.record(events);
    this.#logDecided(events);
    if (this.#modules.isBehind?.()) return;
    await this.#payWhereDue();
    await this.#submitWaiting();
  }

  async #payWhereDue(): Promise<void> {
    const { book, chain } = this.#modules;
    const { intervalBlocks } = this.#options;
    await book.ready();
    const height = chain.head.header.height;
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
    const ours = new Set(openPayments.map(({ transactionId }) => transactionId));
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
        payload: { kind: "transfer", to, assetId: zeroBytes32, amount: units - fee, memo: fromUtf8(memo) },
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

  /** Again at every head: a mempool forgets, and a reorganization throws out. */
  async #submitWaiting(): Promise<void> {
    const { book, chain, mempool, submit, logger } = this.#modules;
    await book.ready();
    const next = chain.ledger.account(this.#poolAccount)?.sequence ?? 0;
    for (const { sequence, transactionId, transaction, includedIn } of book.openPayments()) {
      if (includedIn || sequence < next || mempool?.has(transactionId)) continue;
      const bytes = fromHex(transaction);
      invariant(bytes, "a signed payment is kept in hex");
      const decoded = decodeTransaction(bytes, chain.spec.chainId);
      invariant(decoded.ok, "a payment that this program has signed decodes");
      const outcome = await submit(decoded.value);
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
      if (event.kind === "blockOrphaned") {
        logger.warn({ hash: event.hash }, "a block of the pool lost its place: it pays nobody");
      } else if (event.kind === "blockMatured") {
        logger.info({ hash: event.hash }, "a block of the pool is due to its members");
      } else if (event.kind === "paymentVoided") {
        logger.warn(
          { sequence: event.sequence },
          "another transaction took the sequence of a pool's payment: it is paid anew",
        );
      }
    }
  }
}
