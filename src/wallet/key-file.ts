/** The content of a key's file: the seed as it is, or a keystore that a passphrase opens. Runs in a browser, too. */

import { gcm } from "@noble/ciphers/aes.js";
import { bytesEqual, fromUtf8, toHex } from "../base/bytes.ts";
import { hexField, isFields } from "../base/fields.ts";
import { invariant } from "../base/invariant.ts";
import { addressOf } from "../protocol/identity.ts";
import { type KeyPair, keyPairFromSeed, seedBytes } from "../protocol/signing.ts";
import {
  encodeKeystore,
  type Keystore,
  looksLikeKeystore,
  makeKeystore,
  openKeystore,
  readKeystore,
} from "./eip2335.ts";
import { KeyError } from "./key-error.ts";
import { hasStrayCharacters, passphraseFault } from "./passphrase-text.ts";
import { portableStretch, type Stretch, scryptCostFault } from "./stretch.ts";

/** Of a file with the seed as it is, and of encrypted ones that versions before the keystore wrote. */
const plainVersion = 1;
const oldCipher = "aes-256-gcm";
const saltBytes = 32;
const cipherNonceBytes = 12;
const tagBytes = 16;

/** What versions before the keystore wrote. It is still opened, and replaced when the passphrase is changed. */
interface OldEncryptedSeed {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  /** The encrypted seed and then the tag. */
  readonly sealed: Uint8Array;
}

type KeySecret =
  | { readonly kind: "plain"; readonly seed: Uint8Array }
  | { readonly kind: "keystore"; readonly keystore: Keystore }
  | { readonly kind: "old"; readonly encryptedSeed: OldEncryptedSeed };

export interface KeyFile {
  readonly name: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly address: string;
  /** Where in a set of words the key is from; empty for every other key. */
  readonly path: string;
  readonly secret: KeySecret;
}

/**
 * @param passphrase undefined: the seed stands in the file as it is, guarded by the file's permissions alone
 * @param path of a key from words
 */
export async function makeKeyFile(
  name: string,
  seed: Uint8Array,
  passphrase?: string,
  path = "",
  stretch: Stretch = portableStretch,
): Promise<KeyFile> {
  const { publicKey } = keyPairFromSeed(seed);
  const address = addressOf(publicKey);
  if (passphrase === undefined) return { name, publicKey, address, path, secret: { kind: "plain", seed } };
  requireNewPassphrase(passphrase, `the passphrase for the key ${name}`);
  const description = `Aurex key ${name}, ${address}`;
  const keystore = await makeKeystore({ seed, passphrase, path, description }, stretch);
  return { name, publicKey, address, path, secret: { kind: "keystore", keystore } };
}

/** @throws KeyError if it is not one to encrypt a key by: empty, or easily written down or pasted as another one */
export function requireNewPassphrase(passphrase: string, what: string): void {
  const fault = passphraseFault(passphrase);
  if (fault === undefined) return;
  const isEmpty = passphrase === "";
  throw new KeyError(
    isEmpty ? "key/passphrase-empty" : "key/passphrase-unusable",
    `${what} cannot be used: ${fault}`,
    isEmpty
      ? "give a passphrase of at least one character, or none at all to keep the key unencrypted"
      : "give it without white space and invisible characters at its ends",
  );
}

export function encodeKeyFile({ name, publicKey, address, path, secret }: KeyFile): Uint8Array {
  if (secret.kind === "keystore") return fromUtf8(encodeKeystore(secret.keystore));
  invariant(secret.kind === "plain", "the format of earlier versions is read, never written");
  const fields = {
    version: plainVersion,
    name,
    publicKey: toHex(publicKey),
    address,
    ...(path === "" ? {} : { path }),
    seed: toHex(secret.seed),
  };
  return fromUtf8(`${JSON.stringify(fields, null, 2)}\n`);
}

/**
 * The content of a key's file, or in one phrase why it is none.
 *
 * @param name what the key is called; undefined: what the file says, which a keystore does not
 */
export function parseKeyFile(text: string, name?: string): KeyFile | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's message would quote the file, which holds a secret.
    return "it is not JSON";
  }
  if (looksLikeKeystore(parsed)) return ofKeystore(parsed, name ?? "");
  return isFields(parsed) ? ofFields(parsed, name) : "it is not a JSON object";
}

function ofFields(fields: Record<string, unknown>, name: string | undefined): KeyFile | string {
  if (fields.version !== plainVersion) {
    return `its version is ${JSON.stringify(fields.version)}, known are 1 and the keystore's 4`;
  }
  const { address, path = "" } = fields;
  const publicKey = hexField(fields.publicKey, 32);
  if (typeof fields.name !== "string" || !publicKey || address !== addressOf(publicKey)) {
    return "name, publicKey and address are not whole";
  }
  if (name !== undefined && fields.name !== name) return `it holds the key ${JSON.stringify(fields.name)}`;
  if (typeof path !== "string") return "its path is no text";
  const secret = fields.seed === undefined ? oldSecret(fields.encryptedSeed) : plainSecret(fields.seed);
  if (!secret) return "its seed is not whole";
  return { name: fields.name, publicKey, address: addressOf(publicKey), path, secret };
}

function ofKeystore(fields: unknown, name: string): KeyFile | string {
  const read = readKeystore(fields);
  if (!read.ok) return read.fault;
  const { publicKey, path } = read.value;
  if (!publicKey) return "its pubkey is missing";
  const secret = { kind: "keystore", keystore: read.value } as const;
  return { name, publicKey, address: addressOf(publicKey), path, secret };
}

function plainSecret(seedHex: unknown): KeySecret | undefined {
  const seed = hexField(seedHex, seedBytes);
  return seed && { kind: "plain", seed };
}

function oldSecret(fields: unknown): KeySecret | undefined {
  if (!isFields(fields) || fields.cipher !== oldCipher || fields.kdf !== "scrypt") return undefined;
  const [N, r, p] = [fields.N, fields.r, fields.p] as [number, number, number];
  const salt = hexField(fields.salt, saltBytes);
  const nonce = hexField(fields.nonce, cipherNonceBytes);
  const sealed = hexField(fields.sealed, seedBytes + tagBytes);
  if (scryptCostFault({ n: N, r, p }) !== undefined || !salt || !nonce || !sealed) return undefined;
  return { kind: "old", encryptedSeed: { N, r, p, salt, nonce, sealed } };
}

/** The key pair in a file. The secret key is not enumerable: no log, inspection or JSON of the pair shows it. */
export async function openKeyFile(
  file: KeyFile,
  filePath: string,
  passphrase?: string,
  stretch: Stretch = portableStretch,
): Promise<KeyPair> {
  const seed =
    file.secret.kind === "plain" ? file.secret.seed : await decryptSeed(file, filePath, passphrase, stretch);
  const keyPair = keyPairFromSeed(seed);
  if (!bytesEqual(keyPair.publicKey, file.publicKey)) {
    throw corruptKey(filePath, "its seed belongs to another public key");
  }
  return Object.defineProperty({ ...keyPair }, "secretKey", { enumerable: false });
}

async function decryptSeed(
  file: KeyFile,
  filePath: string,
  passphrase: string | undefined,
  stretch: Stretch,
): Promise<Uint8Array> {
  if (passphrase === undefined) {
    throw new KeyError("key/passphrase-needed", `the key ${file.name} is encrypted`, "give its passphrase");
  }
  if (file.secret.kind !== "keystore") return decryptOld(file, passphrase, stretch);
  const opened = await openKeystore(file.secret.keystore, passphrase, stretch);
  if (opened.ok) return opened.value;
  if (opened.fault.code === "keystore/damaged") throw corruptKey(filePath, `it ${opened.fault.reason}`);
  throw wrongPassphrase(file.name, passphrase);
}

async function decryptOld(file: KeyFile, passphrase: string, stretch: Stretch): Promise<Uint8Array> {
  const { N, r, p, salt, nonce, sealed } = (file.secret as Extract<KeySecret, { kind: "old" }>).encryptedSeed;
  // These versions took Unicode's form NFKC, and control codes as they are.
  const secret = fromUtf8(passphrase.normalize("NFKC"));
  const derived = await stretch.scrypt(secret, salt, { n: N, r, p });
  try {
    return gcm(Uint8Array.from(derived), nonce, file.publicKey).decrypt(sealed);
  } catch {
    throw wrongPassphrase(file.name, passphrase);
  }
}

function wrongPassphrase(name: string, passphrase: string): KeyError {
  const stray = hasStrayCharacters(passphrase)
    ? "give it without the white space or the invisible character at its ends, or "
    : "";
  return new KeyError(
    "key/passphrase-wrong",
    `the passphrase does not open the key ${name} (or its file was changed)`,
    `${stray}try again with the passphrase that the key was made with`,
  );
}

export function corruptKey(filePath: string, reason: string): KeyError {
  return new KeyError(
    "key/corrupt",
    `the key file ${filePath} is damaged: ${reason}`,
    "restore it from a backup: there is no other way to its secret",
  );
}
