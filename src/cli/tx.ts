/** `aurex-node tx`: sign and send transactions, and see what became of one. */

import type { TransactionAnswer } from "../api/transactions.ts";
import { fromHex } from "../base/bytes.ts";
import type { ApiClient } from "../client/api-client.ts";
import { AurexCommand } from "./command.ts";
import { fieldList } from "./field-list.ts";
import { numberFrom } from "./flag-values.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { addKeyFlags, addSigningFlags, type SigningFlags } from "./signing-flags.ts";
import { type Terminal, writeJson } from "./terminal.ts";

export function txCommand(terminal: Terminal): AurexCommand {
  const tx = new AurexCommand("tx", terminal)
    .description("Sign and send transactions, and see what became of one. Each prints the transaction's id.")
    .examples(
      "aurex-node tx send --key alice --to bob@example.com --amount 10.5 --wait",
      'aurex-node tx record --key node "hello"',
      "aurex-node tx show ID",
      "aurex-node tx cancel ID --key alice",
    );
  tx.addCommand(sendCommand(terminal));
  tx.addCommand(recordCommand(terminal));
  tx.addCommand(issueCommand(terminal));
  tx.addCommand(showCommand(terminal));
  tx.addCommand(cancelCommand(terminal));
  return tx;
}

interface SendFlags extends SigningFlags {
  readonly to: string;
  readonly amount: string;
  readonly asset?: string;
  readonly memo?: string;
}

function sendCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("send", terminal)
    .summary("send AUR or another asset")
    .description("Send AUR or another asset to an address or a registered name.")
    .requiredOption("--to <address|name>", "who gets it")
    .requiredOption("--amount <amount>", "how much, e.g. 10.5")
    .option("--asset <id>", "id of the asset (default: AUR)")
    .option("--memo <text>", "a note, up to 256 bytes")
    .examples(
      "aurex-node tx send --key alice --to aurex1… --amount 10.5",
      "aurex-node tx send --key alice --to bob@example.com --amount 3 --asset ID --wait",
    )
    .runs(async (flags: SendFlags) => {
      const { amountOf, signAndSend } = await import("./send.ts");
      const { buildTransfer } = await import("../wallet/build-transaction.ts");
      await signAndSend(flags, terminal, async (terms, client) => {
        const asset = flags.asset === undefined ? undefined : await client.asset(flags.asset);
        return buildTransfer({
          ...terms,
          to: await receiverOf(flags.to, client),
          amount: amountOf(flags.amount, "--amount", asset?.decimals),
          ...(asset ? { assetId: keyOf(asset.assetId) } : {}),
          ...(flags.memo === undefined ? {} : { memo: flags.memo }),
        });
      });
    });
  return addSigningFlags(command);
}

/** An address is read here, so that no answer of a node can exchange it; only a name has to be asked for. */
async function receiverOf(reference: string, client: ApiClient): Promise<Uint8Array> {
  const { publicKeyOfAddress } = await import("../protocol/identity.ts");
  return publicKeyOfAddress(reference) ?? keyOf((await client.account(reference)).publicKey);
}

function keyOf(hex: string): Uint8Array {
  const bytes = fromHex(hex, 32);
  if (!bytes) throw new Error(`the node answered with ${hex}, which are no 32 bytes in hex`);
  return bytes;
}

function recordCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("record", terminal)
    .summary("record data")
    .description("Record data in the chain, up to 4000 bytes of text.")
    .argument("<data>", "the text")
    .examples(
      'aurex-node tx record --key alice "invoice 4711 paid" --wait',
      'aurex-node tx record --key alice "instead of what waits with this sequence" --sequence 7',
    )
    .runs(async (data: string, flags: SigningFlags) => {
      const { signAndSend } = await import("./send.ts");
      const { buildRecord } = await import("../wallet/build-transaction.ts");
      await signAndSend(flags, terminal, (terms) => buildRecord({ ...terms, data }));
    });
  return addSigningFlags(command);
}

interface IssueFlags extends SigningFlags {
  readonly symbol: string;
  readonly name: string;
  readonly supply: string;
  readonly decimals: number;
  readonly metadata?: string;
}

function issueCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("issue", terminal)
    .summary("issue an asset")
    .description("Issue an asset: all of it goes to the key that signs. The asset's id is the transaction's.")
    .requiredOption("--symbol <symbol>", "1 to 12 capital letters and digits, e.g. GOLD")
    .requiredOption("--name <name>", "its name in full")
    .requiredOption("--supply <amount>", "how much there is of it, for good")
    .option("--decimals <count>", "places after the decimal point, 0 to 18", numberFrom(0, 18), 0)
    .option("--metadata <text>", "anything more, up to 1024 bytes")
    .examples('aurex-node tx issue --key alice --symbol GOLD --name "Gold grams" --supply 1000 --decimals 3')
    .runs(async (flags: IssueFlags) => {
      const { amountOf, signAndSend } = await import("./send.ts");
      const { buildIssueAsset } = await import("../wallet/build-transaction.ts");
      const { symbol, name, decimals, metadata } = flags;
      const supply = amountOf(flags.supply, "--supply", decimals);
      await signAndSend(flags, terminal, (terms) =>
        buildIssueAsset({
          ...terms,
          symbol,
          name,
          decimals,
          supply,
          ...(metadata === undefined ? {} : { metadata }),
        }),
      );
    });
  return addSigningFlags(command);
}

function showCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("show", terminal)
    .summary("see what became of a transaction")
    .description("See what became of a transaction: pending, committed or dropped, and what it says.")
    .argument("<id>", "the transaction's id")
    .examples("aurex-node tx show ID", "aurex-node tx show ID --json | jq .status")
    .runs(async (id: string, flags: ApiFlags & JsonFlag) => {
      const client = await connect(flags, terminal);
      const answer = await client.transaction(id);
      if (flags.json) writeJson(terminal, answer);
      else terminal.stdout.write(transactionText(answer));
    });
  return addJsonFlag(addApiFlags(command));
}

function cancelCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("cancel", terminal)
    .summary("take back a transaction that waits")
    .description(
      "Take back a transaction that no block holds yet: another one takes its place, with the same sequence and a higher fee, that sends the smallest unit of AUR to yourself.",
    )
    .argument("<id>", "the transaction's id")
    .examples("aurex-node tx cancel ID --key alice")
    .runs(async (id: string, flags: SigningFlags) => {
      const { cancelTransaction } = await import("./cancel.ts");
      await cancelTransaction(id, flags, terminal);
    });
  return addKeyFlags(command);
}

function transactionText(answer: TransactionAnswer): string {
  const { id, status } = answer;
  if (answer.status === "dropped") return fieldList({ id, status, reason: answer.reason.message });
  const { kind, ...payload } = answer.payload;
  return fieldList({
    id,
    status: answer.status === "pending" ? `pending, waits for ${answer.waitingFor}` : status,
    block: answer.status === "committed" ? `${answer.block.height} ${answer.block.hash}` : undefined,
    position: answer.status === "committed" ? answer.position : undefined,
    kind,
    sender: answer.senderName === null ? answer.sender : `${answer.senderName} (${answer.sender})`,
    sequence: answer.sequence,
    fee: `${answer.fee} AUR`,
    "valid until": answer.validUntil || undefined,
    time: new Date(answer.timestampMs).toISOString(),
    ...payload,
  });
}
