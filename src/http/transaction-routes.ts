/** The routes about transactions. */
import type { FastifyInstance } from "fastify";
import type { ErrorDetails } from "../api/problem.ts";
import { getTransaction, postTransactions } from "../api/transactions.ts";
import { fromHex } from "../base/bytes.ts";
import { decodeTransaction } from "../protocol/transaction.ts";
import { ApiError, notFound } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import { refusalOf, type SubmitFault } from "./refusals.ts";
import { answered, serveRoute } from "./serve-route.ts";
import { transactionAnswer } from "./transaction-answer.ts";

export function addTransactionRoutes(
  app: FastifyInstance,
  modules: Pick<ApiModules, "chain" | "mempool" | "own" | "submit">,
): void {
  const { chain } = modules;

  // Sending the same transaction again is answered as the first time, so that a wallet may repeat after a timeout.
  serveRoute(app, postTransactions, async ({ body: { bytes, replace = true } }) => {
    const decoded = decodeTransaction(fromHex(bytes) as Uint8Array, chain.spec.chainId);
    if (!decoded.ok) throw refused(decoded.fault);
    const { id, idHex } = decoded.value;
    if (chain.transaction(id)) return { id: idHex, status: "committed" };
    const outcome = await modules.submit(decoded.value, { replace });
    if (!outcome.ok && outcome.fault.code !== "mempool/known") throw refused(outcome.fault);
    return answered(202, { id: idHex, status: "pending" });
  });

  serveRoute(app, getTransaction, ({ params }) => {
    const answer = transactionAnswer(fromHex(params.id) as Uint8Array, modules);
    if (answer) return answer;
    throw notFound(
      "transaction",
      params.id,
      "check the id; one that was never sent to this node is not known",
    );
  });
}

function refused(fault: SubmitFault): ApiError {
  const { status, message, next } = refusalOf(fault);
  return new ApiError(status, fault.code, message, next, detailsOf(fault));
}

/** What a program needs of a fault, e.g. the fee that a replacement takes. */
function detailsOf({ code: _, ...fields }: SubmitFault): ErrorDetails {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === "bigint" ? `${value}` : value]),
  );
}
