/** What `init` prints next, followed word by word by a shell: the nodes start, and the chain goes on. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { until } from "../support/patience.ts";
import { RealHome, type StartedNode } from "./real-nodes.ts";

async function homeOf(t: TestContext): Promise<RealHome> {
  const home = await RealHome.open();
  t.after(() => home.close());
  return home;
}

/** The command lines after "next", and after "other machines". */
function linesOf(stdout: string): { next: string[]; elsewhere: string[] } {
  const after = (label: string) => {
    const [, block = ""] = new RegExp(`^${label} +(aurex-node .*\n(?: +.*\n)*)`, "m").exec(stdout) ?? [];
    return block
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  };
  return { next: after("next"), elsewhere: after("other machines") };
}

async function output(home: RealHome, line: string): Promise<string> {
  const { code, stdout, stderr } = await home.line(line);
  assert.equal(code, 0, `${line}: ${stderr}`);
  return stdout;
}

async function finalHeight(home: RealHome, node: StartedNode): Promise<number> {
  return JSON.parse(await home.output("status", "--json", "--api", node.apiUrl)).final.height;
}

describe("the lines after init", () => {
  it("start the authority whose key this machine has, wherever keys node has put it", async (t) => {
    for (const flags of ["", "--data-dir mine"]) {
      const home = await homeOf(t);
      const address = (await output(home, `aurex-node keys node --address ${flags}`)).trim();
      const { next, elsewhere } = linesOf(
        await output(home, `aurex-node init --consensus poa --authority ${address} --out chain.json`),
      );
      assert.equal(next.length, 1, flags);
      assert.deepEqual(elsewhere, []);
      const node = await home.startLine(next[0] ?? "");
      assert.equal(node.address, address, "the node has the key that the spec names");
      assert.match(await output(home, "aurex-node tx record --key node --wait hello"), /committed in block/);
      await node.stop();
    }
  });

  it("start two authorities of one machine, which agree on what is final", async (t) => {
    const home = await homeOf(t);
    await output(home, "aurex-node keys node --data-dir 'node one'");
    await output(home, "aurex-node keys node --data-dir two");
    const stdout = await output(
      home,
      "aurex-node init --consensus poa --period 200ms --step 100ms --out chain.json --authority $(aurex-node keys node --address --data-dir 'node one') $(aurex-node keys node --address --data-dir two)",
    );
    const { next } = linesOf(stdout);
    assert.equal(next.length, 2, stdout);
    const nodes = [await home.startLine(next[0] ?? ""), await home.startLine(next[1] ?? "")];
    await output(home, "aurex-node tx record --key node --data-dir two --wait both");
    for (const node of nodes)
      await until("a block is final", async () => (await finalHeight(home, node)) > 0);
  });

  it("say what the machines of the other authorities do", async (t) => {
    const [home, other] = [await homeOf(t), await homeOf(t)];
    const own = (await output(home, "aurex-node keys node --consensus poa --address")).trim();
    const theirs = (await output(other, "aurex-node keys node --data-dir beta --address")).trim();
    const stdout = await output(
      home,
      `aurex-node init --consensus poa --authority ${own} ${theirs} --out chain.json`,
    );
    const { next, elsewhere } = linesOf(stdout);
    assert.equal(next.length, 1);
    assert.match(elsewhere.join(" "), new RegExp(`DIRECTORY is the one .* ${theirs}$`));
    await output(other, `cp ${home.path("chain.json")} .`);
    const first = await home.startLine(next[0] ?? "");
    const [peer = ""] = first.addresses;
    // Without mDNS, which finds the peer on a LAN; and on ports of its own, as it is the same machine after all.
    const more = `--port 0 --api-port 0 --bootstrap ${peer}`;
    const second = await other.startLine(`${elsewhere[0]?.replace("DIRECTORY", "beta")} ${more}`);
    assert.equal(second.address, theirs);
    await output(home, "aurex-node tx record --key node --wait hello");
    await until("a block is final", async () => (await finalHeight(other, second)) > 0);
  });

  it("need no --data-dir where keys node has made the key of a first node", async (t) => {
    const home = await homeOf(t);
    const address = (await output(home, "aurex-node keys node --address")).trim();
    await output(home, `aurex-node init --consensus poa --authority ${address} --out consortium.json`);
    const node = await home.startLine(
      "aurex-node --consensus poa --authority --chain consortium.json --port 0 --api-port 0",
    );
    assert.equal(node.address, address);
    assert.match(await output(home, "aurex-node tx record --key node --wait hello"), /committed in block/);
  });

  it("name no directory that holds another chain, and the way to a key for this one works", async (t) => {
    const home = await homeOf(t);
    // The only node of this machine mines another chain; keys node shows its key.
    const miner = await home.startLine("aurex-node --consensus pow --port 0 --api-port 0");
    const init = (authority: string, out: string) =>
      output(home, `aurex-node init --consensus poa --name lab --authority ${authority} --out ${out}`);
    const refused = await init("$(aurex-node keys node --address)", "first.json");
    assert.deepEqual(linesOf(refused).next, []);
    assert.match(refused, new RegExp(`has the key ${miner.address} and holds another chain`));
    const [, make = ""] = /Make a key for this one with: (aurex-node .*)\n/.exec(refused) ?? [];
    const address = (await output(home, `${make} --address`)).trim();
    const { next } = linesOf(await init(address, "second.json"));
    const node = await home.startLine(next[0] ?? "");
    assert.equal(node.address, address);
    assert.match(
      await output(home, "aurex-node tx record --key node --data-dir lab-node --wait x"),
      /committed in/,
    );
  });

  it("start a Proof of Work chain beside one that the usual directory holds already", async (t) => {
    const home = await homeOf(t);
    const built = await home.startLine("aurex-node --consensus pow --port 0 --api-port 0");
    await built.stop();
    for (const name of ["lessons", "lessons"]) {
      const stdout = await output(home, `aurex-node init --consensus pow --name ${name} --out $RANDOM.json`);
      const { next } = linesOf(stdout);
      assert.match(next[0] ?? "", / --data-dir lessons-[12] /);
      const node = await home.startLine(next[0] ?? "");
      assert.notEqual(node.chainId, built.chainId);
      await node.stop();
    }
  });

  it("of a chain with admission by token close its network: nobody gets in without an invitation", async (t) => {
    const home = await homeOf(t);
    const keys = ["one", "two"]
      .map((name) => `$(aurex-node keys node --address --data-dir ${name})`)
      .join(" ");
    const flags = "--admission token --period 200ms --step 100ms";
    const stdout = await output(
      home,
      `aurex-node init --consensus poa ${flags} --authority ${keys} --out chain.json`,
    );
    const { next } = linesOf(stdout);
    const [maker = "", guest = ""] = next;
    const refused = await home.line(guest);
    assert.equal(refused.code, 7, refused.stdout);
    assert.match(
      refused.stderr,
      /^Error: this chain's network is closed, and this node has no invitation to it\n/,
    );
    await home.startLine(maker);
    await output(home, "aurex-node invite > invitation");
    const [, join] =
      /; then here, with the token in a file: (aurex-node join .*)\n/.exec(refused.stderr) ?? [];
    assert.ok(join, refused.stderr);
    await output(home, `${join.replace("FILE", "invitation")} --no-start`);
    const second = await home.startLine(guest);
    await output(home, "aurex-node tx record --key node --data-dir one --wait closed");
    await until("a block is final", async () => (await finalHeight(home, second)) > 0);
  });
});
