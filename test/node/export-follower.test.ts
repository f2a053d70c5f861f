/** The SQL ledger beside a running node: in step with every head, across reorganizations, and stopped at any moment. */
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { ExportThread } from "../../src/export/export-thread.ts";
import { AurexNode } from "../../src/node/aurex-node.ts";
import { ExportFollower } from "../../src/node/export-follower.ts";
import { exportOnce, fileContents, jobFor } from "../export/ledger-contents.ts";
import { until } from "../support/patience.ts";
import { commitRecord, poaSpecFor, powSpec, quietOptions, startNode, temporaryFolder } from "./node-rig.ts";

/** One row of the ledger, read as any auditor would. */
function one(file: string, sql: string): Record<string, unknown> {
  const ledger = new DatabaseSync(file, { readOnly: true });
  try {
    return { ...ledger.prepare(sql).get() };
  } finally {
    ledger.close();
  }
}

describe("the ledger of a running node", () => {
  it("has every block and the node itself, and goes on after a restart", async (t) => {
    const folder = await temporaryFolder(t);
    const dataDir = path.join(folder, "alpha");
    const exportFile = path.join(folder, "ledger.sqlite");
    const options = quietOptions(dataDir, await poaSpecFor(dataDir), { exportFile });
    const node = await startNode(t, options);
    await commitRecord(node, "first");
    await until("the ledger has it", () => one(exportFile, "SELECT COUNT(*) AS n FROM transactions").n === 1);
    await node.stop();
    const again = await startNode(t, options);
    await commitRecord(again, "second");
    const fresh = path.join(folder, "fresh.sqlite");
    const state = () => [again.chain.head.hashHex, again.chain.final?.height];
    // Empty blocks come until the record is final.
    await until("both have the same blocks", async () => {
      await again.exportCaughtUp();
      const before = state();
      await rm(fresh, { force: true });
      await exportOnce(fresh, again.chain);
      return !again.chain.awaitsFinality && isDeepStrictEqual(before, state());
    });
    assert.deepEqual(fileContents(exportFile), fileContents(fresh));
    assert.deepEqual(one(exportFile, "SELECT name, engine, role FROM nodes"), {
      name: "alpha",
      engine: "poa",
      role: "authority",
    });
  });

  it("follows a reorganization, and what had left comes back", async (t) => {
    const folder = await temporaryFolder(t);
    const exportFile = path.join(folder, "ledger.sqlite");
    const loser = await startNode(t, quietOptions(path.join(folder, "loser"), powSpec(), { exportFile }));
    const winner = await startNode(
      t,
      quietOptions(path.join(folder, "winner"), powSpec(), { name: "winner" }),
    );
    const lost = [await commitRecord(loser, "lost 1"), await commitRecord(loser, "lost 2")];
    await loser.exportCaughtUp();
    assert.equal(one(exportFile, 'SELECT MAX("index") AS n FROM blocks').n, loser.chain.head.header.height);
    for (let count = 0; winner.chain.head.header.height < loser.chain.head.header.height + 3; count += 1) {
      await commitRecord(winner, `won ${count}`);
    }
    // Not its head: the other may find a better one on the way there.
    const winningHash = winner.chain.hashAtHeight(1);
    assert.ok(winningHash);
    await loser.network.dial(winner.network.addresses[0] ?? "");
    for (const node of [loser, winner]) {
      await until("the heavier branch won", () => {
        const record = node.chain.headerOf(winningHash);
        return record !== undefined && node.chain.isCanonical(record);
      });
      for (const id of lost) {
        await until("what the lighter branch held is committed again", () => !!node.chain.transaction(id));
      }
    }
    await until("both agree", () => loser.chain.head.hashHex === winner.chain.head.hashHex);
    await loser.exportCaughtUp();
    const fresh = path.join(folder, "fresh.sqlite");
    await exportOnce(fresh, loser.chain);
    assert.deepEqual(fileContents(exportFile), fileContents(fresh));
    assert.ok(Number(one(exportFile, "SELECT COUNT(*) AS n FROM reorgs").n) >= 1);
    const { n } = one(exportFile, "SELECT SUM(transaction_count) AS n FROM orphaned_blocks");
    assert.ok(Number(n) >= lost.length);
  });

  it("is written on by another thread if its own one dies, and the node mines all the while", async (t) => {
    const folder = await temporaryFolder(t);
    const node = await startNode(
      t,
      quietOptions(path.join(folder, "alpha"), powSpec(), { mineEmptyBlocks: true }),
    );
    const file = path.join(folder, "ledger.sqlite");
    const said: string[] = [];
    const note = (_: object, message: string) => void said.push(message);
    const logger = { ...silentLogger, error: note, info: note };
    const workerFile = new URL("../export/dying-worker.ts", import.meta.url);
    const follower = new ExportFollower({
      job: new ExportThread({ file, workerFile }, { source: node.chain, logger }),
      chain: node.chain,
      network: node.network,
      clock: systemClock,
      logger,
    });
    t.after(() => follower.stop());
    node.chain.events.on("headChanged", () => follower.chainChanged());
    await writeFile(`${file}.die-at`, "30");
    await follower.start();
    await until("the node knows of it", () => follower.status().fault?.code === "export/thread-ended");
    const height = node.chain.head.header.height;
    await until("the node goes on", () => node.chain.head.header.height > height);
    await until("the ledger, too", () => {
      const { fault, height: written } = follower.status();
      return fault === null && Number(written) > height;
    });
    assert.deepEqual(
      // A slow machine also tells how far a long backlog is.
      said.filter((message) => /SQL ledger/.test(message) && !message.endsWith("is catching up")),
      [
        "the thread that writes the SQL ledger ended",
        "the SQL ledger could not be written; it is tried again by itself, every 10 s at least",
        "the SQL ledger is written again",
      ],
    );
  });

  it("of final blocks alone is refused on a chain that never has one, and ends with the last one on others", async (t) => {
    const folder = await temporaryFolder(t);
    const exportFile = path.join(folder, "ledger.sqlite");
    const options = { exportFile, exportFinalizedOnly: true };
    const work = quietOptions(path.join(folder, "work"), powSpec(), options);
    await assert.rejects(AurexNode.open(work), { code: "node/no-finality" });
    const dataDir = path.join(folder, "alpha");
    const node = await startNode(t, quietOptions(dataDir, await poaSpecFor(dataDir), options));
    await commitRecord(node, "first");
    await until("it is final, and in the ledger", async () => {
      await node.exportCaughtUp();
      return one(exportFile, "SELECT COUNT(*) AS n FROM transactions").n === 1;
    });
    const { height, final } = one(
      exportFile,
      "SELECT cursor_index AS height, final_index AS final FROM meta",
    );
    assert.equal(height, final);
    assert.ok(Number(height) <= (node.chain.final?.height ?? 0));
  });

  it("ends between two SQL transactions when it is stopped, and a later one completes it", async (t) => {
    const folder = await temporaryFolder(t);
    const node = await startNode(
      t,
      quietOptions(path.join(folder, "alpha"), powSpec(), { mineEmptyBlocks: true }),
    );
    await until("there is a long chain", () => node.chain.head.header.height >= 200);
    const file = path.join(folder, "ledger.sqlite");
    const follow = (rowsPerTransaction: number) =>
      new ExportFollower({
        job: jobFor(file, node.chain, { rowsPerTransaction }),
        chain: node.chain,
        network: node.network,
        clock: systemClock,
        logger: silentLogger,
      });
    const stopped = follow(1);
    await stopped.start();
    // Looked at often: the blocks come one by one, and are not to be all there.
    const hasBegun = () => Number(one(file, "SELECT COUNT(*) AS n FROM blocks").n) > 0;
    await until("it has begun", hasBegun, { pollMs: 1 });
    await stopped.stop();
    const sql =
      'SELECT COUNT(*) AS blocks, MAX("index") AS highest, (SELECT cursor_index FROM meta) AS cursor FROM blocks';
    const { blocks, highest, cursor } = one(file, sql);
    assert.ok(Number(blocks) < 200, `${blocks} blocks`);
    assert.deepEqual([blocks, highest], [Number(cursor) + 1, cursor]);
    const later = follow(1_000);
    node.chain.events.on("headChanged", () => later.chainChanged());
    await later.start();
    await until("it has caught up", () => Number(one(file, sql).cursor) >= 200);
    await later.stop();
  });
});
