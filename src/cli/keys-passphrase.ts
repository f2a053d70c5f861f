/** `aurex-node keys passphrase`: sets, changes or removes the passphrase of a key, the node's own included. */
import { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import {
  addPassphraseFlag,
  changedPassphrase,
  keyAccess,
  openWith,
  type PassphraseFlags,
} from "./passphrase.ts";
import { type JsonFlag, type PlaceFlags, settingsOf } from "./shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

interface PassphraseCommandFlags extends PlaceFlags, JsonFlag, PassphraseFlags {
  readonly newPassphraseFile?: string;
  readonly remove?: boolean;
}

export function passphraseCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("passphrase", terminal)
    .summary("set, change or remove the passphrase of a key")
    .description(
      "Set, change or remove the passphrase that encrypts a key; the key itself stays the same. The file is replaced in one step. A node that runs goes on with the key that it has opened; at its next start it needs the passphrase: from --passphrase-file, AUREX_PASSPHRASE_FILE or AUREX_PASSPHRASE, or it asks in a terminal.",
    )
    .argument("<name>", 'its name; "node" is the node\'s own')
    .option(
      "--new-passphrase-file <file>",
      "file with the passphrase to change to (default: AUREX_NEW_PASSPHRASE, then a terminal asks)",
    )
    .option("--remove", "take the passphrase away: only the permissions of the file guard the key then")
    .examples(
      "aurex-node keys passphrase alice",
      "aurex-node keys passphrase node --new-passphrase-file secret.txt",
      "aurex-node keys passphrase alice --remove --passphrase-file secret.txt",
    )
    .runs(async (name: string, flags: PassphraseCommandFlags) => {
      const { changePassphrase, showKey } = await import("../wallet/keystore.ts");
      const { dataDir } = await settingsOf(flags, terminal);
      const { isEncrypted } = await showKey(dataDir, name);
      if (flags.remove && flags.newPassphraseFile !== undefined) {
        const next = "leave one of both out";
        throw usageError("--remove does not go with --new-passphrase-file", "a key has one or none", next);
      }
      const changed = await openWith(
        name,
        rememberedAccess(name, flags, terminal),
        terminal,
        async (access) => {
          // Opened first: nobody is to think of a new passphrase for a key that does not open.
          const { loadKey } = await import("../wallet/keystore.ts");
          await loadKey(dataDir, name, access);
          const to = flags.remove
            ? undefined
            : await changedPassphrase(flags.newPassphraseFile, isEncrypted ? undefined : flags, terminal);
          return changePassphrase(dataDir, name, access, to);
        },
      );
      const { address, isEncrypted: encrypted } = changed;
      if (flags.json) return writeJson(terminal, { name, address, encrypted });
      writeLine(
        terminal,
        encrypted
          ? `The key ${name} is encrypted by the new passphrase.`
          : `The key ${name} has no passphrase.`,
      );
    });
  return addPassphraseFlag(command);
}

/** The question for the passphrase is asked once, although the key is opened twice. */
export function rememberedAccess(
  name: string,
  flags: PassphraseFlags,
  terminal: Terminal,
): ReturnType<typeof keyAccess> {
  const access = keyAccess(name, flags, terminal);
  const { passphrase } = access;
  if (typeof passphrase !== "function") return access;
  let answer: Promise<string | undefined> | undefined;
  return {
    ...access,
    passphrase: () => {
      answer ??= passphrase();
      return answer;
    },
  };
}
