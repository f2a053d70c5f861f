/** `aurex-node mempool`: what waits for a block. */
import { getMempool, getMempoolStats, type MempoolPage, type MempoolStats } from "../api/mempool.ts";
import type { TableColumn } from "../base/text-table.ts";
import { AurexCommand } from "./command.ts";
import { fieldList } from "./field-list.ts";
import { numberFrom } from "./flag-values.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { grouped } from "./status-text.ts";
import { type Terminal, tableFor, writeJson } from "./terminal.ts";
import { agoText } from "./time-text.ts";
import { addWideFlag, type WideFlag } from "./wide-flag.ts";

interface Flags extends ApiFlags, JsonFlag, WideFlag {
  readonly limit: number;
  readonly account?: string;
}

export function mempoolCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("mempool", terminal)
    .description(
      "Show the transactions that wait for a block: how many, which fees they offer, which fee to pay, and the newest of them.",
    )
    .option("--limit <count>", "how many transactions, 1 to 100", numberFrom(1, 100), 20)
    .option("--account <address|name>", "those of one account alone, by sequence")
    .examples(
      "aurex-node mempool",
      "aurex-node mempool --account alice@example.com",
      "aurex-node mempool --json | jq .count",
    )
    .runs(async ({ limit, account, json, wide, ...flags }: Flags) => {
      const client = await connect(flags, terminal);
      const query = { limit: String(limit), ...(account === undefined ? {} : { account }) };
      const [stats, page] = await Promise.all([
        client.call(getMempoolStats, {}),
        client.call(getMempool, { query }),
      ]);
      if (json) writeJson(terminal, { ...stats, items: page.items, next: page.next });
      else terminal.stdout.write(statsText(stats, terminal) + pageText(page, terminal, wide));
    });
  return addJsonFlag(addWideFlag(addApiFlags(command)));
}

function statsText(stats: MempoolStats, terminal: Terminal): string {
  const { count, bytes, countMax, oldest, minimumFee, suggestedFees } = stats;
  return fieldList(
    {
      waiting: `${grouped(count)} of at most ${grouped(countMax)}, ${grouped(bytes)} bytes`,
      oldest: oldest ? `${oldest.id}, ${agoText(Date.now() - oldest.ageMs, Date.now())}` : undefined,
      "minimum fee": `${minimumFee} AUR`,
      "fee to pay": suggestedFees.map(({ blocks, fee }) =>
        blocks === 1 ? `${fee} AUR for the next block` : `${fee} AUR for one of the next ${blocks} blocks`,
      ),
    },
    terminal.columns,
  );
}

const columns: readonly TableColumn[] = [
  { title: "id", cut: "end", widthMin: 12 },
  { title: "kind" },
  { title: "from", cut: "middle", widthMin: 12 },
  { title: "sequence", right: true },
  { title: "fee", right: true },
  { title: "waits for", cut: "end", widthMin: 14 },
];
const shortIdDigits = 16;

function pageText({ items, next }: MempoolPage, terminal: Terminal, wide = false): string {
  if (items.length === 0) return "";
  const rows = items.map(({ id, payload, sender, senderName, sequence, fee, waitingFor }) => [
    wide ? id : `${id.slice(0, shortIdDigits)}…`,
    payload.kind,
    senderName ?? sender,
    String(sequence),
    fee,
    waitingFor,
  ]);
  const more = next === null ? "" : `There are more: --limit 100, or GET /v1/mempool page by page.\n`;
  return `\n${tableFor(terminal, columns, rows, wide)}${more}`;
}
