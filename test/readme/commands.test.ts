/** README's commands: every one that it names exists with its flags, and the four nodes run as printed. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { freePorts } from "../support/free-port.ts";
import { patienceMs } from "../support/patience.ts";

const root = path.resolve(import.meta.dirname, "../..");
const launcher = path.join(root, "bin/aurex-node.js");
const run = promisify(execFile);
const readme = await readFile(path.join(root, "README.md"), "utf8");

/** Code blocks under one heading. */
function blocksUnder(heading: string, language: string): string[] {
  const section = readme.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section, `README has a chapter "${heading}"`);
  return [...section.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"))].map(
    (match) => match[1] ?? "",
  );
}

/** Every `aurex-node …` in a code block or between backticks, continued lines joined. */
function namedCommands(): string[] {
  const text = readme.replaceAll("\\\n", " ");
  return [...text.matchAll(/(?:^|[\s`(])aurex-node ([a-z-][^\n`|#)&]*)/g)].map((match) =>
    (match[1] ?? "").trim(),
  );
}

function wordsOf(command: string): { subcommand: string[]; flags: string[] } {
  const words = command.split(/\s+/);
  const flags = words.filter((word) => /^--[a-z]/.test(word));
  const end = words.findIndex((word) => !/^[a-z]+$/.test(word));
  return { subcommand: end < 0 ? words : words.slice(0, end), flags };
}

describe("README's commands", () => {
  const commands = namedCommands();

  it("are many", () => assert.ok(commands.length > 15, `found ${commands.length}`));

  for (const command of new Set(commands)) {
    it(`aurex-node ${command}`, async () => {
      const { subcommand, flags } = wordsOf(command);
      const { stdout } = await run(process.execPath, [
        launcher,
        ...(subcommand.length > 0 ? subcommand : ["start"]),
        "--help",
      ]);
      for (const flag of flags) {
        if (flag !== "--help")
          assert.match(stdout, new RegExp(`${flag}\\b`), `${flag} of aurex-node ${command}`);
      }
    });
  }
});

describe("README's four nodes on one machine", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "aurex-readme-"));
    await symlink(path.join(root, "bin"), path.join(directory, "bin"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it("converge, and what is sent to one is committed on its peer", async () => {
    const [script] = blocksUnder("Four nodes on one machine", "bash");
    assert.ok(script);
    const { output, code } = await runScript(await onFreePorts(script), directory);
    assert.equal(code, 0, output);
    assert.match(output, /^status +committed$/m, output);
    assert.match(output, /^amount +10\.5/m, output);
    assert.match(output, /^role +miner$/m, output);
    assert.match(output, /^peers +[1-9]/m, output);
  });
});

/** The printed ports may be taken here: each becomes a free one; and a slow machine needs longer to start. */
async function onFreePorts(script: string): Promise<string> {
  const ports = [...new Set(script.match(/\b13\d{3}\b/g))];
  const free = await freePorts(ports.length);
  const replaced = ports.reduce((text, port, index) => text.replaceAll(port, String(free[index])), script);
  assert.match(replaced, /^sleep 5$/m);
  return replaced.replace(
    /^sleep 5$/m,
    "for d in pow-1 pow-2 poa-1 poa-2; do for i in $(seq 120); do aurex-node status --data-dir $d >&2 && break; sleep 0.5; done; done",
  );
}

/** Runs a script with bash, on loopback only; all that it started is ended with it. */
function runScript(script: string, cwd: string): Promise<{ output: string; code: number | null }> {
  const env = {
    ...process.env,
    PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
    AUREX_MDNS: "false",
    AUREX_LISTEN_ADDRESS: "127.0.0.1",
  };
  // A session of its own, so that the whole of it can be ended.
  const child = spawn("bash", ["-O", "expand_aliases", "-e", "-c", script], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  // The whole session, since what still runs in the background would keep the pipes open.
  const deadline = setTimeout(() => child.pid && process.kill(-child.pid, "SIGKILL"), patienceMs(120_000));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(deadline);
      resolve({ output, code });
    });
  });
}
