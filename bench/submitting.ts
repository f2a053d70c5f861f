/** Committed transfers a second on one authority, submitted over its API: one a request, and 512 a request. */
import http from "node:http";
import { toHex } from "../src/base/bytes.ts";
import { loadOrCreateNodeKey } from "../src/wallet/keystore.ts";
import { BareRate } from "./bare-rate.ts";
import { type Figure, median, type Section, until } from "./measure.ts";
import { directoryOfNode, startNodes } from "./node-processes.ts";
import { keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";

const accounts = 100;
const periodMs = 500;
const bareMs = 1_000;
/** As many clients as wait for an answer at a time. */
const ways = [
  { name: "one a request, 64 clients", perRequest: 1, atOnce: 64 },
  { name: "512 a request, 4 clients", perRequest: 512, atOnce: 4 },
] as const;

export const measureSubmitting: Section = async ({ quick, progress, directory }) => {
  const rounds = quick ? 1 : 3;
  const each = quick ? 40 : 120;
  const total = accounts * each;
  const folder = await directory();
  const authority = await loadOrCreateNodeKey(directoryOfNode(folder, 0));
  const users = keysFrom(1, accounts);
  const spec = poaSpec([authority], users, { periodMs, stepMs: periodMs });
  await using resources = new AsyncDisposableStack();
  const started = { folder, count: 1, spec, authority: true, watchMempool: false, api: true, links: [] };
  const [node] = await startNodes(started, resources);
  if (!node) throw new Error("no node was started");
  const bare = BareRate.verification(users.map((user) => signedTransfer(user, user, 0, spec)));
  resources.defer(() => bare.close());
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  resources.defer(() => agent.destroy());
  const rates = ways.map((): number[] => []);
  const limits: number[] = [];
  let sequence = 0;
  for (let round = 0; round < rounds; round += 1) {
    limits.push(await bare.perSecond(bareMs));
    for (const [index, { name, perRequest, atOnce }] of ways.entries()) {
      const bodies = bodiesOf(signed(sequence, each), perRequest);
      sequence += each;
      const before = node.committed;
      const startMs = Number(process.hrtime.bigint()) / 1e6;
      await sendAll(bodies, atOnce, (body) => post(node.apiUrl, body, agent));
      await until(() => node.committed >= before + total, `${total} transfers are committed`, 120_000);
      const rate = (total * 1_000) / (node.committedAtMs - startMs);
      rates[index]?.push(rate);
      progress(`${name}: ${Math.round(rate)} a second`);
    }
  }

  function signed(first: number, count: number): string[] {
    return Array.from({ length: count }, (_, step) =>
      users.map((user, index) => {
        const receiver = users[(index + 1) % users.length] as typeof user;
        return toHex(signedTransfer(user, receiver, first + step, spec).bytes);
      }),
    ).flat();
  }

  const [one, many] = rates.map(median) as [number, number];
  const verification = { value: median(limits), meaning: "bare verification, every core" };
  const figures: Figure[] = [
    {
      name: "committed on one authority, one a request",
      value: one,
      unit: "transfers/s",
      limit: verification,
    },
    {
      name: "committed on one authority, 512 a request",
      value: many,
      unit: "transfers/s",
      limit: { value: one, meaning: "one a request" },
      aim: { above: 1.5 },
    },
  ];
  return figures;
};

function bodiesOf(transactions: readonly string[], perRequest: number): string[] {
  if (perRequest === 1) return transactions.map((bytes) => JSON.stringify({ bytes }));
  const bodies: string[] = [];
  for (let begin = 0; begin < transactions.length; begin += perRequest) {
    bodies.push(JSON.stringify({ transactions: transactions.slice(begin, begin + perRequest) }));
  }
  return bodies;
}

/** Sends in order, with so many under way at a time. */
async function sendAll(
  bodies: readonly string[],
  atOnce: number,
  send: (body: string) => Promise<void>,
): Promise<void> {
  const queue = bodies.values();
  const client = async () => {
    for (const body of queue) await send(body);
  };
  await Promise.all(Array.from({ length: atOnce }, client));
}

function post(url: string, body: string, agent: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const request = http.request(`${url}/v1/transactions`, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        const isTaken = response.statusCode === 202 && !text.includes('"result":"refused"');
        if (isTaken) resolve();
        else reject(new Error(`HTTP ${response.statusCode}: ${text.slice(0, 500)}`));
      });
    });
    request.on("error", reject).end(body);
  });
}
