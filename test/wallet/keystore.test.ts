/** Keys on a real disk: what is made comes back, what is wrong is refused with a way out, and no secret shows. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { toHex } from "../../src/base/bytes.ts";
import { publicKeyOfAddress } from "../../src/protocol/identity.ts";
import { keyPairFromSeed, sign, verifySignature } from "../../src/protocol/signing.ts";
import { KeyError, type KeyErrorCode } from "../../src/wallet/key-error.ts";
import {
  createKey,
  listKeys,
  loadKey,
  loadOrCreateKey,
  loadOrCreateNodeKey,
  showKey,
} from "../../src/wallet/keystore.ts";
import { oldKeyFile } from "./old-key-file.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "aurex-keys-"));
after(() => fs.rmSync(root, { recursive: true }));
let directories = 0;
const newDataDir = () => path.join(root, String(directories++));
const modeOf = (file: string) => fs.statSync(file).mode & 0o777;
const keyFile = (dataDir: string, name: string) => path.join(dataDir, "keys", `${name}.json`);

async function assertRefused(attempt: Promise<unknown>, code: KeyErrorCode): Promise<KeyError> {
  const error = await attempt.then(
    () => assert.fail(`was not refused with ${code}`),
    (thrown) => thrown,
  );
  assert.ok(error instanceof KeyError, inspect(error));
  assert.equal(error.code, code);
  assert.ok(error.message.length > 10 && error.next.length > 5);
  return error;
}

test("a key that was made comes back, in a file and a directory of its own", async () => {
  const dataDir = newDataDir();
  const made = await createKey(dataDir, "alice");
  assert.deepEqual(publicKeyOfAddress(made.address), made.publicKey);
  assert.equal(made.isEncrypted, false);
  const keyPair = await loadKey(dataDir, "alice");
  assert.deepEqual(keyPair.publicKey, made.publicKey);
  const message = Uint8Array.of(1, 2, 3);
  assert.ok(verifySignature(message, sign(message, keyPair), made.publicKey));
  assert.deepEqual(await showKey(dataDir, "alice"), made);
  assert.equal(modeOf(keyFile(dataDir, "alice")), 0o600);
  assert.equal(modeOf(path.join(dataDir, "keys")), 0o700);
  assert.deepEqual(fs.readdirSync(path.join(dataDir, "keys")), ["alice.json"]);
  const written = JSON.parse(fs.readFileSync(keyFile(dataDir, "alice"), "utf8"));
  assert.deepEqual(Object.keys(written), ["version", "name", "publicKey", "address", "seed"]);
});

test("a passphrase encrypts: needed, checked, and not guessed from the file", async () => {
  const dataDir = newDataDir();
  const made = await createKey(dataDir, "bob", "correct horse é");
  assert.equal(made.isEncrypted, true);
  await assertRefused(loadKey(dataDir, "bob"), "key/passphrase-needed");
  await assertRefused(loadKey(dataDir, "bob", "correct horse e"), "key/passphrase-wrong");
  // The same accent, typed as two code points.
  const keyPair = await loadKey(dataDir, "bob", "correct horse é".normalize("NFD"));
  assert.deepEqual(keyPair.publicKey, made.publicKey);
  assert.ok(
    !fs.readFileSync(keyFile(dataDir, "bob"), "utf8").includes(toHex(keyPair.secretKey.subarray(0, 32))),
  );
  await assertRefused(createKey(dataDir, "carol", ""), "key/passphrase-empty");
  assert.equal(fs.existsSync(keyFile(dataDir, "carol")), false);
});

test("an encrypted key whose file was changed does not open as another's", async () => {
  const dataDir = newDataDir();
  await createKey(dataDir, "bob", "secret");
  const other = await createKey(dataDir, "mallory");
  const file = keyFile(dataDir, "bob");
  const written = JSON.parse(fs.readFileSync(file, "utf8"));
  const change = (fields: object) => fs.writeFileSync(file, JSON.stringify({ ...written, ...fields }));
  for (const fields of [
    { pubkey: toHex(other.publicKey) },
    { path: "m/0'" },
    { crypto: {} },
    { version: 5 },
  ]) {
    change(fields);
    await assertRefused(loadKey(dataDir, "bob", "secret"), "key/corrupt");
  }
});

test("a key that an earlier version encrypted opens by its passphrase alone, and not as another's", async () => {
  const dataDir = newDataDir();
  const other = await createKey(dataDir, "mallory");
  const seed = Uint8Array.from({ length: 32 }, (_, index) => index);
  const written = JSON.parse(oldKeyFile("bob", seed, "secret é"));
  const change = (fields: object) =>
    fs.writeFileSync(keyFile(dataDir, "bob"), JSON.stringify({ ...written, ...fields }), { mode: 0o600 });
  change({});
  assert.equal((await showKey(dataDir, "bob")).isOldFormat, true);
  assert.deepEqual(
    (await loadKey(dataDir, "bob", "secret é".normalize("NFD"))).publicKey,
    keyPairFromSeed(seed).publicKey,
  );
  await assertRefused(loadKey(dataDir, "bob", "secret e"), "key/passphrase-wrong");
  change({ publicKey: toHex(other.publicKey), address: other.address });
  await assertRefused(loadKey(dataDir, "bob", "secret é"), "key/passphrase-wrong");
  for (const cost of [
    { N: 2 ** 40 },
    { N: 3 },
    { r: 0 },
    { p: 1000 },
    { N: "8" },
    { salt: "00" },
    { kdf: "none" },
  ]) {
    change({ encryptedSeed: { ...written.encryptedSeed, ...cost } });
    await assertRefused(loadKey(dataDir, "bob", "secret é"), "key/corrupt");
  }
});

test("no secret shows in a loaded key's inspection, text or JSON, nor in an error", async () => {
  const dataDir = newDataDir();
  await createKey(dataDir, "alice");
  const keyPair = await loadKey(dataDir, "alice");
  const seedHex = toHex(keyPair.secretKey.subarray(0, 32));
  const seedList = keyPair.secretKey.subarray(0, 4).join(",");
  for (const text of [
    inspect(keyPair, { depth: 10, maxArrayLength: null }),
    JSON.stringify({ keyPair }),
    String(keyPair),
    inspect(await showKey(dataDir, "alice"), { maxArrayLength: null }),
  ]) {
    assert.ok(!text.includes(seedHex) && !text.replaceAll(/\s/g, "").includes(seedList), text);
  }
  const file = keyFile(dataDir, "alice");
  fs.writeFileSync(file, fs.readFileSync(file, "utf8").slice(0, -3));
  const error = await assertRefused(loadKey(dataDir, "alice"), "key/corrupt");
  assert.ok(!inspect(error).includes(seedHex));
});

test("a key is never overwritten", async () => {
  const dataDir = newDataDir();
  const made = await createKey(dataDir, "alice");
  const error = await assertRefused(createKey(dataDir, "alice"), "key/exists");
  assert.match(error.next, /another name/);
  assert.deepEqual(await showKey(dataDir, "alice"), made);
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => createKey(dataDir, "bob")));
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
});

test("names lead nowhere else", async () => {
  const dataDir = newDataDir();
  const wrong = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "/etc/x",
    ".hidden",
    "-x",
    "a b",
    "a\0b",
    "ä",
    "x".repeat(65),
  ];
  for (const name of wrong) {
    await assertRefused(createKey(dataDir, name), "key/name-invalid");
    await assertRefused(loadKey(dataDir, name), "key/name-invalid");
    await assertRefused(loadOrCreateKey(dataDir, name), "key/name-invalid");
  }
  assert.equal(fs.existsSync(dataDir), false);
  for (const name of ["a", "alice@example.com", "key-1_b+c", "x".repeat(64)]) {
    assert.equal((await createKey(dataDir, name)).name, name);
  }
});

test("a file or directory that others can reach is refused with the command that ends it", async () => {
  const dataDir = newDataDir();
  await createKey(dataDir, "alice");
  const file = keyFile(dataDir, "alice");
  for (const mode of [0o640, 0o604, 0o610, 0o666]) {
    fs.chmodSync(file, mode);
    const error = await assertRefused(loadKey(dataDir, "alice"), "key/permissions");
    assert.ok(error.next.includes(`chmod 600 '${file}'`));
  }
  fs.chmodSync(file, 0o400);
  assert.ok(await loadKey(dataDir, "alice"));
  fs.chmodSync(path.join(dataDir, "keys"), 0o755);
  const error = await assertRefused(createKey(dataDir, "bob"), "key/permissions");
  assert.ok(error.next.includes(`chmod 700 '${path.join(dataDir, "keys")}'`));
});

test("every key file cut short, or changed in a field that counts, is refused", async () => {
  const dataDir = newDataDir();
  await createKey(dataDir, "alice");
  const other = await createKey(dataDir, "bob");
  const file = keyFile(dataDir, "alice");
  const whole = fs.readFileSync(file, "utf8");
  for (let length = 0; length < whole.trimEnd().length; length += 1) {
    fs.writeFileSync(file, whole.slice(0, length));
    await assertRefused(loadKey(dataDir, "alice"), "key/corrupt");
  }
  const fields = JSON.parse(whole);
  for (const change of [
    { version: 2 },
    { name: "bob" },
    { publicKey: toHex(other.publicKey) },
    { address: other.address },
    { publicKey: toHex(other.publicKey), address: other.address },
    { seed: "00" },
    { seed: "zz".repeat(32) },
    { seed: "00".repeat(32) },
    { seed: undefined },
    { padding: "x".repeat(20_000) },
  ]) {
    fs.writeFileSync(file, JSON.stringify({ ...fields, ...change }));
    await assertRefused(loadKey(dataDir, "alice"), "key/corrupt");
  }
  for (const text of ["[]", "null", "7", "\xff"]) {
    fs.writeFileSync(file, text, "latin1");
    await assertRefused(loadKey(dataDir, "alice"), "key/corrupt");
  }
  fs.writeFileSync(file, whole);
  assert.ok(await loadKey(dataDir, "alice"));
});

test("lists what is there, the node's own first, and says what is refused", async () => {
  const dataDir = newDataDir();
  assert.deepEqual(await listKeys(dataDir), { keys: [], refused: [] });
  await createKey(dataDir, "zoe");
  await createKey(dataDir, "bob", "secret");
  await createKey(dataDir, "eve");
  await loadOrCreateNodeKey(dataDir);
  fs.writeFileSync(keyFile(dataDir, "eve"), "{");
  fs.writeFileSync(path.join(dataDir, "keys", "eve.json.123.tmp"), "left behind");
  const { keys, refused } = await listKeys(dataDir);
  assert.deepEqual(
    keys.map(({ name, isEncrypted }) => [name, isEncrypted]),
    [
      ["node", false],
      ["bob", true],
      ["zoe", false],
    ],
  );
  assert.deepEqual(
    refused.map(({ code }) => code),
    ["key/corrupt"],
  );
});

test("the node's key is made once and stays, and no other key takes its name", async () => {
  const dataDir = newDataDir();
  const [first, second] = await Promise.all([loadOrCreateNodeKey(dataDir), loadOrCreateNodeKey(dataDir)]);
  assert.deepEqual(first.publicKey, second.publicKey);
  const again = await loadOrCreateNodeKey(dataDir);
  assert.deepEqual(again.secretKey, first.secretKey);
  assert.equal(modeOf(path.join(dataDir, "node.key.json")), 0o600);
  assert.deepEqual((await loadKey(dataDir, "node")).publicKey, first.publicKey);
  await assertRefused(createKey(dataDir, "node"), "key/name-invalid");
  fs.writeFileSync(path.join(dataDir, "node.key.json"), "");
  await assertRefused(loadOrCreateNodeKey(dataDir), "key/corrupt");
});

test("what is missing or cannot be written is said", async () => {
  const dataDir = newDataDir();
  const error = await assertRefused(loadKey(dataDir, "alice"), "key/not-found");
  assert.match(error.next, /keys new alice/);
  fs.writeFileSync(dataDir, "a file where the directory should be");
  await assertRefused(createKey(dataDir, "alice"), "key/io");
  await assertRefused(listKeys(dataDir), "key/io");
});

test("killed before and in the middle of every disk step: no key or a whole one", () => {
  const program = fileURLToPath(new URL("key-process.ts", import.meta.url));
  const stepsMax = 30;
  let kills = 0;
  let isDone = false;
  for (let killAt = 0; killAt < stepsMax && !isDone; killAt += 1) {
    const dataDir = newDataDir();
    const child = spawnSync(process.execPath, [program, dataDir, String(killAt)], { encoding: "utf8" });
    assert.equal(child.stderr, "");
    isDone = child.signal === null;
    if (isDone) assert.notEqual(child.stdout, "");
    else kills += 1;
    const directory = path.join(dataDir, "keys");
    const isThere = fs.existsSync(keyFile(dataDir, "alice"));
    if (isDone) assert.ok(isThere);
    for (const file of fs.existsSync(directory) ? fs.readdirSync(directory) : []) {
      assert.equal(modeOf(path.join(directory, file)), 0o600);
    }
    if (isThere) {
      const { address } = JSON.parse(fs.readFileSync(keyFile(dataDir, "alice"), "utf8"));
      assert.ok(child.stdout === "" || child.stdout === address);
    }
    const retry = spawnSync(process.execPath, [program, dataDir, "-1"], { encoding: "utf8" });
    // What is there is whole, so it is in the way; what is not is made now.
    assert.equal(retry.status === 0, !isThere);
  }
  assert.ok(isDone, "the process has an end");
  assert.ok(kills >= 6, `${kills} kills`);
});
