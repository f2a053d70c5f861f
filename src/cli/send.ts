/** From a command's flags to a transaction that is signed, sent and, where wanted, waited for. */
import { setTimeout as delay } from "node:timers/promises";
import type { SubmitAnswer, TransactionAnswer } from "../api/transactions.ts";
import { fromHex } from "../base/bytes.ts";
import type { ApiClient } from "../client/api-client.ts";
import { ApiProblem } from "../client/api-problem.ts";
import { formatAmount, parseAmount } from "../protocol/amount.ts";
import { addressOf } from "../protocol/identity.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { BuiltTransaction, TransactionTerms } from "../wallet/build-transaction.ts";
import { usageError } from "./failure.ts";
import { openKey } from "./passphrase.ts";
import { connectWithFiles } from "./place/answering-node.ts";
import type { SigningFlags } from "./signing-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

const pollMs = 200;
/** Commands that sign with one key at the same time each take another sequence; so many times one of them tries. */
const attemptsMax = 200;
const retryMsMax = 50;

/** Builds a transaction for terms that {@link signAndSend} finds; called again if other terms are needed. */
export type Build = (
  terms: TransactionTerms,
  client: ApiClient,
) => Promise<BuiltTransaction> | BuiltTransaction;

/** Who signs, and for which chain. */
export interface Sender {
  readonly client: ApiClient;
  readonly keyPair: KeyPair;
  readonly chainId: Uint8Array;
  readonly minimumFeeUnits: bigint;
}

/** The key that the flags name, and the node that they name. */
export async function openSender(flags: SigningFlags, terminal: Terminal): Promise<Sender> {
  const { client, dataDir, status: node } = await connectWithFiles(flags, terminal);
  const keyPair = await openKey(dataDir, flags.key, flags, terminal);
  const chainId = fromHex(node.chainId, 32);
  if (!chainId) throw new Error(`the node's chain id is ${node.chainId}`);
  return { client, keyPair, chainId, minimumFeeUnits: BigInt(node.minimumFeeUnits) };
}

/** Signs with the key that the flags name, for the chain of the node that they name, and sends it there. */
export async function signAndSend(flags: SigningFlags, terminal: Terminal, build: Build): Promise<void> {
  const sender = await openSender(flags, terminal);
  const { sequence } = flags;
  const fee = flags.fee === undefined ? undefined : amountOf(flags.fee, "--fee");
  const sent =
    sequence === undefined
      ? await sendNext(sender, build, flags, fee ?? sender.minimumFeeUnits)
      : await sendAt(sender, build, flags, { sequence, fee });
  if (sent.replaces !== undefined) terminal.stderr.write(`${replacesText(sent)}\n`);
  await report(sent, flags, terminal, sender.client);
}

interface Sent extends SubmitAnswer {
  readonly fee: bigint;
  /** Id of one that waited with the same sequence. */
  readonly replaces?: string;
}

function replacesText({ replaces, fee }: Sent): string {
  return `it replaces ${replaces}, for a fee of ${formatAmount(fee)} AUR`;
}

/** With the account's next sequence, and with the one after that if another command has just taken it. */
async function sendNext(sender: Sender, build: Build, flags: SigningFlags, fee: bigint): Promise<Sent> {
  for (let attempt = 1; ; attempt += 1) {
    const { pendingSequence } = await sender.client.account(addressOf(sender.keyPair.publicKey));
    const bytes = await signed(sender, build, flags, { sequence: pendingSequence, fee });
    try {
      // What an earlier command was told is under way must not be replaced by chance.
      return { ...(await sender.client.submit(bytes, false)), fee };
    } catch (thrown) {
      if (attempt === attemptsMax || !isTaken(thrown)) throw thrown;
      await delay(Math.random() * retryMsMax);
    }
  }
}

function isTaken(thrown: unknown): boolean {
  const codes = ["mempool/sequence-taken", "transaction/sequence-used"];
  return thrown instanceof ApiProblem && codes.includes(thrown.code);
}

/** With a sequence that somebody has named. What waits with it is replaced; no fee: as much as that takes. */
export async function sendAt(
  sender: Sender,
  build: Build,
  flags: SigningFlags,
  { sequence, fee }: { readonly sequence: number; readonly fee: bigint | undefined },
): Promise<Sent> {
  const { client, minimumFeeUnits } = sender;
  const lowest = fee ?? minimumFeeUnits;
  const first = await signed(sender, build, flags, { sequence, fee: lowest });
  let taken: ApiProblem;
  try {
    return { ...(await client.submit(first, false)), fee: lowest };
  } catch (thrown) {
    if (!(thrown instanceof ApiProblem) || thrown.code !== "mempool/sequence-taken") throw thrown;
    taken = thrown;
  }
  const replaces = String(taken.details.by);
  const waiting = await client.transaction(replaces);
  const needed = waiting.status === "pending" ? BigInt(waiting.replacementFeeUnits) : 0n;
  const raised = fee ?? (needed > minimumFeeUnits ? needed : minimumFeeUnits);
  const bytes = await signed(sender, build, flags, { sequence, fee: raised });
  return { ...(await client.submit(bytes, true)), fee: raised, replaces };
}

async function signed(
  { keyPair, chainId, client }: Sender,
  build: Build,
  { validUntil = 0 }: SigningFlags,
  { sequence, fee }: { readonly sequence: number; readonly fee: bigint },
): Promise<Uint8Array> {
  const terms: TransactionTerms = { keyPair, chainId, sequence, fee, validUntil, timestampMs: Date.now() };
  const built = await build(terms, client);
  if (built.ok) return built.value.bytes;
  const { field, reason, code } = built.fault;
  throw usageError(`the ${field} cannot be used`, reason, "change it and run the command again", code);
}

/** Prints the id, and waits for the block if that is wanted. */
export async function report(
  { id, status, replaces }: Sent,
  { wait, json, timeout }: SigningFlags,
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
          : `send a transaction of the same account with --sequence ${answer.missingSequence}; aurex-node tx show ${id} tells more`,
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
