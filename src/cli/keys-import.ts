/** `aurex-node keys import`: a key from words, from a seed in hex, or from a keystore file. */
import { open } from "node:fs/promises";
import { fromHex } from "../base/bytes.ts";
import type { Result } from "../base/result.ts";
import { textOf } from "../base/text-file.ts";
import { exitCodes, OperatorError, placeUnusable } from "../node/operator-error.ts";
import { seedBytes } from "../protocol/signing.ts";
import { KeyError } from "../wallet/key-error.ts";
import type { KeyOrigin } from "../wallet/keystore.ts";
import { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import { numberFrom } from "./flag-values.ts";
import { type OneKeyFlags, showKeySummary } from "./key-summary.ts";
import { originFromWords } from "./keys-words.ts";
import {
  addPassphraseFlag,
  givenPassphrase,
  keyAccess,
  newPassphrase,
  openWith,
  type PassphraseFlags,
  replacingPassphrase,
} from "./passphrase.ts";
import type { Terminal } from "./terminal.ts";

interface ImportFlags extends OneKeyFlags, PassphraseFlags {
  readonly file?: string;
  readonly account?: number;
  readonly newPassphraseFile?: string;
}

/** What was given, and the passphrase that the key will have; undefined: none. */
interface Imported {
  readonly origin: KeyOrigin;
  readonly passphrase: string | undefined;
}

/** A keystore has about 1000; words and a seed have less. */
const bytesMax = 16 * 1024;

export function importCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("import", terminal)
    .summary("take over a key from words, a seed or a keystore file")
    .description(
      "Take over a key from BIP-39 words, from a seed of 64 hex digits, or from a keystore file (EIP-2335, or a key file of Aurex); the command finds out which of them it is. It comes from --file, from stdin, or from a question in a terminal, never from the command line, because other users of the machine can read that. A keystore keeps its passphrase unless a new one is given; for words and seeds it is as with `keys new`.",
    )
    .argument("<name>", "what to call it, e.g. alice")
    .option("--file <file>", "file with the words, the seed or the keystore; - is stdin")
    .option(
      "--account <number>",
      "which key of the words: the last number of the path",
      numberFrom(0, 2 ** 31 - 1),
    )
    .option(
      "--new-passphrase-file <file>",
      "file with another passphrase for a keystore's key (default: AUREX_NEW_PASSPHRASE, then the keystore's own)",
    )
    .examples(
      "aurex-node keys import alice",
      "aurex-node keys import alice --file words.txt --account 1",
      "aurex-node keys import alice --file keystore.json --passphrase-file secret.txt",
    )
    .runs(async (name: string, flags: ImportFlags) => {
      const { createKey, requireFreeName } = await import("../wallet/keystore.ts");
      const { placeForNewKey } = await import("./place/node-place.ts");
      const { dataDir } = await placeForNewKey(flags, terminal);
      await requireFreeName(dataDir, name);
      const { origin, passphrase } = await imported(await givenText(flags, terminal), flags, terminal);
      const access = keyAccess(name, flags, terminal);
      showKeySummary(await createKey(dataDir, name, passphrase, access, origin), flags, terminal);
    });
  return addPassphraseFlag(command);
}

async function givenText({ file }: ImportFlags, terminal: Terminal): Promise<string> {
  if (file === undefined && terminal.canAsk) {
    // Words end with an empty line alone: of 24 in several lines the first 12 may pass as 12 by chance.
    return terminal.askSecretLines(
      "Words, a seed in hex or a keystore, not shown; an empty line ends it: ",
      (text) => isSeedHex(text.trim()) || isJson(text),
    );
  }
  const isInput = file === undefined || file === "-";
  const what = isInput ? "stdin" : file;
  let bytes: Uint8Array;
  try {
    bytes = isInput ? await terminal.readInput(bytesMax) : await bytesOf(file);
  } catch (thrown) {
    throw placeUnusable(thrown, what, "name another file with --file, or check who may read it: ls -l");
  }
  if (bytes.length > bytesMax) throw unusable(`it has more than ${bytesMax} bytes`, what);
  const text = textOf(bytes);
  if (!text.ok) throw unusable(text.fault, what);
  return text.value;
}

/** No more than shows that it is too much: what is named may be a disk. */
async function bytesOf(file: string): Promise<Uint8Array> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytesMax + 1), 0, bytesMax + 1, null);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function imported(text: string, flags: ImportFlags, terminal: Terminal): Promise<Imported> {
  const trimmed = text.trim();
  const isKeystore = trimmed.startsWith("{");
  if (flags.account !== undefined && (isKeystore || isSeedHex(trimmed))) {
    throw usageError(
      "--account goes with words alone",
      "a seed and a keystore are one key",
      "leave --account out",
    );
  }
  if (isKeystore) return fromKeystore(trimmed, flags, terminal);
  if (isSeedHex(trimmed)) {
    const seed = fromHex(trimmed.replace(/^0x/i, ""), seedBytes) as Uint8Array;
    return { origin: { seed }, passphrase: await newPassphrase(flags, terminal) };
  }
  const { readWords } = await import("../wallet/words.ts");
  const words = readWords(trimmed);
  if (!words.ok) throw unusable(words.fault, "what was given");
  const origin = await originFromWords(words.value, flags.account ?? 0);
  return { origin, passphrase: await newPassphrase(flags, terminal) };
}

function isJson(text: string): boolean {
  try {
    return text.trimStart().startsWith("{") && typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

function isSeedHex(text: string): boolean {
  return /^(?:0x)?[0-9a-f]{64}$/i.test(text);
}

async function fromKeystore(text: string, flags: ImportFlags, terminal: Terminal): Promise<Imported> {
  const { parsedForImport } = await import("../wallet/import-file.ts");
  const { nodeStretch } = await import("../wallet/node-stretch.ts");
  const file = parsedForImport(text, nodeStretch);
  if (!file.ok) throw unusable(file.fault, "the keystore");
  const { open: openFile, path, isEncrypted } = file.value;
  if (!isEncrypted) {
    return {
      origin: { seed: await opened(openFile, ""), path },
      passphrase: await newPassphrase(flags, terminal),
    };
  }
  let used = "";
  const access = {
    passphrase: async () =>
      (await givenPassphrase(flags, terminal)) ??
      (terminal.canAsk ? await terminal.askSecret("Passphrase of the keystore: ") : undefined),
  };
  const seed = await openWith("in the keystore", access, terminal, async ({ passphrase }) => {
    const given = typeof passphrase === "function" ? await passphrase() : passphrase;
    if (given === undefined) throw new KeyError("key/passphrase-needed", "the keystore is encrypted", "");
    used = given;
    return opened(openFile, given);
  });
  const passphrase = await replacingPassphrase(flags.newPassphraseFile, used, terminal);
  return { origin: { seed, path }, passphrase };
}

type Open = (
  passphrase: string,
) => Promise<Result<Uint8Array, { readonly code: string; readonly reason: string }>>;

async function opened(open: Open, passphrase: string): Promise<Uint8Array> {
  const seed = await open(passphrase);
  if (seed.ok) return seed.value;
  if (seed.fault.code === "keystore/damaged") throw unusable(`it ${seed.fault.reason}`, "the keystore");
  throw new KeyError(
    "key/passphrase-wrong",
    `the keystore ${seed.fault.reason}`,
    "try again with the passphrase that the keystore was made with",
  );
}

function unusable(why: string, what: string): OperatorError {
  return new OperatorError(`${what} holds no key that can be imported`, {
    code: "key/import-unusable",
    exitCode: exitCodes.key,
    why,
    next: "give 12 or 24 words of BIP-39, a seed of 64 hex digits, or a keystore of EIP-2335 with an Ed25519 key",
  });
}
