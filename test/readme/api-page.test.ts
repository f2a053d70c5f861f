/** docs/api.md: its five minutes are run line by line as printed, and its table has every route. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { Problem } from "../../src/api/problem.ts";
import { isProblem } from "../../src/api/problem.ts";
import type { TransactionAnswer } from "../../src/api/transaction-shapes.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { withRouteTable } from "../api/route-table.ts";
import { type NodeProcess, Stage } from "../e2e/processes.ts";
import { alice, openApiRig } from "../http/api-rig.ts";
import { until } from "../support/patience.ts";

const docs = path.join(import.meta.dirname, "../../docs");
const page = readFileSync(path.join(docs, "api.md"), "utf8");
const missing = ["bash", "curl", "python3"].filter((name) => spawnSync(name, ["--version"]).status !== 0);
const skip = missing.length > 0 && `this machine has no ${missing.join(" and no ")}`;

/** The lines of the bash blocks under the heading. */
const lines = [
  ...(page.split("## The API in five minutes")[1]?.split("\n## ")[0] ?? "").matchAll(
    /```bash\n([\s\S]*?)```/g,
  ),
].flatMap(([, block = ""]) => block.trim().split("\n"));

describe("the API in five minutes", { skip }, () => {
  let stage: Stage;
  let node: NodeProcess;
  before(async () => {
    stage = await Stage.open();
    const chain = await stage.spec("poa.json", {
      consensus: "poa",
      authorities: [await stage.nodeAddress("authority")],
      ...{ periodMs: 200, stepMs: 200, heartbeatMs: 3_600_000 },
    });
    node = await stage.start("authority", "--consensus", "poa", "--chain", chain, "--authority");
  });
  after(() => stage.close());

  it("does what it says, line by line", async () => {
    const folder = stage.place("five-minutes");
    await mkdir(folder);
    await symlink(docs, path.join(folder, "docs"));
    const [first, ...rest] = lines;
    assert.equal(first, "export API=http://127.0.0.1:13280");
    const bash = async (script: string) => {
      const shell = spawn("bash", ["-euo", "pipefail", "-c", script], {
        cwd: folder,
        env: { ...process.env, API: node.started.apiUrl, PYTHONDONTWRITEBYTECODE: "1" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      shell.stdout.on("data", (text) => (stdout += text));
      shell.stderr.on("data", (text) => (stderr += text));
      const [code] = await once(shell, "close");
      return { code, stdout, stderr };
    };
    const script = [`export API=${node.started.apiUrl}`, ...rest].map((line) => `${line}\nprintf '\\n@@\\n'`);
    const { code, stdout, stderr } = await bash(script.join("\n"));
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    const printed = stdout.split("\n@@\n").slice(0, -1);
    assert.equal(printed.length, lines.length);
    const answerTo = <Body>(part: string): Body => {
      const index = lines.findIndex((line) => line.includes(part));
      assert.notEqual(index, -1, part);
      return JSON.parse(printed[index] ?? "");
    };
    // Every line that prints an answer prints a good one, but the last, which shows an error.
    for (const [index, line] of lines.entries()) {
      if (!line.startsWith("curl -s ") || line.includes(" -o ")) continue;
      const body: unknown = JSON.parse(printed[index] ?? "");
      assert.equal(isProblem(body), line.includes("limits=2"), `${line}: ${printed[index]}`);
    }
    const [id] = readFileSync(path.join(folder, "sent"), "utf8").split(" ");
    const transaction = answerTo<TransactionAnswer>("/v1/transactions/$ID");
    assert.ok(transaction.status === "committed" && transaction.final && transaction.id === id);
    assert.equal(answerTo<{ name: string }>("/v1/accounts/shop@example.com").name, "shop@example.com");
    const history = answerTo<{ items: { id: string }[] }>("order=oldest");
    assert.ok(history.items.some((item) => item.id === id));
    assert.equal(answerTo<{ result: string }>("/check").result, "committed");
    assert.match(answerTo<Problem>("limits=2").detail, /limit/);
    // Two seconds are little on a machine that does much else: then the line is run again.
    const listening = lines.findIndex((line) => line.includes("/v1/events"));
    let stream = printed[listening] ?? "";
    await until("the stream begins with a snapshot", async () => {
      if (!stream.includes("event: snapshot")) stream = (await bash(lines[listening] ?? "")).stdout;
      return stream.includes("event: snapshot");
    });
  });
});

describe("docs/api.md", () => {
  it("has every route in its table, as they are now; else run npm run openapi", () => {
    assert.equal(page, withRouteTable(page));
  });

  it("shows an error as the node gives it", async (t) => {
    const rig = await openApiRig();
    t.after(() => rig.close());
    const poor = keyPairFromSeed(new Uint8Array(32).fill(5));
    const shown = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? "") as Problem;
    const payload = {
      ...{ kind: "transfer" as const, to: poor.publicKey, assetId: new Uint8Array(32) },
      ...{ amount: 200_000_000n, memo: new Uint8Array(0) },
    };
    const funding = rig.sign({ ...payload, amount: 100_000_000n }, alice);
    await rig.client.submit(funding.bytes);
    await rig.sealWaiting();
    const response = await fetch(`${rig.url}/v1/transactions`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: Buffer.from(rig.sign(payload, poor).bytes),
    });
    assert.deepEqual(await response.json(), shown);
    assert.equal((await rig.client.account(addressOf(poor.publicKey))).balance, "1");
  });
});
