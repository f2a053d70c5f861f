/** Casts this node's votes on authorities: one transaction for each wish, and no second one while the first may count. */

import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { SerialQueue } from "../base/serial-queue.ts";
import type { Chain } from "../chain/chain.ts";
import { isFor } from "../consensus/poa/ballot-box.ts";
import type { AdmissionFault } from "../mempool/admission.ts";
import type { AddOutcome, Mempool } from "../mempool/mempool.ts";
import type { KeyPair } from "../protocol/signing.ts";
import { type AuthorityVote, type DecodedTransaction, signTransaction } from "../protocol/transaction.ts";

export interface VoteCasterModules {
  readonly chain: Pick<Chain, "head" | "spec" | "engine" | "voteFault">;
  readonly mempool: Pick<Mempool, "pendingSequence" | "transactions" | "has">;
  readonly submit: (transaction: DecodedTransaction) => Promise<AddOutcome>;
  readonly clock: Clock;
}

const waitingMax = 1_024;
const submittedMax = 1_024;

type Wish = Pick<AuthorityVote, "action" | "authority">;

export class VoteCaster {
  readonly #keyPair: KeyPair;
  readonly #modules: VoteCasterModules;
  /** Votes are signed one after the other, since each takes the account's next sequence. */
  readonly #queue = new SerialQueue(waitingMax);
  /** By transaction id in hex. */
  readonly #submitted = new BoundedMap<string, AuthorityVote>(submittedMax);

  constructor(keyPair: KeyPair, modules: VoteCasterModules) {
    this.#keyPair = keyPair;
    this.#modules = modules;
  }

  /** Whether this node's vote counts on the chain already, or the vote has passed. */
  hasCast(wish: Wish): boolean {
    const { engine, head } = this.#modules.chain;
    const finality = engine.authority?.finality(head);
    if (!finality) return false;
    const { inFlight, ballots } = finality;
    // A ballot that expires with the head would not be counted in the next block.
    const counts = ballots.some(
      (ballot) =>
        isFor(ballot, wish) &&
        bytesEqual(ballot.voter, this.#keyPair.publicKey) &&
        ballot.expiresAtHeight > head.header.height,
    );
    return counts || (inFlight !== undefined && isFor(inFlight, wish));
  }

  /** This node's votes that wait for a block. */
  waiting(): AuthorityVote[] {
    for (const [idHex] of [...this.#submitted.entries()]) {
      if (!this.#modules.mempool.has(idHex)) this.#submitted.delete(idHex);
    }
    return [...this.#submitted.values()];
  }

  /**
   * Signs and submits a vote. If the same vote waits already, no second one is signed.
   *
   * @returns the transaction's id in hex; a fault if the vote could change nothing on the head
   */
  async cast(vote: AuthorityVote): Promise<Result<string, AdmissionFault>> {
    const outcome = await this.#queue.run(() => this.#cast(vote));
    return outcome.ok ? outcome.value : fail({ code: "mempool/full", limit: "votes that wait to be signed" });
  }

  async #cast(vote: AuthorityVote): Promise<Result<string, AdmissionFault>> {
    const { chain, mempool, submit, clock } = this.#modules;
    const waiting = this.#inMempool(vote);
    if (waiting) return ok(waiting.idHex);
    const transaction = signTransaction(
      {
        payload: { kind: "authorityVote", ...vote },
        sequence: mempool.pendingSequence(toHex(this.#keyPair.publicKey)),
        // Votes are free.
        fee: 0n,
        validUntil: vote.expiresAtHeight,
        timestampMs: clock.nowMs(),
      },
      this.#keyPair,
      chain.spec.chainId,
    );
    const useless = chain.voteFault(transaction);
    if (useless) return fail(useless);
    const submitted = await submit(transaction);
    if (!submitted.ok) return submitted;
    this.#submitted.set(transaction.idHex, vote);
    return ok(transaction.idHex);
  }

  /** Finds a vote from before a restart, too, which peers have kept. */
  #inMempool(wish: Wish): DecodedTransaction | undefined {
    return this.#modules.mempool
      .transactions()
      .find(
        ({ payload, transaction }) =>
          payload.kind === "authorityVote" &&
          isFor(payload, wish) &&
          bytesEqual(transaction.sender, this.#keyPair.publicKey),
      );
  }
}
