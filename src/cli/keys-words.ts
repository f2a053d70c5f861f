/** Words of a new key: shown once, and asked for again, so that they have been written down before the key is used. */
import { randomInt } from "node:crypto";
import { InvalidArgumentError } from "commander";
import { exitCodes, OperatorError } from "../node/operator-error.ts";
import type { KeyOrigin } from "../wallet/keystore.ts";
import type { WordCount } from "../wallet/words.ts";
import { usageError } from "./failure.ts";
import type { JsonFlag } from "./shared-flags.ts";
import type { Terminal } from "./terminal.ts";

export interface WordsFlag {
  /** True: as many as is usual. */
  readonly words?: WordCount | true;
}

const wordCountDefault: WordCount = 12;
const askedAgain = 3;
const triesMax = 3;

export function wordCount(text: string): WordCount {
  if (text === "12") return 12;
  if (text === "24") return 24;
  throw new InvalidArgumentError("It must be 12 or 24.");
}

/** @throws OperatorError if the words would be shown to nobody: a key whose words nobody has is a trap */
export function requireReader({ json }: JsonFlag, terminal: Terminal): void {
  if (json || terminal.canAsk) return;
  throw usageError(
    "the words would be shown to nobody",
    "this is no terminal, and without --json they are not printed",
    "run it in a terminal, or add --json: the answer's field words holds them",
    "key/words-unread",
  );
}

/** New words, which a person has confirmed, or which go to a program with --json. */
export async function wordsForNewKey(flags: WordsFlag & JsonFlag, terminal: Terminal): Promise<string> {
  const { newWords } = await import("../wallet/words.ts");
  const words = newWords(flags.words === true || flags.words === undefined ? wordCountDefault : flags.words);
  if (!flags.json) await haveWrittenDown(words.split(" "), terminal);
  return words;
}

/** What the words of an account give. */
export async function originFromWords(words: string, account: number): Promise<KeyOrigin> {
  const { accountPath, seedFromWords } = await import("../wallet/words.ts");
  return { seed: await seedFromWords(words, account), path: accountPath(account) };
}

async function haveWrittenDown(words: readonly string[], terminal: Terminal): Promise<void> {
  terminal.stderr.write(
    `Write these ${words.length} words down, in this order, on paper. They are shown now and never again. Anybody who has these words has the key.\n\n${wordTable(words)}\nThen type some of them, to make sure that you wrote them down.\n`,
  );
  for (const position of somePositions(words.length)) {
    await askFor(words[position] as string, position + 1, terminal);
  }
}

async function askFor(word: string, number: number, terminal: Terminal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const typed = (await terminal.ask(`Word ${number}: `)).trim().toLowerCase();
    if (typed === word) return;
    if (attempt === triesMax) break;
    terminal.stderr.write(`That is not word ${number}. Look again.\n`);
  }
  throw new OperatorError("the words were not confirmed", {
    code: "key/words-unconfirmed",
    exitCode: exitCodes.key,
    why: `word ${number} was typed wrong ${triesMax} times, so no key was made`,
    next: "run the command again: it shows new words",
  });
}

/** Different ones, in order. */
function somePositions(count: number): number[] {
  const positions = new Set<number>();
  while (positions.size < askedAgain) positions.add(randomInt(count));
  return [...positions].sort((one, other) => one - other);
}

/** Four in a line, each with its number. */
function wordTable(words: readonly string[]): string {
  const cells = words.map((word, index) => `${String(index + 1).padStart(3)}. ${word.padEnd(10)}`);
  const lines: string[] = [];
  for (let start = 0; start < cells.length; start += 4) {
    lines.push(
      cells
        .slice(start, start + 4)
        .join("")
        .trimEnd(),
    );
  }
  return `${lines.join("\n")}\n`;
}
