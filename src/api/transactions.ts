/** Submitting transactions, and following them. */
import { Type } from "typebox";
import { ErrorDetails } from "./problem.ts";
import { Octets, route, type Said } from "./route.ts";
import { Count, Hash, HeadReference, orNull } from "./shapes.ts";
import { TransactionAnswer, TransactionFields } from "./transaction-shapes.ts";

export const batchTransactionsMax = 512;
/** Of one transaction. */
const transactionBytesMax = 4_266;

const SignedHex = Type.String({
  pattern: "^([0-9a-fA-F]{2})+$",
  maxLength: 2 * transactionBytesMax,
  description: `a signed transaction as an even number of hex digits, ${transactionBytesMax} bytes at most`,
});
const Replace = Type.Boolean({
  description: "true or false: whether it may take the place of one that waits with the same sequence",
});

export {
  type PayloadAnswer,
  type Reason,
  TransactionAnswer,
  TransactionFields,
} from "./transaction-shapes.ts";

const byId = Type.Object({ id: Hash });
const exampleId = "5d1c3a9f0b7e4c2d8a6f1e3b5c7d9a0f2e4b6c8d0a1f3e5b7c9d1a3f5e7b9c0d";

const SubmitBody = Type.Object({
  bytes: Type.Optional(SignedHex),
  transactions: Type.Optional(
    Type.Array(SignedHex, {
      minItems: 1,
      maxItems: batchTransactionsMax,
      description: `a list of 1 to ${batchTransactionsMax} signed transactions in hex`,
    }),
  ),
  replace: Type.Optional(Replace),
});
export type SubmitBody = Said<typeof SubmitBody>;

/** Why a transaction was not taken: the same fields as in an error. */
const Refusal = Type.Object({
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  code: Type.String(),
  detail: Type.String(),
  next: Type.String(),
  details: Type.Optional(ErrorDetails),
});
export type RefusalAnswer = Said<typeof Refusal>;

/** "accepted": it is new, and on this node's disk. "known": it waits already. "committed": it stands in a block. */
const SubmitOutcome = Type.Enum(["accepted", "known", "committed", "refused"]);

const SubmitResult = Type.Object({
  /** Null for bytes that are no transaction. */
  id: orNull(Hash),
  result: SubmitOutcome,
  refusal: orNull(Refusal),
});
export type SubmitResult = Said<typeof SubmitResult>;

const Submitted = Type.Object({
  id: Hash,
  status: Type.Enum(["pending", "committed"]),
  final: Type.Boolean(),
  head: HeadReference,
});
export type Submitted = Said<typeof Submitted>;

/** Of what the node itself has signed and submitted. */
export const SubmitAnswer = Type.Object({ id: Hash, status: Type.Enum(["pending", "committed"]) });
export type SubmitAnswer = Said<typeof SubmitAnswer>;

const SubmittedBatch = Type.Object({
  /** One for each, in the order of the request. */
  results: Type.Array(SubmitResult),
  accepted: Count,
  known: Count,
  committed: Count,
  refused: Count,
  head: HeadReference,
});
export type SubmittedBatch = Said<typeof SubmittedBatch>;

export const postTransactions = route({
  method: "POST",
  path: "/v1/transactions",
  topic: "transactions",
  summary: "Submit one signed transaction, or up to 512",
  description:
    'One: `{"bytes": "<hex>"}`, or the bytes themselves as application/octet-stream. 202: it is on this node\'s disk ' +
    "and will be sent to peers until it is settled. 200: it is committed already. An error says why it was refused. " +
    `Many: \`{"transactions": ["<hex>", …]}\`, up to ${batchTransactionsMax}; each stands for itself, in order, so that ` +
    "several of one sender may follow each other. 202 if any is new, else 200; `results` says what became of each, " +
    "also if all were refused. Sending a transaction again is no error: its id is its name.",
  body: SubmitBody,
  octets: true,
  bodyBytesMax: batchTransactionsMax * (2 * transactionBytesMax + 4) + 1_024,
  answers: { 200: Type.Union([Submitted, SubmittedBatch]), 202: Type.Union([Submitted, SubmittedBatch]) },
});

const CheckBody = Type.Object({ bytes: SignedHex, replace: Type.Optional(Replace) });

const Checked = Type.Object({
  id: orNull(Hash),
  /** What submitting it would answer. */
  result: SubmitOutcome,
  refusal: orNull(Refusal),
  /** The next block could take it; null if it would not wait. */
  ready: orNull(Type.Boolean()),
  /** What its account's next transaction has to have: what it would wait for if it is not ready. */
  nextSequence: orNull(Count),
  /** The one whose place it would take. */
  replaces: orNull(Hash),
  bytes: Count,
  /** What the bytes say; null for bytes that are no transaction. */
  transaction: orNull(TransactionFields),
  head: HeadReference,
});
export type Checked = Said<typeof Checked>;

export const postTransactionCheck = route({
  method: "POST",
  path: "/v1/transactions/check",
  topic: "transactions",
  summary: "What submitting a signed transaction would answer, without submitting it",
  description: "All rules and the signature are checked against the head. Nothing is kept, sent or changed.",
  body: CheckBody,
  octets: true,
  answers: { 200: Checked },
});

export const getTransaction = route({
  method: "GET",
  path: "/v1/transactions/{id}",
  topic: "transactions",
  summary: "A transaction and what became of it",
  description:
    "`pending`, `committed` or `dropped`. A transaction that was submitted here with 202 is always one of them. 404: " +
    "this node never had it, or dropped it so long ago that it has forgotten it.",
  params: byId,
  answers: { 200: TransactionAnswer },
  example: { params: { id: exampleId } },
});

export const getTransactionRaw = route({
  method: "GET",
  path: "/v1/transactions/{id}/raw",
  topic: "transactions",
  summary: "The bytes of a transaction: the SSZ that was signed, with its signature",
  description: "404 for a dropped transaction: its bytes are not kept.",
  params: byId,
  answers: { 200: Octets },
  media: "application/octet-stream",
  example: { params: { id: exampleId } },
});
