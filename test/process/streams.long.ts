/** Output streams of any kind: full, closed, hanging or gone, no stream ends a node, and no result is lost silently. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { until } from "../support/patience.ts";
import { aurex, folderOf, quiet, ShellNode, shell } from "./shell.ts";

const hasPython = shell("python3 -c 'import pty'").code === 0;
const withoutPython = hasPython ? false : "python3 makes the terminal of this test";

describe("a node goes on", () => {
  for (const [what, streams] of [
    ["with stdout on a full disk", ">/dev/full"],
    ["with stdout and stderr on a full disk", ">/dev/full 2>&1"],
    ["with JSON lines on a full disk", "--log-format json >/dev/full"],
    ["with both streams closed", ">&- 2>&-"],
  ] as const) {
    it(what, async (t) => {
      const dataDir = path.join(await folderOf(t), "node");
      const node = new ShellNode(t, dataDir, `${aurex} ${quiet} --data-dir ${dataDir} ${streams}`);
      assert.equal((await node.status()).head.height, 0);
      node.child.kill("SIGHUP");
      assert.equal((await node.status()).head.height, 0);
      assert.equal(await node.stop(), 0, node.stderr);
      assert.equal(node.stderr, "");
    });
  }

  it("when the readers of its pipes go away", async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    const node = new ShellNode(t, dataDir, `${aurex} ${quiet} --data-dir ${dataDir}`);
    await node.status();
    node.child.stdout?.destroy();
    node.child.stderr?.destroy();
    node.child.kill("SIGHUP");
    assert.equal((await node.status()).head.height, 0);
    assert.equal(await node.stop(), 0);
  });

  it("when its terminal takes nothing, and when the terminal is gone", { skip: withoutPython }, async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    // Reads nothing from the terminal until it is told to close it.
    const keeper = `import os,pty,sys,subprocess
m,s=pty.openpty()
p=subprocess.Popen(sys.argv[1:],stdin=s,stdout=s,stderr=s,start_new_session=True)
os.close(s)
print(p.pid,flush=True)
sys.stdin.readline()
os.close(m)
sys.exit(p.wait())`;
    const flags = [...quiet.split(" "), "--data-dir", dataDir];
    const command = shell(`printf '%s\\n' ${aurex}`).stdout.trim().split("\n");
    const child = spawn("python3", ["-c", keeper, ...command, ...flags], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [pidText] = await once(child.stdout, "data");
    const pid = Number(pidText);
    t.after(async () => {
      if (child.exitCode !== null) return;
      process.kill(pid, "SIGKILL");
      await once(child, "exit");
    });
    const node = new Watched(dataDir);
    await node.answers();
    // Each SIGHUP is a line in the log and in the terminal, whose buffer holds 4 KiB.
    await until("more is written than the terminal takes", async () => {
      process.kill(pid, "SIGHUP");
      return (await stat(path.join(dataDir, "blockchain.log"))).size > 20_000;
    });
    await node.answers();
    child.stdin.end("close\n");
    await until("the node lives on without its terminal", () => node.answers());
    const exited = once(child, "exit");
    process.kill(pid, "SIGTERM");
    assert.deepEqual(await exited, [0, null]);
  });
});

describe("memory stays bounded", () => {
  it("when nobody reads the pipe behind stdout", async (t) => {
    const script = path.join(import.meta.dirname, "hung-reader.ts");
    const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "pipe"] });
    t.after(() => child.kill("SIGKILL"));
    // Nothing is read from child.stdout.
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
    await until("all lines are written", () => said.includes("\n"));
    const { writtenBytes, waitingBytes } = JSON.parse(said) as Record<string, number>;
    assert.ok(writtenBytes !== undefined && writtenBytes > 30_000_000);
    assert.ok(waitingBytes !== undefined && waitingBytes < 2 * 2 ** 20, `${waitingBytes} bytes wait`);
  });
});

describe("a command that cannot write its result", () => {
  it("says so and ends with 2 on a full disk", () => {
    for (const command of ["--version", "start --help", "config show --json"]) {
      const { code, stderr } = shell(`${aurex} ${command} >/dev/full`);
      assert.equal(code, 2, command);
      assert.match(stderr, /^Error: the result could not be written\nWhy: {3}ENOSPC/);
    }
  });

  it("ends quietly, as other tools do, when the reader has gone", () => {
    const { stdout, stderr } = shell(`${aurex} start --help | true; echo "\${PIPESTATUS[0]}"`);
    assert.equal(stderr, "");
    assert.match(stdout, /^(?:0|141)\n$/);
    const gone = shell(`exec 3> >(exec true); sleep 1; ${aurex} start --help >&3; echo $?`);
    assert.deepEqual([gone.stdout, gone.stderr], ["141\n", ""]);
  });

  it("keeps the exit code of an error, also with stderr on a full disk", () => {
    assert.equal(shell(`${aurex} keys show nobody --data-dir /tmp >/dev/full 2>/dev/full`).code, 7);
    assert.equal(shell(`${aurex} --nonsense >/dev/full 2>&1`).code, 2);
  });
});

/** A node of another process's, seen by its data directory. */
class Watched {
  readonly #dataDir: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  async answers(): Promise<boolean> {
    const { readDirectoryLock } = await import("../../src/store/directory-lock.ts");
    const { createApiClient } = await import("../../src/client/api-client.ts");
    const url = await until("its API is there", async () => (await readDirectoryLock(this.#dataDir))?.apiUrl);
    return (await createApiClient(url).node()).head.height === 0;
  }
}
