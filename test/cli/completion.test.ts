/** Completion in the shells themselves: what they offer is what the help of each command lists. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import { patienceMs } from "../support/patience.ts";
import { run } from "./test-terminal.ts";

const folder = mkdtempSync(path.join(tmpdir(), "aurex-completion-"));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(path.join(folder, "a folder"));
writeFileSync(path.join(folder, "a file.json"), "");

interface Help {
  readonly words: readonly string[];
  readonly commands: readonly string[];
  readonly flags: readonly string[];
}

/** What the help of a command and of all below it lists. */
async function helpOf(words: readonly string[]): Promise<Help[]> {
  const { stdout } = await run([...words, "--help"], { columns: 200 });
  const section = (title: string) =>
    new RegExp(`\\n${title}:\\n([\\s\\S]*?)(?:\\n\\n|$)`).exec(stdout)?.[1] ?? "";
  const commands = [...section("Commands").matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(
    ([, name]) => name as string,
  );
  const flags = [...section("Options").matchAll(/^ {2}(?:(-\w), )?(--[a-z][a-z-]*)/gm)].flatMap(
    ([, brief, long]) => (brief === undefined ? [long as string] : [long as string, brief]),
  );
  const below = commands.filter((name) => name !== "help");
  return [
    { words, commands, flags },
    ...(await Promise.all(below.map((name) => helpOf([...words, name])))).flat(),
  ];
}

async function scriptOf(shell: string): Promise<string> {
  const { code, stdout, stderr } = await run(["completion", shell]);
  assert.deepEqual([code, stderr], [0, ""]);
  const file = path.join(folder, `script.${shell}`);
  writeFileSync(file, stdout);
  return file;
}

/** What bash offers at the end of each line, given as the words that readline makes of it. */
async function bashOffers(lines: readonly (readonly string[])[]): Promise<string[][]> {
  const script = [
    `source ${await scriptOf("bash")}`,
    `offer() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _aurex_node; printf '%s\\n' "\${COMPREPLY[@]}" ''; echo ----; }`,
    ...lines.map((words) => `offer ${["aurex-node", ...words].map((word) => `'${word}'`).join(" ")}`),
  ];
  const { stdout, stderr, status } = spawnSync("bash", ["--norc", "-c", script.join("\n")], {
    encoding: "utf8",
    cwd: folder,
    timeout: patienceMs(),
  });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout
    .split("----\n")
    .slice(0, -1)
    .map((part) => part.split("\n").filter((line) => line !== ""));
}

/** Says why a shell's test is not run. */
function isMissing(shell: string, context: TestContext): boolean {
  const missing = spawnSync(shell, ["--version"]).status !== 0;
  if (missing) context.skip(`${shell} is not installed`);
  return missing;
}

describe("bash", () => {
  it("offers the commands and flags of every command's help, and no others", async () => {
    const help = await helpOf([]);
    const start = help.find(({ words }) => words.join() === "start");
    assert.ok(start && help.length > 40);
    const offered = await bashOffers(
      help.flatMap(({ words }) => [
        [...words, ""],
        [...words, "-"],
      ]),
    );
    for (const [index, { words, commands, flags }] of help.entries()) {
      const [offeredWords, offeredFlags] = [offered[2 * index] ?? [], offered[2 * index + 1] ?? []];
      // The default command's flags are the program's, too.
      const wanted: readonly string[] = words.length === 0 ? [...new Set([...flags, ...start.flags])] : flags;
      assert.deepEqual(offeredFlags.toSorted(), wanted.toSorted(), words.join(" "));
      if (commands.length > 0)
        assert.deepEqual(offeredWords.toSorted(), commands.toSorted(), words.join(" "));
    }
  });

  it("offers a flag's words, files and directories, and steps over values", async () => {
    const cases: [words: string[], offers: string[]][] = [
      [["ke"], ["keys"]],
      [
        ["--consensus", ""],
        ["poa", "pow"],
      ],
      [
        ["--consensus", "=", "po"],
        ["poa", "pow"],
      ],
      [
        ["--consensus", "="],
        ["poa", "pow"],
      ],
      [["start", "--log-level", "w"], ["warn"]],
      [
        ["authority", "vote", ""],
        ["add", "remove"],
      ],
      [
        ["completion", ""],
        ["bash", "fish", "zsh"],
      ],
      [
        ["--chain", "a"],
        ["a file.json", "a folder"],
      ],
      [["status", "--data-dir", "a"], ["a folder"]],
      [
        ["--name", "keys", "sta"],
        ["start", "statement", "status"],
      ],
      [["--api-port", "=", "1", "keys", "li"], ["list"]],
      [["status", "--api", ""], []],
      [["keys", "list", ""], []],
      [
        ["nonsense", "sta"],
        ["start", "statement", "status"],
      ],
    ];
    const offered = await bashOffers(cases.map(([words]) => words));
    for (const [index, [words, offers]] of cases.entries()) {
      assert.deepEqual((offered[index] ?? []).toSorted(), offers, words.join(" "));
    }
  });
});

it("fish offers the same", async (context) => {
  if (isMissing("fish", context)) return;
  const cases: [line: string, offers: string[]][] = [
    ["aurex-node ke", ["keys"]],
    ["aurex-node --consensus ", ["poa", "pow"]],
    ["aurex-node --consensus=p", ["--consensus=poa", "--consensus=pow"]],
    ["aurex-node keys li", ["list"]],
    ["aurex-node --name keys sta", ["start", "statement", "status"]],
    ["aurex-node chain list --fro", ["--from"]],
    ["aurex-node status --data-dir a", ["a folder/"]],
  ];
  const lines = cases.map(([line]) => `complete -C '${line}'; echo ----`);
  const { stdout, stderr } = spawnSync(
    "fish",
    ["-c", [`source ${await scriptOf("fish")}`, ...lines].join("\n")],
    {
      encoding: "utf8",
      cwd: folder,
      env: { ...process.env, HOME: folder },
      timeout: patienceMs(),
    },
  );
  assert.equal(stderr, "");
  const offered = stdout.split("----\n").map((part) => part.split("\n").filter((line) => line !== ""));
  for (const [index, [line, offers]] of cases.entries()) {
    const words = (offered[index] ?? []).map((each) => each.replace(/\t.*$/, ""));
    assert.deepEqual(words.toSorted(), offers, line);
  }
});

it("zsh puts the one right word in", async (context) => {
  if (isMissing("zsh", context)) return;
  const cases: [typed: string, becomes: string][] = [
    ["aurex-node ke", "aurex-node keys "],
    ["aurex-node keys li", "aurex-node keys list "],
    ["aurex-node --consensus=po", "aurex-node --consensus=po"],
    ["aurex-node --log-level w", "aurex-node --log-level warn "],
    ["aurex-node --name keys statu", "aurex-node --name keys status "],
    ["aurex-node chain list --fro", "aurex-node chain list --from "],
  ];
  const script = [
    "autoload -Uz compinit; compinit -u -d ./dump",
    `source ${await scriptOf("zsh")}`,
    // The line editor itself: each line is typed with a tab, and a widget says what stands there then.
    "zmodload zsh/zpty",
    "zpty shell zsh -f -i",
    `zpty -w shell 'autoload -Uz compinit; compinit -u -d ./dump; source ${folder}/script.zsh; say() { print -r -- "<$BUFFER>" >> ./said; BUFFER=; zle accept-line }; zle -N say; bindkey "^T" say; : > ./said'`,
    ...cases.map(([typed]) => `zpty -w -n shell $'${typed}\\t\\x14'`),
    "zpty -w shell exit",
    // Reading on keeps the line editor from waiting for its reader.
    "while zpty -r shell line 2>/dev/null; do :; done",
    "cat ./said",
  ];
  const { stdout } = spawnSync("zsh", ["-f", "-c", script.join("\n")], {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, HOME: folder, TERM: "xterm" },
    timeout: patienceMs(),
  });
  assert.deepEqual(
    stdout.split("\n").filter((line) => line !== ""),
    cases.map(([, becomes]) => `<${becomes}>`),
  );
});

it("a shell without a script is refused with those that have one", async () => {
  const { code, stderr } = await run(["completion", "tcsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /bash, zsh or fish/);
});
