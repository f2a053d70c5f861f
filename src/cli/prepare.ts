/** `--prepare`: an unsigned transaction in a file, for the machine that has the key and no node. */
import { bytesEqual, fromHex, toHex } from "../base/bytes.ts";
import { createDurableFile } from "../base/durable-file.ts";
import { exitCodes, OperatorError, placeUnusable } from "../node/operator-error.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import { addressOf, publicKeyOfAddress } from "../protocol/identity.ts";
import { encodeUnsignedFile } from "../wallet/transaction-file.ts";
import { usageError } from "./failure.ts";
import { amountOf, type Build, builtOrThrow, keyOfNobody, type Lookups, type Shown } from "./sender.ts";
import { connect, settingsOf } from "./shared-flags.ts";
import type { MakingFlags } from "./signing-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

/** What a transaction has to fit, from the node or from flags. */
interface Terms {
  readonly network: string;
  readonly chainId: Uint8Array;
  readonly sequence: number;
  readonly fee: bigint;
  readonly lookups: Lookups;
}

export async function prepareTransaction(
  flags: MakingFlags & { readonly prepare: string },
  terminal: Terminal,
  build: Build,
  { toName }: Shown,
): Promise<void> {
  const sender = await senderKey(flags, terminal);
  const { network, chainId, sequence, fee, lookups } = await termsOf(addressOf(sender), flags, terminal);
  const validUntil = flags.validUntil ?? 0;
  const draft = { keyPair: keyOfNobody(), chainId, sequence, fee, validUntil, timestampMs: Date.now() };
  const built = builtOrThrow(await build(draft, lookups));
  const { payload } = built;
  const isOther = payload.kind === "transfer" && !bytesEqual(payload.assetId, zeroBytes32);
  const asset = isOther ? await lookups.asset(toHex(payload.assetId)) : undefined;
  const { signature: _, ...unsigned } = built.transaction;
  const hints = { toName, ...(asset && { asset: { symbol: asset.symbol, decimals: asset.decimals } }) };
  const text = encodeUnsignedFile({ network, chainId, transaction: { ...unsigned, sender }, ...hints });
  await writeTransactionFile(flags.prepare, text, terminal);
  if (flags.prepare === "-") return;
  if (flags.json) return writeJson(terminal, { file: flags.prepare, sequence });
  writeLine(terminal, `The unsigned transaction is in ${flags.prepare}, with the sequence ${sequence}.`);
  terminal.stderr.write(
    `On the machine that has the key: aurex-node tx sign ${flags.prepare} --key NAME --offline --out signed.json\n`,
  );
}

/** @param file "-" is stdout */
export async function writeTransactionFile(file: string, text: string, terminal: Terminal): Promise<void> {
  if (file === "-") return void terminal.stdout.write(text);
  try {
    await createDurableFile(file, Buffer.from(text), 0o600);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") {
      throw placeUnusable(thrown, file, "name another file");
    }
    throw usageError(
      `${file} is there already`,
      "a transaction overwrites nothing",
      "name another file, or remove it",
    );
  }
}

/** Of --from, or of a key that lies here; the key is not opened. */
async function senderKey({ from, key, ...place }: MakingFlags, terminal: Terminal): Promise<Uint8Array> {
  if (from === undefined && key === undefined) {
    throw usageError(
      "nobody is named to sign",
      "--prepare needs the sender",
      "add --from ADDRESS, or --key NAME",
    );
  }
  if (from === undefined) {
    const { showKey } = await import("../wallet/keystore.ts");
    const { dataDir } = await settingsOf(place, terminal);
    return (await showKey(dataDir, key as string)).publicKey;
  }
  const sender = publicKeyOfAddress(from);
  if (sender) return sender;
  throw usageError(
    `--from ${from} is no address`,
    "a letter is wrong or missing",
    "copy the whole address again",
  );
}

async function termsOf(address: string, flags: MakingFlags, terminal: Terminal): Promise<Terms> {
  const fee = flags.fee === undefined ? undefined : amountOf(flags.fee, "--fee");
  const { sequence, chainId: named } = flags;
  if (named !== undefined) {
    const chainId = fromHex(named, 32);
    if (!chainId) {
      throw usageError(
        `--chain-id ${named} is no chain id`,
        "it has 64 hex digits",
        "aurex-node status --json shows it on a machine with a node",
      );
    }
    if (sequence === undefined || fee === undefined) {
      throw usageError(
        "--chain-id needs --sequence and --fee, too",
        "with all three no node is asked",
        "add both; aurex-node account ADDRESS shows the sequence on a machine with a node",
      );
    }
    return { network: "", chainId, sequence, fee, lookups: withoutNode };
  }
  const client = await connect(flags, terminal);
  const node = await client.node();
  const chainId = fromHex(node.chainId, 32);
  if (!chainId) throw new Error(`the node's chain id is ${node.chainId}`);
  return {
    network: node.network,
    chainId,
    sequence: sequence ?? (await client.account(address)).pendingSequence,
    fee: fee ?? BigInt(node.minimumFeeUnits),
    lookups: client,
  };
}

const withoutNode: Lookups = {
  account: (reference) => Promise.reject(needsNode(`who ${reference} is`)),
  asset: (id) => Promise.reject(needsNode(`how many decimal places the asset ${id} has`)),
};

function needsNode(what: string): OperatorError {
  return new OperatorError("this cannot be prepared without a node", {
    code: "cli/needs-node",
    exitCode: exitCodes.usage,
    why: `only a node knows ${what}`,
    next: "give an address (aurex1…) and AUR, or prepare it on a machine with a node, without --chain-id",
  });
}
