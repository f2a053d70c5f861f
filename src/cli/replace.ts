/** `aurex-node tx cancel` and `tx bump`: another transaction takes the place of one that waits, with its sequence. */
import { getTransactionRaw, type TransactionAnswer } from "../api/transactions.ts";
import { bytesEqual, toHex } from "../base/bytes.ts";
import { ApiProblem } from "../client/api-problem.ts";
import { addressOf } from "../protocol/identity.ts";
import { type DecodedTransaction, decodeTransaction, signTransaction } from "../protocol/transaction.ts";
import { buildTransfer, type TransactionTerms } from "../wallet/build-transaction.ts";
import type { OutboxEntry } from "../wallet/outbox.ts";
import { usageError } from "./failure.ts";
import { sendAt, sendInstead } from "./send.ts";
import { amountOf, type Build, confirm, openSender, type Sender, tell, withOutbox } from "./sender.ts";
import type { SigningFlags } from "./signing-flags.ts";
import type { Terminal } from "./terminal.ts";
import type { Sent } from "./wait-committed.ts";
import { report } from "./wait-committed.ts";

/** What is to be replaced. */
interface Target {
  readonly id: string;
  readonly sequence: number;
  /** Base units that a replacement has to pay. */
  readonly feeNeeded: bigint;
  /** From the outbox, if it was signed here. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * Sends the smallest unit of AUR from the account to itself, with the sequence of what waits and a higher fee.
 *
 * @param reference id or sequence
 */
export async function cancelTransaction(
  reference: string,
  flags: SigningFlags,
  terminal: Terminal,
): Promise<void> {
  const sender = await openSender(flags, terminal);
  const to = sender.keyPair.publicKey;
  const build = (terms: TransactionTerms) => buildTransfer({ ...terms, to, amount: 1n });
  const named = flags.fee === undefined ? undefined : amountOf(flags.fee, "--fee");
  if (/^\d{1,15}$/.test(reference)) {
    const sequence = Number(reference);
    await confirm(sender, build, flags, terminal, { sequence, fee: named });
    const sent = await withOutbox(sender, (outbox) =>
      sendAt(sender, outbox, build, flags, { sequence, fee: named }, terminal),
    );
    const taken = sent.replaces === undefined ? `the sequence ${sequence}` : `the place of ${sent.replaces}`;
    terminal.stderr.write(`it takes ${taken}, and does nothing else\n`);
    return tell(sent.id, sender, terminal, () => report(sent, flags, terminal, sender.client));
  }
  const target = await targetOf(reference, flags.key, sender);
  const { sequence } = target;
  const fee = named ?? target.feeNeeded;
  await confirm(sender, build, flags, terminal, { sequence, fee });
  const sent = await replaceTarget(target, sender, build, flags, fee, terminal);
  terminal.stderr.write(`it takes the place of ${target.id}, and does nothing else\n`);
  const said = { ...sent, replaces: target.id };
  await tell(sent.id, sender, terminal, () => report(said, flags, terminal, sender.client));
}

/** The same content and sequence with a higher fee. */
export async function bumpTransaction(id: string, flags: SigningFlags, terminal: Terminal): Promise<void> {
  const sender = await openSender(flags, terminal);
  const target = await targetOf(id, flags.key, sender);
  const { payload, transaction } = await contentOf(target, sender);
  const validUntil = flags.validUntil ?? transaction.validUntil;
  const build = ({ keyPair, chainId, ...terms }: TransactionTerms) => ({
    ok: true as const,
    value: signTransaction({ ...terms, payload, validUntil }, keyPair, chainId),
  });
  const fee = flags.fee === undefined ? target.feeNeeded : amountOf(flags.fee, "--fee");
  await confirm(sender, build, { ...flags, validUntil }, terminal, { sequence: target.sequence, fee });
  const sent = await replaceTarget(target, sender, build, flags, fee, terminal);
  terminal.stderr.write(`it is ${target.id} again, for a higher fee, and takes its place\n`);
  const said = { ...sent, replaces: target.id };
  await tell(sent.id, sender, terminal, () => report(said, flags, terminal, sender.client));
}

async function replaceTarget(
  { id, sequence }: Target,
  sender: Sender,
  build: Build,
  flags: SigningFlags,
  fee: bigint,
  terminal: Terminal,
): Promise<Sent> {
  try {
    return await withOutbox(sender, (outbox) =>
      sendInstead(sender, outbox, build, flags, { sequence, fee }, terminal),
    );
  } catch (thrown) {
    // A block may have taken it a moment ago.
    if (thrown instanceof ApiProblem && thrown.code === "transaction/sequence-used") {
      waitingOrThrow(await sender.client.transaction(id));
    }
    throw thrown;
  }
}

async function targetOf(id: string, keyName: string, sender: Sender): Promise<Target> {
  const { client, keyPair, chainId } = sender;
  const kept = await withOutbox(sender, async (outbox) =>
    outbox.entries(toHex(chainId)).find((entry) => entry.id === id.toLowerCase()),
  );
  let answer: TransactionAnswer;
  try {
    answer = await client.transaction(id);
  } catch (thrown) {
    // The node has never had it; others may have.
    if (kept && thrown instanceof ApiProblem && thrown.status === 404) return keptTarget(kept, sender);
    throw thrown;
  }
  const waiting = waitingOrThrow(answer);
  const address = addressOf(keyPair.publicKey);
  if (waiting.sender !== address) {
    throw usageError(
      `${id} cannot be replaced with the key ${keyName}`,
      `it was sent by ${waiting.sender}, and the key's address is ${address}`,
      "name its sender's key with --key; aurex-node keys list shows the keys and their addresses",
      "cli/not-the-sender",
    );
  }
  const needed = BigInt(waiting.replacementFeeUnits);
  const feeNeeded = needed > sender.minimumFeeUnits ? needed : sender.minimumFeeUnits;
  return { id: answer.id, sequence: waiting.sequence, feeNeeded, bytes: kept?.bytes };
}

function keptTarget({ id, sequence, bytes }: OutboxEntry, { chainId, minimumFeeUnits }: Sender): Target {
  const kept = decodeTransaction(bytes, chainId);
  const fee = kept.ok ? kept.value.transaction.fee : 0n;
  // What mempools ask for a replacement: 110 %, rounded up, and at least one unit more.
  const raised = (fee * 11n + 9n) / 10n;
  const needed = raised > fee ? raised : fee + 1n;
  return { id, sequence, bytes, feeNeeded: needed > minimumFeeUnits ? needed : minimumFeeUnits };
}

/** What it says, by its own bytes: the id proves that they are the right ones. */
async function contentOf(
  { id, bytes }: Target,
  { client, chainId, keyPair }: Sender,
): Promise<DecodedTransaction> {
  const raw = bytes ?? (await client.call(getTransactionRaw, { params: { id } }));
  const decoded = raw instanceof Uint8Array ? decodeTransaction(raw, chainId) : undefined;
  if (
    decoded?.ok &&
    decoded.value.idHex === id &&
    bytesEqual(decoded.value.transaction.sender, keyPair.publicKey)
  ) {
    return decoded.value;
  }
  throw new Error(`what the node answered are not the bytes of ${id}`);
}

type PendingAnswer = Extract<TransactionAnswer, { readonly status: "pending" }>;

function waitingOrThrow(answer: TransactionAnswer): PendingAnswer {
  const { id } = answer;
  if (answer.status === "pending") return answer;
  if (answer.status === "committed") {
    const { height, hash } = answer.block;
    throw usageError(
      `it is too late to cancel or replace ${id}`,
      `it is committed in block ${height} ${hash}`,
      `aurex-node tx show ${id}`,
      "cli/too-late",
    );
  }
  throw usageError(
    `there is nothing to cancel or replace: ${id} was dropped`,
    answer.reason.message,
    `aurex-node tx show ${id}`,
    "cli/nothing-to-cancel",
  );
}
