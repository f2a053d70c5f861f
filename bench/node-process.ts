/** A whole node in a process of its own, told over the process channel what to do; started by node-processes.ts. */

import { setTimeout as delay } from "node:timers/promises";
import { silentLogger } from "../src/base/logger.ts";
import { AurexNode } from "../src/node/aurex-node.ts";
import { decodeBlock } from "../src/protocol/block.ts";
import { chainSpecFromJson } from "../src/protocol/chain-spec-json.ts";
import { zeroBytes32 } from "../src/protocol/hashing.ts";
import type { KeyPair } from "../src/protocol/signing.ts";
import type { DecodedTransaction } from "../src/protocol/transaction.ts";
import { createMiningThreads, noncePrefixBytes } from "../src/sealing/pow/mining-threads.ts";
import { collectAsNode } from "./as-a-node.ts";
import { keyOf, signedTransfer } from "./sample-chain.ts";

export interface NodeProcessOptions {
  readonly dataDir: string;
  readonly name: string;
  readonly specJson: string;
  readonly authority: boolean;
  /** Report each transaction that enters the mempool. */
  readonly watchMempool: boolean;
  /** Serve the API on any port. */
  readonly api?: boolean;
}

export type Order =
  | { readonly order: "dial"; readonly address: string }
  /** Signs transfers of accounts `first`… with this many each, for {@link Order} "go". */
  | { readonly order: "sign"; readonly first: number; readonly accounts: number; readonly each: number }
  | { readonly order: "go" }
  /** Signs and submits one transfer. */
  | { readonly order: "transfer"; readonly from: number; readonly sequence: number }
  | { readonly order: "block"; readonly bytes: Uint8Array }
  /** Has so many mining threads search for what no hash meets, until "rest". */
  | { readonly order: "mine"; readonly threads: number }
  | { readonly order: "rest" }
  | { readonly order: "stop" };

/** `atMs` is the machine's monotonic clock, the same in all of its processes. */
export type Report =
  | { readonly report: "started"; readonly address: string; readonly apiUrl: string }
  | { readonly report: "peers"; readonly count: number }
  | { readonly report: "signed" }
  /** The threads are at it. */
  | { readonly report: "mining"; readonly hashesPerSecond: number }
  | { readonly report: "resting" }
  | { readonly report: "sending"; readonly atMs: number }
  | { readonly report: "added"; readonly idHex: string; readonly atMs: number }
  | { readonly report: "head"; readonly hashHex: string; readonly committed: number; readonly atMs: number };

const submittedAtOnce = 200;
const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;
const tell = (report: Report) => process.send?.(report);

async function run(options: NodeProcessOptions): Promise<void> {
  collectAsNode();
  const spec = chainSpecFromJson(options.specJson);
  if (!spec.ok) throw new Error(spec.fault.reason);
  const node = await AurexNode.open({
    dataDir: options.dataDir,
    name: options.name,
    network: "bench",
    spec: spec.value,
    authority: options.authority,
    mine: false,
    mineEmptyBlocks: false,
    mineThreads: 1,
    listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
    bootstrap: [],
    mdns: false,
    // A line stays a line.
    introductions: false,
    apiPort: options.api ? 0 : undefined,
    // Hundreds listen.
    apiAccess: { connectionsMax: 1_024 },
    exportFile: undefined,
  });
  let committed = 0;
  node.chain.events.on("headChanged", ({ head, connected, disconnected }) => {
    for (const block of connected) committed += block.transactions.length;
    for (const block of disconnected) committed -= block.transactions.length;
    tell({ report: "head", hashHex: head.hashHex, committed, atMs: monotonicMs() });
  });
  if (options.watchMempool) {
    node.mempool.events.on("added", ({ idHex }) => tell({ report: "added", idHex, atMs: monotonicMs() }));
  }
  await node.start();
  const peersTimer = setInterval(() => tell({ report: "peers", count: node.network.peerCount }), 50);

  let rest = async () => {};
  const mine = (count: number) => {
    const threads = createMiningThreads({ threads: count }, { logger: silentLogger });
    const searching = threads.search(
      { headerRoot: zeroBytes32, target: zeroBytes32, noncePrefix: new Uint8Array(noncePrefixBytes) },
      {
        signal: new AbortController().signal,
        onProgress: ({ hashesPerSecond }) => tell({ report: "mining", hashesPerSecond }),
      },
    );
    rest = async () => {
      rest = async () => {};
      await threads.close();
      await searching;
      tell({ report: "resting" });
    };
    return searching;
  };
  let signed: DecodedTransaction[] = [];
  const follow = async (order: Order) => {
    if (order.order === "dial") await node.network.dial(order.address);
    else if (order.order === "sign") {
      signed = [];
      const keys = Array.from({ length: order.accounts }, (_, index) => keyOf(order.first + index));
      for (let sequence = 0; sequence < order.each; sequence += 1) {
        for (const [index, key] of keys.entries()) {
          const receiver = keys[(index + 1) % keys.length] as KeyPair;
          signed.push(signedTransfer(key, receiver, sequence, spec.value));
        }
      }
      // What an authority does in the first seconds after its start is not what is measured.
      while (node.status().notSealingBecause === "listening first") await delay(50);
      tell({ report: "signed" });
    } else if (order.order === "go") {
      tell({ report: "sending", atMs: monotonicMs() });
      // Many at once, as from many clients: each is on disk before it is answered, and they share the syncs.
      for (let begin = 0; begin < signed.length; begin += submittedAtOnce) {
        const some = signed.slice(begin, begin + submittedAtOnce);
        for (const added of await Promise.all(some.map((transaction) => node.submit(transaction)))) {
          if (!added.ok) throw new Error(`a transfer was refused: ${added.fault.code}`);
        }
      }
    } else if (order.order === "transfer") {
      const key = keyOf(order.from);
      const transaction = signedTransfer(key, key, order.sequence, spec.value);
      tell({ report: "sending", atMs: monotonicMs() });
      await node.submit(transaction);
    } else if (order.order === "block") {
      const block = decodeBlock(order.bytes);
      if (!block.ok) throw new Error(block.fault.code);
      tell({ report: "sending", atMs: monotonicMs() });
      const imported = await node.chain.importBlock(block.value);
      if (!imported.ok) throw new Error(`a block was refused: ${imported.fault.code}`);
      node.network.announceBlock(block.value);
    } else if (order.order === "mine") await mine(order.threads);
    else if (order.order === "rest") await rest();
    else {
      clearInterval(peersTimer);
      await rest();
      await node.stop();
      process.disconnect();
    }
  };
  process.on("message", (order: Order) => {
    follow(order).catch((thrown: unknown) => {
      process.stderr.write(`${options.name}: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
      process.exit(1);
    });
  });
  tell({ report: "started", address: node.network.addresses[0] ?? "", apiUrl: node.apiUrl ?? "" });
}

await run(JSON.parse(process.argv[2] ?? ""));
