/** Mines on a node from outside, block by block, so that a test decides how many blocks each branch has. */
import assert from "node:assert/strict";
import type { WorkAnswer } from "../../src/api/mining.ts";
import type { NodeProcess } from "../e2e/processes.ts";
import { nonceFor } from "../http/outside-work.ts";
import { until } from "../support/patience.ts";

/** Resolves when the node's chain is longer by exactly so many blocks. */
export async function mineOn(node: NodeProcess, count: number): Promise<void> {
  const { height } = (await node.status()).head;
  for (let next = height + 1; next <= height + count; next += 1) {
    await until(`work for block ${next} is accepted`, () => bring(node.started.apiUrl, next), { pollMs: 5 });
    // "Accepted" says that the block is on its way. Work that is brought meanwhile would make a sibling or one block more.
    await until(`block ${next} is the head`, async () => (await node.status()).head.height >= next, {
      pollMs: 5,
    });
  }
  assert.equal((await node.status()).head.height, height + count, "nobody else mines");
}

/** Resolves when the next block would take all that waits. */
export async function untilDrafted(node: NodeProcess): Promise<void> {
  await until("a block is drafted with all that waits", async () => {
    const answer = await fetch(`${node.started.apiUrl}/v1/work?after=0`);
    const { transactionCount } = (await answer.json()) as WorkAnswer;
    return transactionCount >= (await node.status()).mempool;
  });
}

/** One nonce for the block of a height. False if the node has no such work yet, or the work is stale by now. */
async function bring(apiUrl: string, height: number): Promise<boolean> {
  const answer = await fetch(`${apiUrl}/v1/work?after=0`);
  const work = (await answer.json()) as WorkAnswer;
  if (!answer.ok || work.height !== height) return false;
  const brought = await fetch(`${apiUrl}/v1/work`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jobId: work.jobId, nonce: nonceFor(work) }),
  });
  await brought.text();
  return brought.ok;
}
