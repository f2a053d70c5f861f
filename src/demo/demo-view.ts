/** What the demo shows: the results once, then how the network goes on. */

import type { BlockSummary as AnsweredBlock } from "../api/blocks.ts";
import { sleep, systemClock } from "../base/clock.ts";
import { shortened } from "../base/text-table.ts";
import type { ApiClient } from "../client/api-client.ts";
import { openLedgerFile } from "../export/ledger-file.ts";
import { ledgerTablesText } from "../export/print-tables.ts";
import { type BlockSummary, chainTable, statusTable } from "../node/status-tables.ts";
import { nodeIdOf, publicKeyOfAddress } from "../protocol/identity.ts";
import { commandText, shellWord } from "./demo-commands.ts";
import type { DemoOutput } from "./demo-output.ts";
import type { Lab } from "./lab/lab.ts";
import { endText, type LabNode } from "./lab/lab-node.ts";

const ledgerRowsMax = 12;
const liveEveryMs = 1_000;

export async function showResults(
  lab: Lab,
  ledgerFile: string,
  { write, program, columns }: DemoOutput,
): Promise<void> {
  write("[6/6] Results\n\nStatus of every node\n");
  write(statusTable(await Promise.all(lab.nodes.map(({ api }) => api.node())), columns));
  for (const [consensus, title] of [
    ["pow", "Proof of Work chain"],
    ["poa", "Proof of Authority chain"],
  ] as const) {
    const node = lab.nodesOf(consensus)[0];
    if (node) write(`\n${chainTable(title, await blockSummaries(node.api), columns)}`);
  }
  const ledger = openLedgerFile(ledgerFile);
  try {
    const tables = ledgerTablesText(ledger, { rowsMax: ledgerRowsMax, width: columns });
    write(`\nSQL ledger ${ledgerFile}\n\n${tables}\n`);
  } finally {
    ledger.close();
  }
  write("Every transaction is committed on every node, and the nodes of each chain agree.\n");
  write("Look for yourself:\n");
  write(`  sqlite3 ${shellWord(ledgerFile)} \\\n    'SELECT "index", hash, miner, signer_id FROM blocks'\n`);
  const ids = await Promise.all(
    (["pow", "poa"] as const).map(
      async (consensus) => (await lab.nodesOf(consensus)[0]?.api.node())?.chainId,
    ),
  );
  const genesis = ids.filter((id) => id !== undefined).map((id) => `--genesis ${id}`);
  write("Check it without trust in any node, each chain from its id on:\n");
  write(commandText([`${program} audit ${shellWord(ledgerFile)}`, ...genesis], columns));
}

/** The canonical chain, lowest block first. */
async function blockSummaries(api: ApiClient): Promise<BlockSummary[]> {
  const blocks: AnsweredBlock[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page = await api.blocks({ from: String(from), limit: "100" });
    blocks.push(...page.items);
    from = page.next === null ? undefined : from + page.items.length;
  }
  return Promise.all(blocks.map((block) => summaryOf(api, block)));
}

async function summaryOf(api: ApiClient, block: AnsweredBlock): Promise<BlockSummary> {
  const { height, hash, parentHash, timestampMs, producer, transactionCount } = block;
  const key = producer === null ? undefined : publicKeyOfAddress(producer);
  return {
    ...{ height, hash, parentHash, timestampMs, transactions: transactionCount },
    producer: height === 0 || !key ? "" : nodeIdOf(key),
    nonce: (await api.block(hash)).countingNonce,
  };
}

/**
 * How far every node is, until Ctrl-C. In a terminal it is one line that is rewritten every second and never wider than
 * the terminal; otherwise a line for each change, since a file has no cursor. A node that ends by itself has a line of
 * its own.
 */
export async function showLive(lab: Lab, { write, signal, isTerminal, columns }: DemoOutput): Promise<void> {
  write("The network goes on. Press Ctrl-C to stop.\n");
  const onEnded = (node: LabNode) => {
    const said = node.ended ? endText(node.ended) : "";
    write(`${isTerminal ? "\r\x1b[K" : ""}${node.name} has ended by itself: ${said}\n`);
  };
  lab.events.on("ended", onEnded);
  let last = "";
  while (!signal.aborted) {
    const text = liveText(lab.nodes);
    const line = `${new Date().toLocaleTimeString("en-GB")}  ${text}`;
    // The last column stays free: a terminal may move on to the next line behind it.
    if (isTerminal) write(`\r\x1b[K${shortened(line, columns - 1, "end")}`);
    else if (text !== last) write(`${shortened(line, columns, "end")}\n`);
    last = text;
    await sleep(systemClock, liveEveryMs, signal);
  }
  lab.events.off("ended", onEnded);
}

/** E.g. "PoW height 12  PoA heights 7 6  4 peers each  0 waiting": of the nodes that run, in their order. */
function liveText(nodes: readonly LabNode[]): string {
  const up = nodes.filter(({ state }) => state === "running");
  const chains = (
    [
      ["pow", "PoW"],
      ["poa", "PoA"],
    ] as const
  ).flatMap(([consensus, title]) => {
    const heights = up
      .filter(({ plan }) => plan.consensus === consensus)
      .map(({ view }) => view?.status.head.height ?? 0);
    if (heights.length === 0) return [];
    // Nodes that agree need one number.
    return [
      `${title} ${new Set(heights).size === 1 ? `height ${heights[0]}` : `heights ${heights.join(" ")}`}`,
    ];
  });
  const peers = new Set(up.map(({ view }) => view?.status.peers ?? 0));
  const waiting = Math.max(0, ...up.map(({ view }) => view?.status.mempool ?? 0));
  const down = nodes.filter(({ state }) => state !== "running").map(({ name, state }) => `${name} ${state}`);
  return [
    ...chains,
    peers.size === 1 ? `${[...peers][0]} peers each` : `${Math.min(...peers)} to ${Math.max(...peers)} peers`,
    `${waiting} waiting`,
    ...down,
  ].join("  ");
}
