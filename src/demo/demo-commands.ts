/** What one can do with the demo's nodes while they run: their APIs, keys that have AUR, and command lines to copy. */

import { addressOf } from "../protocol/identity.ts";
import type { DemoOutput } from "./demo-output.ts";
import { type DemoWallets, userNames } from "./demo-transactions.ts";
import type { Lab } from "./lab/lab.ts";

export interface DemoPlace {
  readonly dataDir: string;
  readonly wallets: DemoWallets;
}

/** Prints the funded keys, and for each chain commands that work as they stand. */
export function showCommands(
  lab: Lab,
  { dataDir, wallets }: DemoPlace,
  { write, program, columns }: DemoOutput,
): void {
  const place = `--data-dir ${shellWord(dataDir)}`;
  write(`\nKeys that have AUR: ${userNames.alice} and ${userNames.bob}\n`);
  for (const name of ["alice", "bob"] as const) {
    write(`  ${name.padEnd(6)} ${addressOf(wallets[name].publicKey)}\n`);
  }
  for (const [consensus, title] of [
    ["pow", "Proof of Work"],
    ["poa", "Proof of Authority"],
  ] as const) {
    const node = lab.nodesOf(consensus)[0];
    if (!node) continue;
    const api = `--api ${node.api.url}`;
    write(`\nTry it in another terminal, on the ${title} chain (${node.name})\n`);
    for (const command of [
      [`${program} account alice`, place, api],
      [`${program} tx send`, `--key alice --to ${userNames.bob}`, "--amount 1 --wait", place, api],
      [`${program} tx record "my own data"`, "--key bob --wait", place, api],
      [`${program} chain list`, api],
    ]) {
      write(commandText(command, columns));
    }
  }
}

/** One command, on as few lines as fit; a shell takes them as one. */
export function commandText(words: readonly string[], columns: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    const longer = line === "" ? word : `${line} ${word}`;
    // Two for the indent, two for what continues it.
    if (line !== "" && longer.length + 4 > columns) {
      lines.push(line);
      line = `  ${word}`;
    } else line = longer;
  }
  return `  ${[...lines, line].join(" \\\n  ")}\n`;
}

/** As a POSIX shell reads it as one word. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
