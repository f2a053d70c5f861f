/** Says what was sent, and waits for the block that holds it if that is wanted. */
import { setTimeout as delay } from "node:timers/promises";
import type { SubmitAnswer, TransactionAnswer } from "../api/transactions.ts";
import type { ApiClient } from "../client/api-client.ts";
import { ApiProblem, ApiUnreachable } from "../client/api-problem.ts";
import type { OperatorError } from "../node/operator-error.ts";
import { usageError } from "./failure.ts";
import type { SigningFlags } from "./signing-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

const pollMs = 200;

export interface Sent extends Pick<SubmitAnswer, "id" | "status"> {
  readonly fee: bigint;
  /** Id of one that waited with the same sequence. */
  readonly replaces?: string;
}

/** Prints the id, and waits for the block if that is wanted. */
export async function report(
  { id, status, replaces }: Omit<Sent, "fee">,
  { wait, json, timeout }: Pick<SigningFlags, "wait" | "json" | "timeout">,
  terminal: Terminal,
  client: ApiClient,
): Promise<void> {
  const replaced = replaces === undefined ? {} : { replaces };
  if (!wait) return json ? writeJson(terminal, { id, status, ...replaced }) : writeLine(terminal, id);
  if (!json) writeLine(terminal, id);
  const { block } = await waitUntilCommitted(id, timeout, client);
  if (json) writeJson(terminal, { id, status: "committed", block, ...replaced });
  else writeLine(terminal, `committed in block ${block.height} ${block.hash}`);
}

type CommittedAnswer = Extract<TransactionAnswer, { status: "committed" }>;

async function waitUntilCommitted(
  id: string,
  timeoutSeconds: number,
  client: ApiClient,
): Promise<CommittedAnswer> {
  const deadlineMs = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    const answer = await client.transaction(id).catch(passingTrouble);
    const isLate = performance.now() >= deadlineMs;
    if (answer instanceof Error) {
      if (isLate) throw notSeen(id, answer);
      await delay(pollMs);
      continue;
    }
    if (answer.status === "committed") return answer;
    if (answer.status === "dropped") {
      const { code, message } = answer.reason;
      throw usageError(
        `the transaction ${id} was dropped`,
        message,
        "mend the reason and send it again",
        code,
      );
    }
    if (isLate) {
      throw usageError(
        `the transaction ${id} is not committed after ${timeoutSeconds} s`,
        `it waits for ${answer.waitingFor}`,
        answer.ready
          ? `aurex-node tx show ${id}; and see with aurex-node status whether blocks are made`
          : `send a transaction of the same account with --sequence ${answer.missingSequence}; aurex-node tx show ${id} tells more`,
        "cli/timeout",
      );
    }
    await delay(pollMs);
  }
}

/** A node that is asked too often or restarts answers later. */
function passingTrouble(thrown: unknown): ApiProblem | ApiUnreachable {
  if (thrown instanceof ApiUnreachable) return thrown;
  if (thrown instanceof ApiProblem && [408, 429, 503].includes(thrown.status)) return thrown;
  throw thrown;
}

function notSeen(id: string, { message }: Error): OperatorError {
  return usageError(
    `the transaction ${id} was sent, but the node could not be asked for its state`,
    message,
    `when the node answers again: aurex-node tx show ${id}`,
    "cli/timeout",
  );
}
