/** Making a key of a passphrase by Node's own crypto: less than half the time, and on another thread. */
import { pbkdf2, scrypt } from "node:crypto";
import { promisify } from "node:util";
import { type Stretch, stretchedBytes } from "./stretch.ts";

const scryptAsync = promisify<Uint8Array, Uint8Array, number, object, Buffer>(scrypt);
const pbkdf2Async = promisify(pbkdf2);

export const nodeStretch: Stretch = {
  scrypt: (secret, salt, { n, r, p }) =>
    scryptAsync(secret, salt, stretchedBytes, { N: n, r, p, maxmem: 2 * 128 * n * r }),
  pbkdf2: (secret, salt, count) => pbkdf2Async(secret, salt, count, stretchedBytes, "sha256"),
};
