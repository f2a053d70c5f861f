/** What the demo waits for: committed transactions, equal heads, nodes that know each other. */
import { sleep, systemClock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { shortened } from "../base/text-table.ts";
import type { BlockchainNetwork } from "../node/blockchain-network.ts";
import { exitCodes, OperatorError } from "../node/operator-error.ts";
import type { DemoOutput } from "./demo-output.ts";
import type { SentTransaction } from "./demo-transactions.ts";

/** Long enough for a machine that has other work: nothing is gained by an early end. */
const commitTimeoutMs = 300_000;
const recordsTimeoutMs = 60_000;
const pollMs = 100;
const sendsAgainMax = 5;

/** Waits for every transaction on every node of its chain, saying every second how far it is. */
export async function waitUntilCommitted(
  network: BlockchainNetwork,
  sent: readonly SentTransaction[],
  { write, signal, columns }: DemoOutput,
): Promise<void> {
  write("[5/6] Waiting until every transaction is committed on every node of its chain\n");
  const startMs = systemClock.monotonicMs();
  let saidSecond = -1;
  const sendsAgain = new Map<SentTransaction, number>();
  for (;;) {
    const missing = sent.flatMap((transaction) =>
      network
        .nodesOf(transaction.consensus)
        .filter((node) => !transaction.isCommittedOn(node))
        .map((node) => ({ node, transaction })),
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
    for (const transaction of new Set(missing.map((each) => each.transaction))) {
      await sendAgainIfDropped(transaction, network, sendsAgain);
    }
    if (elapsedMs > commitTimeoutMs) {
      const [first] = missing;
      const why = `${commitTimeoutMs / 1_000} s have passed`;
      throw demoFailed(`"${first?.transaction.what}" is not committed on ${first?.node.options.name}`, why);
    }
    await sleep(systemClock, pollMs, signal);
    signal.throwIfAborted();
  }
}

/**
 * What a demo that was stopped has sent may come into a block before what this one sends, and take its sequence or its
 * name. Then it is signed again: a few times, since something else is wrong if that does not help.
 */
async function sendAgainIfDropped(
  transaction: SentTransaction,
  network: BlockchainNetwork,
  sendsAgain: Map<SentTransaction, number>,
): Promise<void> {
  const nodes = network.nodesOf(transaction.consensus);
  const statuses = nodes.map((node) => node.mempool.status(transaction.idHex));
  // While one node has it, in a block or waiting, it may still come to all.
  if (nodes.some((node) => transaction.isCommittedOn(node))) return;
  if (statuses.some((status) => status?.status === "pending")) return;
  const dropped = statuses.find((status) => status?.status === "dropped");
  if (dropped?.status !== "dropped") return;
  const count = sendsAgain.get(transaction) ?? 0;
  if (count === sendsAgainMax) throw demoFailed(`"${transaction.what}" was dropped`, dropped.reason.code);
  try {
    await transaction.send();
    sendsAgain.set(transaction, count + 1);
  } catch {
    // Refused as long as what took its place still waits: the next look tries again, until the time is over.
  }
}

/** Waits until what an earlier run has sent is in blocks. */
export async function waitUntilQuiet(
  network: BlockchainNetwork,
  { write, signal }: DemoOutput,
): Promise<void> {
  const startMs = systemClock.monotonicMs();
  const nodes = network.names().map((name) => network.node(name));
  const isQuiet = () => nodes.every((node) => !node.mempool.hasReady());
  if (isQuiet()) return;
  write("      waiting for what an earlier run has sent\n");
  while (!isQuiet() && systemClock.monotonicMs() - startMs < commitTimeoutMs) {
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
