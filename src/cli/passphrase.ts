/** Passphrases of keys: from the environment, or asked for where a person can be asked. */

import { exitCodes, OperatorError } from "../node/operator-error.ts";
import type { KeyPair } from "../protocol/signing.ts";
import { KeyError } from "../wallet/key-error.ts";
import { loadKey } from "../wallet/keystore.ts";
import { passphraseVariable } from "./shared-flags.ts";
import type { Terminal } from "./terminal.ts";

/** For a key that is about to be made; undefined where the person wants none. */
export async function newPassphrase(terminal: Terminal): Promise<string | undefined> {
  const given = terminal.environment[passphraseVariable];
  if (given) return given;
  if (!terminal.canAsk) return undefined;
  const passphrase = await terminal.askSecret("Passphrase (empty for none): ");
  if (passphrase === "") return undefined;
  if ((await terminal.askSecret("The same again: ")) === passphrase) return passphrase;
  throw new OperatorError("the two passphrases differ", {
    code: "key/passphrase-differs",
    exitCode: exitCodes.key,
    why: "no key was made, since nobody could open it",
    next: "run the command again",
  });
}

/**
 * Opens a key, with a passphrase where it has one.
 *
 * @throws KeyError with exit code 7
 */
export async function openKey(dataDir: string, name: string, terminal: Terminal): Promise<KeyPair> {
  try {
    return await loadKey(dataDir, name, terminal.environment[passphraseVariable] || undefined);
  } catch (thrown) {
    if (!(thrown instanceof KeyError) || thrown.code !== "key/passphrase-needed") throw thrown;
    if (!terminal.canAsk) {
      const next = `set ${passphraseVariable}, or run the command in a terminal, which asks for it`;
      throw new KeyError(thrown.code, thrown.message, next, { cause: thrown });
    }
  }
  return loadKey(dataDir, name, await terminal.askSecret(`Passphrase of the key ${name}: `));
}
