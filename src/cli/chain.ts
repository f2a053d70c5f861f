/** `aurex-node chain`: blocks of a running node. */
import type { BlockAnswer, BlockSummary } from "../http/answers.ts";
import { AurexCommand } from "./command.ts";
import { fieldList } from "./field-list.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { wholeNumber } from "./signing-flags.ts";
import { type Terminal, writeJson } from "./terminal.ts";

export function chainCommand(terminal: Terminal): AurexCommand {
  const chain = new AurexCommand("chain", terminal)
    .description("Show blocks of a running node.")
    .examples("aurex-node chain list", "aurex-node chain show head");
  chain.addCommand(listCommand(terminal));
  chain.addCommand(showCommand(terminal));
  return chain;
}

interface ListFlags extends ApiFlags, JsonFlag {
  readonly from?: number;
  readonly limit: number;
}

function listCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("list", terminal)
    .summary("list blocks")
    .description("List blocks, lowest first; the newest where no height is given.")
    .option("--from <height>", "first block", wholeNumber)
    .option("--limit <count>", "how many, up to 100", wholeNumber, 20)
    .examples("aurex-node chain list", "aurex-node chain list --from 0 --limit 100 --json")
    .runs(async ({ from, limit, ...flags }: ListFlags) => {
      const client = await connect(flags, terminal);
      const answer = await client.blocks({ limit, ...(from === undefined ? {} : { from }) });
      if (flags.json) return writeJson(terminal, answer);
      const { textTable } = await import("../node/chain-tables.ts");
      terminal.stdout.write(
        textTable(["height", "hash", "time", "transactions", "producer"], answer.blocks.map(rowOf)),
      );
    });
  return addJsonFlag(addApiFlags(command));
}

function rowOf({
  height,
  hash,
  timestampMs,
  transactionCount,
  producerName,
  producer,
}: BlockSummary): string[] {
  const time = new Date(timestampMs).toISOString();
  return [String(height), hash, time, String(transactionCount), producerName ?? producer ?? ""];
}

function showCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("show", terminal)
    .summary("show one block")
    .description("Show one block with its transactions.")
    .argument("[block]", '"head", a height or a hash', "head")
    .examples("aurex-node chain show", "aurex-node chain show 12 --json | jq .transactions")
    .runs(async (reference: string, flags: ApiFlags & JsonFlag) => {
      const client = await connect(flags, terminal);
      const block = await client.block(reference);
      if (flags.json) writeJson(terminal, block);
      else terminal.stdout.write(blockText(block));
    });
  return addJsonFlag(addApiFlags(command));
}

function blockText({ transactions, ...block }: BlockAnswer): string {
  const { producer, producerName, canonical, signature, extraData } = block;
  const fields = fieldList({
    height: block.height,
    hash: block.hash,
    parent: block.parentHash,
    time: new Date(block.timestampMs).toISOString(),
    producer: producerName === null ? producer : `${producerName} (${producer})`,
    nonce: signature === null ? block.nonce : undefined,
    signature,
    "state root": block.stateRoot,
    "transactions root": block.transactionsRoot,
    weight: block.cumulativeWeight,
    note: extraData || undefined,
    bytes: block.bytes,
    canonical: canonical ? "yes" : "no, another branch is heavier",
    transactions: block.transactionCount,
  });
  const lines = transactions.map(
    ({ id, payload, sender, senderName }) => `  ${id}  ${payload.kind}  ${senderName ?? sender}\n`,
  );
  return fields + lines.join("");
}
