/** What the demo waits for: nodes that answer and are connected, committed transactions, equal heads, nodes that know each other. */
import type { NodeAnswer } from "../api/node-status.ts";
import { sleep, systemClock } from "../base/clock.ts";
import { shortened } from "../base/text-table.ts";
import { ApiProblem, ApiUnreachable } from "../client/api-problem.ts";
import { openLedgerFile } from "../export/ledger-file.ts";
import { type ExitCode, exitCodes, OperatorError } from "../node/operator-error.ts";
import { ChainIds } from "./chain-ids.ts";
import type { DemoOutput } from "./demo-output.ts";
import { hasUser, type SentTransaction } from "./demo-transactions.ts";
import type { Lab } from "./lab/lab.ts";
import { endText, type LabNode } from "./lab/lab-node.ts";

/** Long enough for a machine that has other work: nothing is gained by an early end. */
const commitTimeoutMs = 300_000;
const connectTimeoutMs = 60_000;
const recordsTimeoutMs = 60_000;
const pollMs = 100;
const sendsAgainMax = 5;

/** Starts all nodes side by side; `onRunning` is told of each in their order. */
export async function startNodes(
  lab: Lab,
  { signal }: DemoOutput,
  onRunning: (node: LabNode) => void,
): Promise<void> {
  const startMs = systemClock.monotonicMs();
  for (const node of lab.nodes) node.start();
  for (const node of lab.nodes) {
    while (node.state !== "running") {
      const isInUse = node.ended?.exitCode === exitCodes.dataDirectoryInUse;
      // The nodes of a demo that was killed end by themselves, but take a moment for it.
      if (isInUse && systemClock.monotonicMs() - startMs < inUseTimeoutMs) node.start();
      await sleep(systemClock, pollMs, signal);
      signal.throwIfAborted();
      if (!isInUse) requireRunning(lab);
    }
    onRunning(node);
  }
}

const inUseTimeoutMs = 15_000;

/** Waits until each node is connected with every other one, across engines. */
export async function waitUntilConnected(lab: Lab, { signal }: DemoOutput): Promise<void> {
  const startMs = systemClock.monotonicMs();
  const isAlone = ({ view }: LabNode) => (view?.status.peers ?? 0) < lab.nodes.length - 1;
  while (lab.nodes.some(isAlone)) {
    if (systemClock.monotonicMs() - startMs > connectTimeoutMs) {
      const names = lab.nodes.filter(isAlone).map(({ name }) => name);
      throw demoFailed("not all nodes are connected with each other", `${names.join(", ")} lack a peer`);
    }
    await pause(lab, signal);
  }
}

/** Waits for every transaction on every node of its chain, saying every second how far it is. */
export async function waitUntilCommitted(
  lab: Lab,
  sent: readonly SentTransaction[],
  { write, signal, columns }: DemoOutput,
  baseHeights: ReadonlyMap<LabNode, number>,
): Promise<void> {
  write("[5/6] Waiting until every transaction is committed on every node of its chain\n");
  const startMs = systemClock.monotonicMs();
  let saidSecond = -1;
  const sendsAgain = new Map<SentTransaction, number>();
  const chains = new Map(lab.nodes.map((node) => [node, new ChainIds(node.api, baseHeights.get(node) ?? 0)]));
  for (;;) {
    await Promise.all([...chains.values()].map((chain) => chain.follow()));
    const missing = (
      await Promise.all(sent.map((transaction) => missingOn(lab, transaction, chains)))
    ).flat();
    const wanted = sent.reduce((sum, { consensus }) => sum + lab.nodesOf(consensus).length, 0);
    const elapsedMs = systemClock.monotonicMs() - startMs;
    const second = Math.floor(elapsedMs / 1_000);
    if (second > saidSecond || missing.length === 0) {
      const heads = lab.nodes.map(({ name, view }) => `${name} ${view?.status.head.height ?? 0}`);
      const line = `      ${wanted - missing.length}/${wanted} committed; heights: ${heads.join(", ")}`;
      write(`${shortened(line, columns, "end")}\n`);
      saidSecond = second;
    }
    if (missing.length === 0) return;
    for (const transaction of new Set(missing.map((each) => each.transaction))) {
      const onNoNode =
        missing.filter((each) => each.transaction === transaction).length ===
        lab.nodesOf(transaction.consensus).length;
      // While one node has it in a block, it may still come to all.
      if (onNoNode) await sendAgainIfDropped(transaction, lab, sendsAgain);
    }
    if (elapsedMs > commitTimeoutMs) {
      const [first] = missing;
      const why = `${commitTimeoutMs / 1_000} s have passed`;
      throw demoFailed(`"${first?.transaction.what}" is not committed on ${first?.node.name}`, why);
    }
    await pause(lab, signal);
  }
}

interface Missing {
  readonly node: LabNode;
  readonly transaction: SentTransaction;
}

/** The nodes of its chain that do not have it, nor what it is for by another transaction, e.g. one of an earlier run. */
async function missingOn(
  lab: Lab,
  transaction: SentTransaction,
  chains: ReadonlyMap<LabNode, ChainIds>,
): Promise<Missing[]> {
  const missing: Missing[] = [];
  for (const node of lab.nodesOf(transaction.consensus)) {
    if (chains.get(node)?.has(transaction.idHex)) continue;
    if (transaction.name !== undefined && (await hasUser(node, transaction.name))) continue;
    missing.push({ node, transaction });
  }
  return missing;
}

/**
 * What a demo that was stopped has sent may come into a block before what this one sends, and take its sequence or its
 * name. Then it is signed again: a few times, since something else is wrong if that does not help.
 */
async function sendAgainIfDropped(
  transaction: SentTransaction,
  lab: Lab,
  sendsAgain: Map<SentTransaction, number>,
): Promise<void> {
  let reason: string | undefined;
  for (const { api } of lab.nodesOf(transaction.consensus)) {
    const answer = await api.transaction(transaction.idHex).catch((thrown: unknown) => {
      // A node that has not heard of it.
      if (thrown instanceof ApiProblem || thrown instanceof ApiUnreachable) return undefined;
      throw thrown;
    });
    if (answer?.status === "pending" || answer?.status === "committed") return;
    if (answer?.status === "dropped") reason = answer.reason.code;
  }
  if (reason === undefined) return;
  const count = sendsAgain.get(transaction) ?? 0;
  if (count === sendsAgainMax) throw demoFailed(`"${transaction.what}" was dropped`, reason);
  try {
    await transaction.send();
    sendsAgain.set(transaction, count + 1);
  } catch {
    // Refused as long as what took its place still waits: the next look tries again, until the time is over.
  }
}

/** Waits until what an earlier run has sent is in blocks. */
export async function waitUntilQuiet(lab: Lab, { write, signal }: DemoOutput): Promise<void> {
  const startMs = systemClock.monotonicMs();
  const isQuiet = async () => (await statuses(lab.nodes)).every(({ mempool }) => mempool === 0);
  if (await isQuiet()) return;
  write("      waiting for what an earlier run has sent\n");
  while (!(await isQuiet()) && systemClock.monotonicMs() - startMs < quietTimeoutMs) await pause(lab, signal);
}

/** A transaction that can never be executed waits for ever: the demo goes on beside it. */
const quietTimeoutMs = 30_000;

/** Waits until the nodes of each chain stand at one head and the SQL ledger has it. */
export async function waitUntilAgreed(lab: Lab, { signal }: DemoOutput): Promise<void> {
  const startMs = systemClock.monotonicMs();
  for (const consensus of ["pow", "poa"] as const) {
    const nodes = lab.nodesOf(consensus);
    for (;;) {
      const all = await statuses(nodes);
      const heads = new Set(all.map(({ head }) => head.hash));
      const isExported = all.every((status) => status.export === null || isLevel(status));
      if (heads.size <= 1 && isExported) break;
      if (systemClock.monotonicMs() - startMs > commitTimeoutMs) {
        throw heads.size > 1
          ? demoFailed(`the ${consensus} nodes stand at ${heads.size} different heads`, [...heads].join(", "))
          : demoFailed(`the SQL ledger does not have the ${consensus} chain`, exportFault(all));
      }
      await pause(lab, signal);
    }
  }
}

function isLevel({ export: ledger, head }: NodeAnswer): boolean {
  return ledger?.height === head.height && ledger.lagBlocks === 0;
}

function exportFault(all: readonly NodeAnswer[]): string {
  return all.map((status) => status.export?.fault?.message).find((message) => message) ?? "it lags behind";
}

/** Waits a moment for the nodes' records of themselves, which fill the ledger's table of nodes; a chain needs none. */
export async function waitUntilKnown(lab: Lab, ledgerFile: string, { signal }: DemoOutput): Promise<void> {
  const startMs = systemClock.monotonicMs();
  while (nodesIn(ledgerFile) < lab.nodes.length) {
    if (systemClock.monotonicMs() - startMs > recordsTimeoutMs) return;
    await pause(lab, signal);
  }
}

function nodesIn(ledgerFile: string): number {
  const ledger = openLedgerFile(ledgerFile);
  try {
    return Number(ledger.prepare("SELECT COUNT(DISTINCT node_id) AS n FROM nodes").get()?.n ?? 0);
  } finally {
    ledger.close();
  }
}

function statuses(nodes: readonly LabNode[]): Promise<NodeAnswer[]> {
  return Promise.all(nodes.map(({ api }) => api.node()));
}

/** @throws the signal's reason if it was aborted, OperatorError if a node has ended by itself */
async function pause(lab: Lab, signal: AbortSignal): Promise<void> {
  await sleep(systemClock, pollMs, signal);
  signal.throwIfAborted();
  requireRunning(lab);
}

/** @throws OperatorError with what the node said, and its exit code */
export function requireRunning(lab: Lab): void {
  const node = lab.nodes.find(({ state }) => state === "ended");
  if (!node?.ended) return;
  const { exitCode, next } = node.ended;
  const known = Object.values(exitCodes).find((code) => code === exitCode && code !== exitCodes.ok);
  throw new OperatorError(`${node.name} has ended: ${endText(node.ended)}`, {
    code: "demo/node-ended",
    exitCode: (known ?? exitCodes.bug) as ExitCode,
    why: "the demo needs all of its nodes",
    next:
      exitCode === exitCodes.portInUse
        ? "name other ports with --ports, or end the program that has this one"
        : next || `look into ${node.plan.dataDir}/blockchain.log`,
  });
}

function demoFailed(what: string, why: string): OperatorError {
  return new OperatorError(what, {
    code: "demo/failed",
    exitCode: exitCodes.bug,
    why,
    next: "look into blockchain.log in the nodes' directories, or run again with --log-level debug",
  });
}
