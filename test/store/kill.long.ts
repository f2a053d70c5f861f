/** A store whose process is killed in the middle of commits: what was acknowledged is there, and nothing by halves. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { StoreError } from "../../src/store/chain-store.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import { chainOf, testChainId } from "./chain-fixture.ts";
import { assertLine } from "./store-contract.ts";

const commitLoop = fileURLToPath(new URL("commit-loop.ts", import.meta.url));
const rounds = 20;
const commitsMax = 60;

/** Starts the loop; kills it once it has acknowledged `commits` more. Returns the last height it acknowledged. */
async function killAfter(
  directory: string,
  commits: number,
  whileOpen?: () => Promise<void>,
): Promise<number> {
  const child = spawn(process.execPath, [commitLoop, directory, String(commitsMax)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let acknowledged = -1;
  let left = commits;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "open") {
      await whileOpen?.();
      continue;
    }
    acknowledged = Number(line);
    left -= 1;
    if (left === 0) child.kill("SIGKILL");
  }
  const [, signal] = await exited;
  assert.equal(signal, "SIGKILL");
  return acknowledged;
}

it(`loses no acknowledged commit over ${rounds} kills, and opens each time`, async () => {
  const directory = await mkdtemp(join(tmpdir(), "aurex-kill-"));
  try {
    const line = chainOf(rounds * commitsMax);
    for (let round = 1; round <= rounds; round++) {
      const acknowledged = await killAfter(directory, 1 + ((round * 37) % 40));
      const store = await openLevelStore(
        { directory, chainId: testChainId },
        { logger: silentLogger, clock: systemClock },
      );
      const height = store.head?.height ?? -1;
      assert.ok(height >= acknowledged, `height ${height}, acknowledged ${acknowledged}`);
      assertLine(store, line.slice(0, height + 1));
      assert.deepEqual(store.final, store.head && { height, hash: store.head.hash });
      await store.close();
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

it("keeps a second process out while the first has the store open, and says which one that is", async () => {
  const directory = await mkdtemp(join(tmpdir(), "aurex-second-"));
  try {
    await killAfter(directory, 5, async () => {
      await assert.rejects(
        openLevelStore({ directory, chainId: testChainId }, { logger: silentLogger, clock: systemClock }),
        (error) => error instanceof StoreError && error.code === "store/in-use",
      );
    });
  } finally {
    await rm(directory, { recursive: true });
  }
});
