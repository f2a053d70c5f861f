/** Limits of the process: a node that could not work says so before it makes anything, and one that meets them lives on. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { describe, it } from "node:test";
import { until } from "../support/patience.ts";
import { aurex, folderOf, quiet, ShellNode, shell } from "./shell.ts";

describe("open files", () => {
  it("too few are refused with the limit and the need, before anything is made: 2", async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    for (const command of ["", "start", "pool serve"]) {
      const { code, stderr } = shell(`ulimit -n 64; ${aurex} ${command} ${quiet} --data-dir ${dataDir}`);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^Error: this process may have only 64 files open at once\n/);
      assert.match(stderr, /\nNext: {2}.*ulimit -n/);
      assert.equal(existsSync(dataDir), false);
    }
  });

  it("few are warned of, in the log", async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    const line = `bash -c "ulimit -n 512; exec ${aurex} ${quiet} --data-dir ${dataDir}"`;
    const node = new ShellNode(t, dataDir, line);
    await until("the warning is there", () => /WARN: .*only 512 files/.test(node.stdout));
    assert.equal(await node.stop(), 0, node.stderr);
  });

  it("when they run out the node lives on, and answers again afterwards", async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    const line = `bash -c "ulimit -n 256; exec ${aurex} ${quiet} --data-dir ${dataDir}"`;
    const node = new ShellNode(t, dataDir, line);
    const { addresses } = await node.status();
    const peerPort = Number(/\/tcp\/(\d+)/.exec(addresses[0] ?? "")?.[1]);
    const { readDirectoryLock } = await import("../../src/store/directory-lock.ts");
    const apiPort = Number(new URL((await readDirectoryLock(dataDir))?.apiUrl ?? "").port);
    const sockets = Array.from({ length: 400 }, (_, index) =>
      net.connect(index % 2 ? peerPort : apiPort, "127.0.0.1").on("error", () => {}),
    );
    t.after(() => sockets.forEach((socket) => void socket.destroy()));
    await until("all connections were tried", () =>
      sockets.every(({ connecting, destroyed }) => destroyed || !connecting),
    );
    for (const socket of sockets) socket.destroy();
    assert.equal((await node.status()).head.height, 0);
    assert.equal(await node.stop(), 0, node.stderr);
  });
});
