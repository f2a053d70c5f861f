/** A key encrypted by a passphrase, as JSON in the shape of EIP-2335. One format for the command line and a browser. */

import { ctr, gcm } from "@noble/ciphers/aes.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { randomBytes } from "@noble/hashes/utils.js";
import { bytesEqual, concatBytes, fromHex, fromUtf8, toHex } from "../base/bytes.ts";
import { hexField, isFields } from "../base/fields.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { keyPairFromSeed, publicKeyBytes, seedBytes } from "../protocol/signing.ts";
import { processPassphrase } from "./passphrase-text.ts";
import {
  pbkdf2CostFault,
  portableStretch,
  type ScryptCost,
  type Stretch,
  scryptCostFault,
} from "./stretch.ts";

/**
 * `aes-128-gcm` is what this wallet writes: an authenticated cipher, which covers the public key and the path as well.
 * `aes-128-ctr` is the only one that EIP-2335 itself names, and so what other programs open.
 */
export type KeystoreCipher = "aes-128-gcm" | "aes-128-ctr";

type Kdf =
  | { readonly function: "scrypt"; readonly salt: Uint8Array; readonly cost: ScryptCost }
  | { readonly function: "pbkdf2"; readonly salt: Uint8Array; readonly count: number };

export interface Keystore {
  /** 32 bytes; undefined where the file does not tell, as it may. */
  readonly publicKey: Uint8Array | undefined;
  /** Where in a set of words the key is from, e.g. `m/44'/1096110680'/0'`; empty for a random key. */
  readonly path: string;
  /** For people. */
  readonly description: string;
  readonly uuid: string;
  readonly encrypted: EncryptedSecret;
}

/** The `crypto` of a keystore. */
export interface EncryptedSecret {
  readonly kdf: Kdf;
  /** 32 bytes: SHA-256 of half of the derived key and of the message; tells a wrong passphrase. */
  readonly checksum: Uint8Array;
  readonly cipher: KeystoreCipher;
  readonly iv: Uint8Array;
  /** The encrypted secret; by `aes-128-gcm` with its tag of 16 bytes. */
  readonly message: Uint8Array;
}

export interface KeystoreFault {
  readonly code: "keystore/passphrase-wrong" | "keystore/damaged";
  /** A phrase for people that follows "the keystore". */
  readonly reason: string;
}

export interface NewKeystore {
  /** 32 bytes. */
  readonly seed: Uint8Array;
  readonly passphrase: string;
  readonly path?: string;
  readonly description?: string;
  readonly cipher?: KeystoreCipher;
  /** 2^17, 8, 1 (OWASP's recommendation, 128 MiB), unless a test needs many files. */
  readonly cost?: ScryptCost;
}

const version = 4;
const ownCost: ScryptCost = { n: 2 ** 17, r: 8, p: 1 };
const saltBytes = 32;
const tagBytes = 16;
const ivBytes: Record<KeystoreCipher, number> = { "aes-128-gcm": 12, "aes-128-ctr": 16 };
const blsKeyBytes = 48;

/** Encrypts a seed by a passphrase, with a new salt and a new iv. */
export async function makeKeystore(key: NewKeystore, stretch: Stretch = portableStretch): Promise<Keystore> {
  const { seed, passphrase, path = "", description = "", cipher = "aes-128-gcm", cost = ownCost } = key;
  const { publicKey } = keyPairFromSeed(seed);
  const kdf: Kdf = { function: "scrypt", salt: randomBytes(saltBytes), cost };
  const iv = randomBytes(ivBytes[cipher]);
  const derived = await derive(passphrase, kdf, stretch);
  const message = cipherFor(cipher, derived, iv, boundBytes(publicKey, path)).encrypt(seed);
  const encrypted = { kdf, checksum: checksumOf(derived, message), cipher, iv, message };
  return { publicKey, path, description, uuid: newUuid(), encrypted };
}

/**
 * The seed in a keystore. Its public key is the file's, if the file names one.
 *
 * @returns 32 bytes
 */
export async function openKeystore(
  { encrypted, publicKey, path }: Keystore,
  passphrase: string,
  stretch: Stretch = portableStretch,
): Promise<Result<Uint8Array, KeystoreFault>> {
  const bound = boundBytes(publicKey ?? new Uint8Array(), path);
  const seed = await openSecret(encrypted, passphrase, stretch, bound);
  if (!seed.ok) return seed;
  if (publicKey && !bytesEqual(keyPairFromSeed(seed.value).publicKey, publicKey)) {
    return damaged("holds the secret of another public key than it names");
  }
  return seed;
}

/**
 * The 32 bytes that a passphrase opens, whatever kind of key they are.
 *
 * @param bound what `aes-128-gcm` covers besides the secret
 */
export async function openSecret(
  encrypted: EncryptedSecret,
  passphrase: string,
  stretch: Stretch = portableStretch,
  bound: Uint8Array = new Uint8Array(),
): Promise<Result<Uint8Array, KeystoreFault>> {
  const { cipher, iv, message, checksum, kdf } = encrypted;
  const derived = await derive(passphrase, kdf, stretch);
  if (!bytesEqual(checksumOf(derived, message), checksum)) {
    return fail({
      code: "keystore/passphrase-wrong",
      reason: "is not opened by this passphrase (or it was changed)",
    });
  }
  try {
    return ok(cipherFor(cipher, derived, iv, bound).decrypt(message));
  } catch {
    return damaged("was changed: the passphrase is right, and the tag over key and path is not");
  }
}

function damaged(reason: string): Result<never, KeystoreFault> {
  return fail({ code: "keystore/damaged", reason });
}

function derive(passphrase: string, kdf: Kdf, stretch: Stretch): Promise<Uint8Array> {
  const secret = fromUtf8(processPassphrase(passphrase));
  return kdf.function === "scrypt"
    ? stretch.scrypt(secret, kdf.salt, kdf.cost)
    : stretch.pbkdf2(secret, kdf.salt, kdf.count);
}

function checksumOf(derived: Uint8Array, message: Uint8Array): Uint8Array {
  return sha256(concatBytes([derived.subarray(16, 32), message]));
}

function cipherFor(cipher: KeystoreCipher, derived: Uint8Array, iv: Uint8Array, bound: Uint8Array) {
  const key = derived.slice(0, 16);
  return cipher === "aes-128-gcm" ? gcm(key, iv, bound) : ctr(key, iv);
}

/** What `aes-128-gcm` covers besides the seed: a file whose key or path was exchanged does not open. */
function boundBytes(publicKey: Uint8Array, path: string): Uint8Array {
  return concatBytes([publicKey, fromUtf8(path)]);
}

/** Version 4. Not by crypto.randomUUID, which browsers have on secure origins only. */
function newUuid(): string {
  const bytes = randomBytes(16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The JSON of a keystore, with a line end. */
export function encodeKeystore({ publicKey, path, description, uuid, encrypted }: Keystore): string {
  const { kdf, checksum, cipher, iv, message } = encrypted;
  const salt = toHex(kdf.salt);
  const params =
    kdf.function === "scrypt"
      ? { dklen: 32, n: kdf.cost.n, r: kdf.cost.r, p: kdf.cost.p, salt }
      : { dklen: 32, c: kdf.count, prf: "hmac-sha256", salt };
  const fields = {
    crypto: {
      kdf: { function: kdf.function, params, message: "" },
      checksum: { function: "sha256", params: {}, message: toHex(checksum) },
      cipher: { function: cipher, params: { iv: toHex(iv) }, message: toHex(message) },
    },
    description,
    pubkey: publicKey ? toHex(publicKey) : "",
    path,
    uuid,
    version,
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

/** Whether JSON is meant as a keystore of EIP-2335: it has `crypto` and a version from 4. */
export function looksLikeKeystore(value: unknown): value is Record<string, unknown> {
  return isFields(value) && isFields(value.crypto);
}

/**
 * The keystore in parsed JSON; or why it is none, or is not opened, in a phrase that follows the file's name. Absurd
 * costs are refused here, before any memory is taken.
 */
export function readKeystore(value: unknown): Result<Keystore, string> {
  if (!looksLikeKeystore(value)) return fail("it is no keystore");
  if (value.version !== version) {
    return fail(`it is a keystore of version ${JSON.stringify(value.version)}, known is 4 (EIP-2335)`);
  }
  const encrypted = readEncrypted(value.crypto);
  if (!encrypted.ok) return encrypted;
  const { pubkey = "", path = "", uuid = "", description = "" } = value;
  if (![pubkey, path, uuid, description].every((field) => typeof field === "string")) {
    return fail("its pubkey, path, uuid or description is no text");
  }
  const keyHex = (pubkey as string).replace(/^0x/i, "");
  if (keyHex.length === blsKeyBytes * 2) {
    return fail(
      "it holds a BLS key, as validators of Ethereum use: its public key has 48 bytes. A key here is Ed25519, with 32 bytes",
    );
  }
  const publicKey = keyHex === "" ? undefined : fromHex(keyHex, publicKeyBytes);
  if (keyHex !== "" && !publicKey) return fail("its pubkey is no Ed25519 key: that has 64 hex digits");
  if (encrypted.value.cipher === "aes-128-gcm" && !publicKey) return fail("its pubkey is missing");
  return ok({
    publicKey,
    path: path as string,
    description: description as string,
    uuid: uuid as string,
    encrypted: encrypted.value,
  });
}

/** The `crypto` of a keystore, of whatever kind of key; or why it is not opened. */
export function readEncrypted(crypto: unknown): Result<EncryptedSecret, string> {
  const modules = isFields(crypto) ? crypto : {};
  const kdf = readKdf(modules.kdf);
  if (!kdf.ok) return kdf;
  const { checksum, cipher } = modules;
  if (!isFields(checksum) || checksum.function !== "sha256") return fail("its checksum is not by sha256");
  const sum = hexField(checksum.message);
  if (sum?.length !== 32) return fail("its checksum is not whole");
  if (!isFields(cipher) || !isCipher(cipher.function)) {
    return fail(
      `its cipher is ${JSON.stringify(isFields(cipher) ? cipher.function : undefined)}, known are aes-128-gcm and aes-128-ctr`,
    );
  }
  const iv = hexField(isFields(cipher.params) ? cipher.params.iv : undefined);
  const message = hexField(cipher.message);
  const messageBytes = seedBytes + (cipher.function === "aes-128-gcm" ? tagBytes : 0);
  if (iv?.length !== ivBytes[cipher.function] || message?.length !== messageBytes) {
    return fail(`it holds no secret of ${seedBytes} bytes`);
  }
  return ok({ kdf: kdf.value, checksum: sum, cipher: cipher.function, iv, message });
}

function readKdf(kdf: unknown): Result<Kdf, string> {
  if (!isFields(kdf) || !isFields(kdf.params)) return fail("its kdf is not whole");
  const { params } = kdf;
  const salt = hexField(params.salt);
  if (!salt) return fail("its kdf has no salt in hex");
  if (params.dklen !== 32) return fail("its kdf gives another length than 32 bytes");
  if (kdf.function === "scrypt") {
    const cost = { n: params.n, r: params.r, p: params.p } as ScryptCost;
    const fault = scryptCostFault(cost);
    return fault === undefined ? ok({ function: "scrypt", salt, cost }) : fail(fault);
  }
  if (kdf.function !== "pbkdf2") {
    return fail(`its kdf is ${JSON.stringify(kdf.function)}, known are scrypt and pbkdf2`);
  }
  if (params.prf !== "hmac-sha256") return fail("its pbkdf2 is not by hmac-sha256");
  const count = params.c as number;
  const fault = pbkdf2CostFault(count);
  return fault === undefined ? ok({ function: "pbkdf2", salt, count }) : fail(fault);
}

function isCipher(value: unknown): value is KeystoreCipher {
  return value === "aes-128-gcm" || value === "aes-128-ctr";
}
