/** What the demo shows: the results once, then how the network goes on. */

import type { NodeStatus } from "../api/node-status.ts";
import { sleep, systemClock } from "../base/clock.ts";
import { shortened } from "../base/text-table.ts";
import { openLedgerFile } from "../export/ledger-file.ts";
import { ledgerTablesText } from "../export/print-tables.ts";
import type { BlockchainNetwork } from "../node/blockchain-network.ts";
import { blockSummaries, chainTable, statusTable } from "../node/chain-tables.ts";
import { shellWord } from "./demo-commands.ts";
import type { DemoOutput } from "./demo-output.ts";

const ledgerRowsMax = 12;
const liveEveryMs = 1_000;

export async function showResults(
  network: BlockchainNetwork,
  ledgerFile: string,
  { write, columns }: DemoOutput,
): Promise<void> {
  write("[6/6] Results\n\nStatus of every node\n");
  write(statusTable(network.allStatus(), columns));
  for (const [consensus, title] of [
    ["pow", "Proof of Work chain"],
    ["poa", "Proof of Authority chain"],
  ] as const) {
    const node = network.nodesOf(consensus)[0];
    if (node) write(`\n${chainTable(title, blockSummaries(node.chain), columns)}`);
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
}

/**
 * How far every node is, until Ctrl-C. In a terminal it is one line that is rewritten every second and never wider than
 * the terminal; otherwise a line for each change, since a file has no cursor.
 */
export async function showLive(
  network: BlockchainNetwork,
  { write, signal, isTerminal, columns }: DemoOutput,
): Promise<void> {
  write("\nThe network goes on. Press Ctrl-C to stop.\n");
  let last = "";
  while (!signal.aborted) {
    const text = liveText(network.allStatus());
    const line = `${new Date().toLocaleTimeString("en-GB")}  ${text}`;
    // The last column stays free: a terminal may move on to the next line behind it.
    if (isTerminal) write(`\r\x1b[K${shortened(line, columns - 1, "end")}`);
    else if (text !== last) write(`${shortened(line, columns, "end")}\n`);
    last = text;
    await sleep(systemClock, liveEveryMs, signal);
  }
}

/** E.g. "PoW 12 12 12  PoA 7 7  4 peers each": the heights of each chain's nodes, in their order. */
function liveText(statuses: readonly NodeStatus[]): string {
  const chains = (
    [
      ["pow", "PoW"],
      ["poa", "PoA"],
    ] as const
  ).flatMap(([consensus, title]) => {
    const heights = statuses
      .filter((status) => status.consensus === consensus)
      .map(({ head }) => head.height);
    if (heights.length === 0) return [];
    // Nodes that agree need one number.
    return [
      `${title} ${new Set(heights).size === 1 ? `height ${heights[0]}` : `heights ${heights.join(" ")}`}`,
    ];
  });
  const peers = new Set(statuses.map((status) => status.peers));
  const waiting = Math.max(0, ...statuses.map(({ mempool }) => mempool));
  return [
    ...chains,
    peers.size === 1 ? `${[...peers][0]} peers each` : `${Math.min(...peers)} to ${Math.max(...peers)} peers`,
    `${waiting} waiting`,
  ].join("  ");
}
