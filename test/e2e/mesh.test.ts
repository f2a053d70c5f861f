/** Four nodes of both engines as four processes: one mesh, two chains, and what is sent to one is committed on its peer. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type NodeProcess, Stage, untilAgreed } from "./processes.ts";

describe("two miners and two authorities in four processes", () => {
  let stage: Stage;
  let [pow1, pow2, poa1, poa2]: NodeProcess[] = [];
  const all = () => [pow1, pow2, poa1, poa2] as NodeProcess[];

  before(async () => {
    stage = await Stage.open();
    const authorities = await Promise.all(["poa-1", "poa-2"].map((name) => stage.nodeAddress(name)));
    const spec = stage.place("consortium.json");
    const allocation = `${authorities[0]}=1000`;
    await stage.output(
      ...["init", "--consensus", "poa", "--name", "consortium", "--out", spec],
      ...["--authority", ...authorities, "--allocation", allocation],
    );
    const pow = ["--consensus", "pow", "--mine", "--mine-threads", "1"];
    const poa = ["--consensus", "poa", "--authority", "--chain", spec];
    pow1 = await stage.start("pow-1", ...pow);
    const bootstrap = ["--bootstrap", pow1.multiaddr];
    [pow2, poa1] = await Promise.all([
      stage.start("pow-2", ...pow, ...bootstrap),
      stage.start("poa-1", ...poa, ...bootstrap),
    ]);
    poa2 = await stage.start("poa-2", ...poa, "--bootstrap", poa1?.multiaddr ?? "");
  });
  after(() => stage.close());

  it("are one mesh, and know their chain and their authorities", async () => {
    await pow1?.until("both that named it have come", ({ peers }) => peers >= 2);
    await poa1?.until("the other authority has come", ({ peers }) => peers >= 2);
    const [a, b, c, d] = await Promise.all(all().map((node) => node.status()));
    assert.equal(a?.chainId, b?.chainId);
    assert.equal(c?.chainId, d?.chainId);
    assert.notEqual(a?.chainId, c?.chainId);
    assert.deepEqual([a?.mining, c?.authority, a?.consensus, c?.consensus], [true, true, "pow", "poa"]);
    assert.deepEqual(new Set(c?.authorities), new Set([c?.address, d?.address]));
  });

  it("commit on the peer what `tx send` gives to one authority", async () => {
    const to = poa2?.started.address ?? "";
    const sent = await stage.output(
      ...["tx", "send", "--key", "node", "--to", to, "--amount", "10.5", "--json"],
      ...["--data-dir", stage.place("poa-1")],
    );
    const { id } = JSON.parse(sent);
    await poa2?.untilCommitted(id);
    const shown = JSON.parse(
      await stage.output("tx", "show", id, "--json", "--api", poa2?.started.apiUrl ?? ""),
    );
    assert.equal(shown.status, "committed");
    assert.deepEqual([shown.payload.kind, shown.payload.amount], ["transfer", "10.5"]);
    assert.equal((await poa2?.api.account(to))?.balance, "10.5");
    await untilAgreed([poa1, poa2] as NodeProcess[]);
  });

  it("mine when something waits, and the reward can be sent on once it has matured", async () => {
    const place = ["--data-dir", stage.place("pow-1"), "--wait", "--json"];
    // The first reward matures in block 11.
    for (let time = 0; time < 11; time += 1) {
      await stage.output("tx", "record", `mine this ${time}`, "--key", "node", ...place);
    }
    const rewarded = await Promise.all(
      [pow1, pow2].map(async (node) => ({
        node,
        account: await pow1?.api.account(node?.started.address ?? ""),
      })),
    );
    const rich = rewarded.find(({ account }) => Number(account?.balance) >= 50)?.node;
    const other = rich === pow1 ? pow2 : pow1;
    assert.ok(rich && other, "one of the miners has a reward");
    const name = rich === pow1 ? "pow-1" : "pow-2";
    const { id } = JSON.parse(
      await stage.output(
        ...["tx", "send", "--key", "node", "--to", other.started.address, "--amount", "12.25", "--json"],
        ...["--data-dir", stage.place(name)],
      ),
    );
    await other.untilCommitted(id);
    const { hash } = await untilAgreed([pow1, pow2] as NodeProcess[]);
    assert.match(hash, /^00/);
  });

  it("stop cleanly, each with 0", async () => {
    const ended = await Promise.all(all().map((node) => node.stop()));
    assert.deepEqual(
      ended.map(({ code }) => code),
      [0, 0, 0, 0],
    );
  });
});
