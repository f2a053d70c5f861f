/** Requests a second of the API's reading routes on a chain with 100,000 transactions of one account: at rest, and importing. */
import { fork } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import path from "node:path";
import { addressOf } from "../src/protocol/identity.ts";
import type { BareAnswers } from "./bare-server.ts";
import { type Figure, quantile, type Section, until } from "./measure.ts";
import { type NodeProcess, startNodes } from "./node-processes.ts";
import { BlockBuilder, keyOf, keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";

const senders = 1_000;
const clients = 16;

interface Reading {
  readonly name: string;
  readonly path: string;
}

interface Rate {
  readonly perSecond: number;
  readonly p99Ms: number;
}

export const measureReading: Section = async ({ quick, progress, directory }) => {
  const blocks = quick ? 10 : 100;
  const loadBlocks = quick ? 20 : 120;
  const roundMs = quick ? 500 : 2_000;
  const authority = keyOf(0);
  const users = keysFrom(1, senders);
  const receiver = keyOf(senders + 1);
  const spec = poaSpec([authority], users, { periodMs: 1_000, stepMs: 1_000 });
  const builder = new BlockBuilder(spec, authority);
  const blockOf = (sequence: number) =>
    builder.next(users.map((user) => signedTransfer(user, receiver, sequence, spec)));
  await using resources = new AsyncDisposableStack();
  const folder = await directory();
  const started = { folder, count: 1, spec, authority: false, watchMempool: false, api: true, links: [] };
  const [node] = await startNodes(started, resources);
  if (!node) throw new Error("no node was started");

  progress(`a chain with ${blocks * senders} payments to one account`);
  const ids: string[] = [];
  for (let height = 1; height <= blocks; height += 1) {
    const block = blockOf(height - 1);
    ids.push(block.transactions[height % senders]?.idHex ?? "");
    node.tell({ order: "block", bytes: block.bytes });
    await until(() => node.committed >= (height - 1) * senders, "the blocks are imported", 60_000);
  }
  await until(() => node.committed === blocks * senders, "all blocks are imported", 60_000);

  const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
  resources.defer(() => agent.destroy());
  const account = `/v1/accounts/${addressOf(receiver.publicKey)}`;
  const oldest = JSON.parse(
    (await get(`${node.apiUrl}${account}/transactions?order=oldest&limit=100`, agent)).body.toString(),
  ) as { next: string };
  const middle = Math.ceil(blocks / 2);
  const readings: readonly Reading[] = [
    { name: `a block of ${senders}`, path: `/v1/blocks/${middle}` },
    { name: "a transaction", path: `/v1/transactions/${ids[middle - 1]}` },
    { name: "an account", path: account },
    { name: "its history, newest 20", path: `${account}/transactions?limit=20` },
    {
      name: "its history, 20 from a cursor",
      path: `${account}/transactions?order=oldest&limit=20&cursor=${oldest.next}`,
    },
  ];
  const bareUrl = await bareServer(node, readings, agent, resources);
  /** Blocks that the node has not seen. Each is signed and built before, as this process is the client, too. */
  const load = Array.from({ length: loadBlocks }, (_, index) => blockOf(blocks + index).bytes);

  const figures: Figure[] = [];
  for (const { name, path: at } of readings) {
    const bare = await rateOf(`${bareUrl}${at}`, roundMs, agent);
    const rest = await rateOf(`${node.apiUrl}${at}`, roundMs, agent);
    const loaded = await underLoad(node, load, () => rateOf(`${node.apiUrl}${at}`, roundMs, agent));
    progress(
      `${name}: ${Math.round(rest.perSecond)} a second at rest, ${Math.round(loaded.perSecond)} importing`,
    );
    const rates = { value: bare.perSecond, meaning: "bare Fastify, same bytes" };
    const times = { value: bare.p99Ms, meaning: "bare Fastify, same bytes" };
    figures.push(
      { name: `GET ${name}`, value: rest.perSecond, unit: "requests/s", limit: rates },
      { name: `GET ${name}, 99th`, value: rest.p99Ms, unit: "ms", limit: times },
      { name: `GET ${name}, importing`, value: loaded.perSecond, unit: "requests/s", limit: rates },
      { name: `GET ${name}, importing, 99th`, value: loaded.p99Ms, unit: "ms", limit: times },
    );
  }
  return figures;
};

/** A process of its own, as the node is. */
async function bareServer(
  node: NodeProcess,
  readings: readonly Reading[],
  agent: http.Agent,
  resources: AsyncDisposableStack,
): Promise<string> {
  const answers: { path: string; type: string; body: Uint8Array }[] = [];
  for (const { name, path: at } of readings) {
    const { body, status, type } = await get(`${node.apiUrl}${at}`, agent);
    if (status !== 200) throw new Error(`${name}: HTTP ${status}: ${body.toString().slice(0, 300)}`);
    answers.push({ path: at, type, body });
  }
  const file = path.join(import.meta.dirname, "bare-server.ts");
  const child = fork(file, [], { serialization: "advanced", execArgv: [] });
  const ended = once(child, "exit");
  resources.defer(async () => {
    child.disconnect();
    await ended;
  });
  child.send({ answers } satisfies BareAnswers);
  const [{ url }] = (await once(child, "message")) as [{ readonly url: string }];
  return url;
}

/** Measures while the node imports one block after the other; each counts as full load until the next is sent. */
async function underLoad(node: NodeProcess, load: Uint8Array[], measure: () => Promise<Rate>): Promise<Rate> {
  let isDone = false;
  const importing = (async () => {
    while (!isDone) {
      const bytes = load.shift();
      if (!bytes) throw new Error("there are too few blocks for the load");
      const before = node.committed;
      node.tell({ order: "block", bytes });
      await until(() => node.committed > before, "a block of the load is imported");
    }
  })();
  try {
    return await measure();
  } finally {
    isDone = true;
    await importing;
  }
}

async function rateOf(url: string, forMs: number, agent: http.Agent): Promise<Rate> {
  const times: number[] = [];
  const startMs = performance.now();
  const client = async () => {
    while (performance.now() - startMs < forMs) {
      const beganMs = performance.now();
      const { status } = await get(url, agent);
      if (status !== 200) throw new Error(`HTTP ${status} from ${url}`);
      times.push(performance.now() - beganMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { perSecond: (times.length * 1_000) / (performance.now() - startMs), p99Ms: quantile(times, 0.99) };
}

function get(
  url: string,
  agent: http.Agent,
): Promise<{ readonly status: number; readonly type: string; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, type: headers["content-type"] ?? "", body: Buffer.concat(chunks) });
        });
      })
      .on("error", reject);
  });
}
