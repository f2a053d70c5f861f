/** What another user of the machine can read of a node: its arguments; never its environment, its secrets or their files. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { encodeInvitation } from "../../src/protocol/invitation.ts";
import { until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { program } from "./real-nodes.ts";
import { run } from "./test-terminal.ts";

const secret = new Uint8Array(32).fill(0x5a);
const token = encodeInvitation({
  chainId: new Uint8Array(32).fill(7),
  secret,
  network: "closed",
  addresses: ["/ip4/127.0.0.1/tcp/1"],
});
const passphrase = "correct horse battery staple";
const isLinux = process.platform === "linux";

interface Given {
  readonly argv: readonly string[];
  readonly input?: string;
}

/** A node that joins, on loopback and without an API's port of its own; it looks for the network until the test ends. */
async function startJoin(t: TestContext, dataDir: string, { argv, input }: Given): Promise<number> {
  const quiet = ["--listen-address", "127.0.0.1", "--port", "0", "--api-port", "0", "--no-mdns"];
  const passphraseFile = path.join(dataDir, "..", "passphrase");
  await writeFile(passphraseFile, `${passphrase}\n`, { mode: 0o600 });
  const child = spawn(
    process.execPath,
    [program, "join", ...argv, "--data-dir", dataDir, "--passphrase-file", passphraseFile, ...quiet],
    { stdio: ["pipe", "pipe", "pipe"], env: { PATH: process.env.PATH, HOME: path.dirname(dataDir) } },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (said += piece));
  t.after(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  child.stdin.end(input ?? "");
  await until("the node looks for its network", () => {
    assert.equal(child.exitCode, null, said);
    return said.includes("looking for network closed");
  });
  assert.ok(!said.includes(token) && !said.includes(passphrase));
  return child.pid as number;
}

describe("a running node", { skip: !isLinux && "reads /proc" }, () => {
  const ways: readonly (readonly [string, (folder: string) => Promise<Given>])[] = [
    ["on the command line", async () => ({ argv: [token] })],
    ["from stdin", async () => ({ argv: [], input: `${token}\n` })],
    [
      "from a file",
      async (folder) => {
        const file = path.join(folder, "invitation.txt");
        await writeFile(file, `${token}\n`, { mode: 0o600 });
        return { argv: ["--invitation-file", file] };
      },
    ],
  ];
  for (const [way, given] of ways) {
    it(`shows no secret that came ${way}, and no file with one can be read by others`, async (t) => {
      const folder = await folderUntilEnd("aurex-argv-");
      const dataDir = path.join(folder, "data");
      const pid = await startJoin(t, dataDir, await given(folder));
      const secrets = [token, token.slice(-20), toHex(secret), passphrase];
      for (const file of ["cmdline", "environ", "comm"]) {
        const text = await readFile(`/proc/${pid}/${file}`, "utf8");
        for (const each of secrets) assert.ok(!text.includes(each), `${file}: ${text}`);
      }
      assert.equal((await stat(`/proc/${pid}/environ`)).mode & 0o077, 0, "the environment is the user's own");
      const files = await readdir(dataDir, { recursive: true, withFileTypes: true });
      assert.ok(files.some(({ name }) => name === "invitation"));
      for (const file of files.filter((entry) => entry.isFile())) {
        const place = path.join(file.parentPath, file.name);
        const text = await readFile(place, "latin1");
        const isSecret = secrets.some((each) => text.includes(each)) || /token|key|journal/.test(file.name);
        if (isSecret) assert.equal((await stat(place)).mode & 0o077, 0, place);
      }
    });
  }
});

/** Names of flags and arguments that speak of something secret. */
const secretive = /token|pass|secret|seed|words|mnemonic|invit|private|key|url/;
/** Those that take a value on the command line which is not the name of a file, and why that is right. */
const known = new Set([
  "--api <url>", // of a node
  "--api-tls-key <key.pem>", // a file
  "--authority <keys...>", // public keys
  "--export <file.sqlite|url>", // of PostgreSQL; one with a password is refused
  "--key <name>", // which key of the keystore
  "--words [12|24]", // how many
  "--url <url>", // of PostgreSQL; one with a password is refused
  "[token]", // of join, which hides it; its help names the better ways
]);

describe("every command", () => {
  it("takes a secret from a file, and not as an argument", async () => {
    const program = await run(["--help"]);
    const waiting = commandsIn(program.stdout).map((name) => [name]);
    const taken = new Set<string>();
    for (let at = waiting.shift(); at; at = waiting.shift()) {
      const { code, stdout } = await run([...at, "--help"]);
      assert.equal(code, 0, at.join(" "));
      waiting.push(...commandsIn(stdout).map((name) => [...(at as string[]), name]));
      for (const [text] of stdout.matchAll(/--[a-z-]+ [<[][^>\]]+[>\]]/g)) taken.add(text);
      for (const [text] of /^Usage: .*$/m.exec(stdout)?.[0].matchAll(/[<[][^>\]]+[>\]]/g) ?? [])
        taken.add(text);
    }
    assert.ok(taken.has("--passphrase-file <file>") && taken.has("[token]"), [...taken].join(", "));
    const bare = [...taken].filter((each) => secretive.test(each) && !each.includes("<file>"));
    assert.deepEqual(bare.toSorted(), [...known].toSorted());
  });
});

/** The names under "Commands:" in a help text. */
function commandsIn(help: string): string[] {
  const section = /\nCommands:\n([\s\S]*?)(?:\n\n|$)/.exec(help)?.[1] ?? "";
  const names = [...section.matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1] as string);
  return names.filter((name) => name !== "help");
}
