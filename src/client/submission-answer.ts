/** What an answer to a submission says of the transaction: the rule that decides whether its bytes may be forgotten. */
import { ApiProblem } from "./api-problem.ts";

/** Answers that say nothing about the transaction: asked too often, not allowed, too late. */
const silentStatuses = [401, 403, 408, 429];

/** The node has looked at the transaction and not taken it; an error of 500 and above may have come after it was taken. */
export function isRefusal(thrown: unknown): thrown is ApiProblem {
  return (
    thrown instanceof ApiProblem &&
    thrown.status >= 400 &&
    thrown.status < 500 &&
    !silentStatuses.includes(thrown.status)
  );
}

/** Whether the chain can never execute these bytes any more. */
export function isOver({ status, code }: ApiProblem): boolean {
  return status === 400 || code === "transaction/sequence-used" || code === "transaction/expired";
}
