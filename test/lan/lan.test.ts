/** Namespaces as machines: who reaches whom, what runs there, and that nothing stays behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { createApiClient } from "../../src/client/api-client.ts";
import { ip } from "../../src/demo/lan/ip-command.ts";
import { Lan } from "../../src/demo/lan/lan.ts";
import type { Machine } from "../../src/demo/lan/machine.ts";
import { namespacePrefix, ownNamespaces } from "../../src/demo/lan/namespaces.ts";
import { until } from "../support/patience.ts";
import { whyNoLan } from "./lan-stage.ts";

const port = 4_000;
const server = `require("node:http").createServer((request, response) => {
  request.pipe(response.writeHead(203));
}).listen(${port}, () => console.log("ready"))`;
const skip = whyNoLan();

async function reaches(from: Machine, to: Machine): Promise<boolean> {
  // A second is long on a LAN that is not there; what is cut off would wait for minutes. A busy machine may give the process
  // no time for as long: so it looks once more whether it is connected.
  const script = `require("node:net").connect(${port}, "${to.address}")
    .on("connect", () => process.exit(0)).on("error", () => process.exit(1))
    .setTimeout(1000, () => setImmediate(() => process.exit(1)))`;
  const [code] = await once(from.spawn(process.execPath, ["-e", script]), "exit");
  return code === 0;
}

/** A letter for each machine that each one reaches, e.g. ["ab", "ab", "c"]. */
async function reachable({ machines }: Lan): Promise<string[]> {
  return Promise.all(
    machines.map(async (from) => {
      const reached = await Promise.all(machines.map((to) => reaches(from, to)));
      return machines.map(({ name }, index) => (reached[index] ? name : "")).join("");
    }),
  );
}

describe("a LAN of namespaces", { skip }, () => {
  let lan: Lan;
  before(async () => {
    lan = Lan.open(["a", "b", "c"]);
    for (const machine of lan.machines) {
      const child = machine.spawn(process.execPath, ["-e", server], { stdio: ["ignore", "pipe", "inherit"] });
      await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line");
    }
  });
  after(() => lan.close());

  it("connects all with all", async () => assert.deepEqual(await reachable(lan), ["abc", "abc", "abc"]));

  it("asks from a machine, and says what does not answer there", async () => {
    const [a, b] = lan.machines as [Machine, Machine];
    const ask = (machine: Machine, host: string) =>
      machine.fetch(`http://${host}:${port}/`, { method: "POST", body: `to ${host}` });
    const hosts = ["127.0.0.1", a.address, b.address];
    const answers = await Promise.all(hosts.map((host) => ask(a, host)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [203, 203, 203],
    );
    assert.deepEqual(
      await Promise.all(answers.map((answer) => answer.text())),
      hosts.map((host) => `to ${host}`),
    );
    await assert.rejects(createApiClient("http://127.0.0.1:4001", { fetch: a.fetch }).node(), /ECONNREFUSED/);
  });

  it("cuts one off and mends it", async () => {
    const b = lan.machines[1] as Machine;
    lan.cut(b);
    assert.deepEqual(await reachable(lan), ["ac", "b", "ac"]);
    lan.mend(b);
    assert.deepEqual(await reachable(lan), ["abc", "abc", "abc"]);
  });

  it("parts them into groups and heals", async () => {
    const [a, b, c] = lan.machines as [Machine, Machine, Machine];
    lan.partition([[a], [b, c]]);
    assert.deepEqual(await reachable(lan), ["a", "bc", "bc"]);
    lan.partition([[a, c]]);
    assert.deepEqual(await reachable(lan), ["ac", "b", "ac"]);
    lan.heal();
    assert.deepEqual(await reachable(lan), ["abc", "abc", "abc"]);
  });

  it("gives the host nothing", () => assert.doesNotMatch(ip("-brief", "address"), /10\.77\.0\./));
});

describe("what is left of a LAN", { skip }, () => {
  const room = path.join(import.meta.dirname, "../../src/demo/lan/lan.ts");
  const open = (ending: string) => `
    const { Lan } = await import(${JSON.stringify(room)});
    const lan = Lan.open(["a", "b"]);
    lan.machines[0].spawn("sleep", ["1000"], { stdio: "ignore" }).unref();
    ${ending}`;
  const left = (pid: number | undefined) =>
    ownNamespaces().filter((name) => name.startsWith(`${namespacePrefix}${pid}-`));

  for (const ending of ["lan.close(); lan.close();", "process.exit(3)", "throw new Error('planned')"]) {
    it(`is nothing after ${ending}`, async () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", open(ending)]);
      await once(child, "exit");
      assert.deepEqual(left(child.pid), []);
    });
  }

  it("is removed by the next one where its process was killed, and only then", async () => {
    const script = open("console.log('open'); setInterval(() => {}, 1000)");
    const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
    await once(createInterface({ input: child.stdout }), "line");
    Lan.open(["a"]).close();
    assert.equal(left(child.pid).length, 3);
    const machine = left(child.pid).find((name) => name.endsWith("-1")) ?? "";
    const sleeping = `/proc/${ip("netns", "pids", machine).trim()}/exe`;
    assert.ok(existsSync(sleeping), sleeping);
    child.kill("SIGKILL");
    await once(child, "exit");
    // Another file of the tests may open one at this moment, and has removed it by then.
    Lan.open(["a"]).close();
    assert.deepEqual(left(child.pid), []);
    await until("what ran on it is gone, too", () => !existsSync(sleeping));
  });

  it("is removed by several that open one at once", async () => {
    const run = (ending: string) => spawn(process.execPath, ["--input-type=module", "-e", open(ending)]);
    const killed = run("console.log('open'); setInterval(() => {}, 1000)");
    await once(killed.stdout, "data");
    const again =
      "lan.close(); process.stdin.once('data', () => { Lan.open(['a']).close(); process.exit(0); });";
    const openers = [1, 2, 3].map(() => run(`${again} console.log('ready')`));
    await Promise.all(openers.map(({ stdout }) => once(stdout, "data")));
    killed.kill("SIGKILL");
    await once(killed, "exit");
    const ends = openers.map((opener) => once(opener, "close"));
    for (const { stdin } of openers) stdin.write("go");
    for (const [code] of await Promise.all(ends)) assert.equal(code, 0);
    assert.deepEqual(left(killed.pid), []);
  });
});
