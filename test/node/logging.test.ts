/** The log: what it looks like, what it never shows, how its file turns over, and that a full disk does not stop it. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { Writable } from "node:stream";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { LogFile } from "../../src/node/log-file.ts";
import { createNodeLogger } from "../../src/node/logging.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { until } from "../support/patience.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { refusedWith, temporaryFolder } from "./node-rig.ts";

class Screen extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

const linesOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("the log", () => {
  it("is lines for people in the terminal and JSON in a file that only its user reads", async (t) => {
    const file = path.join(await temporaryFolder(t), "deep", "blockchain.log");
    const terminal = new Screen();
    const log = createNodeLogger({ level: "info", format: "human", file, terminal });
    log.logger.info({ height: 7 }, "sealed a block");
    log.logger.child({ node: "alpha" }).warn({ error: new Error("it broke") }, "something");
    log.logger.debug({}, "too small to say");
    await log.close();
    const [sealed, broke, ...more] = linesOf(await readFile(file, "utf8"));
    assert.deepEqual([sealed.msg, sealed.height, sealed.level], ["sealed a block", 7, 30]);
    assert.deepEqual([broke.node, broke.error.message], ["alpha", "it broke"]);
    assert.match(broke.error.stack, /logging\.test\.ts/);
    assert.deepEqual(more, []);
    assert.match(terminal.text, /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: sealed a block \{"height":7\}\n/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(path.dirname(file))).mode & 0o777, 0o700);
  });

  it("is JSON in the terminal where that is asked for, and nothing where silence is", () => {
    const terminal = new Screen();
    const common = { file: undefined, terminal } as const;
    createNodeLogger({ ...common, level: "debug", format: "json" }).logger.debug({ x: 1 }, "a");
    createNodeLogger({ ...common, level: "silent", format: "json" }).logger.error({}, "b");
    const lines = linesOf(terminal.text);
    assert.deepEqual(
      lines.map(({ msg, x }) => [msg, x]),
      [["a", 1]],
    );
  });

  it("shows no secret, at any of the depths where one could come in", () => {
    const terminal = new Screen();
    const { logger } = createNodeLogger({ level: "info", format: "json", file: undefined, terminal });
    const seed = "5eed".repeat(16);
    const passphrase = "correct horse";
    const keyPair = keyPairFromSeed(new Uint8Array(32).fill(7));
    logger.info({ seed, passphrase, keyPair, options: { privateKeySeed: seed, keyPair } }, "opened");
    logger.info({ a: { b: { passphrase, secretKey: seed } } }, "opened deeper");
    logger.child({ passphrase }).info({}, "child");
    for (const secret of [seed, passphrase, Buffer.from(keyPair.secretKey).toString("hex")]) {
      assert.ok(!terminal.text.includes(secret), terminal.text);
    }
    assert.ok(!terminal.text.includes("7,7,7,7"), terminal.text);
    assert.match(terminal.text, /\[secret\]/);
  });

  it("says where its file cannot be: 2", async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(path.join(folder, "file"), "");
    const file = path.join(folder, "file", "blockchain.log");
    const options = { level: "info", format: "json", file, terminal: undefined } as const;
    const { message } = await refusedWith(2, async () => createNodeLogger(options));
    assert.ok(message.includes(path.join(folder, "file")), message);
  });
});

describe("the log's file", () => {
  it("turns over, compressed, and keeps only as many old ones as it is told", async (t) => {
    const folder = await temporaryFolder(t);
    const file = path.join(folder, "blockchain.log");
    const line = `${"x".repeat(400)}\n`;
    const log = new LogFile({ file, size: "1K", filesKept: 2 }, { clock: createSimulatedClock(0) });
    for (let count = 0; count < 20; count += 1) {
      log.write(line);
      await until("the line is written", () => log.waitingBytes === 0);
    }
    await log.close();
    const old = (await readdir(folder)).filter((name) => name.endsWith(".gz"));
    assert.equal(old.length, 2);
    for (const name of old) {
      assert.equal(gunzipSync(await readFile(path.join(folder, name))).toString(), line.repeat(3));
    }
    assert.ok((await stat(file)).size < 1_024);
  });

  it("loses lines and not the node while it cannot be written, and goes on afterwards", async (t) => {
    const folder = await temporaryFolder(t);
    const file = path.join(folder, "blockchain.log");
    // A directory in its place: what cannot be opened stands for what cannot be written.
    await mkdir(file);
    const clock = createSimulatedClock(0);
    const log = new LogFile({ file, size: "1M", filesKept: 2 }, { clock });
    log.write("lost\n");
    await until("the failure is noticed", () => !log.isOpen);
    log.write("lost, too\n");
    await rm(file, { recursive: true });
    await clock.advance(9_999);
    log.write("too early\n");
    assert.equal(log.isOpen, false);
    await clock.advance(1);
    log.write("back\n");
    await log.close();
    assert.equal(await readFile(file, "utf8"), "back\n");
  });

  it("can be closed also where it never could be opened", async (t) => {
    const folder = await temporaryFolder(t);
    const log = new LogFile({ file: folder, size: "1M", filesKept: 2 }, { clock: createSimulatedClock(0) });
    log.write("lost\n");
    await log.close();
  });
});
