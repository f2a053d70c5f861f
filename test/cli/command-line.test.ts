/** The command line itself: help of every command, and what is said of a wrong one. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { run } from "./test-terminal.ts";

const commands: Record<string, readonly string[]> = {
  start: [],
  init: [],
  status: [],
  peers: [],
  doctor: [],
  authority: ["list", "propose", "vote", "open", "leave"],
  admin: ["log-level", "bootstrap", "ban", "unban", "stop"],
  "found-anew": [],
  pool: ["serve", "join", "show"],
  invite: [],
  join: [],
  keys: ["new", "list", "show", "node", "passphrase", "import", "export"],
  user: ["register"],
  tx: ["send", "record", "issue", "show", "cancel", "bump", "outbox", "sign", "broadcast"],
  account: [],
  block: [],
  mempool: [],
  search: [],
  events: [],
  chain: ["list", "show"],
  config: ["show"],
  export: ["csv", "jsonl", "parquet", "postgres"],
  digest: [],
  statement: [],
  prove: [],
  "verify-proof": [],
  audit: [],
  reindex: [],
  demo: [],
  "demo-lan": [],
  completion: [],
};

/** The names under "Commands:" in a help text. */
function listedCommands(help: string): string[] {
  const section = /\nCommands:\n([\s\S]*?)(?:\n\n|$)/.exec(help)?.[1] ?? "";
  const names = [...section.matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1] as string);
  return names.filter((name) => name !== "help");
}

describe("help", () => {
  it("of the program lists every command", async () => {
    const { code, stdout, stderr } = await run(["--help"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.deepEqual(listedCommands(stdout), Object.keys(commands));
  });

  for (const [group, names] of Object.entries(commands)) {
    it(`of ${group} and all below it has examples`, async () => {
      const own = await run([group, "--help"]);
      assert.equal(own.code, 0);
      assert.deepEqual(listedCommands(own.stdout), names);
      assert.deepEqual(await run(["help", group]), own);
      for (const argv of [[group], ...names.map((name) => [group, name])]) {
        const { code, stdout } = await run([...argv, "--help"]);
        assert.equal(code, 0, argv.join(" "));
        assert.match(stdout, new RegExp(`^Usage: aurex-node ${argv.join(" ")}`), argv.join(" "));
        assert.match(stdout, /\nExamples?:\n {2}\S/, argv.join(" "));
      }
    });
  }

  it("is what a group without a command answers, as an error", async () => {
    const { code, stdout, stderr } = await run(["keys"]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^Usage: aurex-node keys/);
  });

  it("says the version", async () => {
    const { code, stdout } = await run(["--version"]);
    assert.equal(code, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });
});

describe("a wrong command line ends with 2 and names the nearest right word", () => {
  const cases: [argv: string[], what: RegExp, nearest: string, next: string][] = [
    [["statsu"], /unknown command 'statsu'/, "status", "aurex-node --help"],
    [["xyzzy"], /unknown command 'xyzzy'/, "", "aurex-node --help"],
    [["keys", "lst"], /unknown command 'lst'/, "list", "aurex-node keys --help"],
    [["--consensu", "pow"], /unknown option '--consensu'/, "--consensus", "aurex-node start --help"],
    [["start", "--mien"], /unknown option '--mien'/, "--mine", "aurex-node start --help"],
    [["start", "--no-mdn"], /unknown option '--no-mdn'/, "--no-mdns", "aurex-node start --help"],
    [["start", "--prot=4000"], /unknown option '--prot=4000'/, "--port", "aurex-node start --help"],
    [["tx", "send", "--amont", "1"], /unknown option '--amont'/, "--amount", "aurex-node tx send --help"],
    [
      ["config", "show", "--source"],
      /unknown option '--source'/,
      "--sources",
      "aurex-node config show --help",
    ],
    [["demo", "--exist"], /unknown option '--exist'/, "--exit", "aurex-node demo --help"],
  ];
  for (const [argv, what, nearest, next] of cases) {
    it(argv.join(" "), async () => {
      const { code, stdout, stderr } = await run(argv);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      const lines = stderr.split("\n");
      assert.match(lines[0] ?? "", what);
      if (nearest) assert.equal(lines[1], `Why:   the nearest is ${nearest}`);
      assert.equal(lines[2], `Next:  ${next}`);
    });
  }

  const others: [argv: string[], what: RegExp][] = [
    [["tx", "send", "--key", "a"], /required option '--to <address\|name>' not specified/],
    [["tx", "record", "--key", "a"], /missing required argument 'data'/],
    [["keys", "new", "a", "b"], /too many arguments/],
    [["start", "--port"], /argument missing/],
    [["chain", "list", "--limit", "many"], /'many' is invalid. It must be a whole number/],
    [["demo", "--pow", "17"], /whole number from 0 to 16/],
    [["demo", "--ports", "1,70000"], /whole number from 0 to 65535/],
    [["demo", "--log-level", "loud"], /It must be debug, info, warn, error or silent/],
    [["start", "--port", "70000"], /port is "70000" \(flag --port\)/],
    [
      ["start", "--authority", "--consensus", "pow"],
      /authority \(flag --authority\) does not go with consensus/,
    ],
    [["status", "--api", "localhost"], /--api localhost is no URL/],
  ];
  for (const [argv, what] of others) {
    it(argv.join(" "), async () => {
      const { code, stderr } = await run(argv);
      assert.equal(code, 2);
      assert.match(stderr, what);
      assert.match(stderr, /\nNext: {2}\S/);
      assert.doesNotMatch(stderr, /\n {4}at /);
    });
  }

  it("a variable that is none", async () => {
    const { code, stderr } = await run(["config", "show"], { environment: { AUREX_PROT: "1" } });
    assert.equal(code, 2);
    assert.match(stderr, /AUREX_PROT, which is not a setting\nWhy: {3}the nearest variable is AUREX_PORT\n/);
  });
});

describe("config show", () => {
  it("shows every value with where it came from", async () => {
    const { code, stdout } = await run(
      [
        "config",
        "show",
        "--sources",
        "--consensus",
        "poa",
        "--no-mdns",
        "--bootstrap",
        "/ip4/127.0.0.1/tcp/1",
      ],
      { environment: { AUREX_NAME: "alpha", AUREX_PASSPHRASE: "secret" }, homeDirectory: "/home/alice" },
    );
    assert.equal(code, 0);
    assert.match(stdout, /^consensus: poa +# flag --consensus$/m);
    assert.match(stdout, /^name: alpha +# environment AUREX_NAME$/m);
    assert.match(stdout, /^mdns: false +# flag --no-mdns$/m);
    assert.match(stdout, /^port: 13246 +# default$/m);
    assert.match(stdout, /^dataDir: \/home\/alice\/\.aurex\/aurex\/alpha +# default$/m);
    assert.match(stdout, /^bootstrap: .*\/ip4\/127\.0\.0\.1\/tcp\/1.* +# flag --bootstrap$/m);
    assert.doesNotMatch(stdout, /secret/);
  });

  it("gives JSON, too", async () => {
    const { stdout } = await run(["config", "show", "--json", "--sources", "--mine"]);
    assert.deepEqual(JSON.parse(stdout).mine, { value: true, source: "flag --mine" });
    assert.equal(JSON.parse((await run(["config", "show", "--json"])).stdout).port, 13_245);
  });
});
