/** Passphrases of keys: from a file, from the environment, or asked for where a person can be asked. */
import { readFile, stat } from "node:fs/promises";
import { shellWord } from "../base/shell-word.ts";
import { oneLineOf, textOf } from "../base/text-file.ts";
import { exitCodes, OperatorError, placeUnusable } from "../node/operator-error.ts";
import type { KeyPair } from "../protocol/signing.ts";
import { KeyError } from "../wallet/key-error.ts";
import { requireNewPassphrase } from "../wallet/key-file.ts";
import { type KeyAccess, loadKey, showKey } from "../wallet/keystore.ts";
import type { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import { newPassphraseVariable, passphraseVariable } from "./load-config.ts";
import type { Terminal } from "./terminal.ts";

export interface PassphraseFlags {
  readonly passphraseFile?: string | undefined;
}

export const passphraseFileVariable = "AUREX_PASSPHRASE_FILE";
const allowOpenVariable = "AUREX_ALLOW_OPEN_KEYS";
const fileBytesMax = 4 * 1024;

export function addPassphraseFlag(command: AurexCommand): AurexCommand {
  return command.option(
    "--passphrase-file <file>",
    `file with the key's passphrase (default: ${passphraseFileVariable}, then ${passphraseVariable}, then a terminal asks)`,
  );
}

/** For a key that is about to be made; undefined where the person wants none. */
export async function newPassphrase(flags: PassphraseFlags, terminal: Terminal): Promise<string | undefined> {
  const given = await givenPassphrase(flags, terminal);
  if (given !== undefined) return usable(given);
  if (!terminal.canAsk) return undefined;
  return askTwice("Passphrase (empty for none): ", terminal);
}

/**
 * For a key whose passphrase changes: from `--new-passphrase-file` or AUREX_NEW_PASSPHRASE, else asked for.
 *
 * @param fallback of a key without a passphrase: what opens keys otherwise is meant for this one, too
 */
export async function changedPassphrase(
  file: string | undefined,
  fallback: PassphraseFlags | undefined,
  terminal: Terminal,
): Promise<string> {
  const given =
    (await passphraseFrom(file, newPassphraseVariable, terminal)) ??
    (fallback && (await givenPassphrase(fallback, terminal)));
  if (given !== undefined) return usable(given);
  const asked = terminal.canAsk ? await askTwice("New passphrase: ", terminal) : undefined;
  if (asked !== undefined) return asked;
  throw usageError(
    "there is no new passphrase",
    terminal.canAsk ? "the answer was empty" : "nobody can be asked: this is no terminal",
    `name a file with --new-passphrase-file, or set ${newPassphraseVariable}; --remove takes the passphrase away`,
    "key/passphrase-empty",
  );
}

/**
 * For a key that has a passphrase and goes elsewhere: another one from `--new-passphrase-file` or AUREX_NEW_PASSPHRASE,
 * else the same.
 */
export async function replacingPassphrase(
  file: string | undefined,
  own: string,
  terminal: Terminal,
): Promise<string> {
  return usable((await passphraseFrom(file, newPassphraseVariable, terminal)) ?? own);
}

async function askTwice(question: string, terminal: Terminal): Promise<string | undefined> {
  const passphrase = await terminal.askSecret(question);
  if (passphrase === "") return undefined;
  usable(passphrase);
  if ((await terminal.askSecret("The same again: ")) === passphrase) return passphrase;
  throw new OperatorError("the two passphrases differ", {
    code: "key/passphrase-differs",
    exitCode: exitCodes.key,
    why: "nothing was changed, since nobody could open the key",
    next: "run the command again",
  });
}

/** What white space and invisible characters do at the ends of a passphrase nobody sees, so a new one has none. */
function usable(passphrase: string): string {
  requireNewPassphrase(passphrase, "the passphrase");
  return passphrase;
}

/**
 * Opens a key, with a passphrase where it has one.
 *
 * @throws KeyError with exit code 7
 */
export async function openKey(
  dataDir: string,
  name: string,
  flags: PassphraseFlags,
  terminal: Terminal,
): Promise<KeyPair> {
  const keyPair = await openWith(name, keyAccess(name, flags, terminal), terminal, (access) =>
    loadKey(dataDir, name, access),
  );
  await sayOldFormat(dataDir, name, terminal);
  return keyPair;
}

async function sayOldFormat(dataDir: string, name: string, terminal: Terminal): Promise<void> {
  const { isOldFormat } = await showKey(dataDir, name);
  if (!isOldFormat) return;
  const place = `--data-dir ${shellWord(dataDir)}`;
  terminal.stderr.write(
    `Note:  the key ${name} is encrypted as earlier versions did. To renew its file: aurex-node keys passphrase ${name} ${place}\n`,
  );
}

/** How commands open a key: what they were given, else a question. */
export function keyAccess(
  name: string,
  flags: PassphraseFlags,
  terminal: Terminal,
  signal?: AbortSignal,
): KeyAccess {
  return {
    passphrase: async () =>
      (await givenPassphrase(flags, terminal)) ??
      (terminal.canAsk ? await terminal.askSecret(`Passphrase of the key ${name}: `, signal) : undefined),
    allowOpen: /^(?:true|yes|on|1)$/i.test(terminal.environment[allowOpenVariable] ?? ""),
  };
}

/**
 * Runs `open`, and says how to give a passphrase where one is missing. A variable that is not as a file would be (a
 * line end that some tool added) opened keys in earlier versions as it stands: so it is tried as it stands, too.
 */
export async function openWith<Opened>(
  name: string,
  access: KeyAccess,
  terminal: Terminal,
  open: (access: KeyAccess) => Promise<Opened>,
): Promise<Opened> {
  try {
    return await open(access);
  } catch (thrown) {
    if (!(thrown instanceof KeyError)) throw thrown;
    if (thrown.code === "key/passphrase-needed") {
      const next = `name a file with --passphrase-file, set ${passphraseVariable}, or run the command in a terminal, which asks for it`;
      throw new KeyError(thrown.code, `the key ${name} is encrypted`, next, { cause: thrown.cause });
    }
    const verbatim = terminal.environment[passphraseVariable];
    if (thrown.code !== "key/passphrase-wrong" || !verbatim || !/[\r\n\uFEFF]/.test(verbatim)) throw thrown;
    return await open({ ...access, passphrase: verbatim }).catch(() => Promise.reject(thrown));
  }
}

/** From a file or the environment; undefined if neither is there, and nobody is asked. */
export async function givenPassphrase(
  { passphraseFile }: PassphraseFlags,
  terminal: Terminal,
): Promise<string | undefined> {
  const file = passphraseFile ?? (terminal.environment[passphraseFileVariable] || undefined);
  return passphraseFrom(file, passphraseVariable, terminal);
}

/** Of the file if there is one, else of the variable; undefined if neither is there. */
async function passphraseFrom(
  file: string | undefined,
  variable: string,
  terminal: Terminal,
): Promise<string | undefined> {
  if (file !== undefined) return lineIn(await textIn(file), file);
  const value = terminal.environment[variable];
  return value ? lineIn(value, variable) : undefined;
}

async function textIn(file: string): Promise<string> {
  const next = "name another file with --passphrase-file, or check who may read it: ls -l";
  try {
    const { size } = await stat(file);
    if (size > fileBytesMax) throw unusable(file, `it has ${size} bytes, the most is ${fileBytesMax}`);
    const text = textOf(await readFile(file));
    if (!text.ok) throw unusable(file, text.fault);
    return text.value;
  } catch (thrown) {
    throw placeUnusable(thrown, file, next);
  }
}

function lineIn(text: string, source: string): string {
  const line = oneLineOf(text);
  if (!line.ok) throw unusable(source, line.fault);
  if (line.value !== "") return line.value;
  throw unusable(source, "it is empty");
}

function unusable(source: string, why: string): OperatorError {
  return new OperatorError(`${source} holds no passphrase`, {
    code: "key/passphrase-unusable",
    exitCode: exitCodes.key,
    why,
    next: "write the passphrase alone into it, on one line, as UTF-8; the line end does not count",
  });
}
