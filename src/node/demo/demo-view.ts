/** What the demo shows: the results once, then a line that is rewritten. */
import { sleep, systemClock } from "../../base/clock.ts";
import { openLedgerFile } from "../../export/ledger-file.ts";
import { ledgerTablesText } from "../../export/print-tables.ts";
import type { BlockchainNetwork } from "../blockchain-network.ts";
import { blockSummaries, chainTable, statusTable } from "../chain-tables.ts";
import type { DemoOutput } from "./demo-output.ts";

const ledgerRowsMax = 12;
const liveEveryMs = 1_000;

export async function showResults(
  network: BlockchainNetwork,
  ledgerFile: string,
  { write }: DemoOutput,
): Promise<void> {
  write("[6/6] Results\n\nStatus of every node\n");
  write(statusTable(network.allStatus()));
  for (const [consensus, title] of [
    ["pow", "Proof of Work chain"],
    ["poa", "Proof of Authority chain"],
  ] as const) {
    const node = network.nodesOf(consensus)[0];
    if (node) write(`\n${chainTable(title, blockSummaries(node.chain))}`);
  }
  const ledger = openLedgerFile(ledgerFile);
  try {
    write(`\nSQL ledger ${ledgerFile}\n\n${ledgerTablesText(ledger, { rowsMax: ledgerRowsMax })}\n`);
  } finally {
    ledger.close();
  }
  write("Every transaction is committed on every node, and the nodes of each chain agree.\n");
  write(`Look for yourself: sqlite3 ${ledgerFile} 'SELECT "index", hash, miner, signer_id FROM blocks'\n`);
}

/** One line, rewritten every second until Ctrl-C. */
export async function showLive(network: BlockchainNetwork, { write, signal }: DemoOutput): Promise<void> {
  write("\nThe network goes on. Press Ctrl-C to stop.\n");
  while (!signal.aborted) {
    const nodes = network
      .allStatus()
      .map(({ name, head, peers }) => `${name} ${head.height} (${peers} peers)`);
    write(`\r\x1b[K${new Date().toLocaleTimeString("en-GB")}  ${nodes.join("  ")}`);
    await sleep(systemClock, liveEveryMs, signal);
  }
}
