/** The two transaction verifiers, on worker threads and inline; both remember what they found valid. */
import { availableParallelism } from "node:os";
import type { Logger } from "../base/logger.ts";
import { verifySignature } from "../protocol/signing.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { TransactionVerifier } from "../protocol/transaction-verifier.ts";
import { RememberingVerifier } from "./remembering-verifier.ts";
import { WorkerPool } from "./worker-pool.ts";

export interface TransactionVerifierOptions {
  /** Threads; "auto" is one for each core that the process may use, up to 16. */
  readonly workers?: number | "auto";
  /** Valid signatures to remember; the oldest are forgotten first. */
  readonly rememberedMax?: number;
}

const rememberedMaxDefault = 131_072;
const workersMax = 16;
const waitingBatchesMax = 4096;
/**
 * Up to here (1 ms) the way to a thread and back is not worth it, however many callers ask in one turn of the event loop:
 * with 15 or 60 in a turn four nodes on two cores committed a third or a quarter less, since a thread waits for a core there.
 * Gossip bounds by itself what it judges in a turn.
 */
const inlineItemsMax = 15;

/**
 * Verifies more than 15 unseen signatures that come together on worker threads. The threads start when they are needed
 * first, keep the process alive only while somebody waits for a verdict, and end with `close`.
 *
 * `verify` rejects with VerifierClosedError after `close`, and with an InvariantError where a thread died.
 */
export function createTransactionVerifier(
  options: TransactionVerifierOptions,
  modules: { readonly logger: Logger },
): TransactionVerifier {
  const { workers = "auto", rememberedMax = rememberedMaxDefault } = options;
  const count = workers === "auto" ? Math.min(availableParallelism(), workersMax) : workers;
  const pool = new WorkerPool({ workers: count, waitingBatchesMax }, modules);
  return new RememberingVerifier(rememberedMax, {
    verify: (unseen) => (unseen.length > inlineItemsMax ? pool.verify(unseen) : verifyInline(unseen)),
    close: () => pool.close(),
  });
}

/** Verifies on the calling thread: the same verdicts in a deterministic order of events, for simulations. */
export function createInlineVerifier(
  options: Pick<TransactionVerifierOptions, "rememberedMax"> = {},
): TransactionVerifier {
  return new RememberingVerifier(options.rememberedMax ?? rememberedMaxDefault, {
    verify: verifyInline,
    close: async () => {},
  });
}

function verifyInline(transactions: readonly DecodedTransaction[]): readonly boolean[] {
  return transactions.map(({ id, transaction }) =>
    verifySignature(id, transaction.signature, transaction.sender),
  );
}
