/** `aurex-node chain`: blocks of a running node. */

import type { BlockAnswer, BlockSummary } from "../api/blocks.ts";
import type { TableColumn } from "../base/text-table.ts";
import { visibleText } from "../base/visible-text.ts";
import { AurexCommand } from "./command.ts";
import { fieldList } from "./field-list.ts";
import { numberFrom, wholeNumber } from "./flag-values.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { type Terminal, tableFor, writeJson } from "./terminal.ts";
import { localTime } from "./time-text.ts";
import { addWideFlag, type WideFlag } from "./wide-flag.ts";

export function chainCommand(terminal: Terminal): AurexCommand {
  const chain = new AurexCommand("chain", terminal)
    .description("Show blocks of a running node.")
    .examples("aurex-node chain list", "aurex-node chain show head");
  chain.addCommand(listCommand(terminal));
  chain.addCommand(showCommand(terminal));
  return chain;
}

interface ListFlags extends ApiFlags, JsonFlag, WideFlag {
  readonly from?: number;
  readonly limit: number;
}

function listCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("list", terminal)
    .summary("list blocks")
    .description("List blocks, lowest first; the newest ones if no height is given.")
    .option("--from <height>", "first block", wholeNumber)
    .option("--limit <count>", "how many blocks, 1 to 100", numberFrom(1, 100), 20)
    .examples("aurex-node chain list", "aurex-node chain list --from 0 --limit 100 --json")
    .runs(async ({ from, limit, wide, ...flags }: ListFlags) => {
      const client = await connect(flags, terminal);
      const answer = await client.blocks({ limit, ...(from === undefined ? {} : { from }) });
      if (flags.json) return writeJson(terminal, answer);
      const rows = answer.blocks.map((block) => rowOf(block, wide));
      terminal.stdout.write(tableFor(terminal, blockColumns, rows, wide));
    });
  return addJsonFlag(addWideFlag(addApiFlags(command)));
}

const blockColumns: readonly TableColumn[] = [
  { title: "height", right: true },
  { title: "hash", cut: "end", widthMin: 12 },
  { title: "time" },
  { title: "txs", right: true },
  { title: "producer", cut: "middle", widthMin: 12 },
];
/** Enough to tell blocks apart, and to find one by `chain show HEIGHT`. */
const shortHashDigits = 16;

function rowOf(block: BlockSummary, wide = false): string[] {
  const { height, hash, timestampMs, transactionCount, producerName, producer } = block;
  return [
    String(height),
    wide ? hash : `${hash.slice(0, shortHashDigits)}…`,
    wide ? new Date(timestampMs).toISOString() : localTime(timestampMs),
    String(transactionCount),
    producerName ?? producer ?? "",
  ];
}

function showCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("show", terminal)
    .summary("show one block")
    .description("Show one block with its transactions.")
    .argument("[block]", '"head", "final", a height or a hash', "head")
    .examples("aurex-node chain show", "aurex-node chain show 12 --json | jq .transactions")
    .runs((reference: string, flags: ApiFlags & JsonFlag) => showBlock(reference, flags, terminal));
  return addJsonFlag(addApiFlags(command));
}

/** `aurex-node block`: what `chain show` shows, under the name that people try first. */
export function blockCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("block", terminal)
    .description("Show one block with its transactions; the newest one if none is named.")
    .argument("[block]", '"head", "final", a height or a hash', "head")
    .examples("aurex-node block", "aurex-node block final", "aurex-node block 12 --json | jq .transactions")
    .runs((reference: string, flags: ApiFlags & JsonFlag) => showBlock(reference, flags, terminal));
  return addJsonFlag(addApiFlags(command));
}

async function showBlock(reference: string, flags: ApiFlags & JsonFlag, terminal: Terminal): Promise<void> {
  const client = await connect(flags, terminal);
  const block = await client.block(reference);
  if (flags.json) writeJson(terminal, block);
  else terminal.stdout.write(blockText(block, terminal.columns));
}

function blockText({ transactions, ...block }: BlockAnswer, columns: number): string {
  const { producer, producerName, canonical, signature, extraData } = block;
  const fields = fieldList(
    {
      height: block.height,
      hash: block.hash,
      parent: block.parentHash,
      time: new Date(block.timestampMs).toISOString(),
      producer: producerName === null ? producer : `${producerName} (${producer})`,
      nonce: signature === null ? `${block.countingNonce} (${block.nonce})` : undefined,
      signature,
      "state root": block.stateRoot,
      "txs root": block.transactionsRoot,
      weight: block.cumulativeWeight,
      note: extraData || undefined,
      bytes: block.bytes,
      canonical: canonical ? "yes" : "no, another branch is heavier",
      final: block.final ? "yes" : undefined,
      confirmations: block.confirmations || undefined,
      certifies: block.certificate
        ? `block ${block.certificate.height}, by ${block.certificate.signers.length} of its authorities`
        : undefined,
      removes: block.offenders.map((address) => `${address}, by evidence`),
      fees: block.feesUnits === "0" ? undefined : `${block.fees} AUR`,
      transactions: block.transactionCount,
    },
    columns,
  );
  // The id has 64 digits and is there to be copied.
  const lines = transactions.flatMap(({ id, payload, sender, senderName }) => [
    `  ${id}  ${payload.kind}`,
    `      from ${visibleText(senderName ?? sender)}`,
  ]);
  return fields + lines.map((line) => `${line}\n`).join("");
}
