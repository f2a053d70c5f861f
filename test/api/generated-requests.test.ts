/**
 * Thousands of generated requests to a real node: none is answered with a bug, none outside of the document, and the
 * node is afterwards as it was. SUITE_API_REQUESTS has another number of them, SUITE_API_SEED another seed.
 */
import assert from "node:assert/strict";
import { it, type TestContext } from "node:test";
import fc from "fast-check";
import { suiteMaxMs } from "../support/patience.ts";
import { type Answered, type Asking, GeneratedClient, type Operation } from "./generated-client.ts";
import { arbitraryRequest } from "./request-arbitrary.ts";
import { openAuthorityWorld, openMinerWorld, stateOf, untilQuiet, type World } from "./worlds.ts";

const requests = Number(process.env.SUITE_API_REQUESTS ?? 300);
const seed = Number(process.env.SUITE_API_SEED ?? 20_261_125);
/** As many as a browser's tabs would, so that requests meet. */
const atOnce = 8;

it(`${requests} generated requests leave an authority as it was`, { timeout: suiteMaxMs }, async (t) => {
  const world = await openAuthorityWorld(t);
  const { account, name, assetId, committedId, waitingId, unsent } = world;
  await untilQuiet(world.node);
  const known = [account, name, assetId, committedId, waitingId];
  await sendGenerated(t, world, { requests, known, unsent: [unsent] });
});

it(`${requests / 4} generated requests leave a miner with a pool as it was`, {
  timeout: suiteMaxMs,
}, async (t) => {
  const world = await openMinerWorld(t);
  await sendGenerated(t, world, { requests: requests / 4, known: [], unsent: [] });
});

interface Generated {
  readonly requests: number;
  /** What the node knows: its accounts, transactions and so on. */
  readonly known: readonly string[];
  /** What submitting would take, so that only other routes may see it. */
  readonly unsent: readonly string[];
}

async function sendGenerated(t: TestContext, { node, url }: World, { requests, known, unsent }: Generated) {
  const client = await GeneratedClient.of(url);
  t.after(() => client.close());
  const before = stateOf(node);
  const all = [...known, node.chain.head.hashHex, "head", "final", "0", "1", "AUR"];
  const submitting = client.operations.filter(({ operationId }) => operationId === "postTransactions");
  const others = client.operations.filter((operation) => !submitting.includes(operation));
  const one = fc.oneof(
    { weight: others.length, arbitrary: arbitraryRequest(others, [...all, ...unsent]) },
    { weight: submitting.length, arbitrary: arbitraryRequest(submitting, all) },
  );
  const statuses = new Map<number, number>();
  const waiting = fc.sample(one, { numRuns: requests, seed });
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const answer = await client.ask(next.asking);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        hold(client, next.operation, answer, next.asking);
      }
    }),
  );
  t.diagnostic(`answers by status: ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`);
  // Some must have come through, or nothing but the refusals was tried.
  assert.ok((statuses.get(200) ?? 0) > requests / 20 && (statuses.get(400) ?? 0) > requests / 20);
  assert.deepEqual(stateOf(node), before);
  assert.equal((await fetch(`${url}/v1/node`)).status, 200);
}

function hold(client: GeneratedClient, operation: Operation, answer: Answered, asked: Asking): void {
  const said = `${asked.method} ${asked.target} ${asked.body ?? ""}: ${answer.status} ${answer.bytes}`;
  const isDeclared = Object.hasOwn(operation.responses, String(answer.status));
  assert.ok(answer.status < 500 || isDeclared, said);
  // What another method answers is in no operation; nor has 304 a body. A path may have become another route's.
  if (asked.method !== operation.method || answer.status === 304) return;
  client.holdAgainst(operation, answer, asked);
}
