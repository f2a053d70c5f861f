/** The documented quick start: a network of both engines, test transactions, and what came of them. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeDirectory } from "../base/make-directory.ts";
import { shortened } from "../base/text-table.ts";
import { openLedgerFile } from "../export/ledger-file.ts";
import { BlockchainNetwork } from "../node/blockchain-network.ts";
import { createNodeLogger } from "../node/logging.ts";
import { exitCodes, placeUnusable } from "../node/operator-error.ts";
import { loadOrCreateKey } from "../wallet/keystore.ts";
import { showCommands } from "./demo-commands.ts";
import type { DemoOutput } from "./demo-output.ts";
import { sendAll } from "./demo-transactions.ts";
import { showLive, showResults } from "./demo-view.ts";
import { waitUntilAgreed, waitUntilCommitted, waitUntilKnown, waitUntilQuiet } from "./demo-waits.ts";

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
  /** Stay up until Ctrl-C, also without a terminal. */
  readonly stay: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
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
  const dataDir = await placeOfDemo(options.dataDir);
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
    await waitUntilQuiet(network, output);
    const sent = await sendAll(network, wallets, options.transactions, output);
    await waitUntilCommitted(network, sent, output);
    await waitUntilAgreed(network, output, log.logger);
    await waitUntilKnown(network, output);
    await showResults(network, ledgerFile, output);
    if (options.stay || (output.isTerminal && !options.exit)) {
      showCommands(network, { dataDir, wallets }, output);
      await showLive(network, output);
    }
    if (signal.aborted) write(`${output.isTerminal ? "\n" : ""}Stopping.\n`);
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

/** The directory that the operator named, made if it is missing, else a temporary one. */
async function placeOfDemo(named: string | undefined): Promise<string> {
  const place = named === undefined ? path.join(tmpdir(), "aurex-demo-") : path.resolve(named);
  try {
    if (named === undefined) return await mkdtemp(place);
    makeDirectory(place);
    return place;
  } catch (thrown) {
    throw placeUnusable(thrown, place, "name a directory that this user may write to with --data-dir");
  }
}

async function startNetwork(
  network: BlockchainNetwork,
  options: DemoOptions,
  { write, signal, columns }: DemoOutput,
  ledgerFile: string,
): Promise<void> {
  const authorizedNodes = Array.from({ length: options.poaNodes }, (_, index) => `PoA_${index + 1}`);
  const portOf = (index: number) => options.ports[index] ?? 0;
  for (let index = 0; index < options.powNodes; index += 1) {
    network.addPowNode(`PoW_${index + 1}`, { port: portOf(index), apiPort: 0 });
  }
  for (const [index, name] of authorizedNodes.entries()) {
    network.addPoaNode(name, { port: portOf(options.powNodes + index), authorizedNodes, apiPort: 0 });
  }
  write(`[1/6] Initialising the SQL ledger ${ledgerFile}\n`);
  openLedgerFile(ledgerFile).close();
  write("[2/6] Starting the nodes\n");
  await network.startAll((node) => {
    const address = node.network.addresses[0]?.replace(/\/p2p\/.*$/, "") ?? "";
    write(`      ${node.options.name.padEnd(6)}  ${address.padEnd(25)}  API ${node.apiUrl}\n`);
    signal.throwIfAborted();
  });
  write("[3/6] Connecting all nodes as peers\n");
  await network.connectPeers();
  const peers = network.allStatus().map((status) => `${status.name} ${status.peers}`);
  write(`${shortened(`      peers: ${peers.join(", ")}`, columns, "end")}\n`);
}
