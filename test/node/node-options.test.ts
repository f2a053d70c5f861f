/** From a configuration to a node's options: which chain spec is taken, and what is said where there is none. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { type NodeConfig, plainConfig } from "../../src/config/node-config.ts";
import { resolveNodeConfig } from "../../src/config/resolve.ts";
import { pinChainSpec, pinnedChainSpec } from "../../src/node/data-directory.ts";
import { nodeOptionsOf, readChainSpec } from "../../src/node/node-options.ts";
import { chainSpecToJson, difficultyOf } from "../../src/protocol/chain-spec-json.ts";
import { poaSpecFor, powSpec, refusedWith, temporaryFolder } from "./node-rig.ts";

function configOf(flags: Record<string, unknown>): NodeConfig {
  const resolved = resolveNodeConfig({ flags, environment: {}, homeDirectory: "/nowhere" });
  assert.ok(resolved.ok, JSON.stringify(resolved));
  return plainConfig(resolved.value);
}

describe("the options of a node", () => {
  it("have the built-in Proof of Work chain, another one for each difficulty", async () => {
    const chainIds = new Set<string>();
    for (const difficulty of ["1", "2", "3", "4"]) {
      const { spec } = await nodeOptionsOf(configOf({ difficulty }));
      assert.ok(spec);
      assert.equal(spec.consensus, "pow");
      assert.equal(difficultyOf(spec.genesis.easiestTarget), Number(difficulty));
      chainIds.add(toHex(spec.chainId));
    }
    assert.equal(chainIds.size, 4);
    const { spec } = await nodeOptionsOf(configOf({}));
    assert.ok(spec);
    assert.equal(difficultyOf(spec.genesis.easiestTarget), 2);
    assert.equal(spec.genesis.minimumFee, 0n);
    // A chain that begins in the future of the machine's clock could not begin.
    assert.ok(spec.genesis.timestampMs < Date.parse("2026-01-01"));
  });

  it("have listen address, API port and ledger as configured", async () => {
    const six = await nodeOptionsOf(configOf({ listenAddress: "::1", port: "0", api: false }));
    assert.deepEqual(six.listenAddresses, ["/ip6/::1/tcp/0"]);
    const all = await nodeOptionsOf(configOf({ listenAddress: ["::", "192.0.2.1", "::1"] }));
    assert.deepEqual(all.listenAddresses, ["/ip4/0.0.0.0/tcp/13245", "/ip6/::/tcp/13245"]);
    const two = await nodeOptionsOf(
      configOf({ listenAddress: ["192.0.2.1", "127.0.0.1"], announceAddress: ["203.0.113.7", "a.example"] }),
    );
    assert.deepEqual(two.listenAddresses, ["/ip4/192.0.2.1/tcp/13245", "/ip4/127.0.0.1/tcp/13245"]);
    assert.deepEqual(two.announceAddresses, ["/ip4/203.0.113.7/tcp/13245", "/dns/a.example/tcp/13245"]);
    assert.equal(six.apiPort, undefined);
    const four = await nodeOptionsOf(
      configOf({ listenAddress: "127.0.0.1", apiPort: "0", export: "/x.sqlite" }),
    );
    assert.deepEqual(four.listenAddresses, ["/ip4/127.0.0.1/tcp/13245"]);
    assert.equal(four.apiPort, 0);
    assert.equal(four.exportFile, "/x.sqlite");
  });

  it("take the spec of --chain, and name none where Proof of Authority resumes, founds or joins", async (t) => {
    const folder = await temporaryFolder(t);
    const dataDir = path.join(folder, "alpha");
    const spec = await poaSpecFor(dataDir);
    const chain = path.join(folder, "chain.json");
    await writeFile(chain, chainSpecToJson(spec));
    const named = await nodeOptionsOf(configOf({ consensus: "poa", dataDir, chain }));
    assert.deepEqual(named.spec?.chainId, spec.chainId);
    for (const pin of [async () => {}, () => pinChainSpec(dataDir, spec)]) {
      await pin();
      const options = await nodeOptionsOf(
        configOf({ consensus: "poa", dataDir, expect: "3", admission: "vote" }),
      );
      assert.deepEqual([options.spec, options.expect, options.admission], [undefined, 3, "vote"]);
    }
  });

  it("cannot be had where engine and spec differ: 2", async (t) => {
    const folder = await temporaryFolder(t);
    const chain = path.join(folder, "chain.json");
    await writeFile(chain, chainSpecToJson(powSpec()));
    const dataDir = path.join(folder, "alpha");
    const config = configOf({ consensus: "poa", chain, dataDir });
    assert.equal((await refusedWith(2, () => nodeOptionsOf(config))).code, "node/chain-spec-engine");
    await mkdir(dataDir);
    await pinChainSpec(dataDir, powSpec());
    const begun = configOf({ consensus: "poa", dataDir });
    assert.equal((await refusedWith(2, () => nodeOptionsOf(begun))).code, "node/chain-spec-engine");
  });

  it("name file and field of a spec that is wrong: 2", async (t) => {
    const folder = await temporaryFolder(t);
    const fine = JSON.parse(chainSpecToJson(powSpec()));
    for (const [name, text, why] of [
      ["missing.json", undefined, /ENOENT/],
      ["text.json", "Dear node", /no JSON/],
      ["unknown.json", JSON.stringify({ ...fine, dificulty: 2 }), /dificulty/],
      [
        "range.json",
        JSON.stringify({ ...fine, difficulty: 9 }),
        /difficulty must be a whole number from 1 to 4/,
      ],
    ] as const) {
      const file = path.join(folder, name);
      if (text !== undefined) await writeFile(file, text);
      const refused = await refusedWith(2, () => readChainSpec(file));
      assert.ok(refused.message.includes(file), refused.message);
      assert.match(refused.why, why);
    }
  });
});

describe("a data directory", () => {
  it("is held to the chain that it was begun with", async (t) => {
    const dataDir = await temporaryFolder(t);
    assert.equal(await pinnedChainSpec(dataDir), undefined);
    for (let time = 0; time < 2; time += 1) await pinChainSpec(dataDir, powSpec("11"));
    assert.deepEqual((await pinnedChainSpec(dataDir))?.chainId, powSpec("11").chainId);
    await refusedWith(6, () => pinChainSpec(dataDir, powSpec("33")));
    assert.deepEqual((await pinnedChainSpec(dataDir))?.chainId, powSpec("11").chainId);
  });
});
