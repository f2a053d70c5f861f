/** The documented quick start: a network of both engines, test transactions, and what came of them. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fromHex, fromUtf8, toHex } from "../base/bytes.ts";
import { sleep, systemClock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { openLedgerFile } from "../export/ledger-file.ts";
import { ledgerTablesText } from "../export/print-tables.ts";
import type { ConsensusName } from "../protocol/genesis.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { Payload } from "../protocol/transaction.ts";
import { loadOrCreateKey } from "../wallet/keystore.ts";
import type { AurexNode } from "./aurex-node.ts";
import { BlockchainNetwork } from "./blockchain-network.ts";
import { blockSummaries, chainTable, statusTable } from "./chain-tables.ts";
import { createNodeLogger } from "./logging.ts";
import { exitCodes, OperatorError, placeUnusable } from "./operator-error.ts";

export interface DemoOptions {
  readonly powNodes: number;
  readonly poaNodes: number;
  /** TCP ports, in the order of the nodes; nodes without one take any free port. */
  readonly ports: readonly number[];
  /** Transfers on each chain besides the named ones. */
  readonly transactions: number;
  /** A temporary directory where it is not given; it stays, so that the ledger can be looked at. */
  readonly dataDir: string | undefined;
  /** End when everything has been shown, also in a terminal. */
  readonly exit: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
}

export interface DemoOutput {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

const users = ["alice@example.com", "bob@example.com"] as const;
const goldUnits = 1_000_00n;
/** A hundredth of an AUR. */
const centUnits = 1_000_000n;
const commitTimeoutMs = 120_000;
const recordsTimeoutMs = 15_000;
const pollMs = 100;
const ledgerRowsMax = 12;
const liveEveryMs = 1_000;

interface SentTransaction {
  readonly consensus: ConsensusName;
  readonly id: Uint8Array;
  readonly what: string;
}

/**
 * Runs the demonstration.
 *
 * @returns 0 where every transaction is committed on every node of its chain and the nodes of each chain agree; 130
 * where it was stopped before
 * @throws OperatorError with the reason where they are not or do not
 */
export async function runDemo(options: DemoOptions, output: DemoOutput): Promise<number> {
  const { write, signal } = output;
  const dataDir = path.resolve(options.dataDir ?? (await mkdtemp(path.join(tmpdir(), "aurex-demo-"))));
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch((thrown: unknown) => {
    throw placeUnusable(thrown, dataDir, "name a directory that this user may write to with --data-dir");
  });
  const ledgerFile = path.join(dataDir, "ledger.sqlite");
  const log = createNodeLogger({
    level: options.logLevel,
    format: "human",
    file: path.join(dataDir, "blockchain.log"),
    terminal: undefined,
  });
  const wallets = {
    alice: await loadOrCreateKey(dataDir, "alice"),
    bob: await loadOrCreateKey(dataDir, "bob"),
  };
  const network = new BlockchainNetwork({
    dataDir: path.join(dataDir, "nodes"),
    fundedKeys: [wallets.alice.publicKey, wallets.bob.publicKey],
    exportFile: ledgerFile,
    logger: log.logger,
  });
  try {
    write(`Aurex demo: ${options.powNodes} Proof of Work and ${options.poaNodes} Proof of Authority nodes\n`);
    write(`Data and logs are in ${dataDir}\n\n`);
    await startNetwork(network, options, output, ledgerFile);
    // In a data directory used before, the nodes may have been stopped at different heads.
    await waitUntilAgreed(network, output, log.logger);
    const sent = await sendAll(network, wallets, options, output);
    await waitUntilCommitted(network, sent, output);
    await waitUntilAgreed(network, output, log.logger);
    await waitUntilKnown(network, output);
    await showResults(network, ledgerFile, output);
    if (output.isTerminal && !options.exit) await showLive(network, output);
    if (signal.aborted) write("\nStopping.\n");
    return exitCodes.ok;
  } catch (thrown) {
    if (!signal.aborted || thrown !== signal.reason) throw thrown;
    write("Stopped before the end.\n");
    return exitCodes.forcedStop;
  } finally {
    await network.stopAll();
    await log.close();
  }
}

async function startNetwork(
  network: BlockchainNetwork,
  options: DemoOptions,
  { write, signal }: DemoOutput,
  ledgerFile: string,
): Promise<void> {
  const authorizedNodes = Array.from({ length: options.poaNodes }, (_, index) => `PoA_${index + 1}`);
  const portOf = (index: number) => options.ports[index] ?? 0;
  for (let index = 0; index < options.powNodes; index += 1) {
    network.addPowNode(`PoW_${index + 1}`, { port: portOf(index) });
  }
  for (const [index, name] of authorizedNodes.entries()) {
    network.addPoaNode(name, { port: portOf(options.powNodes + index), authorizedNodes });
  }
  write(`[1/6] Initialising the SQL ledger ${ledgerFile}\n`);
  openLedgerFile(ledgerFile).close();
  write("[2/6] Starting the nodes\n");
  await network.startAll((node) => {
    write(`      ${node.options.name} listens on ${node.network.addresses[0]}\n`);
    signal.throwIfAborted();
  });
  write("[3/6] Connecting all nodes as peers\n");
  await network.connectPeers();
  const peers = network.allStatus().map((status) => `${status.name} ${status.peers}`);
  write(`      peers: ${peers.join(", ")}\n`);
}

/** Sends the same set of transactions to both chains, each to another node than the last. */
async function sendAll(
  network: BlockchainNetwork,
  wallets: { alice: KeyPair; bob: KeyPair },
  options: DemoOptions,
  { write, signal }: DemoOutput,
): Promise<SentTransaction[]> {
  write("[4/6] Sending test transactions\n");
  const sent: SentTransaction[] = [];
  for (const consensus of ["pow", "poa"] as const) {
    const nodes = network.nodesOf(consensus);
    if (nodes.length === 0) continue;
    const send = async (keyPair: KeyPair, payload: Payload, what: string) => {
      signal.throwIfAborted();
      // One account's transactions go through one node: another might not have heard of the last one yet.
      const node = nodes[keyPair === wallets.alice ? 0 : nodes.length - 1] as AurexNode;
      const id = await network.send(node.options.name, keyPair, payload);
      sent.push({ consensus, id: bytesOf(id), what });
      write(`      ${consensus} ${id.slice(0, 16)}… ${what}\n`);
      return id;
    };
    await sendNamedTransactions(nodes[0] as AurexNode, wallets, send);
    for (let index = 0; index < options.transactions; index += 1) {
      await send(
        wallets.alice,
        transferAur(wallets.bob, BigInt(index + 1) * centUnits),
        `transfer ${index + 1} of ${options.transactions}`,
      );
    }
    for (const node of nodes) {
      const id = await network.sendTestTransaction(node.options.name, `Data from ${node.options.name}`);
      sent.push({ consensus, id: bytesOf(id), what: `record by ${node.options.name}` });
      write(`      ${consensus} ${id.slice(0, 16)}… record by ${node.options.name}\n`);
    }
  }
  return sent;
}

async function sendNamedTransactions(
  node: AurexNode,
  { alice, bob }: { alice: KeyPair; bob: KeyPair },
  send: (keyPair: KeyPair, payload: Payload, what: string) => Promise<string>,
): Promise<void> {
  for (const [keyPair, name] of [
    [alice, users[0]],
    [bob, users[1]],
  ] as const) {
    // A data directory used before has its users already.
    if (node.chain.ledger.userByName(name)) continue;
    await send(keyPair, { kind: "registerUser", name: fromUtf8(name) }, `register ${name}`);
  }
  await send(alice, transferAur(bob, 10_50000000n), `transfer 10.5 AUR from ${users[0]} to ${users[1]}`);
  await send(bob, transferAur(alice, 2_25000000n), `transfer 2.25 AUR from ${users[1]} to ${users[0]}`);
  await send(alice, { kind: "record", data: fromUtf8("Transaction data") }, `record by ${users[0]}`);
  const gold = await send(
    alice,
    {
      kind: "issueAsset",
      symbol: fromUtf8("GOLD"),
      name: fromUtf8("Gold certificates"),
      decimals: 2,
      supply: goldUnits,
      metadata: fromUtf8("one unit stands for one gram"),
    },
    `issue 1000 GOLD by ${users[0]}`,
  );
  const transferGold: Payload = {
    kind: "transfer",
    to: bob.publicKey,
    assetId: bytesOf(gold),
    amount: 25_00n,
    memo: fromUtf8("25 grams"),
  };
  await send(alice, transferGold, `transfer 25 GOLD from ${users[0]} to ${users[1]}`);
}

function transferAur(to: KeyPair, amount: bigint): Payload {
  return { kind: "transfer", to: to.publicKey, assetId: zeroBytes32, amount, memo: new Uint8Array(0) };
}

function bytesOf(idHex: string): Uint8Array {
  return fromHex(idHex, 32) ?? zeroBytes32;
}

/** Waits for every transaction on every node of its chain, saying every second how far it is. */
async function waitUntilCommitted(
  network: BlockchainNetwork,
  sent: readonly SentTransaction[],
  { write, signal }: DemoOutput,
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
      write(`      ${wanted - missing.length}/${wanted} committed; heights: ${heads.join(", ")}\n`);
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
async function waitUntilAgreed(
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
async function waitUntilKnown(network: BlockchainNetwork, { signal }: DemoOutput): Promise<void> {
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

async function showResults(
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
async function showLive(network: BlockchainNetwork, { write, signal }: DemoOutput): Promise<void> {
  write("\nThe network goes on. Press Ctrl-C to stop.\n");
  while (!signal.aborted) {
    const nodes = network
      .allStatus()
      .map(({ name, head, peers }) => `${name} ${head.height} (${peers} peers)`);
    write(`\r\x1b[K${new Date().toLocaleTimeString("en-GB")}  ${nodes.join("  ")}`);
    await sleep(systemClock, liveEveryMs, signal);
  }
}
