/** Every command line that Aurex prints for people: the examples of all --help texts, and the blocks of README.md. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { run } from "../cli/test-terminal.ts";

export const root = path.resolve(import.meta.dirname, "../..");

/** Words that a line of a README block begins with if it is a command, and not what one prints. */
const isCommand = /^(?:sudo |[A-Z_]+=\S* ?)*(?:aurex-node|npm|sqlite3)\b/;

/** The examples of every command's help, each with the command whose help it is. */
export async function helpExamples(argv: readonly string[] = []): Promise<Map<string, string>> {
  const { stdout } = await run([...argv, "--help"]);
  const examples = /\nExamples?:\n([\s\S]*)$/.exec(stdout)?.[1] ?? "";
  const found = new Map<string, string>();
  for (const line of examples.split("\n")) {
    if (line.trim() !== "") found.set(line.trim(), `aurex-node ${argv.join(" ")} --help`);
  }
  const commands = /\nCommands:\n([\s\S]*?)(?:\n\n|$)/.exec(stdout)?.[1] ?? "";
  for (const [, name = ""] of commands.matchAll(/^ {2}([a-z][a-z-]*)/gm)) {
    if (name === "help") continue;
    for (const [line, where] of await helpExamples([...argv, name]))
      if (!found.has(line)) found.set(line, where);
  }
  return found;
}

/** Run as a whole by test/readme/commands.test.ts. */
const runAsAWhole = ["Four nodes on one machine"];

/** The command lines in README's bash and text blocks, each with its heading. */
export async function readmeLines(): Promise<Map<string, string>> {
  const readme = await readFile(path.join(root, "README.md"), "utf8");
  const found = new Map<string, string>();
  let heading = "";
  let isBlock = false;
  for (const line of readme.split("\n")) {
    if (line.startsWith("```")) isBlock = !isBlock && /^```(?:bash|text)$/.test(line);
    else if (!isBlock) heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    else if (isCommand.test(line) && !runAsAWhole.includes(heading))
      found.set(line.trim(), `README, ${heading}`);
  }
  return found;
}

/** The lines without the comments that follow them; of two that are equal then, the later one. */
export function withoutComments(
  lines: Iterable<readonly [line: string, where: string]>,
): Map<string, string> {
  return new Map([...lines].map(([line, where]) => [line.replace(/ +# .*$/, "").trim(), where]));
}
