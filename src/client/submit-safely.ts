/** Submitting so that a lost answer never pays twice: signed bytes are kept before they are sent, and the same bytes are sent again. */
import type { Submitted } from "../api/transactions.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiProblem, ApiUnreachable } from "./api-problem.ts";
import { pause } from "./pause.ts";
import { isOver, isRefusal } from "./submission-answer.ts";

/** A signed transaction whose fate is not known. */
export interface KeptTransaction {
  /** 64 hex digits. */
  readonly id: string;
  /** 64 hex digits. A chain that was begun anew has another one: what is kept for the old chain is not sent to it. */
  readonly chainId: string;
  readonly sequence: number;
  /** As signed: these bytes are sent, however often. */
  readonly bytes: Uint8Array;
}

/** Where signed transactions are kept, e.g. a table of your database. */
export interface TransactionStore {
  /** Resolves when the transaction would survive a crash. */
  keep(transaction: KeptTransaction): Promise<void> | void;
  forget(id: string): Promise<void> | void;
  /** All that are kept for a chain, by sequence. */
  kept(chainId: string): Promise<readonly KeptTransaction[]> | readonly KeptTransaction[];
}

export interface SubmitOptions {
  readonly store: TransactionStore;
  /** How long to send again while no answer comes; default 60,000. */
  readonly tryForMs?: number;
  /** Ends the sending; the transaction stays in the store. */
  readonly signal?: AbortSignal;
  /** Whether it may take the place of one that waits with the same sequence, for a higher fee; default false. */
  readonly replace?: boolean;
}

/** No answer came, so the transaction may have been taken or not. It is in the store: never sign another one instead. */
export class OutcomeUnknown extends Error {
  override name = "OutcomeUnknown";
  readonly id: string;

  constructor(id: string, cause: unknown) {
    super(
      `whether a node has the transaction ${id} is not known; it is kept, and resubmitKept sends it again`,
      {
        cause,
      },
    );
    this.id = id;
  }
}

const tryForMsDefault = 60_000;
const pauseMsFirst = 250;
const pauseMsMax = 5_000;

/**
 * Keeps a signed transaction, then sends it until a node says what it makes of it. When a node has it, it is on that
 * node's disk, and is forgotten here. It is forgotten, too, if a node refuses it and no earlier try can have arrived, or if
 * the chain can never execute it any more.
 *
 * @throws ApiProblem if the node refused, {@link OutcomeUnknown} if no answer came in time, the signal's reason
 */
export async function submitSafely(
  api: ApiClient,
  { idHex: id, bytes, transaction: { sequence } }: DecodedTransaction,
  chainId: string,
  options: SubmitOptions,
): Promise<Submitted> {
  const kept = { id, chainId: chainId.toLowerCase(), sequence, bytes };
  await options.store.keep(kept);
  return sendKept(api, kept, options, false);
}

/** What became of a kept transaction. */
export type Resubmitted =
  | { readonly id: string; readonly fate: "sent"; readonly answer: Submitted }
  | { readonly id: string; readonly fate: "refused"; readonly problem: ApiProblem };

/**
 * Sends everything that is kept for a chain, in the order of sequences: after a start of your program, before it signs
 * anything new.
 *
 * @throws OutcomeUnknown if no answer came to one of them; it and those after it stay in the store
 */
export async function resubmitKept(
  api: ApiClient,
  chainId: string,
  options: SubmitOptions,
): Promise<Resubmitted[]> {
  const fates: Resubmitted[] = [];
  for (const kept of await options.store.kept(chainId.toLowerCase())) {
    try {
      fates.push({ id: kept.id, fate: "sent", answer: await sendKept(api, kept, options, true) });
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem)) throw thrown;
      fates.push({ id: kept.id, fate: "refused", problem: thrown });
    }
  }
  return fates;
}

async function sendKept(
  api: ApiClient,
  kept: KeptTransaction,
  { store, signal, tryForMs = tryForMsDefault, replace = false }: SubmitOptions,
  mayBeThere: boolean,
): Promise<Submitted> {
  let mayHaveArrived = mayBeThere;
  const endMs = performance.now() + tryForMs;
  for (let pauseMs = pauseMsFirst; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
    signal?.throwIfAborted();
    let silence: unknown;
    try {
      const answer = await api.submit(kept.bytes, replace);
      await store.forget(kept.id);
      return answer;
    } catch (thrown) {
      if (isRefusal(thrown)) {
        // What an earlier try has brought to some node can still be committed.
        if (!mayHaveArrived || isOver(thrown)) await store.forget(kept.id);
        throw thrown;
      }
      if (!(thrown instanceof ApiUnreachable || thrown instanceof ApiProblem)) throw thrown;
      silence = thrown;
      mayHaveArrived = true;
    }
    const waitMs = Math.max(pauseMs, (silence instanceof ApiProblem && silence.retryAfterMs) || 0);
    if (performance.now() + waitMs > endMs) throw new OutcomeUnknown(kept.id, silence);
    await pause(waitMs, signal);
  }
}
