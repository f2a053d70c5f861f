/** The commands that a message names, with the flags by which the operator has named the node. */

import { shellWord } from "../../base/shell-word.ts";
import type { ApiFlags } from "../place-flags.ts";

/** What asks a running node, and so takes --api, too. */
export const askingCommands = [
  ...[
    "status",
    "peers",
    "account",
    "block",
    "mempool",
    "search",
    "events",
    "found-anew",
    "invite",
    "prove",
    "pool show",
    "user register",
    "chain list",
    "chain show",
  ],
  ...["authority list", "authority propose", "authority vote", "authority open", "authority leave"],
  ...["admin log-level", "admin bootstrap", "admin ban", "admin unban", "admin stop"],
  ...[
    "tx send",
    "tx record",
    "tx issue",
    "tx show",
    "tx cancel",
    "tx bump",
    "tx outbox",
    "tx sign",
    "tx broadcast",
  ],
] as const;
/** What looks at the files of a node. */
export const readingCommands = [
  "doctor",
  "audit",
  "export",
  "export csv",
  "export jsonl",
  "export parquet",
  "export postgres",
  "digest",
  "statement",
  "reindex",
  "keys new",
  "keys list",
  "keys show",
  "keys passphrase",
  "keys import",
  "keys export",
  "keys node",
] as const;

const asking: ReadonlySet<string> = new Set(askingCommands);
/** What follows a command's name and is an argument of it, not a word of the sentence. */
const argument =
  "(?: (?:[A-Z]+|aurex1\\S*|[0-9a-f]{64}|\\d+|add|remove|--[a-z-]+ [^\\s,;)]+)(?=[\\s,;)]|$))*";
/** After a colon the command goes on to the end of its part of the sentence: whatever stands there belongs to it. */
const named = new RegExp(
  `(?<=: )aurex-node (${names()})\\b[^,;)]*|\\baurex-node (${names()})\\b${argument}`,
  "g",
);
/** A part of a message that is about the node of another machine, or of somebody else. */
const isElsewhere = /\b(?:machine|on a node|on an authority|operators)\b|--data-dir|--api|--help/;

/** The longest first: `export` would else be taken for the whole of `export csv`. */
function names(): string {
  const all: readonly string[] = [...askingCommands, ...readingCommands];
  return all.toSorted((left, right) => right.length - left.length).join("|");
}

/**
 * A message whose commands are about the same node as the command that prints it: without the flags they would be about
 * whichever node is found, or end with the list of several. Commands for another machine stay as they are.
 */
export function withPlace(text: string, { dataDir, config, api, apiTokenFile }: ApiFlags): string {
  const place = [
    ...(dataDir === undefined ? [] : ["--data-dir", shellWord(dataDir)]),
    ...(config === undefined ? [] : ["--config", shellWord(config)]),
  ];
  const url = [
    ...(api === undefined ? [] : ["--api", shellWord(api)]),
    ...(apiTokenFile === undefined ? [] : ["--api-token-file", shellWord(apiTokenFile)]),
  ];
  if (place.length + url.length === 0) return text;
  const clauses = text.split(/(; |\. )/);
  return clauses
    .map((clause) =>
      isElsewhere.test(clause)
        ? clause
        : clause.replace(named, (command: string, afterColon?: string, inSentence?: string) =>
            [command, ...place, ...(asking.has(afterColon ?? inSentence ?? "") ? url : [])].join(" "),
          ),
    )
    .join("");
}

/** The place flags of a command line that could not be run, as they were typed. */
export function placeFlagsIn(argv: readonly string[]): ApiFlags {
  const typed = (flag: string) => {
    const at = argv.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`));
    const word = argv[at];
    if (word === undefined) return undefined;
    return word === flag ? argv[at + 1] : word.slice(flag.length + 1);
  };
  const [dataDir, config, api, apiTokenFile] = [
    typed("--data-dir"),
    typed("--config"),
    typed("--api"),
    typed("--api-token-file"),
  ];
  return {
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(config === undefined ? {} : { config }),
    ...(api === undefined ? {} : { api }),
    ...(apiTokenFile === undefined ? {} : { apiTokenFile }),
  };
}
