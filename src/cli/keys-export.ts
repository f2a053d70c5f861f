/** `aurex-node keys export`: a key as a keystore of EIP-2335, encrypted by a passphrase. */
import { createDurableFile } from "../base/durable-file.ts";
import { placeUnusable } from "../node/operator-error.ts";
import { seedBytes } from "../protocol/signing.ts";
import type { KeystoreCipher } from "../wallet/eip2335.ts";
import { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import { oneOf } from "./flag-values.ts";
import { rememberedAccess } from "./keys-passphrase.ts";
import {
  addPassphraseFlag,
  changedPassphrase,
  openWith,
  type PassphraseFlags,
  replacingPassphrase,
} from "./passphrase.ts";
import { type JsonFlag, type PlaceFlags, settingsOf } from "./shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

interface ExportFlags extends PlaceFlags, JsonFlag, PassphraseFlags {
  readonly out?: string;
  readonly cipher: KeystoreCipher;
  readonly newPassphraseFile?: string;
}

export function exportCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("export", terminal)
    .summary("write a key as a keystore file")
    .description(
      "Write a key as a keystore of EIP-2335, always encrypted: by the key's own passphrase, or by another one. Aurex and other programs that know EIP-2335 and Ed25519 open it. A key cannot be exported as words: words are shown once, when a key is made from them, and are stored nowhere.",
    )
    .argument("<name>", 'its name; "node" is the node\'s own')
    .option("--out <file>", "file to write, which must not be there yet (default: stdout)")
    .option(
      "--cipher <name>",
      "aes-128-ctr, which EIP-2335 names, or aes-128-gcm, which only Aurex opens and which also covers the path",
      oneOf("aes-128-ctr", "aes-128-gcm"),
      "aes-128-ctr",
    )
    .option(
      "--new-passphrase-file <file>",
      "file with another passphrase for the keystore (default: AUREX_NEW_PASSPHRASE, then the key's own)",
    )
    .examples(
      "aurex-node keys export alice --out alice-keystore.json",
      "aurex-node keys export node --new-passphrase-file secret.txt > node-keystore.json",
    )
    .runs(async (name: string, flags: ExportFlags) => {
      const { dataDir } = await settingsOf(flags, terminal);
      const text = await keystoreOf(dataDir, name, flags, terminal);
      if (flags.out === undefined) return void terminal.stdout.write(text);
      await write(flags.out, text);
      if (flags.json) return writeJson(terminal, { name, file: flags.out });
      writeLine(terminal, `The key ${name} is in ${flags.out}, encrypted by its passphrase.`);
    });
  return addPassphraseFlag(command);
}

async function keystoreOf(
  dataDir: string,
  name: string,
  flags: ExportFlags,
  terminal: Terminal,
): Promise<string> {
  const { loadKey, showKey } = await import("../wallet/keystore.ts");
  const { encodeKeystore, makeKeystore } = await import("../wallet/eip2335.ts");
  const { nodeStretch } = await import("../wallet/node-stretch.ts");
  const { isEncrypted, path, address } = await showKey(dataDir, name);
  let used: string | undefined;
  const asked = rememberedAccess(name, flags, terminal);
  const keyPair = await openWith(name, asked, terminal, (access) => {
    const { passphrase } = access;
    const kept = async () => {
      used = typeof passphrase === "function" ? await passphrase() : passphrase;
      return used;
    };
    return loadKey(dataDir, name, { ...access, passphrase: kept });
  });
  const passphrase =
    isEncrypted && used !== undefined
      ? await replacingPassphrase(flags.newPassphraseFile, used, terminal)
      : await changedPassphrase(flags.newPassphraseFile, flags, terminal);
  const seed = keyPair.secretKey.slice(0, seedBytes);
  const description = `Aurex key ${name}, ${address}`;
  const { cipher } = flags;
  return encodeKeystore(await makeKeystore({ seed, passphrase, path, description, cipher }, nodeStretch));
}

async function write(file: string, text: string): Promise<void> {
  try {
    await createDurableFile(file, Buffer.from(text), 0o600);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") {
      throw usageError(
        `${file} is there already`,
        "a keystore overwrites nothing",
        "name another file with --out",
      );
    }
    throw placeUnusable(thrown, file, "name another file with --out");
  }
}
