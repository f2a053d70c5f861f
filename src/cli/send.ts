/** From a command's flags to a transaction that is signed, sent and, where wanted, waited for. */
import { setTimeout as delay } from "node:timers/promises";
import { fromHex } from "../base/bytes.ts";
import type { TransactionAnswer } from "../http/answers.ts";
import type { ApiClient } from "../http/api-client.ts";
import { parseAmount } from "../protocol/amount.ts";
import { addressOf } from "../protocol/identity.ts";
import type { BuiltTransaction, TransactionTerms } from "../wallet/build-transaction.ts";
import { usageError } from "./failure.ts";
import { openKey } from "./passphrase.ts";
import { connectWithFiles } from "./place/answering-node.ts";
import type { SigningFlags } from "./signing-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

const pollMs = 200;

/** Signs with the key that the flags name, for the chain of the node that they name, and sends it there. */
export async function signAndSend(
  flags: SigningFlags,
  terminal: Terminal,
  build: (terms: TransactionTerms, client: ApiClient) => Promise<BuiltTransaction> | BuiltTransaction,
): Promise<void> {
  const { client, dataDir, status: node } = await connectWithFiles(flags, terminal);
  const keyPair = await openKey(dataDir, flags.key, flags, terminal);
  const { pendingSequence } = await client.account(addressOf(keyPair.publicKey));
  const chainId = fromHex(node.chainId, 32);
  if (!chainId) throw new Error(`the node's chain id is ${node.chainId}`);
  const terms: TransactionTerms = {
    keyPair,
    chainId,
    sequence: pendingSequence,
    fee: flags.fee === undefined ? BigInt(node.minimumFeeUnits) : amountOf(flags.fee, "--fee"),
    validUntil: flags.validUntil ?? 0,
    timestampMs: Date.now(),
  };
  const built = await build(terms, client);
  if (!built.ok) {
    const { field, reason } = built.fault;
    throw usageError(
      `the ${field} cannot be used`,
      reason,
      "change it and run the command again",
      built.fault.code,
    );
  }
  const { id, status } = await client.submit(built.value.bytes);
  if (!flags.wait) return flags.json ? writeJson(terminal, { id, status }) : writeLine(terminal, id);
  if (!flags.json) writeLine(terminal, id);
  const committed = await waitUntilCommitted(id, flags.timeout, client);
  if (flags.json) writeJson(terminal, { id, status: "committed", block: committed.block });
  else writeLine(terminal, `committed in block ${committed.block.height} ${committed.block.hash}`);
}

type CommittedAnswer = Extract<TransactionAnswer, { status: "committed" }>;

async function waitUntilCommitted(
  id: string,
  timeoutSeconds: number,
  client: ApiClient,
): Promise<CommittedAnswer> {
  const deadlineMs = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    const answer = await client.transaction(id);
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
    if (performance.now() >= deadlineMs) {
      throw usageError(
        `the transaction ${id} is not committed after ${timeoutSeconds} s`,
        `it waits for ${answer.waitingFor}`,
        answer.ready
          ? `aurex-node tx show ${id}; and see with aurex-node status whether blocks are made`
          : `send one with --sequence ${answer.missingSequence}, or look again with: aurex-node tx show ${id}`,
        "cli/timeout",
      );
    }
    await delay(pollMs);
  }
}

/** @param decimals of the asset; AUR's where there is none */
export function amountOf(text: string, flag: string, decimals?: number): bigint {
  const parsed = parseAmount(text, decimals);
  if (parsed.ok) return parsed.value;
  throw usageError(
    `${flag} ${text} is no amount`,
    parsed.fault.reason,
    "write for example 10.5",
    parsed.fault.code,
  );
}
