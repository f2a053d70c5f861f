/** Sends what an outbox holds: the same bytes however often, until an answer says what became of them. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { isProcessAlive } from "../base/process-life.ts";
import type { ApiClient } from "../client/api-client.ts";
import { ApiProblem, ApiUnreachable } from "../client/api-problem.ts";
import { isOver, isRefusal } from "../client/submission-answer.ts";
import { exitCodes, OperatorError } from "../node/operator-error.ts";
import { type DecodedTransaction, decodeTransaction } from "../protocol/transaction.ts";
import type { NewOutboxEntry, Outbox, OutboxEntry } from "../wallet/outbox.ts";
import type { Terminal } from "./terminal.ts";

/** What became of an entry whose fate was not known. */
export interface Retried {
  readonly entry: OutboxEntry;
  readonly transaction: DecodedTransaction;
  /**
   * "sent": the node has it. "over": the chain has gone past it, or it can be right nowhere; it is forgotten.
   * "refused": not now; the entry stays, since other nodes may have it.
   */
  readonly fate: "sent" | "over" | "refused";
  readonly status?: "pending" | "committed";
  readonly refusal?: ApiProblem;
}

/** Accepted ones that the node does not count are sent again for so long: another node may be asked now. */
const acceptedRetryMs = 10 * 60_000;
export function entryOf(
  { idHex, transaction, bytes }: DecodedTransaction,
  chainId: Uint8Array,
  replace: boolean,
): NewOutboxEntry {
  const { sequence } = transaction;
  return { id: idHex, chainId: toHex(chainId), sequence, bytes, replace, signedAtMs: Date.now() };
}

/**
 * Sends an entry for the first time. What the node refuses is forgotten; what it does not answer to stays.
 *
 * @throws ApiProblem as the node said it; OperatorError `cli/outcome-unknown` if there was no answer
 */
export async function deliver(
  entry: NewOutboxEntry,
  outbox: Outbox,
  client: ApiClient,
): Promise<"pending" | "committed"> {
  try {
    const { status } = await client.submit(entry.bytes, entry.replace);
    outbox.accepted(entry);
    return status;
  } catch (thrown) {
    if (isRefusal(thrown)) outbox.forget(entry.id);
    throw isRefusal(thrown) ? thrown : unknownOutcome(entry, thrown);
  }
}

/**
 * Sends again what is kept for a chain and whose fate is not known, in the order of sequences.
 *
 * @param except a sequence that is about to be given to another transaction: what has it is left alone
 * @throws OperatorError `cli/outcome-unknown` if the node does not answer this time either
 */
export async function retryUnsent(
  outbox: Outbox,
  { client, chainId }: { readonly client: ApiClient; readonly chainId: Uint8Array },
  except?: number,
): Promise<Retried[]> {
  const retried: Retried[] = [];
  for (const entry of outbox.entries(toHex(chainId))) {
    if (entry.state !== "unsent" || entry.sequence === except) continue;
    const decoded = decodeTransaction(entry.bytes, chainId);
    // An entry of a version that signed otherwise: it cannot be right for this chain.
    if (!decoded.ok) outbox.forget(entry.id);
    else retried.push(await retry(entry, decoded.value, outbox, client));
  }
  return retried;
}

async function retry(
  entry: OutboxEntry,
  transaction: DecodedTransaction,
  outbox: Outbox,
  client: ApiClient,
): Promise<Retried> {
  try {
    const { status } = await client.submit(entry.bytes, entry.replace);
    outbox.accepted(entry);
    return { entry, transaction, fate: "sent", status };
  } catch (thrown) {
    if (!isRefusal(thrown)) throw unknownOutcome(entry, thrown);
    if (!isOver(thrown)) return { entry, transaction, fate: "refused", refusal: thrown };
    outbox.forget(entry.id);
    return { entry, transaction, fate: "over", refusal: thrown };
  }
}

/** The same kind with the same content: what a person who runs a command again means. */
export function isSame(
  { transaction: one }: DecodedTransaction,
  { transaction: other }: DecodedTransaction,
): boolean {
  return one.kind === other.kind && bytesEqual(one.payload, other.payload);
}

/**
 * How long a command that is run again after it was killed is taken for the same one. Later the same content means
 * another payment, such as next month's.
 */
const againMs = 60 * 60_000;

/** Whether nobody may know of it: no answer came, or the process ended before it could say so. */
async function isUntold({ state, signedAtMs, signer }: OutboxEntry): Promise<boolean> {
  if (state !== "accepted") return state === "unsent";
  return Date.now() - signedAtMs < againMs && !(await isProcessAlive(signer));
}

/** Whether the command that is run now stands for a transaction that was signed before. */
export function isAgain({ fate, status, entry }: Retried): boolean {
  if (fate === "over") return false;
  // One that has been committed long ago is settled, even if nobody heard of it.
  return status !== "committed" || Date.now() - entry.signedAtMs < againMs;
}

/**
 * What is kept with the same content, and was accepted by a node before the process that signed it was killed: its
 * person may not know of it.
 */
export async function retryUntold(
  outbox: Outbox,
  { client, chainId }: { readonly client: ApiClient; readonly chainId: Uint8Array },
  wanted: DecodedTransaction,
): Promise<Retried | undefined> {
  for (const entry of outbox.entries(toHex(chainId))) {
    if (entry.state !== "accepted" || !(await isUntold(entry))) continue;
    const kept = decodeTransaction(entry.bytes, chainId);
    if (kept.ok && isSame(kept.value, wanted)) return retry(entry, kept.value, outbox, client);
  }
  return undefined;
}

/**
 * Sends again what is kept with the sequence and the content of a transaction, if its fate may not be known.
 *
 * @param fee a fee that a person has named; what is kept with another one is left alone
 */
export async function retrySame(
  outbox: Outbox,
  { client, chainId }: { readonly client: ApiClient; readonly chainId: Uint8Array },
  wanted: DecodedTransaction,
  fee: bigint | undefined,
): Promise<Retried | undefined> {
  for (const entry of outbox.entries(toHex(chainId))) {
    if (entry.sequence !== wanted.transaction.sequence || !(await isUntold(entry))) continue;
    const kept = decodeTransaction(entry.bytes, chainId);
    if (!kept.ok || !isSame(kept.value, wanted)) continue;
    if (fee !== undefined && kept.value.transaction.fee !== fee) continue;
    return retry(entry, kept.value, outbox, client);
  }
  return undefined;
}

/**
 * Sends again what another node has accepted a moment ago and this one does not count yet: else one sequence would be
 * given twice.
 *
 * @param pendingSequence the next one by this node
 * @returns whether anything was sent
 */
export async function repeatAccepted(
  outbox: Outbox,
  { client, chainId }: { readonly client: ApiClient; readonly chainId: Uint8Array },
  pendingSequence: number,
): Promise<boolean> {
  let isAny = false;
  for (const { state, sequence, signedAtMs, bytes } of outbox.entries(toHex(chainId))) {
    const isRecent = Date.now() - signedAtMs < acceptedRetryMs;
    if (state === "unsent" || sequence < pendingSequence || !isRecent) continue;
    try {
      await client.submit(bytes, false);
      isAny = true;
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem)) throw thrown;
    }
  }
  return isAny;
}

const kept =
  "run the same command again: it sends the same signed transaction, never a second one; or see what is kept: aurex-node tx outbox";

/** For an answer that did not come or says nothing about the transaction; other errors are returned as they are. */
export function unknownOutcome(
  { id }: Pick<OutboxEntry, "id">,
  thrown: unknown,
  next: string = kept,
): unknown {
  if (isRefusal(thrown)) return thrown;
  if (!(thrown instanceof ApiUnreachable) && !(thrown instanceof ApiProblem)) return thrown;
  return new OperatorError(`whether the node has the transaction ${id} is not known`, {
    code: "cli/outcome-unknown",
    exitCode: exitCodes.usage,
    why: `${thrown.message}; the signed transaction is kept`,
    next,
    cause: thrown,
  });
}

/** For people, on stderr. */
export function sayRetried({ entry, fate, refusal }: Retried, terminal: Terminal): void {
  const fates = {
    sent: "was sent again, and the node has it",
    over: `is given up: ${refusal?.message}`,
    refused: `is refused now (${refusal?.message}) and stays in the outbox`,
  };
  terminal.stderr.write(
    `Note:  the earlier transaction ${entry.id}, whose fate was not known, ${fates[fate]}\n`,
  );
}
