/** `aurex-node tx`: sign and send transactions, and see what became of one. */

import type { AssetAnswer } from "../api/assets.ts";
import type { TransactionAnswer } from "../api/transactions.ts";
import { fromHex } from "../base/bytes.ts";
import { AurexCommand } from "./command.ts";
import { fieldList } from "./field-list.ts";
import { numberFrom } from "./flag-values.ts";
import { outboxCommand } from "./outbox.ts";
import type { Build, Lookups } from "./sender.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { broadcastCommand, signCommand } from "./sign.ts";
import { addKeyFlags, addSigningFlags, type MakingFlags, type SigningFlags } from "./signing-flags.ts";
import { type Terminal, writeJson } from "./terminal.ts";

export function txCommand(terminal: Terminal): AurexCommand {
  const tx = new AurexCommand("tx", terminal)
    .description("Sign and send transactions, and see the state of one. Each prints the transaction's id.")
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
  tx.addCommand(bumpCommand(terminal));
  tx.addCommand(outboxCommand(terminal));
  tx.addCommand(signCommand(terminal));
  tx.addCommand(broadcastCommand(terminal));
  return tx;
}

interface SendFlags extends MakingFlags {
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
      "aurex-node tx send --from aurex1… --to bob@example.com --amount 3 --prepare unsigned.json",
    )
    .runs(async (flags: SendFlags) => {
      const { signAndSend } = await import("./send.ts");
      const { amountOf } = await import("./sender.ts");
      const { buildTransfer } = await import("../wallet/build-transaction.ts");
      const shown = { toName: flags.to.startsWith("aurex1") ? undefined : flags.to };
      // Asked for once: what is signed is what was shown.
      let asset: AssetAnswer | undefined;
      let to: Uint8Array | undefined;
      const build: Build = async (terms, lookups) => {
        if (!isAur(flags.asset)) asset ??= await lookups.asset(flags.asset);
        to ??= await receiverOf(flags.to, lookups);
        return buildTransfer({
          ...terms,
          to,
          amount: amountOf(flags.amount, "--amount", asset?.decimals),
          ...(asset ? { assetId: keyOf(asset.assetId) } : {}),
          ...(flags.memo === undefined ? {} : { memo: flags.memo }),
        });
      };
      await signAndSend(flags, terminal, build, shown);
    });
  return addSigningFlags(command);
}

/** An address is read here, so that no answer of a node can exchange it; only a name has to be asked for. */
async function receiverOf(reference: string, lookups: Lookups): Promise<Uint8Array> {
  const { publicKeyOfAddress } = await import("../protocol/identity.ts");
  return publicKeyOfAddress(reference) ?? keyOf((await lookups.account(reference)).publicKey);
}

/** AUR is named so, by 64 zeros, or not at all. */
function isAur(asset: string | undefined): asset is undefined {
  return asset === undefined || asset === "AUR" || /^0{64}$/.test(asset);
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
    .runs(async (data: string, flags: MakingFlags) => {
      const { signAndSend } = await import("./send.ts");
      const { buildRecord } = await import("../wallet/build-transaction.ts");
      await signAndSend(flags, terminal, (terms) => buildRecord({ ...terms, data }));
    });
  return addSigningFlags(command);
}

interface IssueFlags extends MakingFlags {
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
      const { signAndSend } = await import("./send.ts");
      const { amountOf } = await import("./sender.ts");
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
      "Take back a transaction that no block holds yet: another one takes its place, with the same sequence and a higher fee, that sends the smallest unit of AUR to yourself. A sequence cancels whatever waits with it, or fills the gap that later transactions wait for.",
    )
    .argument("<id|sequence>", "the transaction's id, or the account's sequence that it has")
    .examples("aurex-node tx cancel ID --key alice", "aurex-node tx cancel 7 --key alice")
    .runs(async (reference: string, flags: SigningFlags) => {
      const { cancelTransaction } = await import("./replace.ts");
      await cancelTransaction(reference, flags, terminal);
    });
  return addKeyFlags(command);
}

function bumpCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("bump", terminal)
    .summary("pay a higher fee for a transaction that waits")
    .description(
      "Sign a transaction that no block holds yet again, with the same content and sequence and a higher fee; it takes the place of the first.",
    )
    .argument("<id>", "the transaction's id")
    .examples("aurex-node tx bump ID --key alice", "aurex-node tx bump ID --key alice --fee 0.5")
    .runs(async (id: string, flags: SigningFlags) => {
      const { bumpTransaction } = await import("./replace.ts");
      await bumpTransaction(id, flags, terminal);
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
