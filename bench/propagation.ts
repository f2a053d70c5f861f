/**
 * How long a transaction and a block take over three hops: four nodes in four processes, connected in a line; and a
 * transaction while one of them mines on all cores of the machine.
 */
import { once } from "node:events";
import net from "node:net";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type Figure, median, quantile, type Section } from "./measure.ts";
import { isLinked, type NodeProcess, startNodes } from "./node-processes.ts";
import { BlockBuilder, keyOf, keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";

const hops = 3;
const transfersPerBlock = 100;
const transfersPerTurn = 20;
/** Accounts whose transfers stay in the mempools: each fewer than one account may have there. */
const senders = { alone: 1, resting: 2, mining: 3 } as const;
const senderCount = 3;
const links = [
  [0, 1],
  [1, 2],
  [2, 3],
] as const;

export const measurePropagation: Section = async ({ quick, progress, directory }) => {
  const rounds = quick ? 20 : 200;
  const authority = keyOf(0);
  const users = keysFrom(1, senderCount + transfersPerBlock);
  const blockUsers = users.slice(senderCount);
  const spec = poaSpec([authority], users);
  const builder = new BlockBuilder(spec, authority);
  await using resources = new AsyncDisposableStack();
  const nodes = await startNodes(
    { folder: await directory(), count: hops + 1, spec, authority: false, watchMempool: true, links },
    resources,
  );
  const first = nodes[0] as NodeProcess;
  const last = nodes[hops] as NodeProcess;
  const bare = await EchoServer.start();
  resources.defer(() => bare.close());

  const transfer = async (from: number, sequence: number) => {
    const arrived = Promise.all([first.heard("sending"), last.heard("added")]);
    first.tell({ order: "transfer", from, sequence });
    return msBetween(await arrived);
  };
  const transactionMs: number[] = [];
  const blockMs: number[] = [];
  const bareTransactionMs: number[] = [];
  const bareBlockMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    transactionMs.push(await transfer(senders.alone, round));

    const block = builder.next(
      blockUsers.map((user) => signedTransfer(user, user, builder.sequenceOf(user), spec)),
    );
    const head = last.heard("head", ({ hashHex }) => hashHex === block.hashHex);
    const imported = Promise.all([first.heard("sending"), head]);
    first.tell({ order: "block", bytes: block.bytes });
    blockMs.push(msBetween(await imported));

    bareTransactionMs.push((await bare.roundTripMs(256)) * (hops / 2));
    bareBlockMs.push((await bare.roundTripMs(block.bytes.length)) * (hops / 2));
    if ((round + 1) % 50 === 0) progress(`round ${round + 1} of ${rounds}`);
  }
  const beside = await besideMining(nodes[1] as NodeProcess, rounds, transfer);
  progress(`${beside.mining.length} transfers while mining`);
  if (!isLinked(nodes, links)) throw new Error("the nodes did not stay in a line");
  return [
    ...figuresOf("transaction over 3 hops", transactionMs, bareTransactionMs),
    ...figuresOf(`block of ${transfersPerBlock} unseen over 3 hops`, blockMs, bareBlockMs),
    ...figuresOf(
      "transaction, mining on all cores",
      beside.mining,
      beside.resting,
      "the same without mining",
    ),
  ];
};

/** One after the other, so that both kinds meet the same machine: some transfers at rest, as many while mining. */
async function besideMining(
  miner: NodeProcess,
  rounds: number,
  transfer: (from: number, sequence: number) => Promise<number>,
): Promise<{ readonly resting: readonly number[]; readonly mining: readonly number[] }> {
  const resting: number[] = [];
  const mining: number[] = [];
  const several = async (from: number, measuredMs: number[]) => {
    for (let each = 0; each < transfersPerTurn; each += 1) {
      measuredMs.push(await transfer(from, measuredMs.length));
    }
  };
  while (mining.length < rounds) {
    await several(senders.resting, resting);
    const begun = miner.heard("mining");
    miner.tell({ order: "mine", threads: availableParallelism() });
    await begun;
    await several(senders.mining, mining);
    const ended = miner.heard("resting");
    miner.tell({ order: "rest" });
    await ended;
  }
  return { resting, mining };
}

function msBetween([sent, arrived]: readonly [{ readonly atMs: number }, { readonly atMs: number }]): number {
  return arrived.atMs - sent.atMs;
}

function figuresOf(
  name: string,
  measuredMs: readonly number[],
  bareMs: readonly number[],
  meaning = "bare TCP over 3 hops",
): Figure[] {
  return [
    {
      name: `${name}, median`,
      value: median(measuredMs),
      unit: "ms",
      limit: { value: median(bareMs), meaning },
    },
    {
      name: `${name}, 99th`,
      value: quantile(measuredMs, 0.99),
      unit: "ms",
      limit: { value: quantile(bareMs, 0.99), meaning },
    },
  ];
}

/** Sends back whatever comes, from a thread of its own. */
class EchoServer {
  readonly #worker: Worker;
  readonly #socket: net.Socket;

  private constructor(worker: Worker, socket: net.Socket) {
    this.#worker = worker;
    this.#socket = socket;
  }

  static async start(): Promise<EchoServer> {
    const worker = new Worker(new URL("./echo-worker.ts", import.meta.url), { execArgv: [] });
    const [port] = (await once(worker, "message")) as [number];
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new EchoServer(worker, socket);
  }

  /** Until the last of `bytes` is back. */
  async roundTripMs(bytes: number): Promise<number> {
    const startMs = performance.now();
    this.#socket.write(new Uint8Array(bytes));
    for (let missing = bytes; missing > 0; ) {
      const [chunk] = (await once(this.#socket, "data")) as [Buffer];
      missing -= chunk.length;
    }
    return performance.now() - startMs;
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#worker.terminate();
  }
}
