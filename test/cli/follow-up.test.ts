/** The commands that messages name: about the node that was named, and run as they are printed. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { askingCommands, placeFlagsIn, readingCommands, withPlace } from "../../src/cli/place/follow-up.ts";
import { quiet, RealHome, type StartedNode } from "./real-nodes.ts";
import { run } from "./test-terminal.ts";

describe("a command that a message names", () => {
  it("gets the flags that have named the node, after its own name", () => {
    const flags = { dataDir: "./my node", api: "http://127.0.0.1:1" };
    const all = "--data-dir './my node' --api http://127.0.0.1:1";
    for (const [text, expected] of [
      ["see aurex-node authority list", `see aurex-node authority list ${all}`],
      ["aurex-node tx show ID; and more", `aurex-node tx show ID ${all}; and more`],
      ["make it: aurex-node keys new bob", "make it: aurex-node keys new bob --data-dir './my node'"],
      ["(aurex-node status shows it)", `(aurex-node status ${all} shows it)`],
      ["aurex-node authority vote add X", `aurex-node authority vote add X ${all}`],
      [
        "(aurex-node authority open --for 10m, or vote add)",
        `(aurex-node authority open --for 10m ${all}, or vote add)`,
      ],
      ["aurex-node init --help", "aurex-node init --help"],
      ["aurex-node export --help", "aurex-node export --help"],
      [
        "aurex-node export csv --out DIR; see where: aurex-node audit FILE",
        "aurex-node export csv --out DIR --data-dir './my node'; see where: aurex-node audit FILE --data-dir './my node'",
      ],
      ["aurex-node start --data-dir y", "aurex-node start --data-dir y"],
      [
        "on that machine: aurex-node invite; here: aurex-node status",
        `on that machine: aurex-node invite; here: aurex-node status ${all}`,
      ],
    ] as const) {
      assert.equal(withPlace(text, flags), expected);
      assert.equal(withPlace(text, {}), text, "nobody named a node");
    }
  });

  it("gets them as they were typed, the last of each", () => {
    assert.deepEqual(placeFlagsIn(["status", "--data-dir=a=b", "--api", "u", "--api", "v", "--json"]), {
      dataDir: "a=b",
      api: "v",
    });
    assert.deepEqual(placeFlagsIn(["status"]), {});
  });

  it("takes these flags: each command that has them is in the table, and no other", async () => {
    const found = { asking: [] as string[], reading: [] as string[] };
    const visit = async (argv: readonly string[]): Promise<void> => {
      const { stdout } = await run([...argv, "--help"]);
      const section = /\nCommands:\n([\s\S]*?)(?:\n\n|$)/.exec(stdout)?.[1] ?? "";
      const names = [...section.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => match[1] ?? "");
      for (const name of names) if (name !== "help") await visit([...argv, name]);
      if (!stdout.includes("--data-dir")) return;
      if (/^ +--api <url>/m.test(stdout)) found.asking.push(argv.join(" "));
      else found.reading.push(argv.join(" "));
    };
    await visit([]);
    // These run nodes of their own.
    const running = ["start", "pool serve", "join", "demo", "config show", ""];
    assert.deepEqual(found.asking.sort(), [...askingCommands].sort());
    assert.deepEqual(
      found.reading.filter((name) => !running.includes(name)).sort(),
      [...readingCommands].sort(),
    );
  });
});

describe("what a failure says to run next", () => {
  let home: RealHome;
  let node: StartedNode;
  before(async () => {
    home = await RealHome.open();
    // Two of them: a command that lost its flags would end with the list of both.
    [node] = await Promise.all([
      home.start("--consensus", "poa", "--authority", ...quiet, "--data-dir", "my node"),
      home.start("--consensus", "pow", ...quiet, "--data-dir", "my miner"),
    ]);
  });
  after(() => home.close());

  const place = "--data-dir 'my node'";
  /** It does not mine: what it is sent stays pending. */
  const idle = "--data-dir 'my miner'";
  const cases: readonly (readonly [line: string, next: RegExp])[] = [
    [`aurex-node keys show nobody ${place}`, /(aurex-node keys list[^;]*);/],
    [`aurex-node keys show nobody ${place}`, /make it: (aurex-node keys new .*)$/m],
    [`aurex-node keys new nobody ${place}`, /see it: (aurex-node keys show .*)$/m],
    [`aurex-node authority leave ${place}`, /\((aurex-node authority open [^,]*),/],
    [`aurex-node tx record x --key node --wait --timeout 0 ${idle}`, /(aurex-node tx show [^;]*)(?:;|$)/m],
    [`aurex-node tx record x --key node --wait --timeout 0 ${idle}`, /with (aurex-node status .*) whether/],
    [`aurex-node authority vote remove aurex1abc ${place}`, /(aurex-node authority list .*) shows/],
  ];
  for (const [line, next] of cases) {
    it(`${line}: ${next.source}`, async () => {
      const failed = await home.line(line);
      assert.notEqual(failed.code, 0, failed.stdout);
      const [, command = ""] = next.exec(/\nNext: {2}(.*)/.exec(failed.stderr)?.[1] ?? "") ?? [];
      assert.ok(command, failed.stderr);
      const followed = await home.line(command);
      assert.equal(followed.code, 0, `${command}\n${followed.stderr}`);
    });
  }

  it("keys list of an empty directory, and a vote, too", async () => {
    await home.line("mkdir wallet");
    const { stderr } = await home.line("aurex-node keys list --data-dir wallet");
    const [, make = ""] = /Make one: (aurex-node .*)\n/.exec(stderr) ?? [];
    assert.equal((await home.line(make.replace("NAME", "carol"))).code, 0);
    assert.match((await home.line("aurex-node keys list --data-dir wallet")).stdout, /^carol /);
    assert.equal(node.dataDir, "my node");
  });
});
