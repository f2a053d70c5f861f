/** The documented quick start: a network of both engines, test transactions, and what came of them. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeDirectory } from "../base/make-directory.ts";
import { shortened } from "../base/text-table.ts";
import { openLedgerFile } from "../export/ledger-file.ts";
import { exitCodes, placeUnusable } from "../node/operator-error.ts";
import { loadOrCreateKey } from "../wallet/keystore.ts";
import { showCommands } from "./demo-commands.ts";
import type { DemoOutput } from "./demo-output.ts";
import { sendAll } from "./demo-transactions.ts";
import { showLive, showResults } from "./demo-view.ts";
import {
  startNodes,
  waitUntilAgreed,
  waitUntilCommitted,
  waitUntilConnected,
  waitUntilKnown,
  waitUntilQuiet,
} from "./demo-waits.ts";
import { Lab } from "./lab/lab.ts";
import { openPage, type PageOptions } from "./open-page.ts";

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
  /** Of the page, which is served if the demo stays up. */
  readonly page: PageOptions;
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
  const stays = options.stay || (output.isTerminal && !options.exit);
  const dataDir = await placeOfDemo(options.dataDir);
  const ledgerFile = path.join(dataDir, "ledger.sqlite");
  const wallets = {
    alice: await loadOrCreateKey(dataDir, "alice"),
    bob: await loadOrCreateKey(dataDir, "bob"),
  };
  const lab = await Lab.open({
    ...options,
    dataDir: path.join(dataDir, "nodes"),
    funded: [wallets.alice.publicKey, wallets.bob.publicKey],
    exportFile: ledgerFile,
  });
  lab.busyWith = "the demo sends its first transactions, and needs all nodes for them";
  const page = stays ? await openPage(lab, options.page).catch(closeAfter(lab)) : undefined;
  try {
    write(`Aurex demo: ${options.powNodes} Proof of Work and ${options.poaNodes} Proof of Authority nodes\n`);
    page?.sayWhere(write);
    write(`Data and logs are in ${dataDir}\n\n`);
    await startNetwork(lab, output, ledgerFile);
    // In a data directory used before, the nodes may have been stopped at different heads.
    await waitUntilAgreed(lab, output);
    await waitUntilQuiet(lab, output);
    const baseHeights = new Map(lab.nodes.map((node) => [node, node.view?.status.head.height ?? 0]));
    const sent = await sendAll(lab, wallets, options.transactions, output);
    await waitUntilCommitted(lab, sent, output, baseHeights);
    await waitUntilAgreed(lab, output);
    await waitUntilKnown(lab, ledgerFile, output);
    await showResults(lab, ledgerFile, output);
    if (stays) {
      showCommands(lab, { dataDir, wallets }, output);
      write("\n");
      page?.sayWhere(write);
      lab.busyWith = undefined;
      await showLive(lab, output);
    }
    if (signal.aborted) write(`${output.isTerminal ? "\n" : ""}Stopping.\n`);
    return exitCodes.ok;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    write("Stopped before the end.\n");
    return exitCodes.forcedStop;
  } finally {
    await page?.close();
    await lab.close();
  }
}

function closeAfter(lab: Lab): (thrown: unknown) => Promise<never> {
  return async (thrown) => {
    await lab.close();
    throw thrown;
  };
}

/** The directory that the operator named, made if it is missing, else a temporary one. */
async function placeOfDemo(named: string | undefined): Promise<string> {
  const place = named ?? tmpdir();
  try {
    if (named === undefined) return await mkdtemp(path.join(tmpdir(), "aurex-demo-"));
    makeDirectory(named);
    return path.resolve(named);
  } catch (thrown) {
    throw placeUnusable(thrown, place, "name a directory that this user may write to with --data-dir");
  }
}

async function startNetwork(lab: Lab, output: DemoOutput, ledgerFile: string): Promise<void> {
  const { write, columns } = output;
  write(`[1/6] Initialising the SQL ledger ${ledgerFile}\n`);
  openLedgerFile(ledgerFile).close();
  write("[2/6] Starting the nodes, each a process of its own\n");
  await startNodes(lab, output, ({ name, listens, api }) => {
    write(`      ${name.padEnd(6)}  ${listens.padEnd(25)}  API ${api.url}\n`);
  });
  write("[3/6] Connecting all nodes as peers\n");
  await waitUntilConnected(lab, output);
  const peers = lab.nodes.map(({ name, view }) => `${name} ${view?.status.peers ?? 0}`);
  write(`${shortened(`      peers: ${peers.join(", ")}`, columns, "end")}\n`);
}
