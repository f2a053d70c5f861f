/**
 * What 500 listeners to a node's events, one of which never reads, cost that node: importing a block, and passing on a
 * transaction, with them and without them in turns.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { ListenersOptions, ListenersReport } from "./event-listeners.ts";
import { type Figure, quantile, type Section } from "./measure.ts";
import { isLinked, type NodeProcess, startNodes } from "./node-processes.ts";
import { BlockBuilder, keyOf, keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";

const readingCount = 499;
const deafCount = 1;
const transfersPerBlock = 100;
/** Pairs of a transfer and a block before the listeners come or go. */
const pairsPerTurn = 10;
/** Between two pairs: blocks do not come one on the other, and listeners read meanwhile. */
const pauseMs = 150;
/** Each sends fewer transfers than one account may have waiting. */
const senderCount = 4;
const links = [
  [0, 1],
  [1, 2],
] as const;

interface Measured {
  readonly transferMs: number[];
  readonly importMs: number[];
  readonly blockMs: number[];
}

export const measureEvents: Section = async ({ quick, progress, directory }) => {
  const authority = keyOf(0);
  const users = keysFrom(1, senderCount + transfersPerBlock);
  const spec = poaSpec([authority], users);
  const builder = new BlockBuilder(spec, authority);
  await using resources = new AsyncDisposableStack();
  const nodes = await startNodes(
    {
      folder: await directory(),
      count: 3,
      spec,
      authority: false,
      watchMempool: true,
      api: true,
      links,
    },
    resources,
  );
  const [first, middle, last] = nodes as [NodeProcess, NodeProcess, NodeProcess];
  const listeners = fork(path.join(import.meta.dirname, "event-listeners.ts"), { execArgv: [] });
  resources.defer(() => {
    listeners.kill();
  });

  const pair = async (from: number, { transferMs, importMs, blockMs }: Measured) => {
    const arrived = Promise.all([first.heard("sending"), last.heard("added")]);
    first.tell({ order: "transfer", from, sequence: transferMs.length });
    const [sent, added] = await arrived;
    transferMs.push(added.atMs - sent.atMs);
    const block = builder.next(
      users.slice(senderCount).map((user) => signedTransfer(user, user, builder.sequenceOf(user), spec)),
    );
    const isIt = ({ hashHex }: { readonly hashHex: string }) => hashHex === block.hashHex;
    const done = Promise.all([middle.heard("sending"), middle.heard("head", isIt), last.heard("head", isIt)]);
    middle.tell({ order: "block", bytes: block.bytes });
    const [given, imported, passedOn] = await done;
    importMs.push(imported.atMs - given.atMs);
    blockMs.push(passedOn.atMs - imported.atMs);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  };

  const figures: Figure[] = [];
  for (const [set, topics] of ["head,block,final,status", "head,block,transaction,mempool"].entries()) {
    const senders = { without: 1 + 2 * set, with: 2 + 2 * set };
    const measured = { with: newMeasured(), without: newMeasured() };
    const turns = quick ? 2 : 8;
    let bytes = 0;
    for (let turn = 0; turn < turns; turn += 1) {
      for (let count = 0; count < pairsPerTurn; count += 1) await pair(senders.without, measured.without);
      await tell(listeners, { apiUrl: middle.apiUrl, topics, reading: readingCount, deaf: deafCount });
      for (let count = 0; count < pairsPerTurn; count += 1) await pair(senders.with, measured.with);
      bytes += await tell(listeners, "close");
      progress(`${topics}: turn ${turn + 1} of ${turns}, ${Math.round(bytes / 2 ** 20)} MiB sent`);
    }
    figures.push(...figuresOf(topics, measured));
  }
  if (!isLinked(nodes, links)) throw new Error("the nodes did not stay in a line");
  return figures;
};

function newMeasured(): Measured {
  return { transferMs: [], importMs: [], blockMs: [] };
}

/** Returns the bytes that were read, once the listeners are there or gone. */
async function tell(listeners: ChildProcess, order: ListenersOptions | "close"): Promise<number> {
  const answered = once(listeners, "message");
  listeners.send(order);
  const [report] = (await answered) as [ListenersReport];
  return report.report === "closed" ? report.bytes : 0;
}

function figuresOf(
  topics: string,
  measured: { readonly with: Measured; readonly without: Measured },
): Figure[] {
  const kinds = [
    ["import of a block", "importMs"],
    ["block, one hop on", "blockMs"],
    ["transaction, two hops", "transferMs"],
  ] as const;
  return kinds.flatMap(([name, kind]) =>
    [
      ["median", 0.5],
      ["90th", 0.9],
    ].map(([label, part]) => ({
      name: `${name}, 500 listen to ${topics}, ${label}`,
      value: quantile(measured.with[kind], part as number),
      unit: "ms",
      limit: { value: quantile(measured.without[kind], part as number), meaning: "nobody listens" },
      aim: { below: 1.2 },
    })),
  );
}
