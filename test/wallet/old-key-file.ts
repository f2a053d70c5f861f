/** An encrypted key file as versions before the keystore wrote it. */
import { createCipheriv, randomBytes, scryptSync } from "node:crypto";
import { toHex } from "../../src/base/bytes.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";

/** @returns the JSON of the file */
export function oldKeyFile(name: string, seed: Uint8Array, passphrase: string): string {
  const { publicKey } = keyPairFromSeed(seed);
  const cost = { N: 2 ** 14, r: 8, p: 1 };
  const salt = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv(
    "aes-256-gcm",
    scryptSync(passphrase.normalize("NFKC"), salt, 32, cost),
    nonce,
  );
  cipher.setAAD(publicKey);
  const sealed = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
  return JSON.stringify({
    version: 1,
    name,
    publicKey: toHex(publicKey),
    address: addressOf(publicKey),
    encryptedSeed: {
      cipher: "aes-256-gcm",
      kdf: "scrypt",
      ...cost,
      salt: toHex(salt),
      nonce: toHex(nonce),
      sealed: toHex(sealed),
    },
  });
}
