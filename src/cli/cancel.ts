/** `aurex-node tx cancel`: takes the place of a transaction that waits, with one that does nothing. */
import type { TransactionAnswer } from "../api/transactions.ts";
import { ApiProblem } from "../client/api-problem.ts";
import { addressOf } from "../protocol/identity.ts";
import { buildTransfer, type TransactionTerms } from "../wallet/build-transaction.ts";
import { usageError } from "./failure.ts";
import { amountOf, openSender, report, sendAt } from "./send.ts";
import type { SigningFlags } from "./signing-flags.ts";
import type { Terminal } from "./terminal.ts";

/** Sends the smallest unit of AUR from the account to itself, with the sequence of the pending transaction and a higher fee. */
export async function cancelTransaction(id: string, flags: SigningFlags, terminal: Terminal): Promise<void> {
  const sender = await openSender(flags, terminal);
  const { client, keyPair } = sender;
  const waiting = pendingOrThrow(await client.transaction(id));
  const address = addressOf(keyPair.publicKey);
  if (waiting.sender !== address) {
    throw usageError(
      `${id} cannot be cancelled with the key ${flags.key}`,
      `it was sent by ${waiting.sender}, and the key's address is ${address}`,
      "name its sender's key with --key; aurex-node keys list shows the keys and their addresses",
      "cli/not-the-sender",
    );
  }
  const wanted = flags.fee === undefined ? undefined : amountOf(flags.fee, "--fee");
  const build = (terms: TransactionTerms) => buildTransfer({ ...terms, to: keyPair.publicKey, amount: 1n });
  try {
    const sent = await sendAt(sender, build, flags, { sequence: waiting.sequence, fee: wanted });
    terminal.stderr.write(`it takes the place of ${id}, and does nothing else\n`);
    await report({ ...sent, replaces: id }, flags, terminal, client);
  } catch (thrown) {
    // A block may have taken it a moment ago.
    if (thrown instanceof ApiProblem && thrown.code === "transaction/sequence-used") {
      pendingOrThrow(await client.transaction(id));
    }
    throw thrown;
  }
}

type PendingAnswer = Extract<TransactionAnswer, { readonly status: "pending" }>;

function pendingOrThrow(answer: TransactionAnswer): PendingAnswer {
  const { id } = answer;
  if (answer.status === "pending") return answer;
  if (answer.status === "committed") {
    const { height, hash } = answer.block;
    throw usageError(
      `it is too late to cancel ${id}`,
      `it is committed in block ${height} ${hash}`,
      `aurex-node tx show ${id}`,
      "cli/too-late",
    );
  }
  throw usageError(
    `there is nothing to cancel: ${id} was dropped`,
    answer.reason.message,
    `aurex-node tx show ${id}`,
    "cli/nothing-to-cancel",
  );
}
