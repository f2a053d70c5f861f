/** Keys on disk: one file each, 0600 in a directory 0700, there whole or not at all, and never overwritten. */
import { randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { toUtf8 } from "../base/bytes.ts";
import { createDurableFile } from "../base/durable-file.ts";
import { toError } from "../base/invariant.ts";
import { type KeyPair, seedBytes } from "../protocol/signing.ts";
import { KeyError, type KeyErrorCode } from "./key-error.ts";
import {
  corruptKey,
  encodeKeyFile,
  type KeyFile,
  makeKeyFile,
  openKeyFile,
  parseKeyFile,
} from "./key-file.ts";

/** What may be shown of a key. */
export interface KeySummary {
  readonly name: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly address: string;
  readonly isEncrypted: boolean;
}

export interface KeyList {
  readonly keys: readonly KeySummary[];
  /** Files that are there but are not to be used, and why. */
  readonly refused: readonly KeyError[];
}

/** The node's own key, under this name for the commands too: its account is where rewards go. */
export const nodeKeyName = "node";
const nodeKeyFile = "node.key.json";
const suffix = ".json";
const keyFileMode = 0o600;
const keyDirectoryMode = 0o700;
/** Many times what a key needs; anything larger is something else. */
const keyFileBytesMax = 16 * 1024;
/** Starts with a letter or digit and holds no separator, so that no name leads out of the directory. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;

/**
 * Makes a random key and stores it.
 *
 * @param passphrase encrypts the seed; undefined: the file's permissions alone guard it
 */
export async function createKey(dataDir: string, name: string, passphrase?: string): Promise<KeySummary> {
  const filePath = keyFilePath(dataDir, name);
  if (name === nodeKeyName) {
    throw new KeyError(
      "key/name-invalid",
      `"${nodeKeyName}" is the name of the node's own key, which the node makes by itself`,
      "choose another name",
    );
  }
  return summaryOf(await createKeyFile(filePath, name, passphrase));
}

/** All keys by name, the node's own first; no passphrase is needed. */
export async function listKeys(dataDir: string): Promise<KeyList> {
  const files = await fs.readdir(keysDirectory(dataDir)).catch((thrown) => {
    if (isMissing(thrown)) return [];
    throw ioError(keysDirectory(dataDir), thrown);
  });
  const names = files.filter((file) => file.endsWith(suffix)).map((file) => file.slice(0, -suffix.length));
  const keys: KeySummary[] = [];
  const refused: KeyError[] = [];
  for (const name of [nodeKeyName, ...names.sort()]) {
    try {
      keys.push(await showKey(dataDir, name));
    } catch (thrown) {
      if (!(thrown instanceof KeyError)) throw thrown;
      if (name !== nodeKeyName || thrown.code !== "key/not-found") refused.push(thrown);
    }
  }
  return { keys, refused };
}

/** What may be shown of one key; no passphrase is needed. */
export async function showKey(dataDir: string, name: string): Promise<KeySummary> {
  return summaryOf(await readKeyFile(keyFilePath(dataDir, name), name));
}

/** The key pair; its secret key does not show in logs, inspection or JSON. */
export async function loadKey(dataDir: string, name: string, passphrase?: string): Promise<KeyPair> {
  const filePath = keyFilePath(dataDir, name);
  return openKeyFile(await readKeyFile(filePath, name), filePath, passphrase);
}

/** The key of this name, made without a passphrase where there is none yet. */
export async function loadOrCreateKey(dataDir: string, name: string): Promise<KeyPair> {
  const filePath = keyFilePath(dataDir, name);
  const isThere = await readKeyFile(filePath, name).catch(unless("key/not-found"));
  // Another process may make it at the same moment; then its key is the one.
  if (!isThere) await createKeyFile(filePath, name).catch(unless("key/exists"));
  return loadKey(dataDir, name);
}

/** The node's own key, made at its first start: network identity, authority and account in one. */
export function loadOrCreateNodeKey(dataDir: string): Promise<KeyPair> {
  return loadOrCreateKey(dataDir, nodeKeyName);
}

/** For a `catch`: turns the one error that is expected into undefined. */
function unless(code: KeyErrorCode): (thrown: unknown) => undefined {
  return (thrown) => {
    if (!(thrown instanceof KeyError) || thrown.code !== code) throw thrown;
  };
}

/** Where the keys of users lie. */
export function keysDirectory(dataDir: string): string {
  return path.join(dataDir, "keys");
}

/** The file of the node's own key; where it is, there is or was a node. */
export function nodeKeyPath(dataDir: string): string {
  return path.join(dataDir, nodeKeyFile);
}

function keyFilePath(dataDir: string, name: string): string {
  if (name === nodeKeyName) return nodeKeyPath(dataDir);
  if (!namePattern.test(name)) {
    throw new KeyError(
      "key/name-invalid",
      `${JSON.stringify(name)} is no name for a key: 1 to 64 letters, digits and . _ @ + -, the first a letter or digit`,
      "choose a name such as alice or alice@example.com",
    );
  }
  return path.join(keysDirectory(dataDir), `${name}${suffix}`);
}

async function createKeyFile(filePath: string, name: string, passphrase?: string): Promise<KeyFile> {
  const file = await makeKeyFile(name, randomBytes(seedBytes), passphrase);
  const directory = path.dirname(filePath);
  try {
    await fs.mkdir(directory, { recursive: true, mode: keyDirectoryMode });
    if (name !== nodeKeyName) requirePrivate(directory, (await fs.stat(directory)).mode, keyDirectoryMode);
    await createDurableFile(filePath, encodeKeyFile(file), keyFileMode);
  } catch (thrown) {
    if (thrown instanceof KeyError) throw thrown;
    if (!isCode(thrown, "EEXIST")) throw ioError(filePath, thrown);
    throw new KeyError(
      "key/exists",
      `there is a key ${name} already (${filePath}), and keys are never overwritten`,
      `choose another name, or see it: aurex-node keys show ${name}`,
    );
  }
  return file;
}

async function readKeyFile(filePath: string, name: string): Promise<KeyFile> {
  const text = await readPrivateFile(filePath).catch((thrown) => {
    if (thrown instanceof KeyError) throw thrown;
    if (!isMissing(thrown)) throw ioError(filePath, thrown);
    throw new KeyError(
      "key/not-found",
      `there is no key ${name} (${filePath})`,
      name === nodeKeyName
        ? `name the directory with --data-dir to make it: aurex-node keys node --data-dir '${path.dirname(filePath)}'`
        : `see which there are: aurex-node keys list; or make it: aurex-node keys new ${name}`,
    );
  });
  const file = parseKeyFile(text);
  if (typeof file === "string") throw corruptKey(filePath, file);
  if (file.name !== name) throw corruptKey(filePath, `it holds the key ${JSON.stringify(file.name)}`);
  return file;
}

async function readPrivateFile(filePath: string): Promise<string> {
  const handle = await fs.open(filePath, "r");
  try {
    // Asked of the open file: nobody can exchange it between the question and the reading.
    const { mode, size } = await handle.stat();
    requirePrivate(filePath, mode, keyFileMode);
    if (size > keyFileBytesMax) throw corruptKey(filePath, `it has ${size} bytes`);
    return toUtf8(await handle.readFile()) ?? "";
  } finally {
    await handle.close();
  }
}

/** Others must have no access. Windows keeps its permissions elsewhere. */
function requirePrivate(filePath: string, mode: number, wanted: number): void {
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  throw new KeyError(
    "key/permissions",
    `${filePath} can be reached by others (its mode is ${octal}), so its secret may be known`,
    `if nobody has used that: chmod ${wanted.toString(8)} '${filePath}'`,
  );
}

function summaryOf({ name, publicKey, address, seed }: KeyFile): KeySummary {
  return { name, publicKey, address, isEncrypted: !(seed instanceof Uint8Array) };
}

function isCode(thrown: unknown, code: string): boolean {
  return (thrown as NodeJS.ErrnoException | undefined)?.code === code;
}

function isMissing(thrown: unknown): boolean {
  return isCode(thrown, "ENOENT");
}

function ioError(filePath: string, thrown: unknown): KeyError {
  const error = toError(thrown);
  return new KeyError(
    "key/io",
    `${filePath} cannot be read or written: ${error.message}`,
    "check that the data directory is there, is yours and has room",
    { cause: error },
  );
}
