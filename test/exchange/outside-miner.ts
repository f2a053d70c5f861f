/** Mines on a node from outside, block by block, so that a test decides how many blocks each branch has. */
import type { WorkAnswer } from "../../src/api/mining.ts";
import type { NodeProcess } from "../e2e/processes.ts";
import { nonceFor } from "../http/outside-work.ts";
import { until } from "../support/patience.ts";

/** Resolves when the node's chain is longer by so many blocks. */
export async function mineOn(node: NodeProcess, count: number): Promise<void> {
  for (let mined = 0; mined < count; mined += 1) {
    const { height } = (await node.status()).head;
    await until(
      `block ${height + 1} is mined`,
      async () => {
        if ((await node.status()).head.height > height) return true;
        await bring(node.started.apiUrl);
        return false;
      },
      { pollMs: 5 },
    );
  }
}

/** Resolves when the next block would take all that waits. */
export async function untilDrafted(node: NodeProcess): Promise<void> {
  await until("a block is drafted with all that waits", async () => {
    const answer = await fetch(`${node.started.apiUrl}/v1/work?after=0`);
    const { transactionCount } = (await answer.json()) as WorkAnswer;
    return transactionCount >= (await node.status()).mempool;
  });
}

/** One nonce for the work of now. What is stale by then is asked for again by the caller. */
async function bring(apiUrl: string): Promise<void> {
  const answer = await fetch(`${apiUrl}/v1/work?after=0`);
  if (!answer.ok) return void (await answer.text());
  const work = (await answer.json()) as WorkAnswer;
  const brought = await fetch(`${apiUrl}/v1/work`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jobId: work.jobId, nonce: nonceFor(work) }),
  });
  await brought.text();
}
