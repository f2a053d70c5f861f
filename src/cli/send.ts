/** Signs and sends: the bytes are kept before they are sent, and a command that is run again sends the same ones. */
import { setTimeout as delay } from "node:timers/promises";
import { ApiProblem } from "../client/api-problem.ts";
import { formatAmount } from "../protocol/amount.ts";
import { addressOf } from "../protocol/identity.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { TransactionTerms } from "../wallet/build-transaction.ts";
import type { Outbox } from "../wallet/outbox.ts";
import {
  deliver,
  entryOf,
  isAgain,
  isSame,
  type Retried,
  repeatAccepted,
  retrySame,
  retryUnsent,
  retryUntold,
  sayRetried,
} from "./delivery.ts";
import { usageError } from "./failure.ts";
import { prepareTransaction } from "./prepare.ts";
import {
  amountOf,
  type Build,
  builtOrThrow,
  confirm,
  openSender,
  type Sender,
  type Shown,
  tell,
  withOutbox,
} from "./sender.ts";
import type { MakingFlags, SigningFlags } from "./signing-flags.ts";
import type { Terminal } from "./terminal.ts";
import { report, type Sent } from "./wait-committed.ts";

/** Commands that sign with one key from several directories each take another sequence; so many times one of them tries. */
const attemptsMax = 200;
const retryMsMax = 50;

/** Signs with the key that the flags name, for the chain of the node that they name, and sends it there. */
export async function signAndSend(
  making: MakingFlags,
  terminal: Terminal,
  build: Build,
  shown: Shown = {},
): Promise<void> {
  const { prepare } = making;
  if (prepare !== undefined) return prepareTransaction({ ...making, prepare }, terminal, build, shown);
  const flags = withKeyOrThrow(making);
  const sender = await openSender(flags, terminal);
  const { sequence } = flags;
  const fee = flags.fee === undefined ? undefined : amountOf(flags.fee, "--fee");
  await confirm(sender, build, flags, terminal, { sequence, fee, ...shown });
  const sent = await withOutbox(sender, (outbox) =>
    sequence === undefined
      ? sendNext(sender, outbox, build, flags, fee ?? sender.minimumFeeUnits, terminal)
      : sendAt(sender, outbox, build, flags, { sequence, fee }, terminal),
  );
  if (sent.replaces !== undefined) terminal.stderr.write(`${replacesText(sent)}\n`);
  await tell(sent.id, sender, terminal, () => report(sent, flags, terminal, sender.client));
}

function withKeyOrThrow({ key, from, chainId, ...flags }: MakingFlags): SigningFlags {
  if (from !== undefined || chainId !== undefined) {
    const flag = from === undefined ? "--chain-id" : "--from";
    throw usageError(
      `${flag} goes with --prepare`,
      "what is signed here is for the node's own chain and by --key",
      "add --prepare FILE, or leave it out",
    );
  }
  if (key !== undefined) return { ...flags, key };
  throw usageError(
    "nobody is named to sign",
    "required option '--key <name>' not specified",
    "add --key NAME; aurex-node keys list shows the keys",
  );
}

export function replacesText({ replaces, fee }: Sent): string {
  return `it replaces ${replaces}, for a fee of ${formatAmount(fee)} AUR`;
}

/** With the account's next sequence, and with the one after that if somebody else has just taken it. */
async function sendNext(
  sender: Sender,
  outbox: Outbox,
  build: Build,
  flags: SigningFlags,
  fee: bigint,
  terminal: Terminal,
): Promise<Sent> {
  const { client, chainId } = sender;
  const earlier = await retryUnsent(outbox, sender);
  for (let attempt = 1; ; attempt += 1) {
    const sequence = await nextSequence(sender, outbox);
    const transaction = await signed(sender, build, flags, { sequence, fee });
    const again =
      earlier.find((retried) => isSame(retried.transaction, transaction)) ??
      (await retryUntold(outbox, sender, transaction));
    if (again !== undefined && isAgain(again)) return sentAgain(again, terminal);
    if (attempt === 1) for (const retried of earlier) sayRetried(retried, terminal);
    // What an earlier command was told is under way must not be replaced by chance.
    const entry = entryOf(transaction, chainId, false);
    outbox.keep(entry);
    try {
      return { id: entry.id, status: await deliver(entry, outbox, client), fee };
    } catch (thrown) {
      if (attempt === attemptsMax || !isTaken(thrown)) throw thrown;
      await delay(Math.random() * retryMsMax);
    }
  }
}

/** By the node, which first gets what another node has accepted a moment ago. */
async function nextSequence(sender: Sender, outbox: Outbox): Promise<number> {
  const { client, keyPair } = sender;
  const address = addressOf(keyPair.publicKey);
  const { pendingSequence } = await client.account(address);
  if (!(await repeatAccepted(outbox, sender, pendingSequence))) return pendingSequence;
  return (await client.account(address)).pendingSequence;
}

/** A command that was run again because nobody knew what became of it: its first transaction is the only one. */
function sentAgain({ entry, transaction, fate, status, refusal }: Retried, terminal: Terminal): Sent {
  if (fate === "sent") {
    terminal.stderr.write(
      `it is the transaction that was signed before, at ${new Date(entry.signedAtMs).toISOString()}, and whose fate was not known; no second one was signed\n`,
    );
    return { id: entry.id, status: status ?? "pending", fee: transaction.transaction.fee };
  }
  throw usageError(
    `the transaction ${entry.id}, which was signed before with the same content, is refused now`,
    `${refusal?.message}; whether another node has it is not known, so no second one was signed`,
    `run the command again later; or give it up: aurex-node tx outbox --forget ${entry.id}`,
    refusal?.code,
  );
}

function isTaken(thrown: unknown): boolean {
  const codes = ["mempool/sequence-taken", "transaction/sequence-used"];
  return thrown instanceof ApiProblem && codes.includes(thrown.code);
}

/** With a sequence that somebody has named. What waits with it is replaced; no fee: as much as that takes. */
export async function sendAt(
  sender: Sender,
  outbox: Outbox,
  build: Build,
  flags: SigningFlags,
  { sequence, fee }: { readonly sequence: number; readonly fee: bigint | undefined },
  terminal: Terminal,
): Promise<Sent> {
  const { client, minimumFeeUnits, chainId } = sender;
  for (const retried of await retryUnsent(outbox, sender, sequence)) sayRetried(retried, terminal);
  const lowest = fee ?? minimumFeeUnits;
  const transaction = await signed(sender, build, flags, { sequence, fee: lowest });
  const again = await retrySame(outbox, sender, transaction, fee);
  if (again?.fate === "sent") return sentAgain(again, terminal);
  const first = entryOf(transaction, chainId, false);
  outbox.keep(first);
  let taken: ApiProblem;
  try {
    return { id: first.id, status: await deliver(first, outbox, client), fee: lowest };
  } catch (thrown) {
    if (!(thrown instanceof ApiProblem) || thrown.code !== "mempool/sequence-taken") throw thrown;
    taken = thrown;
  }
  const replaces = String(taken.details.by);
  const waiting = await client.transaction(replaces);
  const needed = waiting.status === "pending" ? BigInt(waiting.replacementFeeUnits) : 0n;
  const raised = fee ?? (needed > minimumFeeUnits ? needed : minimumFeeUnits);
  const second = entryOf(await signed(sender, build, flags, { sequence, fee: raised }), chainId, true);
  outbox.keep(second);
  return { id: second.id, status: await deliver(second, outbox, client), fee: raised, replaces };
}

/** With the sequence and the fee that are known to be right for taking the place of another one. */
export async function sendInstead(
  sender: Sender,
  outbox: Outbox,
  build: Build,
  flags: SigningFlags,
  { sequence, fee }: { readonly sequence: number; readonly fee: bigint },
  terminal: Terminal,
): Promise<Sent> {
  for (const retried of await retryUnsent(outbox, sender, sequence)) sayRetried(retried, terminal);
  const transaction = await signed(sender, build, flags, { sequence, fee });
  const again = await retrySame(outbox, sender, transaction, fee);
  if (again?.fate === "sent") return sentAgain(again, terminal);
  const entry = entryOf(transaction, sender.chainId, true);
  outbox.keep(entry);
  return { id: entry.id, status: await deliver(entry, outbox, sender.client), fee };
}

async function signed(
  { keyPair, chainId, client }: Sender,
  build: Build,
  { validUntil = 0 }: SigningFlags,
  { sequence, fee }: { readonly sequence: number; readonly fee: bigint },
): Promise<DecodedTransaction> {
  const terms: TransactionTerms = { keyPair, chainId, sequence, fee, validUntil, timestampMs: Date.now() };
  return builtOrThrow(await build(terms, client));
}
