/** What each signal does to a node, and how its log gets along with logrotate. */
import assert from "node:assert/strict";
import { readFile, rename, rm, truncate } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { until } from "../support/patience.ts";
import { aurex, folderOf, quiet, ShellNode } from "./shell.ts";

async function startedNode(t: Parameters<typeof folderOf>[0], before = "", flags = "") {
  const dataDir = path.join(await folderOf(t), "node");
  const node = new ShellNode(t, dataDir, `${before} ${aurex} ${quiet} --data-dir ${dataDir} ${flags}`);
  await node.status();
  const log = path.join(dataDir, "blockchain.log");
  const logged = (file = log) => readFile(file, "utf8").catch(() => "");
  const hangUp = async () => {
    node.child.kill("SIGHUP");
    await until("the log is opened anew", async () => (await logged()).includes("SIGHUP"));
  };
  return { node, log, logged, hangUp };
}

describe("SIGHUP", () => {
  for (const flags of ["", "--no-log-rotate"]) {
    it(`opens the log file anew that logrotate has moved, and the node goes on ${flags}`, async (t) => {
      const { node, log, logged, hangUp } = await startedNode(t, "", flags);
      await hangUp();
      await rename(log, `${log}.1`);
      const before = await logged(`${log}.1`);
      await hangUp();
      assert.equal(await logged(`${log}.1`), before, "nothing goes to the old file any more");
      assert.equal(await node.stop(), 0, node.stderr);
    });
  }

  it("brings back a log file that was removed, and leaves one that was truncated as it is", async (t) => {
    const { node, log, hangUp } = await startedNode(t);
    await rm(log);
    await hangUp();
    await truncate(log);
    await hangUp();
    assert.equal(await node.stop("SIGINT"), 0, node.stderr);
  });

  it("does not stop a node under nohup", async (t) => {
    const { node, hangUp } = await startedNode(t, "nohup");
    await hangUp();
    assert.equal((await node.status()).head.height, 0);
    assert.equal(await node.stop(), 0);
  });
});

describe("other signals", () => {
  it("SIGUSR1 opens no debugger, SIGUSR2 ends nothing, and a node that was paused goes on", async (t) => {
    const { node } = await startedNode(t);
    for (const signal of ["SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGWINCH", "SIGSTOP", "SIGCONT"] as const) {
      node.child.kill(signal);
    }
    assert.equal((await node.status()).head.height, 0);
    assert.equal(await node.stop(), 0);
    assert.equal(node.stderr, "");
  });

  it("SIGTERM at any moment of the start ends with 0 or by the signal, and the next start works", async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    const line = `${aurex} --consensus poa --authority ${quiet} --data-dir ${dataDir}`;
    for (const afterMs of [0, 150, 300, 600, 1_000, 2_000]) {
      const node = new ShellNode(t, dataDir, line);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      const code = await node.stop();
      const { signalCode } = node.child;
      assert.ok(
        code === 0 || signalCode === "SIGTERM",
        `${afterMs} ms: ${code} ${signalCode} ${node.stderr}`,
      );
      assert.doesNotMatch(node.stderr, /a bug/);
    }
    const node = new ShellNode(t, dataDir, line);
    await node.status();
    assert.equal(await node.stop(), 0, node.stderr);
  });
});
