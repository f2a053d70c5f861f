/** Every command line in the pages for people names commands and flags that exist. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { run } from "../cli/test-terminal.ts";

const root = path.join(import.meta.dirname, "../..");
/** The alerts name commands, too. */
const pages = globSync(["*.md", "docs/*.md", "docs/*.yml", "deploy/*"], { cwd: root }).sort();

interface Help {
  readonly commands: ReadonlySet<string>;
  readonly flags: ReadonlySet<string>;
}

const helps = new Map<string, Promise<Help>>();

/** What `--help` of a command lists; of the program itself the flags of `start`, its default command. */
function helpOf(words: readonly string[]): Promise<Help> {
  const key = words.join(" ");
  const known = helps.get(key) ?? readHelp(words);
  helps.set(key, known);
  return known;
}

async function readHelp(words: readonly string[]): Promise<Help> {
  const { stdout } = await run([...words, "--help"], { columns: 1_000 });
  const section = /\nCommands:\n([\s\S]*?)(?:\n\n|$)/.exec(stdout)?.[1] ?? "";
  const commands = new Set([...section.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name as string));
  const flags = new Set(
    [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag as string),
  );
  if (words.length === 0) for (const flag of (await helpOf(["start"])).flags) flags.add(flag);
  return { commands, flags };
}

/** `aurex-node …` in code, up to what a shell would take for something else, with the lines that it goes on in. */
function commandLines(page: string): string[] {
  const text = readFileSync(path.join(root, page), "utf8").replace(/\\\n\s*/g, "");
  const blocks = [...text.matchAll(/```[a-z]*\n([\s\S]*?)```/g)].flatMap(([, block = ""]) =>
    block.split("\n"),
  );
  const inline = [...text.matchAll(/`(aurex-node [^`\n]*)`/g)].map(([, code]) => code as string);
  return [...blocks, ...inline].flatMap((line) =>
    [...line.matchAll(/(?:^|[\s($])aurex-node((?: [^|;&#)]*)?)/g)].map(([, rest = ""]) => rest.trim()),
  );
}

/** Words as a shell splits them; quoted ones stay together. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) => word);
}

async function faultOf(line: string): Promise<string | undefined> {
  const words = wordsOf(line.replace(/ {2,}.*$/, ""));
  const command: string[] = [];
  for (const word of words) {
    const { commands } = await helpOf(command);
    // Pages write `pool serve|join|show` for several.
    const [first = ""] = word.split("|");
    if (commands.has(first)) command.push(first);
    else if (commands.size > 0 && !word.startsWith("-") && /^[a-z]+$/.test(word))
      return `${word} is no command`;
    else break;
  }
  const { flags } = await helpOf(command);
  const unknown = words.find((word) => /^--[a-z]/.test(word) && !flags.has(word.replace(/=.*/, "")));
  return unknown && `${unknown} is no flag of aurex-node ${command.join(" ")}`;
}

describe("command lines in pages", () => {
  for (const page of pages) {
    it(`${page} names commands and flags that exist`, async () => {
      const faults: string[] = [];
      for (const line of commandLines(page)) {
        const fault = await faultOf(line);
        if (fault) faults.push(`aurex-node ${line}: ${fault}`);
      }
      assert.deepEqual(faults, []);
    });
  }

  it("finds them, and would see a wrong one", async () => {
    assert.ok(commandLines("README.md").length > 30);
    assert.equal(await faultOf("chain lst"), "lst is no command");
    assert.equal(await faultOf("chain list --limits 3"), "--limits is no flag of aurex-node chain list");
    assert.equal(await faultOf("--consensus pow --mine"), undefined);
  });
});
