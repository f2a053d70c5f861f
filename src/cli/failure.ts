/** What a person reads when a command fails: what, why and the next command; a stack only where it is our bug. */
import type { Command, CommanderError } from "commander";
import { closest } from "fastest-levenshtein";
import { toError } from "../base/invariant.ts";
import { visibleText } from "../base/visible-text.ts";
import { ApiProblem, ApiUnreachable } from "../client/api-problem.ts";
import { type ExitCode, exitCodes, OperatorError, toOperatorError } from "../node/operator-error.ts";
import { CommandLineEnd } from "./command.ts";
import { placeFlagsIn, withPlace } from "./place/follow-up.ts";
import type { Terminal } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export function usageError(what: string, why: string, next: string, code = "cli/usage"): OperatorError {
  return new OperatorError(what, { code, exitCode: exitCodes.usage, why, next });
}

/** Says what was thrown and returns the exit code that it means. */
export function reportFailure(thrown: unknown, argv: readonly string[], terminal: Terminal): ExitCode {
  if (thrown instanceof CommandLineEnd) return reportCommandLine(thrown, argv, terminal);
  const known = ofApi(thrown) ?? toOperatorError(thrown);
  if (known) {
    const { message, why, exitCode, code } = known;
    // What the operator is told to run next is about the node that he has named now.
    const next = withPlace(known.next, placeFlagsIn(argv));
    terminal.stderr.write(operatorText(new OperatorError(message, { code, exitCode, why, next })));
    return known.exitCode;
  }
  terminal.stderr.write(bugText(thrown));
  return exitCodes.bug;
}

function reportCommandLine(end: CommandLineEnd, argv: readonly string[], terminal: Terminal): ExitCode {
  // Help and version have been written already; help that answers a missing command is an error all the same.
  if (end.reason.exitCode === 0) return exitCodes.ok;
  if (end.reason.code !== "commander.help") terminal.stderr.write(operatorText(misuse(end, argv)));
  return exitCodes.usage;
}

function misuse({ command, reason }: CommandLineEnd, argv: readonly string[]): OperatorError {
  const what = reason.message.replace(/^error: /, "");
  const next = `${command.fullName} --help`;
  const name = /^unknown command '(.*)'$/.exec(what)?.[1];
  if (name !== undefined) return unknownWord(what, name, namesOf(command), next);
  const flags = flagsOf(command);
  const flag = /^unknown option '(.*)'$/.exec(what)?.[1] ?? misspelled(reason, flags, argv);
  if (flag === undefined) return usageError(what, "", next);
  return unknownWord(`unknown option '${flag}'`, flag.replace(/=.*/, ""), flags, next);
}

/** Commander first looks for the flags that must be there; the one that is missing may be there with a wrong letter. */
function misspelled(
  reason: CommanderError,
  flags: readonly string[],
  argv: readonly string[],
): string | undefined {
  if (reason.code !== "commander.missingMandatoryOptionValue") return undefined;
  return argv.find((word) => word.startsWith("--") && !flags.includes(word.replace(/=.*/, "")));
}

/** A word that is none of the candidates; the nearest of them is named. */
export function unknownWord(
  what: string,
  word: string,
  candidates: readonly string[],
  next: string,
): OperatorError {
  return usageError(
    what,
    candidates.length > 0 ? `the nearest is ${closest(word, [...candidates])}` : "",
    next,
  );
}

function flagsOf(command: Command): string[] {
  return [...command.options.flatMap(({ long }) => (long ? [long] : [])), "--help"];
}

function namesOf(command: Command): string[] {
  return command.commands.map((child) => child.name());
}

function ofApi(thrown: unknown): OperatorError | undefined {
  if (thrown instanceof ApiUnreachable) {
    const isNotTrusted = /certificate|altnames/i.test(thrown.message);
    return usageError(
      isNotTrusted ? `the node at ${thrown.url} is not trusted` : `no node answers at ${thrown.url}`,
      thrown.message,
      isNotTrusted
        ? "name the certificate of its issuer: NODE_EXTRA_CA_CERTS=issuer.pem aurex-node …, and use a name that the node's certificate has"
        : "see which nodes run with aurex-node status, and name one with --data-dir or --api URL",
      "cli/api-unreachable",
    );
  }
  if (thrown instanceof ApiProblem)
    return usageError("the node refused", thrown.message, thrown.next, thrown.code);
  return undefined;
}

/** Three lines at most: what, why, next. */
export function operatorText({ message, why, next }: OperatorError): string {
  const lines = [`Error: ${message}`, why && `Why:   ${why}`, next && `Next:  ${next}`];
  // A message may quote what others have written.
  return `${lines
    .filter((line) => line !== "")
    .flatMap((line) => line.split("\n"))
    .map(visibleText)
    .join("\n")}\n`;
}

export function bugText(thrown: unknown): string {
  const error = toError(thrown);
  return [
    `Error: aurex-node failed by a bug of its own: ${error.message}`,
    "",
    error.stack ?? String(thrown),
    "",
    `Next:  report it to the maintainers of Aurex with this text, what you ran, and blockchain.log of the data directory`,
    `       (aurex ${packageVersion()}, Node ${process.version}, ${process.platform} ${process.arch})`,
    "",
  ].join("\n");
}
