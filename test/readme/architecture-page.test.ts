/** docs/architecture.md names the parts of the code: each name stands in the file behind it, and the rooms are those of src/. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { layers } from "../architecture/layers.ts";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/architecture.md", root), "utf8");
const src = new URL("src/", root);

describe("docs/architecture.md", () => {
  it("has a row for every room but the page's", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
    assert.deepEqual(
      rows.toSorted(),
      Object.keys(layers)
        .filter((room) => room !== "web")
        .toSorted(),
    );
    assert.ok(readdirSync(src).includes("web"));
  });

  it("names files that are there", () => {
    const files = [...page.matchAll(/`((?:\w[\w-]*\/)+[\w-]+\.ts)`/g)].map((match) => match[1] as string);
    assert.ok(files.length > 60);
    for (const file of files) {
      const isThere = existsSync(new URL(file, src)) || existsSync(new URL(file, root));
      assert.ok(isThere, `${file} is not there`);
    }
  });

  it("names, in each line of a path, what stands in the file behind it", () => {
    const lines = page.split("\n").filter((line) => /^\d+\. .* — `/.test(line));
    assert.ok(lines.length > 50);
    for (const line of lines) {
      const [said = "", places = ""] = line.split(" — ");
      const text = [...places.matchAll(/`([^`]+)`/g)]
        .map((match) => readFileSync(new URL(match[1] as string, src), "utf8"))
        .join("\n");
      for (const [, name = ""] of said.matchAll(/`#?([\w.]+)`/g)) {
        for (const part of name.split("."))
          assert.ok(new RegExp(`\\b${part}\\b`).test(text), `${part}: ${line}`);
      }
    }
  });

  it("has the list after a new head as NodeCore runs it", () => {
    const [, section = ""] = page.split("### After a new head\n");
    const told = [...(section.split("###")[0] ?? "").matchAll(/^\d+\. .*— `([^`]+)`/gm)].map(
      (match) => match[1],
    );
    const core = readFileSync(new URL("node/node-core.ts", src), "utf8");
    const [, steps = ""] = /headChanged: \[\n([\s\S]*?)\n {6}\],/.exec(core) ?? [];
    const names = [...steps.matchAll(/\["([\w ]+)",/g)].map((match) => match[1] as string);
    const fileOf: Readonly<Record<string, string>> = {
      "signing gate": "authority/signing-gate.ts",
      voter: "authority/authority-role.ts",
      mempool: "mempool/mempool.ts",
      payouts: "payouts/payout-controller.ts",
      "own transactions": "node/own-transactions/own-transactions.ts",
      "account index": "chain/account-indexer.ts",
      network: "network/network.ts",
      admission: "authority/admission-controller.ts",
      alarms: "authority/chain-alarms.ts",
      producer: "sealing/block-producer.ts",
      export: "node/export-follower.ts",
    };
    assert.deepEqual(
      told,
      names.map((name) => fileOf[name]),
    );
  });
});
