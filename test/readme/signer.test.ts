/** docs/examples/signer.py, as printed, with Debian's python3 against a real node: made from the protocol's page alone. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { addressOf } from "../../src/protocol/identity.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { type NodeProcess, Stage } from "../e2e/processes.ts";

const script = path.join(import.meta.dirname, "../../docs/examples/signer.py");
const found = spawnSync("python3", ["--version"], { encoding: "utf8" });
const skip = found.status === 0 ? false : "there is no python3 on this machine";

const seed = new Uint8Array(32).fill(77);
const { publicKey } = keyPairFromSeed(seed);

describe("the signer in Python", { skip }, () => {
  let stage: Stage;
  let node: NodeProcess;
  let keyFile: string;

  before(async () => {
    stage = await Stage.open();
    const chain = await stage.spec("poa.json", {
      consensus: "poa",
      authorities: [await stage.nodeAddress("authority")],
      ...{ periodMs: 200, stepMs: 200, heartbeatMs: 3_600_000 },
      allocations: { [addressOf(publicKey)]: "10" },
    });
    node = await stage.start("authority", "--consensus", "poa", "--chain", chain, "--authority");
    keyFile = path.join(stage.folder, "python.key");
    await writeFile(keyFile, Buffer.from(seed).toString("hex"));
  });
  after(() => stage.close());

  async function python(key: string, ...terms: string[]) {
    // Its bytes are compiled nowhere beside it.
    const child = spawn("python3", ["-B", script, key, ...terms], {
      env: { ...process.env, API: node.started.apiUrl },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => (stdout += text));
    child.stderr.on("data", (text) => (stderr += text));
    const [code] = await once(child, "close");
    return { code, stdout: stdout.trim(), stderr: stderr.trim() };
  }

  it("has fewer than 100 lines, and takes nothing but the standard library", () => {
    const text = readFileSync(script, "utf8");
    assert.ok(text.split("\n").length <= 100);
    const imported = [...text.matchAll(/^(?:import|from) ([\w., ]+)/gm)].flatMap(([, names = ""]) =>
      names.replace(/ import.*/, "").split(", "),
    );
    const standard = ["decimal", "hashlib", "json", "os", "struct", "sys", "time"];
    const web = ["urllib.error", "urllib.request"];
    assert.deepEqual(imported.sort(), [...standard, ...web].sort());
  });

  it("registers a name and sends to an address, and waits until both are final", async () => {
    const registered = await python(keyFile, "register", "python@example.com");
    assert.equal(registered.stderr, "");
    assert.match(registered.stdout, /^[0-9a-f]{64} final$/);
    const fresh = path.join(stage.folder, "fresh.key");
    const made = await python(fresh, "address");
    assert.match(made.stdout, /^aurex1/);
    assert.equal((await stat(fresh)).mode & 0o777, 0o600);
    const sent = await python(keyFile, "send", made.stdout, "1.5");
    assert.match(sent.stdout, /^[0-9a-f]{64} final$/, sent.stderr);
    assert.equal((await node.api.account(made.stdout)).balance, "1.5");
    const back = await python(fresh, "send", "python@example.com", "0.25");
    assert.match(back.stdout, / final$/, back.stderr);
    assert.equal((await node.api.account("python@example.com")).name, "python@example.com");
  });

  it("sends the same bytes again after a lost answer, so that nothing is paid twice", async () => {
    const to = addressOf(keyPairFromSeed(new Uint8Array(32).fill(78)).publicKey);
    const before = await node.api.account(addressOf(publicKey));
    const first = await python(keyFile, "send", to, "2");
    const id = first.stdout.split(" ")[0] ?? "";
    // As it is if the process dies between sending and the answer.
    const response = await fetch(`${node.started.apiUrl}/v1/transactions/${id}/raw`);
    await writeFile(`${keyFile}.sending`, Buffer.from(await response.arrayBuffer()));
    const again = await python(keyFile, "send", to, "2");
    assert.equal(again.stdout, first.stdout);
    assert.match(again.stderr, /sends again/);
    assert.equal((await node.api.account(to)).balance, "2");
    assert.equal((await node.api.account(addressOf(publicKey))).sequence, before.sequence + 1);
    await assert.rejects(readFile(`${keyFile}.sending`));
  });

  it("says where no node answers", () => {
    const env = { ...process.env, API: "http://127.0.0.1:9" };
    const { stderr, status } = spawnSync("python3", ["-B", script, keyFile, "address"], {
      env,
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.match(stderr, /^no node answers at http:\/\/127\.0\.0\.1:9\/v1\/accounts/);
  });

  it("finds a wrong letter by itself, and says what the node says of the rest", async () => {
    const to = addressOf(publicKey);
    const wrong = `${to.slice(0, -1)}${to.endsWith("q") ? "p" : "q"}`;
    assert.match((await python(keyFile, "send", wrong, "1")).stderr, /is no address/);
    const poor = await python(keyFile, "send", to, "1000");
    assert.equal(poor.code, 1);
    assert.match(poor.stderr, /^transaction\/balance-too-low: .* Next: send less/);
    assert.match((await python(keyFile, "send", to, "0.123456789")).stderr, /8 decimal places/);
    // What was refused is not sent again.
    assert.match((await python(keyFile, "send", to, "1")).stdout, / final$/);
  });
});
