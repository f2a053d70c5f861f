/** Keys on disk: one file each, 0600 in a directory 0700, there whole or not at all, and never overwritten. */

import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { createDurableFile, replaceDurableFile } from "../base/durable-file.ts";
import { toError } from "../base/invariant.ts";
import { makeDirectory } from "../base/make-directory.ts";
import { textOf } from "../base/text-file.ts";
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
import { nodeStretch } from "./node-stretch.ts";

/** What may be shown of a key. */
export interface KeySummary {
  readonly name: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly address: string;
  /** Where in a set of words the key is from; empty for every other key. */
  readonly path: string;
  readonly isEncrypted: boolean;
  /** It is encrypted as earlier versions did; changing its passphrase, also to the same one, renews the file. */
  readonly isOldFormat: boolean;
}

export interface KeyList {
  readonly keys: readonly KeySummary[];
  /** Files that are there but are not to be used, and why. */
  readonly refused: readonly KeyError[];
}

/** How a key may be opened. */
export interface KeyAccess {
  /** Of an encrypted key; a function is asked only if the key is encrypted, and answers undefined if nobody knows it. */
  readonly passphrase?: string | undefined | (() => Promise<string | undefined>);
  /** The operator's word that other users of the machine may reach the key files, as on file systems without permissions. */
  readonly allowOpen?: boolean;
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

/** A key that is not random: from words, or from somewhere else. */
export interface KeyOrigin {
  /** 32 bytes. */
  readonly seed: Uint8Array;
  /** Where in a set of words it is from. */
  readonly path?: string;
}

/**
 * Makes a key and stores it.
 *
 * @param passphrase encrypts the seed; undefined: the file's permissions alone guard it
 * @param origin undefined: a random key
 */
export async function createKey(
  dataDir: string,
  name: string,
  passphrase?: string,
  { allowOpen = false }: Pick<KeyAccess, "allowOpen"> = {},
  origin?: KeyOrigin,
): Promise<KeySummary> {
  const filePath = newKeyPath(dataDir, name);
  return summaryOf(await createKeyFile(filePath, name, { passphrase, allowOpen, ...(origin && { origin }) }));
}

/**
 * That a key of this name can be made, as far as can be told before: {@link createKey} decides.
 *
 * @throws KeyError if the name is none or taken
 */
export async function requireFreeName(dataDir: string, name: string): Promise<void> {
  const filePath = newKeyPath(dataDir, name);
  const isTaken = await fs.stat(filePath).then(
    () => true,
    () => false,
  );
  if (isTaken) throw keyExists(filePath, name);
}

function newKeyPath(dataDir: string, name: string): string {
  const filePath = keyFilePath(dataDir, name);
  if (name !== nodeKeyName) return filePath;
  throw new KeyError(
    "key/name-invalid",
    `"${nodeKeyName}" is the name of the node's own key, which the node makes by itself`,
    "choose another name",
  );
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

/** What may be shown of one key: no passphrase is needed, and it is no matter who else may read the file. */
export async function showKey(dataDir: string, name: string): Promise<KeySummary> {
  return summaryOf(await readKeyFile(keyFilePath(dataDir, name), name, "any"));
}

/**
 * The key pair; its secret key does not show in logs, inspection or JSON.
 *
 * @param access a passphrase, or all of how the key may be opened
 */
export async function loadKey(
  dataDir: string,
  name: string,
  access: string | KeyAccess = {},
): Promise<KeyPair> {
  const { passphrase, allowOpen = false } = typeof access === "string" ? { passphrase: access } : access;
  const filePath = keyFilePath(dataDir, name);
  const file = await readKeyFile(filePath, name, allowOpen ? "any" : "private");
  const isAsked = typeof passphrase === "function" && file.secret.kind !== "plain";
  const given = typeof passphrase === "function" ? isAsked && (await passphrase()) : passphrase;
  return openKeyFile(file, filePath, given || undefined, nodeStretch);
}

/** The key of this name, made without a passphrase where there is none yet. */
export async function loadOrCreateKey(
  dataDir: string,
  name: string,
  access: KeyAccess = {},
): Promise<KeyPair> {
  await makeKey(dataDir, name, access);
  return loadKey(dataDir, name, access);
}

async function makeKey(dataDir: string, name: string, { allowOpen = false }: KeyAccess): Promise<void> {
  const filePath = keyFilePath(dataDir, name);
  const isThere = await readKeyFile(filePath, name, "any").catch(unless("key/not-found"));
  // Another process may make it at the same moment; then its key is the one.
  if (!isThere) await createKeyFile(filePath, name, { allowOpen }).catch(unless("key/exists"));
}

/** Makes the node's own key if it is missing; one that is there may be encrypted and is not opened. */
export function makeNodeKey(dataDir: string): Promise<void> {
  return makeKey(dataDir, nodeKeyName, {});
}

/** The node's own key, made at its first start: network identity, authority and account in one. */
export function loadOrCreateNodeKey(dataDir: string, access: KeyAccess = {}): Promise<KeyPair> {
  return loadOrCreateKey(dataDir, nodeKeyName, access);
}

/**
 * Encrypts a key by another passphrase, or takes its passphrase away. The key stays the same. At every moment the old
 * file or the new one is there, whole, and the new one has been opened before.
 *
 * @param to undefined: the seed will stand in the file as it is
 */
export async function changePassphrase(
  dataDir: string,
  name: string,
  from: KeyAccess,
  to: string | undefined,
): Promise<KeySummary> {
  const filePath = keyFilePath(dataDir, name);
  const keyPair = await loadKey(dataDir, name, from);
  const { path: keyPath } = await readKeyFile(filePath, name, "any");
  const file = await makeKeyFile(name, keyPair.secretKey.slice(0, seedBytes), to, keyPath, nodeStretch);
  const content = encodeKeyFile(file);
  const again = parseKeyFile(new TextDecoder().decode(content), name);
  if (typeof again === "string") throw corruptKey(filePath, again);
  await openKeyFile(again, filePath, to, nodeStretch);
  await replaceDurableFile(filePath, content, keyFileMode).catch((thrown) => {
    throw ioError(filePath, thrown);
  });
  return summaryOf(file);
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

async function createKeyFile(
  filePath: string,
  name: string,
  {
    passphrase,
    allowOpen,
    origin = { seed: randomBytes(seedBytes) },
  }: {
    readonly passphrase?: string | undefined;
    readonly allowOpen: boolean;
    readonly origin?: KeyOrigin;
  },
): Promise<KeyFile> {
  const file = await makeKeyFile(name, origin.seed, passphrase, origin.path, nodeStretch);
  const directory = path.dirname(filePath);
  try {
    makeDirectory(directory, keyDirectoryMode);
    if (name !== nodeKeyName && !allowOpen)
      requirePrivate(directory, await fs.stat(directory), keyDirectoryMode);
    await createDurableFile(filePath, encodeKeyFile(file), keyFileMode);
  } catch (thrown) {
    if (thrown instanceof KeyError) throw thrown;
    if (!isCode(thrown, "EEXIST")) throw ioError(filePath, thrown);
    throw keyExists(filePath, name);
  }
  return file;
}

function keyExists(filePath: string, name: string): KeyError {
  return new KeyError(
    "key/exists",
    `there is a key ${name} already (${filePath}), and keys are never overwritten`,
    `choose another name, or see it: aurex-node keys show ${name}`,
  );
}

type Permissions = "private" | "any";

async function readKeyFile(filePath: string, name: string, permissions: Permissions): Promise<KeyFile> {
  const text = await readText(filePath, permissions).catch((thrown) => {
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
  const file = parseKeyFile(text, name);
  if (typeof file === "string") throw corruptKey(filePath, file);
  return file;
}

async function readText(filePath: string, permissions: Permissions): Promise<string> {
  const handle = await fs.open(filePath, "r");
  try {
    // Asked of the open file: nobody can exchange it between the question and the reading.
    const stats = await handle.stat();
    if (permissions === "private") requirePrivate(filePath, stats, keyFileMode);
    if (stats.size > keyFileBytesMax) throw corruptKey(filePath, `it has ${stats.size} bytes`);
    const text = textOf(await handle.readFile());
    if (!text.ok) throw corruptKey(filePath, text.fault);
    return text.value;
  } finally {
    await handle.close();
  }
}

/**
 * Others must have no access. As with ssh, a file of another user is that user's business: a secret that an
 * orchestrator mounts belongs to root, and the group of this process may read it. Windows keeps permissions elsewhere.
 */
function requirePrivate(filePath: string, { mode, uid }: Stats, wanted: number): void {
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  const isMounted = uid !== process.getuid?.() && (mode & 0o037) === 0;
  if (isMounted) return;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  throw new KeyError(
    "key/permissions",
    `${filePath} can be reached by others (its mode is ${octal}), so its secret may be known`,
    `if nobody has used that: chmod ${wanted.toString(8)} '${filePath}'; if a volume or a file system without permissions sets the mode: start with --allow-open-keys, or set AUREX_ALLOW_OPEN_KEYS=true`,
  );
}

function summaryOf({ name, publicKey, address, path: keyPath, secret }: KeyFile): KeySummary {
  const { kind } = secret;
  return {
    ...{ name, publicKey, address, path: keyPath },
    isEncrypted: kind !== "plain",
    isOldFormat: kind === "old",
  };
}

function isCode(thrown: unknown, code: string): boolean {
  return (thrown as NodeJS.ErrnoException | undefined)?.code === code;
}

function isMissing(thrown: unknown): boolean {
  return isCode(thrown, "ENOENT");
}

function ioError(filePath: string, thrown: unknown): KeyError {
  const error = toError(thrown);
  if (isCode(error, "EACCES") || isCode(error, "EPERM")) {
    const next = `run the command as the user that owns it: ls -l '${filePath}' shows who`;
    return new KeyError("key/io", `no permission for ${filePath}`, next, { cause: error });
  }
  return new KeyError(
    "key/io",
    `${filePath} cannot be read or written: ${error.message}`,
    "check that the data directory is there, is yours and has room",
    { cause: error },
  );
}
