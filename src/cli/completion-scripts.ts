/** The completion scripts of three shells, written from the tree of commands. Each is one function and needs nothing else. */
import type { Completed, TreeFlag, TreeNode } from "./command-tree.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** @param program the word that is completed */
export function completionScript(shell: Shell, program: string, tree: readonly TreeNode[]): string {
  const lines = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](program, tree);
  return `${lines.join("\n")}\n`;
}

/** Words that lead to a command. A word that leads nowhere is an argument. */
function steps(tree: readonly TreeNode[]): { readonly from: string; readonly to: string }[] {
  return tree.flatMap(({ at, commands }) =>
    commands
      .filter(({ name }) => tree.some((node) => node.at === joined(at, name)))
      .map(({ name }) => ({ from: `${at}|${name}`, to: joined(at, name) })),
  );
}

const joined = (at: string, name: string) => (at === "" ? name : `${at} ${name}`);

interface FlagPlaces {
  /** `at|--flag` for each flag and name. */
  readonly keys: readonly string[];
  readonly value: Completed;
}

/** Flags that take a value, those together that take the same. */
function valued(tree: readonly TreeNode[]): FlagPlaces[] {
  const groups = new Map<string, { keys: string[]; value: Completed }>();
  for (const { at, flags } of tree) {
    for (const { names, value } of flags) {
      if (!value) continue;
      const group = groups.get(JSON.stringify(value)) ?? { keys: [], value };
      group.keys.push(...names.map((name) => `${at}|${name}`));
      groups.set(JSON.stringify(value), group);
    }
  }
  return [...groups.values()];
}

/** In single quotes, for the shells and `case` patterns alike. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const quotedForFish = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
/** Help texts may be of several sentences; a list of candidates has room for the first. */
const short = (summary: string) => summary.replaceAll(/\s+/g, " ").replace(/(?<=\w)\. .*$/, "");

function bashScript(program: string, tree: readonly TreeNode[]): string[] {
  const name = `_${program.replaceAll("-", "_")}`;
  const offer = (value: Completed): string => {
    if (value.kind === "words")
      return `COMPREPLY=($(compgen -W ${quoted(value.words.join(" "))} -- "$current"))`;
    if (value.kind === "anything") return ":";
    const what = value.kind === "file" ? "-f" : "-d";
    // A name may hold blanks.
    return `compopt -o filenames 2>/dev/null; IFS=$'\\n'; COMPREPLY=($(compgen ${what} -- "$current"))`;
  };
  const arm = (keys: readonly string[], does: string) => `    ${keys.map(quoted).join("|")}) ${does} ;;`;
  return [
    `# bash completion of ${program}. Add to ~/.bashrc: source <(${program} completion bash)`,
    `${name}() {`,
    "  local IFS=$' \\t\\n' at='' word='' awaited='' index=1 last=$COMP_CWORD",
    `  local current=\${COMP_WORDS[COMP_CWORD]}`,
    "  COMPREPLY=()",
    "  # bash makes three words of --flag=value.",
    "  if [[ $current == = ]]; then current=''; (( last++ )); fi",
    "  while (( index < last )); do",
    `    word=\${COMP_WORDS[index]}`,
    "    (( index++ ))",
    "    if [[ $word == = ]]; then continue; fi",
    "    if [[ -n $awaited ]]; then awaited=''; continue; fi",
    '    case "$at|$word" in',
    ...valued(tree).map(({ keys }) => `  ${arm(keys, 'awaited="$at|$word"')}`),
    ...steps(tree).map(({ from, to }) => `  ${arm([from], `at=${quoted(to)}`)}`),
    "    esac",
    "  done",
    '  case "$awaited" in',
    ...valued(tree).map(({ keys, value }) => arm(keys, `${offer(value)}; return`)),
    "  esac",
    '  case "$at" in',
    ...tree.map(({ at, commands, flags, argument }) => {
      const names = quoted(flags.flatMap((flag) => flag.names).join(" "));
      const words = commands.map((command) => command.name);
      const own: Completed = words.length > 0 ? { kind: "words", words } : argument;
      return arm(
        [at],
        `if [[ $current == -* ]]; then COMPREPLY=($(compgen -W ${names} -- "$current")); else ${offer(own)}; fi`,
      );
    }),
    "  esac",
    "}",
    `complete -F ${name} ${program}`,
  ];
}

function zshScript(program: string, tree: readonly TreeNode[]): string[] {
  const name = `_${program.replaceAll("-", "_")}`;
  const entry = (word: string, summary: string) =>
    quoted(`${word.replaceAll(":", "\\:")}:${short(summary).replaceAll(":", "\\:")}`);
  const offer = (value: Completed): string => {
    if (value.kind === "words") return `compadd -- ${value.words.map(quoted).join(" ")}`;
    if (value.kind === "anything") return ":";
    return value.kind === "file" ? "_files" : "_files -/";
  };
  const arm = (keys: readonly string[], does: string) => `    (${keys.map(quoted).join("|")}) ${does} ;;`;
  const flagEntries = (flags: readonly TreeFlag[]) =>
    flags.flatMap(({ names, summary }) => names.map((flag) => entry(flag, summary))).join(" ");
  return [
    `#compdef ${program}`,
    `# zsh completion of ${program}. Add to ~/.zshrc after compinit: source <(${program} completion zsh)`,
    `${name}() {`,
    "  local at='' word='' awaited=''",
    "  local -a found",
    "  local -i index",
    "  for (( index = 2; index < CURRENT; index++ )); do",
    `    word=\${words[index]}`,
    "    if [[ -n $awaited ]]; then awaited=''; continue; fi",
    "    if [[ $word == --*=* ]]; then continue; fi",
    '    case "$at|$word" in',
    ...valued(tree).map(({ keys }) => `  ${arm(keys, 'awaited="$at|$word"')}`),
    ...steps(tree).map(({ from, to }) => `  ${arm([from], `at=${quoted(to)}`)}`),
    "    esac",
    "  done",
    `  word=\${words[CURRENT]}`,
    `  if [[ -z $awaited && $word == --*=* ]]; then awaited="$at|\${word%%=*}"; compset -P 1 '*='; fi`,
    '  case "$awaited" in',
    ...valued(tree).map(({ keys, value }) => arm(keys, `${offer(value)}; return`)),
    "  esac",
    '  case "$at" in',
    ...tree.flatMap(({ at, commands, flags, argument }) => {
      const words = commands.map((command) => entry(command.name, command.summary)).join(" ");
      const own =
        commands.length > 0 ? `found=(${words}); _describe -t commands command found` : offer(argument);
      return [
        arm(
          [at],
          `if [[ $word == -* ]]; then found=(${flagEntries(flags)}); _describe -t options option found; else ${own}; fi`,
        ),
      ];
    }),
    "  esac",
    "}",
    `if [[ \${funcstack[1]} == ${name} ]]; then ${name} "$@"; else compdef ${name} ${program}; fi`,
  ];
}

function fishScript(program: string, tree: readonly TreeNode[]): string[] {
  const name = `__${program.replaceAll("-", "_")}_completions`;
  const say = (word: string, summary: string) =>
    `printf '%s\\t%s\\n' ${quotedForFish(word)} ${quotedForFish(short(summary))}`;
  const offer = (value: Completed): string => {
    if (value.kind === "words") return `printf "$before%s\\n" ${value.words.map(quotedForFish).join(" ")}`;
    if (value.kind === "anything") return "true";
    return value.kind === "file"
      ? '__fish_complete_path "$current"'
      : '__fish_complete_directories "$current" ""';
  };
  const arm = (keys: readonly string[], does: readonly string[]) => [
    `        case ${keys.map(quotedForFish).join(" ")}`,
    ...does.map((line) => `            ${line}`),
  ];
  return [
    `# fish completion of ${program}. Add to ~/.config/fish/config.fish: ${program} completion fish | source`,
    `function ${name}`,
    "    set -l at ''",
    "    set -l awaited ''",
    "    set -l before ''",
    "    set -l current (commandline -ct)",
    "    set -l typed (commandline -opc)",
    "    for word in $typed[2..-1]",
    '        if test -n "$awaited"',
    "            set awaited ''",
    "            continue",
    "        end",
    '        switch "$at|$word"',
    ...valued(tree).flatMap(({ keys }) =>
      arm(keys, ['set awaited "$at|$word"']).map((line) => `    ${line}`),
    ),
    ...steps(tree).flatMap(({ from, to }) =>
      arm([from], [`set at ${quotedForFish(to)}`]).map((line) => `    ${line}`),
    ),
    "        end",
    "    end",
    '    if test -z "$awaited"; and string match -q -- "--*=*" "$current"',
    '        set awaited "$at|"(string replace -r "=.*" "" -- "$current")',
    '        set before (string replace -r "=.*" "=" -- "$current")',
    "    end",
    '    switch "$awaited"',
    ...valued(tree).flatMap(({ keys, value }) => arm(keys, [offer(value), "return"])),
    "    end",
    '    switch "$at"',
    ...tree.flatMap(({ at, commands, flags, argument }) =>
      arm(
        [at],
        [
          'if string match -q -- "-*" "$current"',
          ...flags.flatMap(({ names, summary }) => names.map((flag) => `    ${say(flag, summary)}`)),
          "else",
          ...(commands.length > 0
            ? commands.map((command) => `    ${say(command.name, command.summary)}`)
            : [`    ${offer(argument)}`]),
          "end",
        ],
      ),
    ),
    "    end",
    "end",
    `complete -c ${program} -f -a '(${name})'`,
  ];
}
