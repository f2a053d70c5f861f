/** The keystore against the vectors of EIP-2335, against changed files, and alike by Node's crypto and in JavaScript. */
import assert from "node:assert/strict";
import { createDecipheriv, createHash, scryptSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import {
  encodeKeystore,
  makeKeystore,
  openKeystore,
  openSecret,
  readEncrypted,
  readKeystore,
} from "../../src/wallet/eip2335.ts";
import { nodeStretch } from "../../src/wallet/node-stretch.ts";
import { passphraseFault, processPassphrase } from "../../src/wallet/passphrase-text.ts";
import { portableStretch } from "../../src/wallet/stretch.ts";

const vectors = JSON.parse(readFileSync(new URL("../vectors/keys/eip2335.json", import.meta.url), "utf8"));
const seed = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
const passphrase = "contraseña 🔑";
const path = "m/44'/1096110680'/0'";

// biome-ignore lint/suspicious/noExplicitAny: JSON that tests change at any place.
type Json = any;

/** As cheap to open as may be, since tests open many. */
const cost = { n: 2 ** 10, r: 8, p: 1 };

async function madeJson(cipher?: "aes-128-ctr"): Promise<Json> {
  const made = await makeKeystore({ seed, passphrase, path, cost, ...(cipher && { cipher }) }, nodeStretch);
  return JSON.parse(encodeKeystore(made));
}

async function opened(json: Json, by = passphrase) {
  const read = readKeystore(json);
  assert.ok(read.ok, read.ok ? "" : read.fault);
  return openKeystore(read.value, by, nodeStretch);
}

test("the vectors of EIP-2335 open, by scrypt and by PBKDF2, natively and in JavaScript", async () => {
  assert.equal(Buffer.from(processPassphrase(vectors.password)).toString("hex"), vectors.processed);
  for (const keystore of vectors.keystores) {
    const encrypted = readEncrypted(keystore.crypto);
    assert.ok(encrypted.ok);
    for (const stretch of [nodeStretch, portableStretch]) {
      const secret = await openSecret(encrypted.value, vectors.password, stretch);
      assert.ok(secret.ok);
      assert.equal(toHex(secret.value), vectors.secret);
    }
    const wrong = await openSecret(encrypted.value, "testpassword", nodeStretch);
    assert.ok(!wrong.ok && wrong.fault.code === "keystore/passphrase-wrong");
    // As a whole they are keys of another kind, and that is what is said.
    const read = readKeystore(keystore);
    assert.ok(!read.ok);
    assert.match(read.fault, /BLS key.*48 bytes.*Ed25519/);
  }
});

test("what this wallet writes has the shape of EIP-2335, and opens with ñ in one letter or in two", async () => {
  for (const cipher of [undefined, "aes-128-ctr"] as const) {
    const json = await madeJson(cipher);
    assert.deepEqual(Object.keys(json), ["crypto", "description", "pubkey", "path", "uuid", "version"]);
    assert.match(json.uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(json.version, 4);
    assert.equal(json.path, path);
    assert.equal(json.pubkey, toHex(keyPairFromSeed(seed).publicKey));
    assert.equal(json.crypto.cipher.function, cipher ?? "aes-128-gcm");
    for (const typed of [passphrase.normalize("NFC"), passphrase.normalize("NFD"), `${passphrase}\u0007`]) {
      const secret = await opened(json, typed);
      assert.deepEqual(secret, { ok: true, value: seed });
    }
    const wrong = await opened(json, "contrasena 🔑");
    assert.ok(!wrong.ok && wrong.fault.code === "keystore/passphrase-wrong");
    const inJavaScript = readKeystore(json);
    assert.ok(inJavaScript.ok);
    assert.deepEqual(await openKeystore(inJavaScript.value, passphrase, portableStretch), {
      ok: true,
      value: seed,
    });
  }
});

test("a new keystore costs 128 MiB and the time that goes with it", async () => {
  const made = await makeKeystore({ seed, passphrase }, nodeStretch);
  const { params } = JSON.parse(encodeKeystore(made)).crypto.kdf;
  assert.deepEqual([params.n, params.r, params.p, params.dklen], [131_072, 8, 1, 32]);
  assert.equal(params.salt.length, 64);
});

test("an export by aes-128-ctr opens by nothing but EIP-2335's own words", async () => {
  const { crypto } = await madeJson("aes-128-ctr");
  const { n, r, p, salt, dklen } = crypto.kdf.params;
  const secret = Buffer.from(passphrase.normalize("NFKD"));
  const derived = scryptSync(secret, Buffer.from(salt, "hex"), dklen, { N: n, r, p, maxmem: 2 ** 29 });
  const message = Buffer.from(crypto.cipher.message, "hex");
  const sum = createHash("sha256").update(derived.subarray(16)).update(message).digest("hex");
  assert.equal(sum, crypto.checksum.message);
  const iv = Buffer.from(crypto.cipher.params.iv, "hex");
  const decipher = createDecipheriv("aes-128-ctr", derived.subarray(0, 16), iv);
  assert.deepEqual(new Uint8Array(decipher.update(message)), seed);
});

test("a keystore of another program that does not name its public key opens", async () => {
  const json = await madeJson("aes-128-ctr");
  for (const pubkey of ["", `0x${json.pubkey}`, json.pubkey.toUpperCase()]) {
    assert.deepEqual(await opened({ ...json, pubkey }), { ok: true, value: seed });
  }
});

test("a changed key, path, iv, tag or message never gives a seed", async () => {
  const other = toHex(keyPairFromSeed(new Uint8Array(32)).publicKey);
  for (const cipher of [undefined, "aes-128-ctr"] as const) {
    const json = await madeJson(cipher);
    const flip = (hex: string) => hex.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
    const changes: [string, (changed: Json) => void][] = [
      [
        "pubkey",
        (changed) => {
          changed.pubkey = other;
        },
      ],
      [
        "iv",
        ({ crypto: { cipher } }) => {
          cipher.params.iv = flip(cipher.params.iv);
        },
      ],
      [
        "message",
        ({ crypto: { cipher } }) => {
          cipher.message = flip(cipher.message);
        },
      ],
      [
        "checksum",
        ({ crypto: { checksum } }) => {
          checksum.message = flip(checksum.message);
        },
      ],
      [
        "salt",
        ({ crypto: { kdf } }) => {
          kdf.params.salt = flip(kdf.params.salt);
        },
      ],
      [
        "n",
        ({ crypto: { kdf } }) => {
          kdf.params.n /= 2;
        },
      ],
    ];
    if (cipher === undefined)
      changes.push(["path", (changed) => Object.assign(changed, { path: "m/44'/0'/0'" })]);
    for (const [what, change] of changes) {
      const changed = structuredClone(json);
      change(changed);
      const result = await opened(changed);
      assert.ok(!result.ok, what);
    }
  }
});

test("absurd costs and files of other kinds are refused before anything is computed", async () => {
  const json = await madeJson();
  const refused: [string, (changed: Json) => void, RegExp][] = [
    [
      "n",
      ({ crypto: { kdf } }) => {
        kdf.params.n = 2 ** 40;
      },
      /MiB of memory/,
    ],
    [
      "n r",
      ({ crypto: { kdf } }) => {
        Object.assign(kdf.params, { n: 2 ** 20, r: 64 });
      },
      /8192 MiB/,
    ],
    [
      "p",
      ({ crypto: { kdf } }) => {
        kdf.params.p = 1_000_000;
      },
      /steps of scrypt/,
    ],
    [
      "n 3",
      ({ crypto: { kdf } }) => {
        kdf.params.n = 3;
      },
      /no power of two/,
    ],
    [
      "n text",
      ({ crypto: { kdf } }) => {
        kdf.params.n = "1024";
      },
      /no whole numbers/,
    ],
    [
      "r 0",
      ({ crypto: { kdf } }) => {
        kdf.params.r = 0;
      },
      /no whole numbers/,
    ],
    [
      "dklen",
      ({ crypto: { kdf } }) => {
        kdf.params.dklen = 2 ** 30;
      },
      /another length/,
    ],
    [
      "kdf",
      ({ crypto: { kdf } }) => {
        kdf.function = "argon2id";
      },
      /"argon2id", known are scrypt and pbkdf2/,
    ],
    [
      "c",
      ({ crypto }) =>
        Object.assign(crypto.kdf, {
          function: "pbkdf2",
          params: { dklen: 32, c: 10 ** 12, prf: "hmac-sha256", salt: "00" },
        }),
      /rounds of PBKDF2/,
    ],
    [
      "cipher",
      ({ crypto: { cipher } }) => {
        cipher.function = "aes-256-xts";
      },
      /"aes-256-xts"/,
    ],
    [
      "iv",
      ({ crypto: { cipher } }) => {
        cipher.params.iv = "00";
      },
      /holds no secret/,
    ],
    [
      "message",
      ({ crypto: { cipher } }) => {
        cipher.message = "00".repeat(64);
      },
      /holds no secret/,
    ],
    [
      "checksum",
      ({ crypto: { checksum } }) => {
        checksum.function = "none";
      },
      /checksum/,
    ],
    [
      "version",
      (changed) => {
        changed.version = 3;
      },
      /version 3, known is 4/,
    ],
    [
      "pubkey",
      (changed) => {
        changed.pubkey = "ab";
      },
      /no Ed25519 key/,
    ],
    [
      "no pubkey",
      (changed) => {
        delete changed.pubkey;
      },
      /pubkey is missing/,
    ],
    [
      "crypto",
      (changed) => {
        changed.crypto = [];
      },
      /no keystore/,
    ],
  ];
  for (const [what, change, why] of refused) {
    const changed = structuredClone(json);
    change(changed);
    const read = readKeystore(changed);
    assert.ok(!read.ok, what);
    assert.match(read.fault, why, what);
  }
  for (const value of [undefined, null, 7, "x", [], {}]) assert.ok(!readKeystore(value).ok);
});

test("a passphrase that nobody could type again is not taken for a new key", () => {
  const refused: [string, RegExp][] = [
    ["", /empty/],
    ["\u0007\u0001", /empty/],
    [" secret", /white space/],
    ["secret\n", /white space/],
    ["secret\u00a0", /white space/],
    ["\u200bsecret", /white space/],
    ["\ufeffsecret", /byte order mark/],
    ["sec\ufeffret", /byte order mark/],
    ["secret\ud800", /whole Unicode/],
  ];
  for (const [typed, why] of refused) assert.match(passphraseFault(typed) ?? "", why, JSON.stringify(typed));
  for (const typed of ["x", "two words", "ñ", "🔑", "a\u0301"])
    assert.equal(passphraseFault(typed), undefined);
});
