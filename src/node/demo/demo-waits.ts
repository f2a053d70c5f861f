/** What the demo waits for: committed transactions, equal heads, nodes that know each other. */
import { toHex } from "../../base/bytes.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { shortened } from "../../base/text-table.ts";
import type { BlockchainNetwork } from "../blockchain-network.ts";
import { exitCodes, OperatorError } from "../operator-error.ts";
import type { DemoOutput } from "./demo-output.ts";
import type { SentTransaction } from "./demo-transactions.ts";

/** Long enough for a machine that has other work: nothing is gained by an early end. */
const commitTimeoutMs = 300_000;
const recordsTimeoutMs = 60_000;
const pollMs = 100;

/** Waits for every transaction on every node of its chain, saying every second how far it is. */
export async function waitUntilCommitted(
  network: BlockchainNetwork,
  sent: readonly SentTransaction[],
  { write, signal, columns }: DemoOutput,
): Promise<void> {
  write("[5/6] Waiting until every transaction is committed on every node of its chain\n");
  const startMs = systemClock.monotonicMs();
  let saidSecond = -1;
  for (;;) {
    const missing = sent.flatMap(({ consensus, id, what }) =>
      network
        .nodesOf(consensus)
        .filter((node) => !node.chain.transaction(id))
        .map((node) => ({ node, id, what })),
    );
    const wanted = sent.reduce((sum, { consensus }) => sum + network.nodesOf(consensus).length, 0);
    const elapsedMs = systemClock.monotonicMs() - startMs;
    const second = Math.floor(elapsedMs / 1_000);
    if (second > saidSecond || missing.length === 0) {
      const heads = network.allStatus().map(({ name, head }) => `${name} ${head.height}`);
      const line = `      ${wanted - missing.length}/${wanted} committed; heights: ${heads.join(", ")}`;
      write(`${shortened(line, columns, "end")}\n`);
      saidSecond = second;
    }
    if (missing.length === 0) return;
    const first = missing[0];
    const pending = first?.node.mempool.status(toHex(first.id));
    if (pending?.status === "dropped") {
      throw demoFailed(`"${first?.what}" was dropped by ${first?.node.options.name}`, pending.reason.code);
    }
    if (elapsedMs > commitTimeoutMs) {
      const why = `${commitTimeoutMs / 1_000} s have passed`;
      throw demoFailed(`"${first?.what}" is not committed on ${first?.node.options.name}`, why);
    }
    await sleep(systemClock, pollMs, signal);
    signal.throwIfAborted();
  }
}

/** Waits until the nodes of each chain stand at one head and the SQL ledger has it. */
export async function waitUntilAgreed(
  network: BlockchainNetwork,
  { signal }: DemoOutput,
  logger: Logger,
): Promise<void> {
  const startMs = systemClock.monotonicMs();
  for (const consensus of ["pow", "poa"] as const) {
    const nodes = network.nodesOf(consensus);
    for (;;) {
      const heads = new Set(nodes.map((node) => node.chain.head.hashHex));
      if (heads.size <= 1) break;
      if (systemClock.monotonicMs() - startMs > commitTimeoutMs) {
        throw demoFailed(
          `the ${consensus} nodes stand at ${heads.size} different heads`,
          [...heads].join(", "),
        );
      }
      await sleep(systemClock, pollMs, signal);
      signal.throwIfAborted();
    }
    for (const node of nodes) await node.exportCaughtUp();
  }
  logger.info({}, "all nodes agree");
}

/** Waits a moment for the nodes' records of themselves, which fill the ledger's table of nodes; a chain needs none. */
export async function waitUntilKnown(network: BlockchainNetwork, { signal }: DemoOutput): Promise<void> {
  const startMs = systemClock.monotonicMs();
  const nodes = network.names().map((name) => network.node(name));
  while (nodes.some((node) => node.network.directory.records().length < nodes.length)) {
    if (systemClock.monotonicMs() - startMs > recordsTimeoutMs) break;
    await sleep(systemClock, pollMs, signal);
    signal.throwIfAborted();
  }
  for (const node of nodes) await node.exportCaughtUp();
}

function demoFailed(what: string, why: string): OperatorError {
  return new OperatorError(what, {
    code: "demo/failed",
    exitCode: exitCodes.bug,
    why,
    next: "look into blockchain.log in the data directory, or run again with --log-level debug",
  });
}
