/** Files of transactions: signed with a key that lies here, or sent to a node. */
import { open } from "node:fs/promises";
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Result } from "../base/result.ts";
import { textOf } from "../base/text-file.ts";
import type { ApiClient } from "../client/api-client.ts";
import { placeUnusable } from "../node/operator-error.ts";
import { formatAmount } from "../protocol/amount.ts";
import { addressOf } from "../protocol/identity.ts";
import { signTransaction } from "../protocol/transaction.ts";
import {
  encodeSignedFile,
  readSignedFile,
  readUnsignedFile,
  type SignedFile,
  transactionFileBytesMax,
} from "../wallet/transaction-file.ts";
import { unknownOutcome } from "./delivery.ts";
import { usageError } from "./failure.ts";
import { openKey, type PassphraseFlags } from "./passphrase.ts";
import { connectTo } from "./place/answering-node.ts";
import { writeTransactionFile } from "./prepare.ts";
import { amountOf } from "./sender.ts";
import { type ApiFlags, connect, type JsonFlag, settingsOf } from "./shared-flags.ts";
import { confirmSigning } from "./signing-summary.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";
import { report } from "./wait-committed.ts";

export interface SignFlags extends ApiFlags, JsonFlag, PassphraseFlags {
  readonly key: string;
  readonly offline?: boolean;
  readonly out: string;
  readonly sequence?: number;
  readonly fee?: string;
  readonly validUntil?: number;
  readonly yes?: boolean;
}

export interface BroadcastFlags extends ApiFlags, JsonFlag {
  readonly wait?: boolean;
  readonly timeout: number;
}

export async function signFile(file: string, flags: SignFlags, terminal: Terminal): Promise<void> {
  const unsigned = readOrThrow(readUnsignedFile(await textIn(file, terminal)), file, "--prepare");
  const { network, chainId, transaction, payload, toName, asset } = unsigned;
  const { dataDir } = await settingsOf(flags, terminal);
  if (!flags.offline) await compareWithNode(unsigned, flags, terminal);
  const { showKey } = await import("../wallet/keystore.ts");
  const { publicKey } = await showKey(dataDir, flags.key);
  if (!bytesEqual(publicKey, transaction.sender)) {
    throw usageError(
      `${file} cannot be signed with the key ${flags.key}`,
      `it is to be signed by ${addressOf(transaction.sender)}, and the key's address is ${addressOf(publicKey)}`,
      "name that key with --key; aurex-node keys list shows the keys and their addresses",
      "cli/not-the-sender",
    );
  }
  const { sequence = transaction.sequence, validUntil = transaction.validUntil } = flags;
  const fee = flags.fee === undefined ? transaction.fee : amountOf(flags.fee, "--fee");
  const { timestampMs } = transaction;
  await confirmSigning(
    {
      ...{ payload, toName, asset, sender: publicKey, keyName: flags.key, validUntil },
      isUnproved: true,
      sequence: String(sequence),
      fee: `${formatAmount(fee)} AUR`,
      chain: `${network} ${toHex(chainId)}`.trim(),
    },
    { ...flags, question: "Sign it?" },
    terminal,
  );
  const keyPair = await openKey(dataDir, flags.key, flags, terminal);
  const signed = signTransaction({ payload, sequence, fee, validUntil, timestampMs }, keyPair, chainId);
  await writeTransactionFile(
    flags.out,
    encodeSignedFile({ network, chainId, transaction: signed }),
    terminal,
  );
  if (flags.out === "-") return;
  if (flags.json) return writeJson(terminal, { id: signed.idHex, file: flags.out });
  writeLine(terminal, signed.idHex);
  terminal.stderr.write(
    `The signed transaction is in ${flags.out}. On a machine with a node: aurex-node tx broadcast ${flags.out}\n`,
  );
}

async function compareWithNode(
  {
    chainId,
    transaction,
  }: {
    readonly chainId: Uint8Array;
    readonly transaction: { readonly sender: Uint8Array; readonly sequence: number };
  },
  flags: SignFlags,
  terminal: Terminal,
): Promise<void> {
  const client = await connectTo(flags, terminal);
  await requireChain(chainId, client);
  const { pendingSequence } = await client.account(addressOf(transaction.sender));
  const { sequence = transaction.sequence } = flags;
  if (sequence === pendingSequence) return;
  terminal.stderr.write(
    `Note:  the sequence is ${sequence}, and the account's next one is ${pendingSequence} by now (--sequence ${pendingSequence} takes it)\n`,
  );
}

export async function broadcastFile(file: string, flags: BroadcastFlags, terminal: Terminal): Promise<void> {
  const { chainId, transaction } = signedFileIn(await textIn(file, terminal), file);
  const client = await connect(flags, terminal);
  await requireChain(chainId, client);
  const { idHex: id, bytes } = transaction;
  const { status } = await client.submit(bytes).catch((thrown: unknown) => {
    throw unknownOutcome({ id }, thrown, "run the same command again: it sends the same signed transaction");
  });
  await report({ id, status }, flags, terminal, client);
}

function signedFileIn(text: string, file: string): SignedFile {
  return readOrThrow(readSignedFile(text), file, "aurex-node tx sign");
}

async function requireChain(chainId: Uint8Array, client: ApiClient): Promise<void> {
  const node = await client.node();
  if (node.chainId === toHex(chainId)) return;
  throw usageError(
    `the transaction is for another chain than that of the node at ${client.url}`,
    `it is for ${toHex(chainId)}, and the node is on ${node.chainId}`,
    "name a node of its chain with --data-dir or --api, or prepare it again for this one",
    "cli/other-chain",
  );
}

async function textIn(file: string, terminal: Terminal): Promise<string> {
  let bytes: Uint8Array;
  if (file === "-") bytes = await terminal.readInput(transactionFileBytesMax);
  else {
    try {
      bytes = await bytesOf(file);
    } catch (thrown) {
      throw placeUnusable(thrown, file, "name another file, or check who may read it: ls -l");
    }
  }
  if (bytes.length > transactionFileBytesMax)
    throw notUsable(file, "it is larger than any transaction", "tx sign");
  const text = textOf(bytes);
  if (!text.ok) throw notUsable(file, text.fault, "tx sign");
  return text.value;
}

async function bytesOf(file: string): Promise<Uint8Array> {
  const handle = await open(file, "r");
  try {
    const length = transactionFileBytesMax + 1;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, null);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function readOrThrow<Value>(read: Result<Value, string>, file: string, by: string): Value {
  if (read.ok) return read.value;
  throw notUsable(file, read.fault, by);
}

function notUsable(file: string, why: string, by: string) {
  return usageError(
    `${file === "-" ? "stdin" : file} holds no transaction for this command`,
    why,
    `give the file that ${by} has written`,
    "cli/transaction-file",
  );
}
