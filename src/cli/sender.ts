/** Who sends: a key, its outbox, and the node that it sends to; and what a person is asked before the key is used. */
import { bytesEqual, fromHex, toHex } from "../base/bytes.ts";
import type { ApiClient } from "../client/api-client.ts";
import { formatAmount, parseAmount } from "../protocol/amount.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import { addressOf } from "../protocol/identity.ts";
import { type KeyPair, keyPairFromSeed, seedBytes } from "../protocol/signing.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { BuiltTransaction, TransactionTerms } from "../wallet/build-transaction.ts";
import { type Outbox, openOutbox } from "../wallet/outbox.ts";
import { usageError } from "./failure.ts";
import { openKey } from "./passphrase.ts";
import { connectWithFiles } from "./place/answering-node.ts";
import type { SigningFlags } from "./signing-flags.ts";
import { confirmSigning } from "./signing-summary.ts";
import type { Terminal } from "./terminal.ts";

/** What is asked about what a person has named. */
export type Lookups = Pick<ApiClient, "account" | "asset">;

/** Builds a transaction for terms that are found later; called again if other terms are needed. */
export type Build = (
  terms: TransactionTerms,
  lookups: Lookups,
) => Promise<BuiltTransaction> | BuiltTransaction;

/** Who signs, and for which chain. */
export interface Sender {
  readonly client: ApiClient;
  readonly keyPair: KeyPair;
  readonly chainId: Uint8Array;
  readonly network: string;
  readonly minimumFeeUnits: bigint;
  readonly dataDir: string;
}

/** What a person is shown besides what the transaction itself says. */
export interface Shown {
  /** As the receiver was named. */
  readonly toName?: string | undefined;
}

/** The key that the flags name, and the node that they name. */
export async function openSender(flags: SigningFlags, terminal: Terminal): Promise<Sender> {
  const { client, dataDir, status: node } = await connectWithFiles(flags, terminal);
  const keyPair = await openKey(dataDir, flags.key, flags, terminal);
  const chainId = fromHex(node.chainId, 32);
  if (!chainId) throw new Error(`the node's chain id is ${node.chainId}`);
  const { network } = node;
  return { client, keyPair, chainId, network, minimumFeeUnits: BigInt(node.minimumFeeUnits), dataDir };
}

/** Shows what will be signed. It is built with a key of nobody: the real one is used after the answer. */
export async function confirm(
  { client, keyPair, chainId, network, minimumFeeUnits }: Sender,
  build: Build,
  flags: SigningFlags,
  terminal: Terminal,
  terms: { readonly sequence?: number | undefined; readonly fee: bigint | undefined } & Shown,
): Promise<void> {
  if (!terminal.canAsk) return;
  const { sequence, fee, toName } = terms;
  const validUntil = flags.validUntil ?? 0;
  const draft = { keyPair: keyOfNobody(), chainId, fee: fee ?? minimumFeeUnits, validUntil, timestampMs: 0 };
  const { payload } = builtOrThrow(await build({ ...draft, sequence: sequence ?? 0 }, client));
  const isOther = payload.kind === "transfer" && !bytesEqual(payload.assetId, zeroBytes32);
  const asset = isOther ? await client.asset(toHex(payload.assetId)) : undefined;
  await confirmSigning(
    {
      ...{ payload, toName, asset, sender: keyPair.publicKey, keyName: flags.key, validUntil },
      sequence: sequence === undefined ? "the next free one" : String(sequence),
      fee: `${formatAmount(fee ?? minimumFeeUnits)} AUR${sequence !== undefined && fee === undefined ? ", or what replacing takes" : ""}`,
      chain: `${network} ${toHex(chainId)}`,
    },
    flags,
    terminal,
  );
}

/** For a transaction that is built to be looked at: its signature is nobody's. */
export function keyOfNobody(): KeyPair {
  return keyPairFromSeed(new Uint8Array(seedBytes));
}

/** Runs `send` while no other process of this directory sends with the key. */
export async function withOutbox<Value>(
  { dataDir, keyPair }: Pick<Sender, "dataDir" | "keyPair">,
  send: (outbox: Outbox) => Promise<Value>,
): Promise<Value> {
  const outbox = await openOutbox(dataDir, addressOf(keyPair.publicKey));
  try {
    return await send(outbox);
  } finally {
    outbox.close();
  }
}

/** Says what was sent, by its id, and writes down that it was said: until then nobody may know of it. */
export async function tell(
  id: string,
  sender: Sender,
  { stdout }: Terminal,
  say: () => Promise<void>,
): Promise<void> {
  try {
    await say();
  } finally {
    // Not written down, it costs a question to the node when the same command is run again.
    if (await isWritten(stdout)) await withOutbox(sender, async (outbox) => outbox.told(id)).catch(() => {});
  }
}

/** Whether all that was written has gone out: a disk may be full, a reader may have gone away. */
function isWritten(stream: NodeJS.WritableStream): Promise<boolean> {
  return new Promise((resolve) => stream.write("", (error?: Error | null) => resolve(!error)));
}

/** @throws OperatorError if what was wanted does not fit */
export function builtOrThrow(built: BuiltTransaction): DecodedTransaction {
  if (built.ok) return built.value;
  const { field, reason, code } = built.fault;
  throw usageError(`the ${field} cannot be used`, reason, "change it and run the command again", code);
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
