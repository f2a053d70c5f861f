/** `aurex-node keys`: make keys and show them; what is secret stays in their files. */
import { AurexCommand } from "./command.ts";
import { keyAnswer, type OneKeyFlags, showKeySummary } from "./key-summary.ts";
import { exportCommand } from "./keys-export.ts";
import { importCommand } from "./keys-import.ts";
import { passphraseCommand } from "./keys-passphrase.ts";
import { originFromWords, requireReader, type WordsFlag, wordCount, wordsForNewKey } from "./keys-words.ts";
import { addPassphraseFlag, keyAccess, newPassphrase, type PassphraseFlags } from "./passphrase.ts";
import { withPlace } from "./place/follow-up.ts";
import { addJsonFlag, addPlaceFlags, type JsonFlag, type PlaceFlags, settingsOf } from "./shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

type KeyFlags = PlaceFlags & JsonFlag;

export function keysCommand(terminal: Terminal): AurexCommand {
  const keys = new AurexCommand("keys", terminal)
    .description("Make keys and show them. Keys lie in the data directory, each in a file of its own.")
    .examples(
      "aurex-node keys new alice",
      "aurex-node keys new alice --words",
      "aurex-node keys import alice",
      "aurex-node keys list",
      "aurex-node keys node",
      "aurex-node keys passphrase alice",
    );
  const ofOneKey = (command: AurexCommand) =>
    command.option("--address", "print the address alone, for scripts");
  for (const command of [
    ofOneKey(newCommand(terminal)),
    listCommand(terminal),
    ofOneKey(showCommand(terminal)),
    ofOneKey(nodeCommand(terminal)),
    passphraseCommand(terminal),
    ofOneKey(importCommand(terminal)),
    exportCommand(terminal),
  ])
    keys.addCommand(addJsonFlag(addPlaceFlags(command)));
  return keys;
}

function newCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("new", terminal)
    .summary("make a key")
    .description(
      "Make a key and print its address. A passphrase encrypts it: from --passphrase-file, AUREX_PASSPHRASE_FILE or AUREX_PASSPHRASE, or asked for in a terminal; without one, only the permissions of its file guard it. With --words the key is made from words that are shown once: who writes them down can make the key again, on any machine, with `keys import`.",
    )
    .argument("<name>", "what to call it, e.g. alice")
    .option("--words [12|24]", "make it from words, and show them once (default: 12)", wordCount)
    .examples(
      "aurex-node keys new alice",
      "aurex-node keys new alice --words",
      "AUREX_PASSPHRASE=… aurex-node keys new alice --json",
    )
    .runs(async (name: string, flags: OneKeyFlags & PassphraseFlags & WordsFlag) => {
      const { createKey, requireFreeName } = await import("../wallet/keystore.ts");
      const { placeForNewKey } = await import("./place/node-place.ts");
      if (flags.words !== undefined) requireReader(flags, terminal);
      const { dataDir } = await placeForNewKey(flags, terminal);
      // Nobody is to write down words for a key that cannot be made.
      await requireFreeName(dataDir, name);
      const passphrase = await newPassphrase(flags, terminal);
      const access = keyAccess(name, flags, terminal);
      const words = flags.words === undefined ? undefined : await wordsForNewKey(flags, terminal);
      const origin = words === undefined ? undefined : await originFromWords(words, 0);
      const key = await createKey(dataDir, name, passphrase, access, origin);
      showKeySummary(key, flags, terminal, { words });
    });
  return addPassphraseFlag(command);
}

function listCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("list", terminal)
    .summary("list all keys")
    .description("List all keys, the node's own first.")
    .examples("aurex-node keys list", "aurex-node keys list --data-dir ./alpha --json")
    .runs(async (flags: KeyFlags) => {
      const { listKeys } = await import("../wallet/keystore.ts");
      const { dataDir } = await settingsOf(flags, terminal);
      const { keys, refused } = await listKeys(dataDir);
      for (const { message, next } of refused)
        terminal.stderr.write(`Left out: ${message}\nNext:  ${next}\n`);
      if (flags.json) return writeJson(terminal, keys.map(keyAnswer));
      if (keys.length === 0) {
        const made = withPlace("Make one: aurex-node keys new NAME", flags);
        terminal.stderr.write(`There are no keys in ${dataDir} yet. ${made}\n`);
      }
      const width = Math.max(0, ...keys.map(({ name }) => name.length));
      for (const { name, address, isEncrypted } of keys) {
        writeLine(terminal, `${name.padEnd(width)}  ${address}${isEncrypted ? "  encrypted" : ""}`);
      }
      for (const { name, isOldFormat } of keys) {
        if (!isOldFormat) continue;
        const renew = withPlace(`To renew its file: aurex-node keys passphrase ${name}`, flags);
        terminal.stderr.write(`Note:  ${name} is encrypted as earlier versions did. ${renew}\n`);
      }
    });
}

function showCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("show", terminal)
    .summary("show one key's address")
    .description("Show the address and the public key of one key.")
    .argument("<name>", 'its name; "node" is the node\'s own')
    .examples("aurex-node keys show alice")
    .runs(async (name: string, flags: OneKeyFlags) => {
      const { showKey } = await import("../wallet/keystore.ts");
      const { dataDir } = await settingsOf(flags, terminal);
      showKeySummary(await showKey(dataDir, name), flags, terminal);
    });
}

function nodeCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("node", terminal)
    .summary("show the node's own key, or make it if there is none")
    .description(
      "Show the node's own key: its network identity, its account and, on a Proof of Authority chain, its seal. It is made if it is missing, so that `init` can name it before the first start: in the directory that --data-dir names, or in the one that a node of --consensus uses without --data-dir.",
    )
    .option("--consensus <engine>", "pow or poa: the node that start --consensus runs without --data-dir")
    .examples(
      "aurex-node keys node --data-dir ./alpha",
      "aurex-node keys node --consensus poa --address",
      "aurex-node init --consensus poa --authority $(aurex-node keys node --consensus poa --address) --out chain.json",
    )
    .runs(async (flags: OneKeyFlags) => {
      const { makeNodeKey, showKey, nodeKeyName } = await import("../wallet/keystore.ts");
      const { nodeIdOf } = await import("../protocol/identity.ts");
      const { placeForNewKey } = await import("./place/node-place.ts");
      const { dataDir, isNamed } = await placeForNewKey(flags, terminal);
      // An existing node that nobody named is only looked at.
      if (isNamed) await makeNodeKey(dataDir);
      const key = await showKey(dataDir, nodeKeyName);
      showKeySummary(key, flags, terminal, { nodeId: nodeIdOf(key.publicKey) });
    });
}
