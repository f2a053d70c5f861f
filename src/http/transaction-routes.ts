/** The routes about transactions: one or many are submitted, checked, and followed. */

import type { FastifyInstance } from "fastify";
import type { ErrorDetails } from "../api/problem.ts";
import type {
  Checked,
  RefusalAnswer,
  SubmitBody,
  SubmitResult,
  Submitted,
  SubmittedBatch,
} from "../api/transactions.ts";
import {
  getTransaction,
  getTransactionRaw,
  postTransactionCheck,
  postTransactions,
} from "../api/transactions.ts";
import { fromHex } from "../base/bytes.ts";
import type { Result } from "../base/result.ts";
import type { Chain } from "../chain/chain.ts";
import { committedTransaction } from "../chain/committed-transaction.ts";
import type { AdmissionFault } from "../mempool/admission.ts";
import type { AddOutcome, WouldBe } from "../mempool/mempool.ts";
import type { TransactionFault } from "../protocol/faults.ts";
import { type DecodedTransaction, decodeTransaction } from "../protocol/transaction.ts";
import { ApiError, notFound } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import { headReference } from "./chain-references.ts";
import { refusalOf } from "./refusals.ts";
import { answered, serveRoute } from "./serve-route.ts";
import { transactionAnswer, transactionBytes, transactionFields } from "./transaction-answer.ts";

/** What became of one of the bytes that were sent. */
type Fate =
  | { readonly result: "accepted" | "known" | "committed"; readonly transaction: DecodedTransaction }
  | {
      readonly result: "refused";
      readonly transaction: DecodedTransaction | undefined;
      readonly fault: AdmissionFault;
    };

interface Wanted {
  readonly encoded: readonly Uint8Array[];
  readonly isBatch: boolean;
  readonly replace: boolean;
}

export function addTransactionRoutes(app: FastifyInstance, modules: ApiModules): void {
  const { chain } = modules;

  serveRoute(app, postTransactions, async ({ body }) => {
    const wanted = wantedOf(body);
    const fates = await submit(wanted, modules);
    const isNew = fates.some(({ result }) => result === "accepted");
    if (wanted.isBatch) return answered(isNew ? 202 : 200, batchAnswer(fates, modules));
    const [fate] = fates as [Fate];
    if (fate.result === "refused") throw refused(fate.fault);
    // One that waits already is as good as a new one: a wallet may repeat what it has sent after a timeout.
    return answered(fate.result === "committed" ? 200 : 202, submittedAnswer(fate, modules));
  });

  serveRoute(app, postTransactionCheck, async ({ body }): Promise<Checked> => {
    const { encoded, replace } = body instanceof Uint8Array ? wantedOf(body) : wantedOf({ ...body });
    return check(encoded[0] as Uint8Array, replace, modules);
  });

  serveRoute(app, getTransaction, ({ params }) => {
    const id = params.id.toLowerCase();
    const answer = transactionAnswer(fromHex(id) as Uint8Array, modules);
    if (!answer) throw unknownTransaction(id);
    return answered(200, answer, answer.final ? { immutableAs: id } : {});
  });

  serveRoute(app, getTransactionRaw, ({ params }) => {
    const id = params.id.toLowerCase();
    const found = transactionBytes(fromHex(id) as Uint8Array, { ...modules, chain });
    if (!found) throw unknownTransaction(id);
    return answered(200, found.bytes, found.final ? { immutableAs: id } : {});
  });
}

function wantedOf(body: Uint8Array | SubmitBody): Wanted {
  if (body instanceof Uint8Array) return { encoded: [body], isBatch: false, replace: true };
  const { bytes, transactions, replace = true } = body;
  if (bytes !== undefined && transactions !== undefined) {
    throw new ApiError(
      400,
      "api/request-invalid",
      "the body has both bytes and transactions",
      "send one transaction as bytes, or a list as transactions",
    );
  }
  const list = transactions ?? (bytes === undefined ? undefined : [bytes]);
  if (!list) {
    throw new ApiError(
      400,
      "api/request-invalid",
      "body bytes is missing",
      'send {"bytes": "<hex>"} for one transaction, or {"transactions": ["<hex>", …]} for many',
    );
  }
  const encoded = list.map((hex) => fromHex(hex) as Uint8Array);
  return { encoded, isBatch: transactions !== undefined, replace };
}

async function submit({ encoded, replace }: Wanted, modules: ApiModules): Promise<Fate[]> {
  const { chain } = modules;
  const decoded = encoded.map((bytes) => decodeTransaction(bytes, chain.spec.chainId));
  const isOpen = (one: (typeof decoded)[number]) => one.ok && !chain.locationOf(one.value.id);
  const open = decoded.filter(isOpen).flatMap((one) => (one.ok ? [one.value] : []));
  const outcomes = new Map<DecodedTransaction, AddOutcome>();
  const found = open.length > 0 ? await modules.submitMany(open, { replace }) : [];
  for (const [index, transaction] of open.entries()) outcomes.set(transaction, found[index] as AddOutcome);
  return decoded.map((one) => fateOf(one, one.ok ? outcomes.get(one.value) : undefined, chain));
}

/** @param outcome of what was not on the chain when it began to be judged; undefined: it was */
function fateOf(
  decoded: Result<DecodedTransaction, TransactionFault>,
  outcome: AddOutcome | undefined,
  chain: Chain,
): Fate {
  if (!decoded.ok) return { result: "refused", transaction: undefined, fault: decoded.fault };
  const transaction = decoded.value;
  if (!outcome) return { result: "committed", transaction };
  if (outcome.ok) return { result: "accepted", transaction };
  if (outcome.fault.code === "mempool/known") return { result: "known", transaction };
  // A block has brought it meanwhile, and so has used its sequence: whoever heard of a refusal would pay once more.
  if (chain.locationOf(transaction.id)) return { result: "committed", transaction };
  return { result: "refused", transaction, fault: outcome.fault };
}

function submittedAnswer(
  { result, transaction }: Exclude<Fate, { readonly result: "refused" }>,
  { chain }: ApiModules,
): Submitted {
  const located = result === "committed" ? committedTransaction(chain, transaction.id) : undefined;
  return {
    id: transaction.idHex,
    status: result === "committed" ? "committed" : "pending",
    final: located !== undefined && located.record.header.height <= (chain.final?.height ?? -1),
    head: headReference(chain),
  };
}

function batchAnswer(fates: readonly Fate[], { chain }: ApiModules): SubmittedBatch {
  const count = (wanted: Fate["result"]) => fates.filter(({ result }) => result === wanted).length;
  return {
    results: fates.map(resultOf),
    accepted: count("accepted"),
    known: count("known"),
    committed: count("committed"),
    refused: count("refused"),
    head: headReference(chain),
  };
}

function resultOf(fate: Fate): SubmitResult {
  const refusal = fate.result === "refused" ? refusalAnswer(fate.fault) : null;
  return { id: fate.transaction?.idHex ?? null, result: fate.result, refusal };
}

async function check(bytes: Uint8Array, replace: boolean, modules: ApiModules): Promise<Checked> {
  const { chain, mempool } = modules;
  const decoded = decodeTransaction(bytes, chain.spec.chainId);
  const isCommitted = decoded.ok && chain.locationOf(decoded.value.id) !== undefined;
  const would: Result<WouldBe, AdmissionFault> | undefined = isCommitted
    ? undefined
    : decoded.ok
      ? await mempool.check(decoded.value, { replace })
      : decoded;
  const fate = fateOf(decoded, would && (would.ok ? { ok: true, value: "added" } : would), chain);
  const waits = would?.ok ? would.value : undefined;
  return {
    ...resultOf(fate),
    ready: waits?.ready ?? null,
    nextSequence: waits?.nextSequence ?? null,
    replaces: waits?.replaces ?? null,
    bytes: bytes.length,
    transaction: fate.transaction ? transactionFields(fate.transaction, chain.ledger) : null,
    head: headReference(chain),
  };
}

function refusalAnswer(fault: AdmissionFault): RefusalAnswer {
  const { status, message, next } = refusalOf(fault);
  return { status, code: fault.code, detail: message, next, details: detailsOf(fault) };
}

function refused(fault: AdmissionFault): ApiError {
  const { status, code, detail, next, details } = refusalAnswer(fault);
  return new ApiError(status, code, detail, next, details);
}

/** What a program needs of a fault, e.g. the fee that a replacement takes. */
function detailsOf({ code: _, ...fields }: AdmissionFault): ErrorDetails {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === "bigint" ? `${value}` : value]),
  );
}

function unknownTransaction(id: string): ApiError {
  return notFound("transaction", id, "check the id; one that was never sent to this node is not known");
}
