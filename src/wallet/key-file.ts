/** The content of a key's file: JSON with the seed in it, plain or encrypted by a passphrase. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { promisify } from "node:util";
import { bytesEqual, concatBytes, fromHex, fromUtf8, toHex } from "../base/bytes.ts";
import { addressOf } from "../protocol/identity.ts";
import { type KeyPair, keyPairFromSeed, seedBytes } from "../protocol/signing.ts";
import { KeyError } from "./key-error.ts";

const fileVersion = 1;
const cipherName = "aes-256-gcm";
const saltBytes = 32;
const cipherNonceBytes = 12;
const tagBytes = 16;
/** OWASP's password storage recommendation for scrypt: N = 2^17, r = 8, p = 1, which takes 128 MiB. */
const scryptCost = { N: 2 ** 17, r: 8, p: 1 };
/** A file may ask for more than this version does, but not for all the memory there is. */
const scryptCostMax = { N: 2 ** 20, r: 16, p: 4 };

interface EncryptedSeed {
  readonly cipher: typeof cipherName;
  readonly kdf: "scrypt";
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  /** The encrypted seed and then the tag. */
  readonly sealed: Uint8Array;
}

export interface KeyFile {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly address: string;
  readonly seed: Uint8Array | EncryptedSeed;
}

/** @param passphrase undefined: the seed stands in the file as it is, guarded by the file's permissions alone */
export async function makeKeyFile(name: string, seed: Uint8Array, passphrase?: string): Promise<KeyFile> {
  const { publicKey } = keyPairFromSeed(seed);
  const address = addressOf(publicKey);
  if (passphrase === undefined) return { name, publicKey, address, seed };
  if (passphrase === "") {
    throw new KeyError(
      "key/passphrase-empty",
      `the passphrase for the key ${name} is empty`,
      "give a passphrase of at least one character, or none at all to keep the key unencrypted",
    );
  }
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(cipherNonceBytes);
  const cipher = createCipheriv(cipherName, await deriveKey(passphrase, salt, scryptCost), nonce);
  // A file whose public key was exchanged does not open.
  cipher.setAAD(publicKey);
  const sealed = concatBytes([cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
  const encrypted: EncryptedSeed = { cipher: cipherName, kdf: "scrypt", ...scryptCost, salt, nonce, sealed };
  return { name, publicKey, address, seed: encrypted };
}

export function encodeKeyFile({ name, publicKey, address, seed }: KeyFile): Uint8Array {
  const seedFields =
    seed instanceof Uint8Array
      ? { seed: toHex(seed) }
      : {
          encryptedSeed: {
            ...seed,
            salt: toHex(seed.salt),
            nonce: toHex(seed.nonce),
            sealed: toHex(seed.sealed),
          },
        };
  const fields = { version: fileVersion, name, publicKey: toHex(publicKey), address, ...seedFields };
  return fromUtf8(`${JSON.stringify(fields, null, 2)}\n`);
}

/** The content of a key's file, or in one phrase why it is none. */
export function parseKeyFile(text: string): KeyFile | string {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    // The parser's message would quote the file, which holds a secret.
    return "it is not JSON";
  }
  if (!isFields(fields)) return "it is not a JSON object";
  if (fields.version !== fileVersion) return `its version is ${JSON.stringify(fields.version)}, known is 1`;
  const { name, address } = fields;
  const publicKey = hexField(fields.publicKey, 32);
  if (typeof name !== "string" || !publicKey || address !== addressOf(publicKey)) {
    return "name, publicKey and address are not whole";
  }
  const seed =
    fields.seed === undefined ? parseEncrypted(fields.encryptedSeed) : hexField(fields.seed, seedBytes);
  if (!seed) return "its seed is not whole";
  return { name, publicKey, address: addressOf(publicKey), seed };
}

function parseEncrypted(fields: unknown): EncryptedSeed | undefined {
  if (!isFields(fields) || fields.cipher !== cipherName || fields.kdf !== "scrypt") return undefined;
  const [N, r, p] = (["N", "r", "p"] as const).map((parameter) => {
    const value = fields[parameter];
    const isAllowed =
      Number.isInteger(value) && (value as number) >= 1 && (value as number) <= scryptCostMax[parameter];
    return isAllowed ? (value as number) : undefined;
  });
  const salt = hexField(fields.salt, saltBytes);
  const nonce = hexField(fields.nonce, cipherNonceBytes);
  const sealed = hexField(fields.sealed, seedBytes + tagBytes);
  if (!N || N < 2 || (N & (N - 1)) !== 0 || !r || !p || !salt || !nonce || !sealed) return undefined;
  return { cipher: cipherName, kdf: "scrypt", N, r, p, salt, nonce, sealed };
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hexField(value: unknown, length: number): Uint8Array | undefined {
  return typeof value === "string" ? fromHex(value, length) : undefined;
}

/** The key pair in a file. The secret key is not enumerable: no log, inspection or JSON of the pair shows it. */
export async function openKeyFile(file: KeyFile, filePath: string, passphrase?: string): Promise<KeyPair> {
  const seed = file.seed instanceof Uint8Array ? file.seed : await decryptSeed(file, file.seed, passphrase);
  const keyPair = keyPairFromSeed(seed);
  if (!bytesEqual(keyPair.publicKey, file.publicKey)) {
    throw corruptKey(filePath, "its seed belongs to another public key");
  }
  return Object.defineProperty({ ...keyPair }, "secretKey", { enumerable: false });
}

async function decryptSeed(file: KeyFile, seed: EncryptedSeed, passphrase?: string): Promise<Uint8Array> {
  if (passphrase === undefined) {
    throw new KeyError("key/passphrase-needed", `the key ${file.name} is encrypted`, "give its passphrase");
  }
  const decipher = createDecipheriv(cipherName, await deriveKey(passphrase, seed.salt, seed), seed.nonce, {
    authTagLength: tagBytes,
  });
  decipher.setAAD(file.publicKey);
  decipher.setAuthTag(seed.sealed.subarray(seedBytes));
  try {
    return concatBytes([decipher.update(seed.sealed.subarray(0, seedBytes)), decipher.final()]);
  } catch {
    throw new KeyError(
      "key/passphrase-wrong",
      `the passphrase does not open the key ${file.name} (or its file was changed)`,
      "try again with the passphrase that the key was made with",
    );
  }
}

const scryptAsync = promisify<string, Uint8Array, number, object, Buffer>(scrypt);

/** The passphrase in Unicode's form NFKC: the same, whichever keyboard typed it. */
function deriveKey(
  passphrase: string,
  salt: Uint8Array,
  { N, r, p }: { readonly N: number; readonly r: number; readonly p: number },
): Promise<Buffer> {
  return scryptAsync(passphrase.normalize("NFKC"), salt, 32, { N, r, p, maxmem: 2 * 128 * N * r });
}

export function corruptKey(filePath: string, reason: string): KeyError {
  return new KeyError(
    "key/corrupt",
    `the key file ${filePath} is damaged: ${reason}`,
    "restore it from a backup: there is no other way to its secret",
  );
}
